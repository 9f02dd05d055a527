import type { FoldRule } from './fold-rule.ts'

/** collisionCount is a member's own bookkeeping of hash collisions. */
export const deployment: FoldRule = { summed: [['spec', 'replicas']], status: () => ({ collisionCount: undefined }) }
