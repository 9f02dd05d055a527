import type { KubeObject } from '../meta/core.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import { cloneJson, isJsonObject, setMember, type JsonObject } from '../meta/json-value.ts'
import { own } from './prune.ts'

/**
 * Fills, in place, absent fields from the schema's defaults, and drops nulls that are neither allowed nor defaulted. Answers the same object.
 * Defaults of a field apply only where what holds it is present; null counts as absent where the field is not nullable.
 * Rules as apiextensions-apiserver/pkg/apiserver/schema/defaulting.
 */
export function applyDefaults<T extends KubeObject>(schema: JsonSchema, object: T): T {
  fill(schema, object)
  return object
}

const isRefusedNull = (schema: JsonSchema | undefined, value: unknown): schema is JsonSchema => value === null && schema !== undefined && !schema.nullable

function fill(schema: JsonSchema | undefined, value: unknown): void {
  if (!schema) return
  if (Array.isArray(value)) {
    const items = schema.items
    for (const [index, item] of value.entries()) {
      // A null item that no default replaces stays: the check of types refuses it.
      if (isRefusedNull(items, item) && items.default !== undefined) value[index] = cloneJson(items.default)
      fill(items, value[index])
    }
    return
  }
  if (isJsonObject(value)) fillFields(schema, value)
}

function fillFields(schema: JsonSchema, fields: JsonObject): void {
  const rest = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (property.default !== undefined && (!Object.hasOwn(fields, key) || isRefusedNull(property, fields[key]))) setMember(fields, key, cloneJson(property.default))
  }
  for (const key of Object.keys(fields)) {
    const property = own(schema.properties, key) ?? rest
    if (!isRefusedNull(property, fields[key])) fill(property, fields[key])
    else if (property.default === undefined) delete fields[key]
    else { fields[key] = cloneJson(property.default); fill(property, fields[key]) }
  }
}
