import type { Interpretation } from './interpretation.ts'
import { firstPhase } from './phases.ts'

/** Which claim a volume serves is settled in each member. */
export const persistentVolume: Interpretation = {
  aggregate(given, context) {
    const phase = firstPhase(['Failed', 'Pending', 'Available', 'Bound', 'Released'], given, context)
    return { ...(phase !== undefined && { phase }) }
  },
  kept: ['spec.claimRef'],
}
