import type { KubeObject } from '../../machinery/meta/core.ts'
import { cronJob } from './cron-job.ts'
import { daemonSet } from './daemon-set.ts'
import { deployment } from './deployment.ts'
import type { FoldRule } from './fold-rule.ts'
import { groupOf } from './folded-uid.ts'
import { horizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts'
import { ingress } from './ingress.ts'
import type { Interpretation } from './interpretation.ts'
import { job } from './job.ts'
import { namespace } from './namespace.ts'
import { persistentVolume } from './persistent-volume.ts'
import { persistentVolumeClaim } from './persistent-volume-claim.ts'
import { podDisruptionBudget } from './pod-disruption-budget.ts'
import { pod } from './pod.ts'
import { replicaSet, replicationController } from './replica-set.ts'
import { secret } from './secret.ts'
import { serviceAccount } from './service-account.ts'
import { serviceImport } from './service-import.ts'
import { service } from './service.ts'
import { statefulSet } from './stateful-set.ts'
import { argo } from './third-party/argo.ts'
import { flink } from './third-party/flink.ts'
import { flux } from './third-party/flux.ts'
import { kruise } from './third-party/kruise.ts'
import { kubeflow } from './third-party/kubeflow.ts'
import { kyverno } from './third-party/kyverno.ts'
import { ray } from './third-party/ray.ts'
import { spark } from './third-party/spark.ts'
import { volcano } from './third-party/volcano.ts'

export interface GroupKind { readonly group: string; readonly kind: string }

/** The kinds that need more than the generic rules, by group and kind: ConfigMaps, RBAC and most custom kinds do not. */
const RULES: ReadonlyMap<string, Interpretation> = new Map<string, Interpretation>([
  ['apps/Deployment', deployment],
  ['apps/StatefulSet', statefulSet],
  ['apps/DaemonSet', daemonSet],
  ['apps/ReplicaSet', replicaSet],
  ['batch/Job', job],
  ['batch/CronJob', cronJob],
  ['autoscaling/HorizontalPodAutoscaler', horizontalPodAutoscaler],
  ['multicluster.x-k8s.io/ServiceImport', serviceImport],
  ['policy/PodDisruptionBudget', podDisruptionBudget],
  ['networking.k8s.io/Ingress', ingress],
  ['/Namespace', namespace],
  ['/PersistentVolume', persistentVolume],
  ['/PersistentVolumeClaim', persistentVolumeClaim],
  ['/Pod', pod],
  ['/ReplicationController', replicationController],
  ['/Secret', secret],
  ['/Service', service],
  ['/ServiceAccount', serviceAccount],
  ...[argo, flink, flux, kruise, kubeflow, kyverno, ray, spark, volcano].flatMap((table) => Object.entries(table)),
])
const GENERIC: Interpretation = {}
/** A kind with a scale subresource has its replicas where Deployments have them. */
const SCALABLE: FoldRule = { summed: [['spec', 'replicas']] }

/** What is known of a kind, or of an object's; versions of a kind mean the same. */
export function interpretationOf(of: GroupKind | KubeObject): Interpretation {
  const group = 'metadata' in of ? groupOf(of.apiVersion ?? '') : of.group
  return RULES.get(`${group}/${of.kind ?? ''}`) ?? GENERIC
}

export const foldRule = (kind: GroupKind, scalable = false): FoldRule => { const rule = interpretationOf(kind); return rule === GENERIC && scalable ? SCALABLE : rule }
