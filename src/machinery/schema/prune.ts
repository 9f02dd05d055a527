import type { KubeObject } from '../meta/core.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import { type JsonObject, isJsonObject } from '../meta/json-value.ts'
import { normalNumber } from './number.ts'

/** `isMetadata`: it was a field of metadata, the root's or that of an embedded resource. */
type OnUnknown = (path: string, isMetadata: boolean) => void

/**
 * Removes, in place, the fields that the schema does not know, and writes numbers as they are stored (`1.0` is 1). Answers the same object.
 * apiVersion, kind and the fields of ObjectMeta are known in the root and in embedded resources. `onUnknown` hears each removed field: `spec.parts[0].size`.
 * Rules as apiextensions-apiserver/pkg/apiserver/schema/pruning.
 */
export function prune<T extends KubeObject>(schema: JsonSchema, object: T, onUnknown: OnUnknown = () => undefined): T {
  pruneFields(schema, object, '', true, onUnknown)
  return object
}

/** The value to keep in place of `value`: only numbers change. `free`: inside a list whose unknown fields are kept. */
function pruneValue(schema: JsonSchema | undefined, value: unknown, path: string, onUnknown: OnUnknown, free = false): unknown {
  const keepsAll = free || schema?.['x-kubernetes-preserve-unknown-fields'] === true
  if (keepsAll && !schema) return normalNumbers(value)
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) value[index] = pruneValue(schema?.items, item, `${path}[${index}]`, onUnknown, keepsAll)
    return value
  }
  if (!isJsonObject(value)) return normalNumber(value)
  pruneFields(schema, value, path, schema?.['x-kubernetes-embedded-resource'] === true, onUnknown, keepsAll)
  return value
}

function pruneFields(schema: JsonSchema | undefined, fields: JsonObject, path: string, isResource: boolean, onUnknown: OnUnknown, free = false): void {
  const rest = schema?.additionalProperties, keepsAll = free || schema?.['x-kubernetes-preserve-unknown-fields'] === true || rest === true
  for (const [key, value] of Object.entries(fields)) {
    const at = path ? `${path}.${key}` : key, property = own(schema?.properties, key)
    if (isResource && key === 'metadata') pruneMetadata(value, at, onUnknown)
    else if (isResource && (key === 'apiVersion' || key === 'kind')) continue
    else if (property) fields[key] = pruneValue(property, value, at, onUnknown)
    else if (typeof rest === 'object') fields[key] = pruneValue(rest, value, at, onUnknown)
    else if (keepsAll) fields[key] = normalNumbers(value)
    else {
      onUnknown(at, false)
      delete fields[key]
    }
  }
}

const METADATA = new Set([
  'name', 'generateName', 'namespace', 'selfLink', 'uid', 'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds',
  'labels', 'annotations', 'ownerReferences', 'finalizers', 'managedFields',
])

const OWNER_REFERENCE = new Set(['apiVersion', 'kind', 'name', 'uid', 'controller', 'blockOwnerDeletion'])
const MANAGED_FIELDS = new Set(['manager', 'operation', 'apiVersion', 'time', 'fieldsType', 'fieldsV1', 'subresource'])

function pruneMetadata(metadata: unknown, path: string, onUnknown: OnUnknown): void {
  pruneStruct(METADATA, metadata, path, onUnknown)
  if (!isJsonObject(metadata)) return
  for (const [key, known] of [['ownerReferences', OWNER_REFERENCE], ['managedFields', MANAGED_FIELDS]] as const)
    if (Array.isArray(metadata[key])) for (const [index, item] of metadata[key].entries()) pruneStruct(known, item, `${path}.${key}[${index}]`, onUnknown)
}

function pruneStruct(known: ReadonlySet<string>, fields: unknown, path: string, onUnknown: OnUnknown): void {
  if (!isJsonObject(fields)) return
  for (const key of Object.keys(fields)) {
    if (known.has(key)) { fields[key] = normalNumbers(fields[key]); continue }
    onUnknown(`${path}.${key}`, true)
    delete fields[key]
  }
}

function normalNumbers(value: unknown): unknown {
  if (Array.isArray(value)) for (const [index, item] of value.entries()) value[index] = normalNumbers(item)
  else if (isJsonObject(value)) for (const key of Object.keys(value)) value[key] = normalNumbers(value[key])
  else return normalNumber(value)
  return value
}

/** Names such as `constructor` are data, not what every object inherits. */
export const own = (properties: Record<string, JsonSchema> | undefined, key: string): JsonSchema | undefined => (properties && Object.hasOwn(properties, key) ? properties[key] : undefined)
