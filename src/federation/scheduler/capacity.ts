import type { Cluster } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { Quantity } from '../../apis/meta/v1/quantity.ts'
import type { NodeClaim } from '../interpreter/pod-template.ts'
import type { NodeRoom } from '../member/node-room.ts'

/** What one replica asks for, by resource. */
export type ResourceRequest = Readonly<Record<string, Quantity>>

/** What one replica needs; nothing: its place among the pods. */
export interface ReplicaNeeds { readonly request?: ResourceRequest; readonly nodeClaim?: NodeClaim }

/** Replicas that need the same: those of one part of a set, or those that were given to a cluster and that it does not show yet. */
export interface SameReplicas extends ReplicaNeeds { readonly replicas: number }

/** What is known of a cluster's room. */
export interface Capacity {
  readonly cluster: Pick<Cluster, 'spec' | 'status'>
  /** Its nodes, where they are followed: the room is counted on them. Absent: by what the cluster reported last. */
  readonly nodes?: readonly NodeRoom[]
  /** Decided since the cluster last showed what it holds, for this template and others, so that two decisions in a row do not give away the same room. */
  readonly assumed?: readonly SameReplicas[]
}
