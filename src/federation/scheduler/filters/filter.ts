import type { SpreadConstraint, Toleration } from '../../../apis/cluster.federation/v1alpha1/placement.ts'
import type { PlacementTerm } from '../placement-request.ts'
import type { ClusterFacts } from '../snapshot.ts'
import type { WorkloadPeers } from '../workload-groups.ts'

/** Why a cluster gets no copy: for programs. */
export type RejectReason = 'Leaving' | 'NotSelected' | 'NamespaceNotPlaced' | 'Evicted' | 'Refused' | 'NotConnected' | 'Unreachable' | 'KindNotServed' | 'TaintNotTolerated' | 'NoSpreadProperty' | 'WorkloadAffinity' | 'WorkloadAntiAffinity' | 'NoPreference' | 'NoWeight' | 'BeyondSpread' | 'NoReplicas' | 'NoRoom' | 'NotPlaced' | 'NotFound'

export interface FilterInput extends Pick<ClusterFacts, 'cluster' | 'state'> {
  /** A decision before chose it already. */
  readonly isTarget: boolean
  /** What the template is: apps/v1 Deployment. */
  readonly kind: string
  readonly term: PlacementTerm
  readonly tolerations: readonly Toleration[]
  readonly spread: readonly SpreadConstraint[]
  /** Of the groups that the template is in. */
  readonly peers: WorkloadPeers
  /** Absent: the namespace may be anywhere. */
  readonly namespaceClusters: ReadonlySet<string> | undefined
  /** Why the template is leaving the cluster; absent: it is not. */
  readonly evicted?: string | undefined
}

/** `message`: one sentence without its full stop, about the cluster. */
export interface Rejection { readonly reason: RejectReason; readonly message: string }

/** Undefined: the cluster stays. */
export type Filter = (input: FilterInput) => Rejection | undefined

/** A cluster that gets no copy, and why. */
export interface RejectedCluster extends Rejection { readonly cluster: string }
