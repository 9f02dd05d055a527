import type { FoldRule } from './fold-rule.ts'

/** A rollout is over when currentRevision equals updateRevision, so both come from one cluster: the first where they differ yet, else the first. */
export const statefulSet: FoldRule = {
  summed: [['spec', 'replicas']],
  status(given) {
    const { value } = given.find(({ value }) => value['currentRevision'] !== value['updateRevision']) ?? given[0]!
    return { collisionCount: undefined, currentRevision: value['currentRevision'], updateRevision: value['updateRevision'] }
  },
}
