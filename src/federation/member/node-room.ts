import type { Taint } from '../../apis/cluster.federation/v1alpha1/taint.ts'

/** What may be decided by of a member's node. */
export interface NodeRoom {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
  readonly isReady: boolean
  /** Cordoned: pods must tolerate it as a taint. */
  readonly isUnschedulable: boolean
  /** In billionths, by resource, pods included: what the node offers, less what its pods ask for that are not finished. */
  readonly free: ReadonlyMap<string, bigint>
}
