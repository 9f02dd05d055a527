import type { KubeObject, ObjectMeta, OwnerReference } from '../../../machinery/meta/core.ts'
import type { Placement } from '../../cluster.federation/v1alpha1/placement.ts'
import type { Condition } from '../../meta/v1/condition.ts'
import type { LabelSelector } from '../../meta/v1/label-selector.ts'
import type { ClusterOverrides } from './cluster-overrides.ts'

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
  /** What came of it. */
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
  /** What became of it in each cluster that has, had or should have a copy.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["name"]} */
  clusters?: ClusterState[]
  /** The statuses of all copies as one: what the target kind's own status is to those who read it through a fleet.
   * @extension {"x-kubernetes-preserve-unknown-fields": true} */
  aggregated?: unknown
  /** Scheduled: clusters were found. Propagated: all of them have the latest. Healthy: the copies work.
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
  /** Replicas for which there was no place.
   * @isLong */
  unplaced?: number
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
  /** What of the copy's status is of use from here.
   * @extension {"x-kubernetes-preserve-unknown-fields": true} */
  status?: unknown
}
