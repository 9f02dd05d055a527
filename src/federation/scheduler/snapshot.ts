import type { Cluster } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { MemberState } from '../member/member.ts'
import type { Capacity, ReplicaNeeds, SameReplicas } from './capacity.ts'
import type { ReschedulingFacts } from './rescheduling/rescheduling-facts.ts'
import type { PlacementSource, ReplicaPreference } from './placement-request.ts'
import type { WorkloadPeers } from './workload-groups.ts'

/** All that a decision rests on. */
export interface SchedulingSnapshot {
  readonly template: TemplateFacts
  readonly source: PlacementSource
  readonly preference?: ReplicaPreference
  /** All clusters of the sets that admit the template's namespace, from a cache that is complete: a cluster that is absent here has left, and its target ends. */
  readonly clusters: readonly ClusterFacts[]
  /** Clusters that a FederatedNamespace of the template's namespace is placed in; absent: there is none, and namespaces are made where they are needed. */
  readonly namespaceClusters?: ReadonlySet<string>
  /** Clusters that the template is leaving, each with why. They are no targets, and none of `previous`. */
  readonly evicted?: ReadonlyMap<string, string>
  /** Where others of its groups are; absent: it is in none. */
  readonly peers?: WorkloadPeers
  /** Absent: nothing was ever decided. */
  readonly previous?: PreviousSchedule
  /** Someone asked to divide anew, as if nothing had been decided before. */
  readonly fresh?: boolean
  /** Absent: replicas that are placed stay where they are. */
  readonly rescheduling?: ReschedulingFacts
}

export interface TemplateFacts extends ReplicaNeeds {
  /** Of the object to place, e.g. apps/v1. */
  readonly apiVersion: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  /** Decides between equals, together with the names of clusters; empty: by name. */
  readonly uid: string
  /** Absent: the kind has none, so each target just has a copy. */
  readonly replicas?: number
  /** The parts of a workload of several pod templates, which are placed as a whole: a cluster has room for so many sets. */
  readonly components?: readonly SameReplicas[]
}

export interface ClusterFacts extends Capacity {
  readonly cluster: Cluster
  readonly state: MemberState
  /** Replicas that run there; taken where nothing was decided before. */
  readonly current?: number
  /** Replicas that the cluster was seen to hold: those asked for, less those that found no node for a while. Absent: no limit was met. */
  readonly capacity?: number
}

/** What status.schedule kept of the last decision. */
export interface PreviousSchedule {
  readonly targets: readonly Target[]
  /** The alternative of clusterAffinities that was used. */
  readonly affinity?: string
  readonly fingerprint: string
}

export interface Target {
  readonly cluster: string
  /** Absent: the kind has none. Those in `waiting` are included. */
  readonly replicas?: number
  /** Replicas that had no room when this was decided: they are asked for so that it shows when there is. */
  readonly waiting?: number
}
