import { allOf, hasObservedLatest, isAtLeast } from './checks.ts'
import type { Interpretation } from './interpretation.ts'
import { replicasAt } from './replica-rules.ts'
import { REPLICA_STATUS, referencesOfPods } from './workload.ts'

export const replicaSet: Interpretation = {
  summed: [['spec', 'replicas']],
  replicas: replicasAt('spec.replicas'),
  isHealthy: allOf(hasObservedLatest, isAtLeast('status.availableReplicas', 'spec.replicas')),
  reflected: REPLICA_STATUS,
  references: referencesOfPods('spec.template'),
}

export const replicationController: Interpretation = replicaSet
