import { hasRolledOut } from './checks.ts'
import type { Interpretation } from './interpretation.ts'
import { replicasAt } from './replica-rules.ts'
import { referencesOfPods, ROLLOUT_STATUS } from './workload.ts'

/** collisionCount is a member's own bookkeeping of hash collisions, and revisions are counted by each. */
export const deployment: Interpretation = {
  summed: [['spec', 'replicas']],
  status: () => ({ collisionCount: undefined }),
  replicas: replicasAt('spec.replicas'),
  isHealthy: hasRolledOut,
  reflected: [...ROLLOUT_STATUS, 'unavailableReplicas'],
  references: referencesOfPods('spec.template'),
  unsent: [['metadata', 'annotations', 'deployment.kubernetes.io/revision'], ['metadata', 'annotations', 'deployment.kubernetes.io/revision-history']],
}
