import type { FoldRule } from './fold-rule.ts'

export const daemonSet: FoldRule = { status: () => ({ collisionCount: undefined }) }
