import type { KubeObject } from '../meta/core.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import { isJsonObject, type JsonObject } from '../meta/json-value.ts'
import { type FieldError, fieldError } from '../meta/status-error.ts'
import { checkScalar } from './check-scalar.ts'
import { validateEmbeddedResources, validateLists } from './structure.ts'
import { own } from './prune.ts'

/**
 * Everything in which an object, defaulted and pruned, breaks its schema; texts and fields as a kube-apiserver gives for custom resources
 * (kube-openapi/pkg/validation/validate, apiextensions-apiserver/pkg/registry/customresource).
 * Of metadata only types are checked here, and names, which a kind may narrow: what other fields may say is the same for all kinds (`meta/object-meta.ts`).
 */
export function validateSchema(schema: JsonSchema, object: KubeObject): FieldError[] {
  const { metadata, ...body } = object, { metadata: metadataSchema, ...properties } = schema.properties ?? {}
  const root: JsonSchema = { ...schema, properties, required: (schema.required ?? []).filter((name) => name !== 'metadata') }, errors = check(root, body, '')
  if (metadataSchema) errors.push(...check(metadataSchema, metadata, 'metadata').filter(({ type, field }) => type === 'FieldValueTypeInvalid' || NAMES.includes(field)))
  errors.push(...validateEmbeddedResources(root, body, ''), ...validateLists(root, body, ''))
  if (blocksRules(errors) && hasRules(schema)) errors.push(rulesNotChecked)
  return errors
}

const NAMES = ['metadata.name', 'metadata.generateName']

/** Errors after which rules in CEL are not evaluated: they could not rely on types. */
export const blocksRules = (errors: readonly FieldError[]): boolean => errors.some(({ type }) => BLOCKING.has(type))
const BLOCKING = new Set(['FieldValueNotSupported', 'FieldValueRequired', 'FieldValueTooLong', 'FieldValueTooMany', 'FieldValueTypeInvalid'])
/** How Go prints a field path that is not there. */
const NO_FIELD = '<nil>'
/** Told once beside such errors, wherever they come from, where there are rules. */
export const rulesNotChecked = fieldError.invalid(NO_FIELD, null, 'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation')

/** Whether x-kubernetes-validations are anywhere in a schema. */
export function hasRules(schema: JsonSchema, seen = new Set<JsonSchema>()): boolean {
  if (seen.has(schema)) return false
  seen.add(schema)
  if (schema['x-kubernetes-validations']?.length) return true
  const rest = typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []
  return [...Object.values(schema.properties ?? {}), ...rest, ...(schema.items ? [schema.items] : []), ...(schema.allOf ?? [])].some((part) => hasRules(part, seen))
}

function check(schema: JsonSchema, value: unknown, path: string): FieldError[] {
  const errors = [...checkScalar(schema, value, path)]
  // Null says nothing about what it would hold; whether it may be null is a matter of type.
  if (value === null) return errors
  checkAlternatives(schema, value, path, errors)
  if (Array.isArray(value)) checkItems(schema, value, path, errors)
  else if (isJsonObject(value)) checkFields(schema, value, path, errors)
  return errors
}

function checkFields(schema: JsonSchema, fields: JsonObject, path: string, errors: FieldError[]): void {
  const at = (key: string) => (path ? `${path}.${key}` : key), count = Object.keys(fields).length, rest = schema.additionalProperties
  if (schema.minProperties !== undefined && count < schema.minProperties) errors.push(fieldError.invalid(path, count, `${path} in body should have at least ${schema.minProperties} properties`))
  if (schema.maxProperties !== undefined && count > schema.maxProperties) errors.push(fieldError.tooMany(path, count, schema.maxProperties))
  for (const [key, value] of Object.entries(fields)) {
    const property = own(schema.properties, key)
    if (property) errors.push(...check(property, value, at(key)))
    else if (typeof rest === 'object') errors.push(...check(rest, value, at(key)))
    else if (rest === false) errors.push(fieldError.invalid(path, key, `${path}.${key} in body is a forbidden property`))
  }
  for (const key of schema.required ?? []) if (!Object.hasOwn(fields, key) || fields[key] === undefined) errors.push(fieldError.required(at(key)))
}

function checkItems(schema: JsonSchema, items: readonly unknown[], path: string, errors: FieldError[]): void {
  const { minItems, maxItems } = schema
  if (schema.items) for (const [index, item] of items.entries()) errors.push(...check(schema.items, item, `${path}[${index}]`))
  if (minItems !== undefined && items.length < minItems) errors.push(fieldError.invalid(path, items.length, `${path} in body should have at least ${minItems} items`))
  if (maxItems !== undefined && items.length > maxItems) errors.push(fieldError.tooMany(path, items.length, maxItems))
  if (schema.uniqueItems && new Set(items.map((item) => JSON.stringify(item))).size < items.length) errors.push(fieldError.invalid(path, '', `${path} in body shouldn't contain duplicates`))
}

function checkAlternatives(schema: JsonSchema, value: unknown, path: string, errors: FieldError[]): void {
  const { allOf, anyOf, oneOf, not } = schema
  const refuse = (text: string) => errors.push(fieldError.invalid(NO_FIELD, '', `"${path}" ${text}`))
  const results = (schemas: readonly JsonSchema[]) => schemas.map((part) => check(part, value, path))
  if (anyOf) {
    const found = results(anyOf)
    if (!found.some(isValid)) { refuse('must validate at least one schema (anyOf)'); errors.push(...fewest(found)) }
  }
  if (oneOf) {
    const found = results(oneOf), valid = found.filter(isValid).length
    if (valid === 0) { refuse('must validate one and only one schema (oneOf). Found none valid'); errors.push(...fewest(found)) }
    if (valid > 1) refuse(`must validate one and only one schema (oneOf). Found ${valid} valid alternatives`)
  }
  if (allOf) {
    const found = results(allOf), valid = found.filter(isValid).length
    errors.push(...found.flat())
    if (valid < allOf.length) refuse(`must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`)
  }
  if (not && isValid(check(not, value, path))) refuse('must not validate the schema (not)')
}

const isValid = (errors: readonly FieldError[]) => errors.length === 0
/** Of the alternatives that failed, the errors of the one that came closest; the first of equals. */
const fewest = (found: readonly FieldError[][]): FieldError[] => found.reduce((best, errors) => (errors.length < best.length ? errors : best))
