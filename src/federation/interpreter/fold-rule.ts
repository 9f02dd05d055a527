import type { JsonObject } from '../../machinery/meta/json-value.ts'
import type { Given } from './given.ts'

/** Member names from the object's top; '*' stands for every item of a list. */
export type FieldPath = readonly string[]

/** How a kind's copies become one, where the generic rule (`mergeValues`) does not say it. */
export interface FoldRule {
  /** Numbers of the body that the fleet shows added up, provided that every copy has one. They differ between clusters by design. */
  readonly summed?: readonly FieldPath[]
  /** What each member fills in for itself: of no account when bodies are compared. */
  readonly own?: readonly FieldPath[]
  /** Conditions of this kind tell of trouble or exceptions only. */
  readonly alarmsOnly?: boolean
  /** Members of the status to be set otherwise than `merged`, the generic answer, has them; undefined: left out. Only copies with a status are given; `silent` have none. */
  status?(given: readonly Given<JsonObject>[], merged: JsonObject, silent: number): JsonObject
  /** The whole status of a template, in place of the generic answer. Copies that nobody made from one are shown by the generic rule all the same. */
  readonly aggregate?: Aggregate
  /** Whether a template's status says all there will ever be to say: it is not aggregated again. */
  isFinal?(status: JsonObject): boolean
}

export type Aggregate = (given: readonly Given<JsonObject>[], context: AggregateContext) => JsonObject

export interface AggregateContext {
  /** Copies that have no status yet. */
  readonly silent: number
  /** What observedGeneration says of the copies that report one. */
  observed(reports: readonly Given[]): unknown
}
