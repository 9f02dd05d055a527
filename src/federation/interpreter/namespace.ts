import type { FoldRule } from './fold-rule.ts'

/**
 * A namespace is Terminating when every copy is, as its deletionTimestamp says: while one is Active the fleet can still put objects into it.
 * Its conditions tell what holds up a deletion, wherever that is.
 */
export const namespace: FoldRule = {
  alarmsOnly: true,
  status: (given) => ({ phase: given.every(({ value }) => value['phase'] === 'Terminating') ? 'Terminating' : 'Active' }),
}
