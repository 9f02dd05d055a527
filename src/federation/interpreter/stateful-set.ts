import { hasRolledOut } from './checks.ts'
import { valuesAt } from './fields.ts'
import type { Interpretation } from './interpretation.ts'
import { replicasAt } from './replica-rules.ts'
import { referencesOfPods, ROLLOUT_STATUS } from './workload.ts'

const ofPods = referencesOfPods('spec.template')

/** A rollout is over when currentRevision equals updateRevision, so both come from one cluster: the first where they differ yet, else the first. */
export const statefulSet: Interpretation = {
  summed: [['spec', 'replicas']],
  status(given) {
    const { value } = given.find(({ value }) => value['currentRevision'] !== value['updateRevision']) ?? given[0]!
    return { collisionCount: undefined, currentRevision: value['currentRevision'], updateRevision: value['updateRevision'] }
  },
  replicas: replicasAt('spec.replicas'),
  isHealthy: hasRolledOut,
  reflected: [...ROLLOUT_STATUS, 'currentReplicas', 'currentRevision', 'updateRevision'],
  /** Claims made from its own templates are not anybody else's to bring. */
  references(object) {
    const own = valuesAt(object, 'spec.volumeClaimTemplates.*.metadata.name')
    return ofPods(object).filter(({ kind, name }) => kind !== 'PersistentVolumeClaim' || !own.includes(name))
  },
}
