/** CustomResourceDefinitions as kinds of this server: what they say becomes the same runtime values as our own kinds are. */
import { compareVersions } from '../machinery/meta/version-order.ts'
import { columnsFromPrinterColumns, type PrinterColumn } from '../federation/interpreter/columns/custom.ts'
import { plain, valueAt } from '../federation/interpreter/columns/column.ts'
import type { Kind, KubeObject, ScalePaths } from '../machinery/meta/core.ts'
import { cloneJson } from '../machinery/meta/json-value.ts'
import type { JsonSchema } from '../machinery/meta/json-schema.ts'
import { stringifyJson } from '../machinery/meta/json.ts'
import { fieldError, type FieldError } from '../machinery/meta/status-error.ts'
import type { StoredKind } from '../machinery/meta/strategy.ts'
import { isNumber, toInteger, toNumber } from '../machinery/schema/number.ts'
import { readDefinition, type CustomResourceDefinition, type CustomResourceVersion } from './custom-resource-definition.ts'

/** One kind in all its served versions, the one that is stored among them or not. */
export interface CustomKind {
  readonly stored: StoredKind
  /** Most preferred first: stable before beta before alpha, higher before lower. */
  readonly served: readonly StoredKind[]
}

/**
 * `document`: a parsed CustomResourceDefinition of apiextensions.k8s.io/v1. Objects of all its versions are stored as one and differ in apiVersion alone (conversion `None`).
 * Updates need a resourceVersion and create nothing, as for every custom resource. Throws StatusError Invalid with every mistake.
 */
export function customKind(document: unknown): CustomKind {
  const definition = readDefinition(document), { versions } = definition.spec, storage = versions.find((version) => version.storage)!, stored = versionKind(definition, storage, storage.name)
  const served = versions.filter((version) => version.served).map((version) => (version === storage ? stored : versionKind(definition, version, storage.name)))
  return { stored, served: served.toSorted((a, b) => compareVersions(a.version, b.version)) }
}

function versionKind({ spec: { group, scope, names } }: CustomResourceDefinition, version: CustomResourceVersion, storageVersion: string): StoredKind {
  const { name, subresources = {}, selectableFields = [], additionalPrinterColumns = AGE_ONLY, deprecated, deprecationWarning } = version, schema = cloneJson(version.schema.openAPIV3Schema)
  const { kind, plural, singular = kind.toLowerCase(), listKind = `${kind}List`, shortNames = [], categories = [] } = names
  return {
    group, version: name, kind, listKind, plural, singular, shortNames, categories, namespaced: scope === 'Namespaced', describesItems: true, schema: () => Promise.resolve(schema), hasStatus: subresources.status !== undefined,
    strategy: subresources.scale ? { validate: (object) => scaleErrors(subresources.scale!, object) } : {},
    columns: columnsFromPrinterColumns(additionalPrinterColumns.map((column) => ({ ...column, description: column.description ?? `Custom resource definition column (in JSONPath format): ${column.jsonPath}` }))), fields: Object.fromEntries(selectableFields.map(({ jsonPath }) => [jsonPath.slice(1), selectable(jsonPath, schema)])),
    ...(name !== storageVersion && { storageVersion }), ...(subresources.scale && { scale: subresources.scale }), ...(deprecated && { deprecation: deprecationWarning ?? `${group}/${name} ${kind} is deprecated` }),
  }
}

const AGE_ONLY: readonly PrinterColumn[] = [{ name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }]

/** What `scale` reads must be numbers and texts that it can show, whoever wrote them (apiextensions-apiserver/pkg/registry/customresource/validator.go). */
function scaleErrors({ specReplicasPath, statusReplicasPath, labelSelectorPath }: ScalePaths, object: KubeObject): FieldError[] {
  const at = (path: string) => valueAt(object, path.slice(1).split('.')), odd = (path: string, value: unknown, type: string) => `${path} accessor error: ${shown(value)} is of the type ${goType(value)}, expected ${type}`
  const counts = [specReplicasPath, statusReplicasPath].flatMap((path) => {
    const value = at(path), integer = value === undefined ? 0n : isNumber(value) && goType(value) === 'int64' ? toInteger(value) : undefined
    if (integer === undefined) return [fieldError.invalid(path, 0, odd(path, value, 'int64'))]
    if (integer < 0n) return [fieldError.invalid(path, value, 'should be a non-negative integer')]
    return integer > MAX_INT32 ? [fieldError.invalid(path, value, `should be less than or equal to ${MAX_INT32}`)] : []
  })
  const selector = labelSelectorPath === undefined ? undefined : at(labelSelectorPath)
  return selector === undefined || typeof selector === 'string' ? counts : [...counts, fieldError.invalid(labelSelectorPath!, '', odd(labelSelectorPath!, selector, 'string'))]
}

const MAX_INT32 = 2n ** 31n - 1n
const shown = (value: unknown) => (isNumber(value) ? String(toNumber(value)) : typeof value === 'string' ? value : value === null ? '<nil>' : stringifyJson(value))
function goType(value: unknown): string {
  if (isNumber(value)) return JSON.isRawJSON(value) ? (/[.eE]/.test(value.rawJSON) ? 'float64' : 'int64') : Number.isInteger(value) ? 'int64' : 'float64'
  return value === null ? '<nil>' : Array.isArray(value) ? '[]interface {}' : typeof value === 'object' ? 'map[string]interface {}' : typeof value === 'boolean' ? 'bool' : 'string'
}

/** A field that is not there is '' to a selector, whatever its type. */
function selectable(jsonPath: string, schema: JsonSchema): Kind['fields'][string] {
  const members = jsonPath.slice(1).split('.'), isText = members.reduce<JsonSchema | undefined>((found, member) => found?.properties?.[member], schema)?.type === 'string'
  return (object: KubeObject) => {
    const value = valueAt(object, members)
    return value === undefined || value === null || (isText && typeof value !== 'string') ? '' : plain(value)
  }
}
