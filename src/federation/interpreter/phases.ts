import type { JsonObject } from '../../machinery/meta/json-value.ts'
import type { AggregateContext } from './fold-rule.ts'
import type { Given } from './given.ts'

/** The phase of all copies: the first of `order` that one of them is in. A copy without a status is Pending. Undefined: none is in any of these. */
export function firstPhase(order: readonly string[], given: readonly Given<JsonObject>[], { silent }: AggregateContext): string | undefined {
  const phases = new Set([...given.map(({ value }) => value['phase']), ...(silent > 0 ? ['Pending'] : [])])
  return order.find((phase) => phases.has(phase))
}
