/**
 * Many clusters' values of one field as one, where no rule of the kind knows better: counts are added, conditions joined, times the latest, booleans true
 * where all are, maps merged member by member, lists united; of other values that differ the first cluster's stands.
 */
import type { JsonObject } from '../../machinery/meta/json-value.ts'
import { equalJson, getMember, isJsonObject, setMember } from '../../machinery/meta/json-value.ts'
import type { Given, MergeContext } from './given.ts'
import { latestTime, mergeConditions } from './merge-conditions.ts'

/** Undefined where no cluster has a value. */
export function mergeValues(all: readonly Given[], field: string, context: MergeContext): unknown {
  const given = all.filter(({ value }) => value !== undefined && value !== null), values = given.map(({ value }) => value), [first] = values
  if (field === 'observedGeneration' && values.length > 0) return context.observed(given, context.clusters.length)
  if (values.length > 0 && values.every(isNumber)) return NO_COUNT.test(field) ? greatest(values) : sum(values)
  if (values.length < 2 && !Array.isArray(first)) return first
  if (values.every((value) => typeof value === 'boolean')) return values.every(Boolean)
  if (values.every((value) => typeof value === 'string')) return values.every((value) => TIME.test(value)) ? latestTime(values) : first
  if (values.every(isJsonObject)) return mergeMembers(given as readonly Given<JsonObject>[], context)
  if (values.every(Array.isArray)) return mergeLists(given as readonly Given<readonly unknown[]>[], context)
  return first
}

export function mergeMembers(given: readonly Given<JsonObject>[], context: MergeContext): JsonObject {
  const merged: JsonObject = {}, clusters = given.map(({ cluster }) => cluster)
  for (const key of new Set(given.flatMap(({ value }) => Object.keys(value)))) {
    const value = mergeValues(given.map(({ cluster, value }) => ({ cluster, value: getMember(value, key) })), key, { ...context, clusters })
    if (value !== undefined) setMember(merged, key, value)
  }
  return merged
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/
/** Numbers whose names say that a sum would mean nothing. */
const NO_COUNT = /(?:[pP]ort|Percent(?:age)?|Utilization|[gG]eneration|[rR]evision|[vV]ersion|[eE]poch|Time(?:stamp)?|Seconds|Index|Code|Limit)$/

const isNumber = (value: unknown): boolean => typeof value === 'number' || JSON.isRawJSON(value)
const textOf = (value: unknown) => (JSON.isRawJSON(value) ? value.rawJSON : String(value))
const greatest = (values: readonly unknown[]) => values.reduce((a, b) => (Number(textOf(b)) > Number(textOf(a)) ? b : a))

/** Exact for integers of any size. */
export function sum(values: readonly unknown[]): unknown {
  const total = values.reduce<number>((total, value) => total + Number(textOf(value)), 0)
  if (Number.isSafeInteger(total) || !values.every((value) => /^-?\d+$/.test(textOf(value)))) return total
  return JSON.rawJSON(String(values.reduce<bigint>((total, value) => total + BigInt(textOf(value)), 0n)))
}

function mergeLists(given: readonly Given<readonly unknown[]>[], context: MergeContext): unknown {
  const [first] = given
  if (given.every(({ value }) => value.every(isCondition)) && given.some(({ value }) => value.length > 0)) return mergeConditions(given as readonly Given<readonly JsonObject[]>[], context)
  if (given.length === 1) return first!.value
  if (given.every(({ value }) => areNamed(value))) return mergeNamed(given as readonly Given<readonly JsonObject[]>[], context)
  return given.every(({ value }) => equalJson(value, first!.value)) ? first!.value : union(given.flatMap(({ value }) => value))
}

const isCondition = (item: unknown) => isJsonObject(item) && typeof item['type'] === 'string' && typeof item['status'] === 'string'
const areNamed = (items: readonly unknown[]) => items.length > 0 && items.every((item) => isJsonObject(item) && typeof item['name'] === 'string') && new Set(items.map((item) => (item as JsonObject)['name'])).size === items.length

function mergeNamed(given: readonly Given<readonly JsonObject[]>[], context: MergeContext): JsonObject[] {
  const byName = new Map<unknown, Given<JsonObject>[]>()
  for (const { cluster, value } of given) {
    for (const item of value) {
      const found = byName.get(item['name'])
      if (found) found.push({ cluster, value: item })
      else byName.set(item['name'], [{ cluster, value: item }])
    }
  }
  return [...byName.values()].map((items) => mergeMembers(items, context))
}

/** Each value once, in order of first appearance. */
export const union = <T>(items: readonly T[]): T[] => [...new Map(items.map((item) => [JSON.stringify(item), item])).values()]
