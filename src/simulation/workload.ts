/** The parts of Kubernetes' objects that the simulated controllers read and write. Everything else passes through untouched. */
import type { KubeObject, ObjectMeta } from '../machinery/meta/core.ts'
import { timestamp } from '../machinery/meta/timestamp.ts'

export interface Pod extends KubeObject {
  spec: PodSpec
  status?: { phase?: string; conditions?: Condition[]; startTime?: string; podIP?: string; containerStatuses?: ContainerStatus[]; [field: string]: unknown }
}
export interface PodSpec { nodeName?: string; restartPolicy?: string; containers: Container[]; [field: string]: unknown }
export interface Container { name: string; image?: string; [field: string]: unknown }
export interface ContainerStatus { name: string; ready: boolean; restartCount: number; [field: string]: unknown }
export interface PodTemplate { metadata?: ObjectMeta; spec: PodSpec }
export interface LabelSelector { matchLabels?: Record<string, string>; [field: string]: unknown }

export interface ReplicaSet extends KubeObject {
  spec: { replicas?: number; selector: LabelSelector; template: PodTemplate; [field: string]: unknown }
  status?: { replicas?: number; readyReplicas?: number; availableReplicas?: number; [field: string]: unknown }
}
export interface Deployment extends KubeObject {
  spec: {
    replicas?: number; selector: LabelSelector; template: PodTemplate; paused?: boolean; revisionHistoryLimit?: number
    strategy?: { type?: string; rollingUpdate?: { maxSurge?: number | string; maxUnavailable?: number | string } }
    [field: string]: unknown
  }
  status?: { conditions?: Condition[]; [field: string]: unknown }
}
export interface StatefulSet extends KubeObject {
  spec: { replicas?: number; selector: LabelSelector; template: PodTemplate; podManagementPolicy?: string; updateStrategy?: { type?: string }; [field: string]: unknown }
  status?: { currentRevision?: string; [field: string]: unknown }
}
export interface DaemonSet extends KubeObject {
  spec: { selector: LabelSelector; template: PodTemplate; updateStrategy?: { type?: string }; [field: string]: unknown }
}
export interface Job extends KubeObject {
  spec: { parallelism?: number; completions?: number; backoffLimit?: number; suspend?: boolean; selector?: LabelSelector; template: PodTemplate; [field: string]: unknown }
  status?: { startTime?: string; completionTime?: string; conditions?: Condition[]; [field: string]: unknown }
}
export interface Node extends KubeObject {
  spec?: { unschedulable?: boolean; [field: string]: unknown }
  status?: { conditions?: Condition[]; [field: string]: unknown }
}

export interface Condition { type: string; status: 'True' | 'False' | 'Unknown'; reason?: string; message?: string; lastTransitionTime?: string; lastUpdateTime?: string; [field: string]: unknown }

export const isReady = (object: { status?: { conditions?: Condition[] } }): boolean => object.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false

/** Still counts towards a workload's replicas: not on its way out and not finished. */
export const isActive = (pod: Pod): boolean => pod.metadata.deletionTimestamp === undefined && pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed'

/** `conditions` with `condition` in its place; the time of transition moves only when the status does. */
export function withCondition(conditions: readonly Condition[] | undefined, condition: Condition, now: number): Condition[] {
  const old = conditions?.find(({ type }) => type === condition.type)
  const next: Condition = { ...condition, lastTransitionTime: old?.status === condition.status && old.lastTransitionTime !== undefined ? old.lastTransitionTime : timestamp(now) }
  return old ? conditions!.map((each) => (each === old ? next : each)) : [...(conditions ?? []), next]
}
