import type { ClusterPreference } from '../../apis/cluster.federation/v1alpha1/placement.ts'
import { isJsonObject, type JsonObject } from '../../machinery/meta/json-value.ts'
import { LabelSelector, type LabelOperator, type LabelRequirement } from '../../machinery/meta/label-selector.ts'
import { qualifiedName, labelValue } from '../../machinery/meta/names.ts'
import { type FieldError, fieldError } from '../../machinery/meta/status-error.ts'

/** What the annotations of Federation v1 on a native object say. */
export interface V1Placement {
  /** The namespace of the control plane carried a mark instead of a selector: it never goes anywhere. */
  readonly nowhere: boolean
  /** Over labels of clusters; absent: all clusters. */
  readonly selector: LabelSelector | undefined
  /** Absent: all clusters alike. */
  readonly preferences: Readonly<Record<string, ClusterPreference>> | undefined
  readonly rebalance: boolean
}

const SELECTOR = 'federation.alpha.kubernetes.io/cluster-selector', NOWHERE = 'federation.kubernetes.io/federation-control-plane=true'
const PREFERENCES: ReadonlyMap<string, string> = new Map([
  ['Deployment', 'federation.kubernetes.io/deployment-preferences'],
  ['ReplicaSet', 'federation.kubernetes.io/replica-set-preferences'],
  ['Job', 'federation.kubernetes.io/job-preferences'],
])

/**
 * `placement` is undefined where the object carries no such annotation. What Federation v1 passed over in silence (preferences that do not parse) or stumbled over (selectors) comes back as errors,
 * and then there is no placement. Names of members match in any case, as Go decoded them.
 */
export function parseV1Annotations(kind: string, annotations: Readonly<Record<string, string>>): { readonly placement?: V1Placement; readonly errors: readonly FieldError[] } {
  const preferencesKey = PREFERENCES.get(kind), selectorText = own(annotations, SELECTOR), preferencesText = preferencesKey && own(annotations, preferencesKey)
  if (selectorText === undefined && preferencesText === undefined) return { errors: [] }
  const errors: FieldError[] = [], nowhere = selectorText === NOWHERE
  const selector = selectorText === undefined || nowhere ? undefined : parseSelector(selectorText, `metadata.annotations[${SELECTOR}]`, errors)
  const parsed = preferencesText === undefined ? undefined : parsePreferences(preferencesText, `metadata.annotations[${preferencesKey}]`, errors)
  return errors.length > 0 ? { errors } : { placement: { nowhere, selector, preferences: parsed?.clusters, rebalance: parsed?.rebalance ?? false }, errors }
}

const own = (annotations: Readonly<Record<string, string>>, key: string) => (Object.hasOwn(annotations, key) ? annotations[key] : undefined)

/** Undefined for what is no JSON; the mistake is recorded. */
function parse(text: string, path: string, errors: FieldError[]): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    errors.push(fieldError.invalid(path, text, `must be JSON: ${error.message}`))
    return undefined
  }
}

const OPERATORS: ReadonlyMap<string, LabelOperator> = new Map([
  ['In', 'in'], ['in', 'in'], ['NotIn', 'notin'], ['notin', 'notin'], ['Exists', 'exists'], ['exists', 'exists'], ['DoesNotExist', '!'], ['!', '!'],
  ['=', '='], ['==', '=='], ['!=', '!='], ['Gt', 'gt'], ['gt', 'gt'], ['>', 'gt'], ['Lt', 'lt'], ['lt', 'lt'], ['<', 'lt'],
])

/** A list of requirements, all of which must hold. */
function parseSelector(text: string, path: string, errors: FieldError[]): LabelSelector | undefined {
  const list = parse(text, path, errors)
  if (list === undefined) return undefined
  if (!Array.isArray(list)) {
    errors.push(fieldError.typeInvalid(path, text, 'must be a list of requirements'))
    return undefined
  }
  return new LabelSelector(list.flatMap((item, index) => parseRequirement(item, `${path}[${index}]`, errors)))
}

function parseRequirement(item: unknown, path: string, errors: FieldError[]): LabelRequirement[] {
  const { key, operator, values = [] } = isJsonObject(item) ? anyCase(item, ['key', 'operator', 'values']) : {}
  if (typeof key !== 'string' || typeof operator !== 'string' || !isStrings(values ?? [])) {
    errors.push(fieldError.typeInvalid(path, item, 'must be an object with the strings key and operator and the list of strings values'))
    return []
  }
  const known = OPERATORS.get(operator), given = (values ?? []) as string[], problems = known ? checkValues(known, given, path) : [fieldError.notSupported(`${path}.operator`, operator, [...OPERATORS.keys()])]
  errors.push(...qualifiedName(key).map((detail) => fieldError.invalid(`${path}.key`, key, detail)), ...problems)
  return known ? [{ key, operator: known, values: given }] : []
}

const isStrings = (value: unknown): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string')

function checkValues(operator: LabelOperator, values: readonly string[], path: string): FieldError[] {
  const at = `${path}.values`, wrong = (detail: string) => [fieldError.invalid(at, values, detail)]
  const invalid = values.flatMap((value, index) => labelValue(value).map((detail) => fieldError.invalid(`${at}[${index}]`, value, detail)))
  switch (operator) {
    case 'in': case 'notin': return values.length === 0 ? [fieldError.required(at, 'this operator needs values')] : invalid
    case 'exists': case '!': return values.length > 0 ? wrong('this operator takes no values') : []
    case 'gt': case 'lt': return values.length === 1 && /^[+-]?\d+$/.test(values[0]!) ? invalid : wrong('this operator needs exactly one whole number')
    default: return values.length === 1 ? invalid : wrong('this operator needs exactly one value')
  }
}

interface Preferences { readonly rebalance: boolean; readonly clusters: Readonly<Record<string, ClusterPreference>> | undefined }

function parsePreferences(text: string, path: string, errors: FieldError[]): Preferences | undefined {
  const value = parse(text, path, errors)
  if (value === undefined) return undefined
  const { rebalance = false, clusters } = isJsonObject(value) ? anyCase(value, ['rebalance', 'clusters']) : { rebalance: null }
  if (typeof rebalance !== 'boolean' || !(clusters === undefined || clusters === null || isJsonObject(clusters))) {
    errors.push(fieldError.typeInvalid(path, text, 'must be an object with the boolean rebalance and the object clusters'))
    return undefined
  }
  const entries = Object.entries(clusters ?? {}).map(([name, preference]) => [name, parsePreference(preference, `${path}.clusters[${name}]`, errors)] as const)
  return { rebalance, clusters: entries.length > 0 ? Object.fromEntries(entries) : undefined }
}

function parsePreference(value: unknown, path: string, errors: FieldError[]): ClusterPreference {
  if (!isJsonObject(value)) {
    errors.push(fieldError.typeInvalid(path, value, 'must be an object'))
    return {}
  }
  const preference = Object.entries(anyCase(value, ['minReplicas', 'maxReplicas', 'weight'])).filter(([, count]) => count !== null && count !== undefined)
  for (const [member, count] of preference) if (!Number.isSafeInteger(count) || Number(count) < 0) errors.push(fieldError.invalid(`${path}.${member}`, count, 'must be a whole number, at least 0'))
  return Object.fromEntries(preference)
}

/** The members of these names, however they are capitalised; others are passed over, as Go does. */
function anyCase(object: JsonObject, names: readonly string[]): JsonObject {
  const byLower = new Map(names.map((name) => [name.toLowerCase(), name]))
  return Object.fromEntries(Object.entries(object).flatMap(([key, value]) => { const name = byLower.get(key.toLowerCase()); return name ? [[name, value]] : [] }))
}
