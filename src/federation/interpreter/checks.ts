/** What healths are said in. A check never fails: what is absent, or of another type, is not as asked. */
import type { KubeObject } from '../../machinery/meta/core.ts'
import { isJsonObject } from '../../machinery/meta/json-value.ts'
import { countAt, listAt, type Path, textAt, valueAt } from './fields.ts'

export type Check = (object: KubeObject) => boolean

export const allOf = (...checks: readonly Check[]): Check => (object) => checks.every((check) => check(object))
export const anyOf = (...checks: readonly Check[]): Check => (object) => checks.some((check) => check(object))
export const not = (check: Check): Check => (object) => !check(object)

export const isPresent = (path: Path): Check => (object) => valueAt(object, path) !== undefined
/** `true` and `false` are values like any other. */
export const isOneOf = (path: Path, ...values: readonly unknown[]): Check => (object) => values.includes(valueAt(object, path))
export const mentions = (path: Path, ...words: readonly string[]): Check => (object) => words.some((word) => textAt(object, path)?.includes(word))
/** No number is zero. */
export const isZero = (path: Path): Check => (object) => countAt(object, path) === 0
export const isAtLeast = (path: Path, floor: Path): Check => (object) => countAt(object, path) >= countAt(object, floor)
export const isEqualTo = (path: Path, other: Path): Check => (object) => countAt(object, path) === countAt(object, other)

/** A condition of that type is True, for one of the reasons if any are named. */
export const holds = (type: string, ...reasons: readonly string[]): Check => (object) =>
  listAt(object, 'status.conditions').some((condition) => isJsonObject(condition) && condition['type'] === type && condition['status'] === 'True' && (reasons.length === 0 || reasons.includes(condition['reason'] as string)))

/** The member's controller has seen the latest spec. */
export const hasObservedLatest: Check = isEqualTo('status.observedGeneration', 'metadata.generation')
/** Of the latest spec, all replicas are updated and all those updated available. */
export const hasRolledOut: Check = allOf(hasObservedLatest, isAtLeast('status.updatedReplicas', 'spec.replicas'), isAtLeast('status.availableReplicas', 'status.updatedReplicas'))
export const hasRolledOutEverywhere: Check = allOf(hasObservedLatest, isAtLeast('status.updatedNumberScheduled', 'status.desiredNumberScheduled'), isAtLeast('status.numberAvailable', 'status.updatedNumberScheduled'))
