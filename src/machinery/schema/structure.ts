import type { ObjectMeta } from '../meta/core.ts'
import { decodeObjectMeta } from '../meta/decode-object-meta.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import { isJsonObject, type JsonObject } from '../meta/json-value.ts'
import { validateObjectMeta } from '../meta/object-meta.ts'
import { type FieldError, fieldError, isReason } from '../meta/status-error.ts'
import { own } from './prune.ts'

/** Items of sets, and keys of map lists, that occur twice: each is reported once, where it is met again. */
export function validateLists(schema: JsonSchema, value: unknown, path: string): FieldError[] {
  if (!Array.isArray(value)) return inside(schema, value, path, validateLists)
  const listType = schema['x-kubernetes-list-type']
  const errors = listType === 'set' ? duplicates(value, path) : listType === 'map' ? duplicateKeys(schema['x-kubernetes-list-map-keys'] ?? [], value, path) : []
  return [...errors, ...inside(schema, value, path, validateLists)]
}

/** apiVersion, kind and metadata of every embedded resource below (not of the root). */
export function validateEmbeddedResources(schema: JsonSchema, value: unknown, path: string): FieldError[] {
  const errors = schema['x-kubernetes-embedded-resource'] && isJsonObject(value) ? embeddedErrors(value, path) : []
  return [...errors, ...inside(schema, value, path, validateEmbeddedResources)]
}

function inside(schema: JsonSchema, value: unknown, path: string, visit: (schema: JsonSchema, value: unknown, path: string) => FieldError[]): FieldError[] {
  if (Array.isArray(value)) return schema.items ? value.flatMap((item, index) => visit(schema.items!, item, `${path}[${index}]`)) : []
  if (!isJsonObject(value)) return []
  const rest = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined
  return Object.entries(value).flatMap(([key, field]) => {
    const property = own(schema.properties, key)
    if (property) return visit(property, field, path ? `${path}.${key}` : key)
    return rest ? visit(rest, field, `${path}[${key}]`) : []
  })
}

function duplicateKeys(names: readonly string[], items: readonly unknown[], path: string): FieldError[] {
  const odd = items.findIndex((item) => item !== null && !isJsonObject(item))
  if (odd >= 0) return [fieldError.invalid(`${path}[${odd}]`, items[odd], 'must be an object for an array of list-type map')]
  return duplicates(items.map((item) => (isJsonObject(item) ? Object.fromEntries(names.toSorted().filter((name) => Object.hasOwn(item, name)).map((name) => [name, item[name]])) : {})), path)
}

function duplicates(items: readonly unknown[], path: string): FieldError[] {
  const seen = new Map<string, number>()
  return items.flatMap((item, index) => {
    const text = JSON.stringify(item), times = (seen.get(text) ?? 0) + 1
    seen.set(text, times)
    return times === 2 ? [fieldError.duplicate(`${path}[${index}]`, item)] : []
  })
}

function embeddedErrors(resource: JsonObject, path: string): FieldError[] {
  return [...typeErrors(resource, path), ...embeddedMetadataErrors(resource['metadata'], `${path}.metadata`)]
}

function embeddedMetadataErrors(metadata: unknown, path: string): FieldError[] {
  if (metadata === undefined) return []
  if (!isJsonObject(metadata)) return [fieldError.invalid(path, metadata, 'must be an object')]
  let decoded: ObjectMeta
  try { decoded = decodeObjectMeta(metadata, EMBEDDED) } catch (error) {
    if (!isReason(error, 'BadRequest')) throw error
    return [fieldError.invalid(path, metadata, error.message.replace(/^.*?: (?=json: )/, ''))]
  }
  // An embedded resource needs no name.
  return validateObjectMeta({ ...decoded, name: decoded.name || 'unnamed' }, { namespaced: Boolean(decoded.namespace), validateName: pathSegment }, path)
}

/** Only part of a message that is not shown. */
const EMBEDDED = { kind: '', version: '' }

/** Names that can be part of a path. */
const pathSegment = (name: string): string[] => [
  ...(name === '.' || name === '..' ? [`may not be '${name}'`] : []),
  ...['/', '%'].filter((character) => name.includes(character)).map((character) => `may not contain '${character}'`),
]

function typeErrors(resource: JsonObject, path: string): FieldError[] {
  return ['apiVersion', 'kind'].flatMap((name) => {
    const at = `${path}.${name}`, value = resource[name]
    if (value === undefined) return [fieldError.required(at)]
    if (typeof value !== 'string') return [fieldError.invalid(at, value, 'must be a string')]
    if (value === '') return [fieldError.invalid(at, value, 'must not be empty')]
    if (name === 'apiVersion' && value.split('/').length > 2) return [fieldError.invalid(at, value, `unexpected GroupVersion string: ${value}`)]
    if (name === 'kind' && !/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(value.toLowerCase())) return [fieldError.invalid(at, value, `may have mixed case, but should otherwise match: ${KIND_RULE}`)]
    return []
  })
}

const KIND_RULE = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
