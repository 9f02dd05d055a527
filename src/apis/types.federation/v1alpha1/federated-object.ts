import type { KubeObject, ObjectMeta, OwnerReference } from '../../../machinery/meta/core.ts'
import type { Placement } from '../../cluster.federation/v1alpha1/placement.ts'
import type { Condition } from '../../meta/v1/condition.ts'
import type { LabelSelector } from '../../meta/v1/label-selector.ts'
import type { ClusterOverrides } from './cluster-overrides.ts'
import type { ReschedulingStatus } from './rescheduling-status.ts'
import type { RolloutStatus } from './rollout-status.ts'

/** What a user wants in many clusters, where, and with which differences: the one object that is stored of it. What is sent to a cluster is computed from it, and never stored. */
export interface FederatedObject extends KubeObject {
  /** Version of the schema of this object. */
  apiVersion?: string
  /** Kind of this object. */
  kind?: string
  /** Kubernetes' own metadata. */
  metadata: ObjectMeta
  /** What is wanted. */
  spec: FederatedSpec
  /** What came of it. This server alone writes it, as a whole.
   * @extension {"x-kubernetes-map-type": "atomic"} */
  status?: FederatedStatus
}

export interface FederatedSpec {
  /** The object as its author wrote it: not defaulted. Its name and namespace are this object's. */
  template: Template
  /** The clusters it goes to. Wins over annotations of Federation v1, these over policies. */
  placement?: FederatedPlacement
  /** What differs in single clusters; the last word, after the policies' overrides.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["clusterName"]} */
  overrides?: ClusterOverrides[]
  /** The number of replicas in a member is that member's business, once the copy is there.
   * @default false */
  retainReplicas?: boolean
  /** An object of that name that is there already, and is not ours. Abort: it is left alone. Overwrite: it is adopted, which needs the verb adopt. Absent: as the policy says, else Abort. */
  conflictResolution?: 'Abort' | 'Overwrite'
  /** What others change in the copies. Correct: it is put back. Report: it is told of and left.
   * @default "Correct" */
  drift?: 'Correct' | 'Report'
  /** ConfigMaps, Secrets, ServiceAccounts and claims that a pod template names go where it goes. Absent: as the policy says. */
  propagateDeps?: boolean
  /** Nothing is sent to any cluster until this is false again.
   * @default false */
  suspend?: boolean
}

/** An object of the target kind, as far as its author wrote it. */
export interface Template {
  /** Version of the target kind. */
  apiVersion?: string
  /** The target kind. */
  kind?: string
  /** Labels, annotations, finalizers and owners of the object; the latter two are never sent to members. */
  metadata?: TemplateMetadata
  [field: string]: unknown
}

export interface TemplateMetadata {
  /** Ignored: the name is that of the federated object. */
  name?: string
  /** Ignored: the namespace is that of the federated object. */
  namespace?: string
  /** Labels of the copies. */
  labels?: Record<string, string>
  /** Annotations of the copies. */
  annotations?: Record<string, string>
  /** Owners among templates, collected by this server; never sent to members. */
  ownerReferences?: OwnerReference[]
  /** What must be gone before the object goes; never sent to members.
   * @extension {"x-kubernetes-list-type": "set"} */
  finalizers?: string[]
}

/** A placement as policies have it, or KubeFed's: `clusters` given wins over `clusterSelector`; `{}` selects all; neither, and nothing else: no cluster. */
export interface FederatedPlacement extends Placement {
  /** Exactly these clusters, as far as they are joined; an empty list: none.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["name"]} */
  clusters?: ClusterReference[]
  /** Clusters with these labels. */
  clusterSelector?: LabelSelector
}

export interface ClusterReference {
  /** Name of a Cluster.
   * @minLength 1 */
  name: string
}

export interface FederatedStatus {
  /** The policy that claimed the template; absent: none has. */
  policy?: PolicyReference
  /** Where it goes. Decided and stored before anything is sent. */
  schedule?: Schedule
  /** A change that goes from wave to wave, as the policy says; absent: every cluster is to have the latest. */
  rollout?: RolloutStatus
  /** What became of it in each cluster that has, had or should have a copy.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["name"]} */
  clusters?: ClusterState[]
  /** The statuses of all copies as one: what the target kind's own status is to those who read it through a fleet.
   * @extension {"x-kubernetes-preserve-unknown-fields": true} */
  aggregated?: unknown
  /** Scheduled: clusters were found. Propagated: all of them have the latest. Healthy: the copies work. RolledOut: a change has reached every wave.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["type"]} */
  conditions?: Condition[]
}

export interface PolicyReference {
  /** PropagationPolicy or ClusterPropagationPolicy. */
  kind: string
  /** Its namespace, where it has one. */
  namespace?: string
  /** Its name. */
  name: string
  /** Of the policy when it last took effect here.
   * @isLong */
  generation?: number
  /** The copies stay when the template goes, also where the policy goes first. */
  preserveResourcesOnDeletion?: boolean
}

export interface Schedule {
  /** The generation of this object that was decided about.
   * @isLong */
  observedGeneration?: number
  /** Counts decisions: copies carry it, so that a store that was set back is noticed.
   * @isLong */
  decision?: number
  /** How replicas were shared out. */
  algorithm?: string
  /** The alternative of clusterAffinities that was used. */
  affinity?: string
  /** Of the placement that was decided by: as long as it stays, targets stay. */
  fingerprint?: string
  /** Chosen clusters, by name.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["cluster"]} */
  targets?: ScheduledTarget[]
  /** Clusters that were not chosen, by name.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["cluster"]} */
  rejected?: RejectedCluster[]
  /** What is remembered of moving replicas that were placed; absent: they stay. */
  rescheduling?: ReschedulingStatus
  /** Replicas for which there was no place.
   * @isLong */
  unplaced?: number
  /** Clusters that are left because they, or the copy there, failed, or because they drive it out: each until its copy is gone.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["cluster"]} */
  evictions?: Eviction[]
}

/** Why a cluster is left, and how. */
export interface Eviction {
  /** Name of the Cluster that is left. */
  cluster: string
  /** TaintUntolerated or ApplicationFailure. */
  reason: string
  /** In one sentence. */
  message: string
  /** Who found it: TaintManager or ApplicationFailover. */
  producer: string
  /** Directly: the copy goes at once. Gracefully: once the others can do without it. Never: it stays until the policy says otherwise. */
  purgeMode: 'Directly' | 'Gracefully' | 'Never'
  /** With Gracefully: seconds after which a copy that does not work goes anyway.
   * @isLong */
  gracePeriodSeconds?: number
  /** When it was decided.
   * @format date-time */
  creationTimestamp: string
  /** Replicas that the copy had.
   * @isLong */
  replicas?: number
  /** Where more came into being for it; taken back where the cause goes before they are ready. */
  movedTo?: MovedReplicas[]
}

export interface MovedReplicas {
  /** Name of the Cluster. */
  cluster: string
  /** How many more; absent: a copy that was not there before.
   * @isLong */
  replicas?: number
}

export interface ScheduledTarget {
  /** Name of the Cluster. */
  cluster: string
  /** Replicas of the copy there; absent: as the template says.
   * @isLong */
  replicas?: number
  /** Of these, those that had no room when this was decided.
   * @isLong */
  waiting?: number
  /** Why it was chosen, in one sentence; left out where there are many. */
  message?: string
  /** It is there only because a workload there needs it. */
  required?: boolean
  /** Labels of the copy there that tell of the state of the one it replaces: statePreservation of the policy. */
  preservedLabels?: Record<string, string>
}

export interface RejectedCluster {
  /** Name of the Cluster. */
  cluster: string
  /** In one word. */
  reason: string
  /** In one sentence. */
  message: string
}

export interface ClusterState {
  /** Name of the Cluster. */
  name: string
  /** OK, or what is the matter: AlreadyExists, ApplyFailed, ApplyOverridesFailed, ClusterNotReady, Drifted, NamespaceMissing, NotServed, Suspended, WaitingForRemoval, DeletionFailed, Pending. */
  state: string
  /** For people: what failed, and what to do. */
  message?: string
  /** The generation of this object that the copy was made from.
   * @isLong */
  appliedGeneration?: number
  /** uid of the copy. It alone is ever deleted. */
  uid?: string
  /** metadata.generation of the copy once it was applied: what its status has to reach.
   * @isLong */
  copyGeneration?: number
  /** Fingerprints of what was sent and of the fields owned since: what agrees with both needs no write. */
  applied?: string
  /** Whether the copy works: Healthy, Unhealthy or Unknown. */
  health?: string
  /** Since when it has been seen not to work without a break; absent: it works, or nobody knows.
   * @format date-time */
  unhealthySince?: string
  /** What of the copy's status is of use from here.
   * @extension {"x-kubernetes-preserve-unknown-fields": true} */
  status?: unknown
}
