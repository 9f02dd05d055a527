import type { PrinterColumn } from '../federation/interpreter/columns/custom.ts'
import { isJsonObject } from '../machinery/meta/json-value.ts'
import type { JsonSchema } from '../machinery/meta/json-schema.ts'
import { dns1123Label, dns1123Subdomain } from '../machinery/meta/names.ts'
import { fieldError, StatusError, type FieldError } from '../machinery/meta/status-error.ts'
import { schemaErrors } from './structural.ts'

/** What a CustomResourceDefinition says, of what is used here (apiextensions.k8s.io/v1). */
export interface CustomResourceDefinition {
  apiVersion: string
  kind: string
  metadata: { name: string }
  spec: {
    group: string
    scope: 'Namespaced' | 'Cluster'
    names: { plural: string; singular?: string; kind: string; listKind?: string; shortNames?: string[]; categories?: string[] }
    versions: CustomResourceVersion[]
    conversion?: { strategy?: string }
    preserveUnknownFields?: boolean
  }
}

export interface CustomResourceVersion {
  name: string
  served: boolean
  storage: boolean
  deprecated?: boolean
  deprecationWarning?: string
  schema: { openAPIV3Schema: JsonSchema }
  subresources?: { status?: object; scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath?: string } }
  selectableFields?: { jsonPath: string }[]
  additionalPrinterColumns?: PrinterColumn[]
}

/** A parsed document that is a definition which can be served. Throws StatusError Invalid with every mistake, BadRequest where it is no definition at all. */
export function readDefinition(document: unknown): CustomResourceDefinition {
  if (!isJsonObject(document) || document['kind'] !== 'CustomResourceDefinition') throw StatusError.badRequest('the document is no CustomResourceDefinition: its kind says otherwise')
  if (document['apiVersion'] !== 'apiextensions.k8s.io/v1') throw StatusError.badRequest(`the version ${JSON.stringify(document['apiVersion'])} of CustomResourceDefinition is not known: write it as apiextensions.k8s.io/v1`)
  const { metadata, spec } = document, name = isJsonObject(metadata) && typeof metadata['name'] === 'string' ? metadata['name'] : ''
  const errors = isJsonObject(spec) ? specErrors(spec, name) : [fieldError.required('spec')]
  if (errors.length > 0) throw StatusError.invalid({ group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' }, name, errors)
  return document as unknown as CustomResourceDefinition
}

function specErrors(spec: Record<string, unknown>, name: string): FieldError[] {
  const errors: FieldError[] = [], { group, scope, names, versions, conversion, preserveUnknownFields } = spec
  if (typeof group !== 'string' || group === '') errors.push(fieldError.required('spec.group'))
  else {
    for (const text of dns1123Subdomain(group)) errors.push(fieldError.invalid('spec.group', group, text))
    if (!group.includes('.')) errors.push(fieldError.invalid('spec.group', group, 'should be a domain with at least one dot'))
  }
  if (scope === undefined) errors.push(fieldError.required('spec.scope'))
  else if (scope !== 'Namespaced' && scope !== 'Cluster') errors.push(fieldError.notSupported('spec.scope', scope, ['Cluster', 'Namespaced']))
  if (!isJsonObject(names)) errors.push(fieldError.required('spec.names'))
  else {
    errors.push(...nameErrors(names))
    if (name !== `${String(names['plural'])}.${String(group)}`) errors.push(fieldError.invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group'))
  }
  const strategy = isJsonObject(conversion) ? conversion['strategy'] : undefined
  if (strategy !== undefined && strategy !== 'None') errors.push(fieldError.notSupported('spec.conversion.strategy', strategy, ['None']))
  if (preserveUnknownFields === true) errors.push(fieldError.invalid('spec.preserveUnknownFields', true, 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'))
  if (!Array.isArray(versions) || versions.length === 0) return [...errors, fieldError.required('spec.versions')]
  const objects = versions.filter(isJsonObject), known = objects.map((version) => version['name'])
  if (objects.length < versions.length) return [...errors, fieldError.invalid('spec.versions', versions, 'must hold objects')]
  if (new Set(known).size < known.length) errors.push(fieldError.invalid('spec.versions', known, 'must contain unique version names'))
  if (objects.filter((version) => version['storage'] === true).length !== 1) errors.push(fieldError.invalid('spec.versions', known, 'must have exactly one version marked as storage version'))
  return [...errors, ...objects.flatMap((version, index) => versionErrors(version, `spec.versions[${index}]`))]
}

function nameErrors(names: Record<string, unknown>): FieldError[] {
  const errors: FieldError[] = [], { plural, singular, kind, listKind, shortNames, categories } = names
  const check = (field: string, value: unknown, text: (value: string) => string) => {
    if (typeof value !== 'string' || value === '') errors.push(fieldError.required(`spec.names.${field}`))
    else for (const problem of dns1123Label(text(value))) errors.push(fieldError.invalid(`spec.names.${field}`, value, problem))
  }
  const same = (value: string) => value, lower = (value: string) => value.toLowerCase()
  check('plural', plural, same)
  check('kind', kind, lower)
  if (singular !== undefined) check('singular', singular, same)
  if (listKind !== undefined) check('listKind', listKind, lower)
  if (kind !== undefined && kind === listKind) errors.push(fieldError.invalid('spec.names.listKind', listKind, 'kind and listKind may not be the same'))
  for (const [field, list] of [['shortNames', shortNames], ['categories', categories]] as const) {
    if (list === undefined) continue
    if (Array.isArray(list)) list.forEach((value, index) => { check(`${field}[${index}]`, value, same) })
    else errors.push(fieldError.typeInvalid(`spec.names.${field}`, list, 'must be a list'))
  }
  return errors
}

const COLUMN_TYPES = ['integer', 'number', 'string', 'boolean', 'date']

function versionErrors(version: Record<string, unknown>, path: string): FieldError[] {
  const errors: FieldError[] = [], { name, schema, subresources, selectableFields = [], additionalPrinterColumns = [] } = version
  if (typeof name !== 'string' || name === '') errors.push(fieldError.required(`${path}.name`))
  else for (const text of dns1123Label(name)) errors.push(fieldError.invalid(`${path}.name`, name, text))
  for (const flag of ['served', 'storage']) if (typeof version[flag] !== 'boolean') errors.push(fieldError.required(`${path}.${flag}`))
  const root = isJsonObject(schema) ? schema['openAPIV3Schema'] : undefined
  if (isJsonObject(root)) errors.push(...schemaErrors(root, `${path}.schema.openAPIV3Schema`))
  else errors.push(fieldError.required(`${path}.schema.openAPIV3Schema`, 'schemas are required'))
  if (isJsonObject(subresources) && isJsonObject(subresources['scale'])) errors.push(...scaleErrors(subresources['scale'], `${path}.subresources.scale`))
  for (const [index, column] of (Array.isArray(additionalPrinterColumns) ? additionalPrinterColumns : [additionalPrinterColumns]).entries()) {
    const at = `${path}.additionalPrinterColumns[${index}]`
    if (!isJsonObject(column) || !column['name']) errors.push(fieldError.required(`${at}.name`))
    else if (!COLUMN_TYPES.includes(String(column['type']))) errors.push(fieldError.notSupported(`${at}.type`, column['type'], COLUMN_TYPES))
    else if (typeof column['jsonPath'] !== 'string') errors.push(fieldError.required(`${at}.jsonPath`))
  }
  for (const [index, field] of (Array.isArray(selectableFields) ? selectableFields : [selectableFields]).entries()) errors.push(...selectableErrors(field, isJsonObject(root) ? root : {}, `${path}.selectableFields[${index}].jsonPath`))
  return errors
}

function scaleErrors(scale: Record<string, unknown>, path: string): FieldError[] {
  return (['specReplicasPath', 'statusReplicasPath', 'labelSelectorPath'] as const).flatMap((field) => {
    const value = scale[field], roots = { specReplicasPath: ['spec'], statusReplicasPath: ['status'], labelSelectorPath: ['spec', 'status'] }[field]
    if (value === undefined || value === '') return field === 'labelSelectorPath' ? [] : [fieldError.required(`${path}.${field}`)]
    if (typeof value !== 'string' || !SIMPLE_PATH.test(value)) return [fieldError.invalid(`${path}.${field}`, value, 'must be a json path in the dot notation')]
    return roots.some((root) => value.startsWith(`.${root}.`)) ? [] : [fieldError.invalid(`${path}.${field}`, value, `should be a json path under ${roots.map((root) => `.${root}`).join(' or ')}`)]
  })
}

const SIMPLE_PATH = /^(?:\.[A-Za-z0-9_-]+)+$/

function selectableErrors(field: unknown, root: JsonSchema, path: string): FieldError[] {
  const jsonPath = isJsonObject(field) ? field['jsonPath'] : undefined
  if (typeof jsonPath !== 'string' || jsonPath === '') return [fieldError.required(path)]
  if (!SIMPLE_PATH.test(jsonPath)) return [fieldError.invalid(path, jsonPath, 'is an invalid path: must be a json path in the dot notation')]
  if (jsonPath.startsWith('.metadata.')) return [fieldError.invalid(path, jsonPath, 'must not point to fields in metadata')]
  const found = jsonPath.slice(1).split('.').reduce<JsonSchema | undefined>((schema, member) => schema?.properties?.[member], root)
  return ['string', 'boolean', 'integer'].includes(found?.type ?? '') ? [] : [fieldError.invalid(path, jsonPath, 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.')]
}
