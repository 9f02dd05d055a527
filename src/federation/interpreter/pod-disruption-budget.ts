import type { JsonObject } from '../../machinery/meta/json-value.ts'
import { isAtLeast } from './checks.ts'
import { toFleetName } from './identity-bound.ts'
import type { Interpretation } from './interpretation.ts'

/** The counts are the generic rule's; disrupted pods get their fleet names. */
export const podDisruptionBudget: Interpretation = {
  status(given) {
    const disrupted = given.flatMap(({ cluster, value }) => Object.entries((value['disruptedPods'] as JsonObject | undefined) ?? {}).map(([pod, time]) => [toFleetName(pod, cluster), time] as const))
    return { disruptedPods: disrupted.length > 0 ? Object.fromEntries(disrupted) : undefined }
  },
  isHealthy: isAtLeast('status.currentHealthy', 'status.desiredHealthy'),
  reflected: ['currentHealthy', 'desiredHealthy', 'expectedPods', 'disruptionsAllowed', 'disruptedPods', 'observedGeneration', 'conditions'],
}
