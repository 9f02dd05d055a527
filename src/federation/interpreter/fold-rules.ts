import { cronJob } from './cron-job.ts'
import { daemonSet } from './daemon-set.ts'
import { deployment } from './deployment.ts'
import type { FoldRule } from './fold-rule.ts'
import { horizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts'
import { ingress } from './ingress.ts'
import { job } from './job.ts'
import { namespace } from './namespace.ts'
import { persistentVolumeClaim } from './persistent-volume-claim.ts'
import { podDisruptionBudget } from './pod-disruption-budget.ts'
import { replicaSet } from './replica-set.ts'
import { serviceAccount } from './service-account.ts'
import { service } from './service.ts'
import { statefulSet } from './stateful-set.ts'

export interface GroupKind { readonly group: string; readonly kind: string }

/** The kinds that need more than the generic rule; ConfigMaps, Secrets, RBAC and custom kinds do not. */
const RULES: ReadonlyMap<string, FoldRule> = new Map([
  ['apps/Deployment', deployment],
  ['apps/StatefulSet', statefulSet],
  ['apps/DaemonSet', daemonSet],
  ['apps/ReplicaSet', replicaSet],
  ['batch/Job', job],
  ['batch/CronJob', cronJob],
  ['autoscaling/HorizontalPodAutoscaler', horizontalPodAutoscaler],
  ['policy/PodDisruptionBudget', podDisruptionBudget],
  ['networking.k8s.io/Ingress', ingress],
  ['/Namespace', namespace],
  ['/PersistentVolumeClaim', persistentVolumeClaim],
  ['/ReplicationController', replicaSet],
  ['/Service', service],
  ['/ServiceAccount', serviceAccount],
])
const GENERIC: FoldRule = {}
/** A kind with a scale subresource has its replicas where Deployments have them. */
const SCALABLE: FoldRule = { summed: [['spec', 'replicas']] }

export const foldRule = ({ group, kind }: GroupKind, scalable = false): FoldRule => RULES.get(`${group}/${kind}`) ?? (scalable ? SCALABLE : GENERIC)
