import type { JsonObject } from '../../machinery/meta/json-value.ts'
import type { FoldRule } from './fold-rule.ts'
import { toFleetName } from './identity-bound.ts'

/** The counts are the generic rule's; disrupted pods get their fleet names. */
export const podDisruptionBudget: FoldRule = {
  status(given) {
    const disrupted = given.flatMap(({ cluster, value }) => Object.entries((value['disruptedPods'] as JsonObject | undefined) ?? {}).map(([pod, time]) => [toFleetName(pod, cluster), time] as const))
    return { disruptedPods: disrupted.length > 0 ? Object.fromEntries(disrupted) : undefined }
  },
}
