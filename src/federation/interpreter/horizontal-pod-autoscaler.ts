import { equalJson } from '../../machinery/meta/json-value.ts'
import type { Interpretation } from './interpretation.ts'

/** Bounds add up as the replicas between them do. Averages of metrics cannot be added: they are shown where all agree. */
export const horizontalPodAutoscaler: Interpretation = {
  summed: [['spec', 'minReplicas'], ['spec', 'maxReplicas']],
  status(given) {
    const metrics = given[0]!.value['currentMetrics']
    return { currentMetrics: given.every(({ value }) => equalJson(value['currentMetrics'], metrics)) ? metrics : undefined }
  },
  reflected: ['currentReplicas', 'desiredReplicas', 'currentMetrics', 'lastScaleTime', 'observedGeneration', 'conditions'],
}
