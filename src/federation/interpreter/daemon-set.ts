import { hasRolledOutEverywhere } from './checks.ts'
import type { Interpretation } from './interpretation.ts'
import { NODE_COUNTS, referencesOfPods } from './workload.ts'

export const daemonSet: Interpretation = {
  status: () => ({ collisionCount: undefined }),
  isHealthy: hasRolledOutEverywhere,
  reflected: [...NODE_COUNTS, 'observedGeneration', 'conditions'],
  references: referencesOfPods('spec.template'),
}
