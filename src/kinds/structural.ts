import { cloneJson, equalJson } from '../machinery/meta/json-value.ts'
import type { JsonSchema } from '../machinery/meta/json-schema.ts'
import { fieldError, type FieldError } from '../machinery/meta/status-error.ts'
import { applyDefaults } from '../machinery/schema/apply-defaults.ts'
import { prune } from '../machinery/schema/prune.ts'
import { validateSchema } from '../machinery/schema/validate-schema.ts'

/**
 * Why a schema cannot be that of a custom resource; empty: it is structural (apiextensions-apiserver/pkg/apiserver/schema/validation.go, pkg/apis/apiextensions/validation).
 * Structural: every field has one type, given outside of allOf, anyOf, oneOf and not, so that pruning and defaulting need to look at no alternatives.
 */
export function schemaErrors(root: JsonSchema, path: string): FieldError[] {
  const shape = [...check(root, 'root', path), ...completeness(root, path)]
  // Defaults are looked at only where the schema can be trusted.
  return shape.length > 0 ? shape : defaultErrors(root, path)
}

type Level = 'root' | 'item' | 'field'
const EMPTY_TYPE = { root: 'must not be empty at the root', item: 'must not be empty for specified array items', field: 'must not be empty for specified object fields' } as const
const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string']
/** Of JSON schema, but not of structural ones. */
const REFUSED = ['$ref', 'id', 'definitions', 'dependencies', 'patternProperties', 'additionalItems']
const LIST_TYPES = ['atomic', 'set', 'map'], MAP_TYPES = ['atomic', 'granular'], SCALARS = ['string', 'integer', 'number', 'boolean']

function check(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const errors: FieldError[] = [], { type, items, properties = {}, additionalProperties } = schema
  const embedded = schema['x-kubernetes-embedded-resource'] === true, intOrString = schema['x-kubernetes-int-or-string'] === true, preserves = schema['x-kubernetes-preserve-unknown-fields']
  for (const field of REFUSED) if (Object.hasOwn(schema, field)) errors.push(fieldError.forbidden(`${path}.${field}`, `${field} is not supported`))
  if (type !== undefined && !TYPES.includes(type)) errors.push(fieldError.notSupported(`${path}.type`, type, TYPES))
  if (embedded && type !== 'object') errors.push(fieldError.required(`${path}.type`, 'must be object if x-kubernetes-embedded-resource is true'))
  else if (!type && !intOrString && !preserves) errors.push(fieldError.required(`${path}.type`, EMPTY_TYPE[level]))
  if (level === 'root' && type && type !== 'object') errors.push(fieldError.invalid(`${path}.type`, type, 'must be object at the root'))
  if (level === 'root' && schema.nullable) errors.push(fieldError.forbidden(`${path}.nullable`, 'nullable cannot be true at the root'))
  if (preserves === false) errors.push(fieldError.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'))
  for (const [extension, set] of [['x-kubernetes-preserve-unknown-fields', preserves], ['x-kubernetes-embedded-resource', embedded]] as const) if (intOrString && set) errors.push(fieldError.invalid(`${path}.${extension}`, true, 'must be false if x-kubernetes-int-or-string is true'))
  if (embedded && !preserves && Object.keys(properties).length === 0) errors.push(fieldError.required(`${path}.properties`, 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'))
  if (schema.uniqueItems) errors.push(fieldError.forbidden(`${path}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'))
  if (additionalProperties !== undefined && level === 'root') errors.push(fieldError.forbidden(`${path}.additionalProperties`, 'must not be used at the root'))
  if (additionalProperties !== undefined && additionalProperties !== false && schema.properties) errors.push(fieldError.forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'))
  if (Array.isArray(items)) return [...errors, fieldError.forbidden(`${path}.items`, 'items must be a schema object and not an array')]
  if (type === 'array' && !items) errors.push(fieldError.required(`${path}.items`, 'must be specified'))
  errors.push(...listErrors(schema, path), ...resourceFieldErrors(schema, level === 'root', embedded, path), ...alternativeErrors(schema, path))
  if (items) errors.push(...check(items, 'item', `${path}.items`))
  if (typeof additionalProperties === 'object') errors.push(...check(additionalProperties, 'field', `${path}.additionalProperties`))
  for (const [name, property] of Object.entries(properties)) if (!(level === 'root' && name === 'metadata')) errors.push(...check(property, 'field', `${path}.properties[${name}]`))
  return errors
}

/** apiVersion, kind and metadata are the same for all resources; a schema may narrow the names only. */
function resourceFieldErrors({ properties = {} }: JsonSchema, isRoot: boolean, embedded: boolean, path: string): FieldError[] {
  if (!isRoot && !embedded) return []
  const errors = ['apiVersion', 'kind'].flatMap((field) => (properties[field] && properties[field].type !== 'string' ? [fieldError.invalid(`${path}.properties[${field}].type`, properties[field].type, 'must be string')] : []))
  const { metadata } = properties
  if (!metadata) return errors
  if (metadata.type !== 'object') errors.push(fieldError.invalid(`${path}.properties[metadata].type`, metadata.type, 'must be object'))
  const { type: _type, description: _description, properties: fields = {}, ...more } = metadata
  if (isRoot && (Object.keys(more).length > 0 || Object.keys(fields).some((field) => field !== 'name' && field !== 'generateName'))) errors.push(fieldError.forbidden(`${path}.properties[metadata]`, 'must not specify anything other than name and generateName, but metadata is implicitly specified'))
  return errors
}

function listErrors(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [], listType = schema['x-kubernetes-list-type'], keys = schema['x-kubernetes-list-map-keys'] ?? [], mapType = schema['x-kubernetes-map-type'], { items, type } = schema
  const at = `${path}.x-kubernetes-list-map-keys`
  if (mapType !== undefined && type !== 'object') errors.push(fieldError.invalid(`${path}.type`, type, 'must be object if x-kubernetes-map-type is specified'))
  if (mapType !== undefined && !MAP_TYPES.includes(mapType)) errors.push(fieldError.notSupported(`${path}.x-kubernetes-map-type`, mapType, MAP_TYPES))
  if (listType !== undefined && type !== 'array') errors.push(fieldError.invalid(`${path}.type`, type, 'must be array if x-kubernetes-list-type is specified'))
  if (listType !== undefined && !LIST_TYPES.includes(listType)) errors.push(fieldError.notSupported(`${path}.x-kubernetes-list-type`, listType, LIST_TYPES))
  if (keys.length > 0 && listType !== 'map') errors.push(fieldError.required(`${path}.x-kubernetes-list-type`, 'must be map if x-kubernetes-list-map-keys is non-empty'))
  if (listType === 'set' && items?.type === 'array' && items['x-kubernetes-list-type'] !== 'atomic') errors.push(fieldError.invalid(`${path}.items.x-kubernetes-list-type`, items['x-kubernetes-list-type'], 'must be atomic as item of a list with x-kubernetes-list-type=set'))
  if (listType === 'set' && items?.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') errors.push(fieldError.invalid(`${path}.items.x-kubernetes-map-type`, items['x-kubernetes-map-type'], 'must be atomic as item of a list with x-kubernetes-list-type=set'))
  if (listType !== undefined && listType !== 'atomic' && items?.nullable) errors.push(fieldError.forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`))
  if (listType !== 'map') return errors
  if (keys.length === 0) errors.push(fieldError.required(at, 'must not be empty if x-kubernetes-list-type is map'))
  if (new Set(keys).size < keys.length) errors.push(fieldError.invalid(at, keys, 'must not contain duplicate entries'))
  if (items && items.type !== 'object') errors.push(fieldError.invalid(`${path}.items.type`, items.type, "must be object if parent array's x-kubernetes-list-type is map"))
  for (const key of items?.type === 'object' ? keys : []) {
    const property = items!.properties?.[key], field = `${path}.items.properties[${key}]`
    if (!property) { errors.push(fieldError.invalid(at, keys, 'entries must all be names of item properties')); continue }
    if (!property['x-kubernetes-int-or-string'] && !SCALARS.includes(property.type ?? '')) errors.push(fieldError.invalid(`${field}.type`, property.type, "must be a scalar type if parent array's x-kubernetes-list-type is map"))
    if (property.default === undefined && !items!.required?.includes(key)) errors.push(fieldError.required(`${field}.default`, 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'))
    if (property.nullable) errors.push(fieldError.forbidden(`${field}.nullable`, 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'))
  }
  return errors
}

const JUNCTORS = ['allOf', 'anyOf', 'oneOf'] as const
/** What gives shape rather than narrows it. */
const SHAPING = {
  type: 'must be empty', additionalProperties: 'must be undefined', default: 'must be undefined', title: 'must be empty', description: 'must be empty', nullable: 'must be false', 'x-kubernetes-preserve-unknown-fields': 'must be false', 'x-kubernetes-embedded-resource': 'must be false',
  'x-kubernetes-int-or-string': 'must be false', 'x-kubernetes-list-map-keys': 'must be empty', 'x-kubernetes-list-type': 'must be undefined', 'x-kubernetes-map-type': 'must be undefined', 'x-kubernetes-validations': 'must be empty',
} as const
const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }]

/** `x-kubernetes-int-or-string` may say in words of JSON schema what it means. */
const isIntOrString = (schema: JsonSchema) => equalJson(schema.anyOf, INT_OR_STRING)

function alternativeErrors(schema: JsonSchema, path: string): FieldError[] {
  const lists = JUNCTORS.flatMap((junctor) => (junctor === 'anyOf' && isIntOrString(schema) ? [] : (schema[junctor] ?? []).flatMap((part, index) => nestedErrors(part, `${path}.${junctor}[${index}]`, junctor === 'allOf' && index === 0 && isIntOrString(part)))))
  return [...lists, ...(schema.not ? nestedErrors(schema.not, `${path}.not`) : [])]
}

function nestedErrors(schema: JsonSchema, path: string, saysIntOrString = false): FieldError[] {
  const errors = Object.entries(SHAPING).flatMap(([field, text]) => { const value = schema[field as 'type'] as unknown; return value === undefined || value === '' || value === false ? [] : [fieldError.forbidden(`${path}.${field}`, `${text} to be structural`)] })
  if (schema.properties?.['metadata']) errors.push(fieldError.forbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context'))
  return [
    ...errors, ...(saysIntOrString ? [] : alternativeErrors(schema, path)), ...(schema.items ? nestedErrors(schema.items, `${path}.items`) : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) => nestedErrors(property, `${path}.properties[${name}]`)),
  ]
}

/** Whatever an alternative narrows must be described outside of it too. */
function completeness(schema: JsonSchema, path: string): FieldError[] {
  const nested = [...JUNCTORS.flatMap((junctor) => (schema[junctor] ?? []).map((part, index) => [part, `${path}.${junctor}[${index}]`] as const)), ...(schema.not ? [[schema.not, `${path}.not`] as const] : [])]
  return [
    ...nested.flatMap(([part, at]) => missing(part, schema, at, path)),
    ...(schema.items && !Array.isArray(schema.items) ? completeness(schema.items, `${path}.items`) : []),
    ...(typeof schema.additionalProperties === 'object' ? completeness(schema.additionalProperties, `${path}.additionalProperties`) : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) => completeness(property, `${path}.properties[${name}]`)),
  ]
}

function missing(part: JsonSchema, outside: JsonSchema | undefined, at: string, path: string): FieldError[] {
  if (!outside) return [fieldError.required(path, `because it is defined in ${at}`)]
  return [
    ...(part.items ? missing(part.items, outside.items, `${at}.items`, `${path}.items`) : []),
    ...Object.entries(part.properties ?? {}).flatMap(([name, property]) => missing(property, outside.properties?.[name], `${at}.properties[${name}]`, `${path}.properties[${name}]`)),
    ...[...JUNCTORS.flatMap((junctor) => part[junctor] ?? []), ...(part.not ? [part.not] : [])].flatMap((inner) => missing(inner, outside, at, path)),
  ]
}

/** A default must be allowed, and hold no field that would be dropped. */
function defaultErrors(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [], value = schema.default
  if (value !== undefined) {
    const holder: JsonSchema = { type: 'object', properties: { value: { ...schema, default: undefined } } }, object = { metadata: {}, value: cloneJson(value) }
    const dropped: string[] = []
    applyDefaults(holder, prune(holder, object, (field) => dropped.push(field)))
    for (const field of dropped) errors.push(fieldError.invalid(`${path}.default`, value, `the default holds a field that is not in the schema: ${field.replace(/^value\.?/, '')}`))
    for (const { message, field } of validateSchema(holder, object)) errors.push(fieldError.invalid(`${path}.default${field.replace(/^value/, '')}`, value, message))
  }
  return [
    ...errors, ...(schema.items ? defaultErrors(schema.items, `${path}.items`) : []), ...(typeof schema.additionalProperties === 'object' ? defaultErrors(schema.additionalProperties, `${path}.additionalProperties`) : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) => defaultErrors(property, `${path}.properties[${name}]`)),
  ]
}
