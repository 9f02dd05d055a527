import type { FoldRule } from './fold-rule.ts'

/** ReplicationController too. */
export const replicaSet: FoldRule = { summed: [['spec', 'replicas']] }
