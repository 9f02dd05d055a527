/** What a status is aggregated in, where a table of the kind says so field by field. Clusters come by name. */
import type { JsonObject } from '../../machinery/meta/json-value.ts'
import { isJsonObject } from '../../machinery/meta/json-value.ts'
import { addQuantities, formatQuantity, ZERO } from '../../machinery/meta/quantity.ts'
import { listAt, objectAt, quantityAt, textAt, valueAt } from './fields.ts'
import type { Aggregate, AggregateContext } from './fold-rule.ts'
import type { Given } from './given.ts'
import { latestTime } from './merge-conditions.ts'
import { sum as sumNumbers } from './merge-values.ts'

/** One member of the status from those clusters that have it; undefined: left out. `given` is never empty. */
export type Merge = (given: readonly Given[], context: AggregateContext) => unknown

/** Members that no merge is named for are dropped. `alone`: one cluster's status is taken as it is. */
export function byField(merges: Readonly<Record<string, Merge>>, { alone = false }: { readonly alone?: boolean } = {}): Aggregate {
  return (given, context) => {
    if (alone && given.length === 1 && context.silent === 0) return given[0]!.value
    const status: JsonObject = {}
    for (const [field, merge] of Object.entries(merges)) {
      const having = fieldGiven(given, field), value = having.length > 0 ? merge(having, context) : undefined
      if (value !== undefined) status[field] = value
    }
    return status
  }
}

/** What is given of one field, by those clusters that have it. */
const fieldGiven = (given: readonly Given<JsonObject>[], field: string): Given[] => given.flatMap(({ cluster, value }) => { const own = valueAt(value, [field]); return own === undefined ? [] : [{ cluster, value: own }] })

const isEmpty = (value: unknown) => value === '' || (Array.isArray(value) && value.length === 0) || (isJsonObject(value) && Object.keys(value).length === 0)
const valuesOf = (given: readonly Given[]) => given.map(({ value }) => value)
const textsOf = (given: readonly Given[]) => valuesOf(given).filter((value) => typeof value === 'string')
const objectsOf = (given: readonly Given[]) => valuesOf(given).filter(isJsonObject)

export const SUM: Merge = (given) => sumNumbers(valuesOf(given))
export const LARGEST: Merge = (given) => Math.max(...valuesOf(given).map(Number))
export const FIRST: Merge = (given) => given.find(({ value }) => !isEmpty(value))?.value
export const LAST: Merge = (given) => given.findLast(({ value }) => !isEmpty(value))?.value
export const LATEST: Merge = (given) => latestTime(valuesOf(given))
export const EARLIEST: Merge = (given) => textsOf(given).toSorted((a, b) => Date.parse(a) - Date.parse(b))[0]
export const CONCATENATED: Merge = (given) => valuesOf(given).flat()
export const OBSERVED: Merge = (given, context) => context.observed(given)
/** Members of all, the later cluster's where two have the same. */
export const UNITED: Merge = (given) => Object.assign({}, ...objectsOf(given)) as JsonObject
/** Resource quantities. */
export const QUANTITY: Merge = (given) => formatQuantity(given.reduce((total, one) => addQuantities(total, quantityAt(one, 'value') ?? ZERO), ZERO))

/** Every member by the same merge: counts by role, by task, …; `merge` is given the member's values. */
export const eachMember = (merge: Merge): Merge => (given, context) => {
  const objects = given.filter((one): one is Given<JsonObject> => isJsonObject(one.value))
  return Object.fromEntries([...new Set(objects.flatMap(({ value }) => Object.keys(value)))].map((member) => [member, merge(fieldGiven(objects, member), context)]))
}

/** The first of the worst: values are listed from the worst on, those not listed come last. */
export const worst = (order: readonly (readonly string[])[], path: readonly string[] = []): Merge => (given) => {
  const rank = (value: unknown) => { const at = order.findIndex((names) => names.includes(valueAt(value, path) as string)); return at < 0 ? order.length : at }
  return valuesOf(given).toSorted((a, b) => rank(a) - rank(b))[0]
}

/** Conditions of equal type, status and reason are one, its message saying which cluster says what; the first keeps its place and times. */
export const LISTED: Merge = (given) => {
  const listed = new Map<string, JsonObject>()
  for (const { cluster, condition } of conditionsOf(given)) {
    const id = ['type', 'status', 'reason'].map((field) => textAt(condition, [field]) ?? '').join('\0'), message = `${cluster}=${textAt(condition, 'message') ?? ''}`, known = listed.get(id)
    listed.set(id, known ? { ...known, message: `${known['message'] as string}, ${message}` } : { ...condition, message })
  }
  return [...listed.values()]
}

/** One condition of each type, in order of first appearance: that which `isNewer` than those before it. */
const onePerType = (isNewer: (condition: JsonObject, known: JsonObject) => boolean): Merge => (given) => {
  const byType = new Map<unknown, JsonObject>()
  for (const { condition } of conditionsOf(given)) {
    const known = byType.get(condition['type'])
    if (!known || isNewer(condition, known)) byType.set(condition['type'], condition)
  }
  return [...byType.values()]
}
export const LAST_OF_TYPE = onePerType(() => true)
const updated = (condition: JsonObject) => Date.parse(textAt(condition, 'lastUpdateTime') ?? textAt(condition, 'lastTransitionTime') ?? '')
export const NEWEST_OF_TYPE = onePerType((condition, known) => updated(condition) > updated(known))

const conditionsOf = (given: readonly Given[]) => given.flatMap(({ cluster, value }) => (Array.isArray(value) ? value : []).filter(isJsonObject).map((condition) => ({ cluster, condition })))

/** Clusters where a condition of one of these types is True. */
export const clustersWhere = (given: readonly Given<JsonObject>[], ...types: readonly string[]): string[] =>
  given.filter(({ value }) => listAt(value, 'conditions').some((condition) => types.includes(valueAt(condition, 'type') as string) && valueAt(condition, 'status') === 'True')).map(({ cluster }) => cluster)

/** A condition that no cluster has said, since the latest change of those of its type that are True. */
export function concluded(given: readonly Given<JsonObject>[], condition: { readonly type: string; readonly reason: string; readonly message: string }, types: readonly string[] = [condition.type]): JsonObject {
  const known = given.flatMap(({ value }) => listAt(value, 'conditions')).filter((said) => types.includes(valueAt(said, 'type') as string) && valueAt(said, 'status') === 'True')
  const times = ['lastTransitionTime', 'lastUpdateTime'].flatMap((field) => { const time = latestTime(known.map((said) => valueAt(said, field))); return time === undefined ? [] : [[field, time] as const] })
  return { type: condition.type, status: 'True', reason: condition.reason, message: condition.message, ...Object.fromEntries(times) }
}

/** Texts like `2m30s`: the longest. */
export const LONGEST: Merge = (given) => textsOf(given).toSorted((a, b) => secondsOf(b) - secondsOf(a))[0]
const secondsOf = (duration: string) => [...duration.matchAll(/([\d.]+)(h|ms|m|s)/g)].reduce((total, [, count, unit]) => total + Number(count) * UNITS[unit as keyof typeof UNITS], 0)
const UNITS = { h: 3600, m: 60, s: 1, ms: 0.001 }

/** `merge` for the member of that name; others are the first cluster's. */
export const within = (member: string, merge: Merge): Merge => (given, context) => {
  const objects = given.filter((one): one is Given<JsonObject> => isJsonObject(one.value)), having = fieldGiven(objects, member)
  return objects.length === 0 ? undefined : { ...objectAt(objects[0], 'value'), ...(having.length > 0 && { [member]: merge(having, context) }) }
}
