import type { Interpretation } from './interpretation.ts'

/**
 * A namespace is Terminating when every copy is, as its deletionTimestamp says: while one is Active the fleet can still put objects into it.
 * Its conditions tell what holds up a deletion, wherever that is.
 */
export const namespace: Interpretation = {
  alarmsOnly: true,
  status: (given) => ({ phase: given.every(({ value }) => value['phase'] === 'Terminating') ? 'Terminating' : 'Active' }),
  /** The finalizer `kubernetes` is set by every API server for itself. */
  unsent: ['spec.finalizers'],
}
