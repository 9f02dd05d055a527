import type { KubeObject, ObjectMeta } from '../../../machinery/meta/core.ts'
import type { Placement } from '../../cluster.federation/v1alpha1/placement.ts'
import type { Failover } from './failover.ts'
import type { ResourceSelector } from './resource-selector.ts'
import type { Rollout } from './rollout.ts'

/** Says where templates of its namespace go. */
export interface PropagationPolicy extends KubeObject {
  /** Version of the schema of this object. */
  apiVersion?: string
  /** Kind of this object. */
  kind?: string
  /** Kubernetes' own metadata. */
  metadata: ObjectMeta
  /** Which templates, and where they go. */
  spec: PropagationPolicySpec
  /** What came of it. */
  status?: PropagationPolicyStatus
}

export interface PropagationPolicySpec {
  /** The templates that it is for: those that any of these selects.
   * @minItems 1 */
  resourceSelectors: ResourceSelector[]
  /** Superseded by propagateDeps. */
  association?: boolean
  /** Whether ConfigMaps, Secrets, ServiceAccounts and claims that a pod template names go where it goes.
   * @default false */
  propagateDeps?: boolean
  /** Where the templates go; absent: to every cluster. */
  placement?: Placement
  /** Of several policies that match a template the highest wins; equal: the more specific selector, then the name. A policy in the template's namespace wins over one of the whole cluster whatever its priority.
   * @isInt
   * @default 0 */
  priority?: number
  /** Always: takes over templates that a policy of lower priority has claimed. Never: leaves them as they are.
   * @default "Never" */
  preemption?: 'Always' | 'Never'
  /** Override policies that must exist before anything is placed.
   * @extension {"x-kubernetes-list-type": "set"} */
  dependentOverrides?: string[]
  /** Who places: default-scheduler.
   * @default "default-scheduler" */
  schedulerName?: string
  /** When copies leave a cluster that fails them. */
  failover?: Failover
  /** What happens where an object is in a cluster already that was not put there. Abort: it is left and reported. Overwrite: it is adopted, for which the verb adopt is needed on the kinds selected.
   * @default "Abort" */
  conflictResolution?: 'Abort' | 'Overwrite'
  /** Lazy: a change of the policy waits for the next change of the template. Absent: it takes effect at once. */
  activationPreference?: 'Lazy'
  /** Holds changes back. */
  suspension?: Suspension
  /** Whether copies stay when the template is deleted.
   * @default false */
  preserveResourcesOnDeletion?: boolean
  /** Where its templates stand in the queue. */
  schedulePriority?: SchedulePriority
  /** When templates that are placed may be placed anew. */
  rescheduling?: Rescheduling
  /** In which order clusters get a change. */
  rollout?: Rollout
}

export interface Suspension {
  /** To all clusters. Excludes dispatchingOnClusters. */
  dispatching?: boolean
  /** To some clusters. */
  dispatchingOnClusters?: SuspendedClusters
}

export interface SuspendedClusters {
  /** By name.
   * @extension {"x-kubernetes-list-type": "set"} */
  clusterNames?: string[]
}

export interface SchedulePriority {
  /** Where the priority comes from: a PriorityClass of the host. */
  priorityClassSource: 'KubePriorityClass'
  /** Name of the class.
   * @minLength 1 */
  priorityClassName: string
}

export interface Rescheduling {
  /** What gives occasion to it.
   * @extension {"x-kubernetes-list-type": "set"} */
  triggers?: ('ClusterJoined' | 'ClusterLabelsChanged' | 'CapacityReturned' | 'Unschedulable')[]
  /** At least so long between two times, e.g. 10m.
   * @pattern ^([0-9]+(ms|s|m|h))+$ */
  minInterval?: string
  /** At most so many replicas move at a time.
   * @isInt
   * @minimum 1 */
  maxMoves?: number
}

export interface PropagationPolicyStatus {
  /** Generation that this was found for.
   * @isLong */
  observedGeneration?: number
  /** Number of templates that the policy has claimed.
   * @isInt
   * @minimum 0 */
  claimed?: number
}
