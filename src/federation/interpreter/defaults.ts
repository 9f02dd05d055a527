/**
 * What a kube-apiserver fills in when an object is created and its OpenAPI documents do not say, as far as people and programs look at it.
 * What is written stays first and in its order, as in `{ ...own, default: 1, ...own }`. Rules as in the defaults.go of kubernetes/pkg/apis.
 */
import type { KubeObject } from '../../machinery/meta/core.ts'
import { isJsonObject, type JsonObject } from '../../machinery/meta/json-value.ts'
import { podSpecWithDefaults } from './pod-defaults.ts'

/** The object with the defaults of its kind, one of Kubernetes' own by that name; others come back as they are. Shares parts with what was given. */
export const withDefaults = (kind: string, object: KubeObject): KubeObject => DEFAULTS[kind]?.(object) ?? object

const DEFAULTS: Readonly<Record<string, (object: KubeObject) => KubeObject>> = {
  Pod: (object) => ({ ...object, spec: podSpecWithDefaults(part(object['spec'])) }),
  Deployment: workload((spec) => ({
    ...spec, replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600, ...spec,
    strategy: part(spec['strategy'])['type'] === 'Recreate' ? spec['strategy'] : { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%', ...part(part(spec['strategy'])['rollingUpdate']) } },
  })),
  ReplicaSet: workload((spec) => ({ ...spec, replicas: 1, ...spec })),
  ReplicationController: workload((spec) => ({ ...spec, replicas: 1, ...spec })),
  StatefulSet: workload((spec) => ({ ...spec, replicas: 1, podManagementPolicy: 'OrderedReady', revisionHistoryLimit: 10, persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' }, ...spec, updateStrategy: rolling(spec, { partition: 0 }) })),
  DaemonSet: workload((spec) => ({ ...spec, revisionHistoryLimit: 10, ...spec, updateStrategy: rolling(spec, { maxUnavailable: 1, maxSurge: 0 }) })),
  Job: workload(jobSpec),
  CronJob: (object) => {
    const spec = part(object['spec']), template = part(spec['jobTemplate'])
    return { ...object, spec: { concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1, ...spec, jobTemplate: { ...template, spec: ofTemplate(part(template['spec'])) } } }
  },
  Service: (object) => ({ ...object, spec: serviceSpec(part(object['spec'])) }),
  Secret: (object) => ({ ...object, type: object['type'] ?? 'Opaque' }),
  HorizontalPodAutoscaler: (object) => ({ ...object, spec: { ...part(object['spec']), minReplicas: 1, ...part(object['spec']) } }),
  PersistentVolumeClaim: (object) => ({ ...object, spec: { ...part(object['spec']), volumeMode: 'Filesystem', ...part(object['spec']) } }),
}

function workload(fill: (spec: JsonObject) => JsonObject): (object: KubeObject) => KubeObject {
  return (object) => ({ ...object, spec: ofTemplate(fill(part(object['spec']))) })
}

/** An update strategy that is not `OnDelete`. */
function rolling(spec: JsonObject, defaults: JsonObject): JsonObject {
  const strategy = part(spec['updateStrategy'])
  return strategy['type'] === 'OnDelete' ? strategy : { type: 'RollingUpdate', ...strategy, rollingUpdate: { ...defaults, ...part(strategy['rollingUpdate']) } }
}

const part = (value: unknown): JsonObject => (isJsonObject(value) ? value : {})
const ofTemplate = (spec: JsonObject): JsonObject => ({ ...spec, template: { ...part(spec['template']), spec: podSpecWithDefaults(part(part(spec['template'])['spec'])) } })

/** Both numbers are 1 where neither is given; a parallelism alone leaves completions open: a work queue. */
function jobSpec(spec: JsonObject): JsonObject {
  const counts = spec['completions'] === undefined && spec['parallelism'] === undefined ? { parallelism: 1, completions: 1 } : { parallelism: 1 }
  return { ...spec, ...counts, backoffLimit: 6, completionMode: 'NonIndexed', suspend: false, podReplacementPolicy: 'TerminatingOrFailed', ...spec }
}

function serviceSpec(spec: JsonObject): JsonObject {
  if (spec['type'] === 'ExternalName') return { sessionAffinity: 'None', ...spec }
  return {
    ...spec, type: 'ClusterIP', sessionAffinity: 'None', internalTrafficPolicy: 'Cluster', ...spec,
    ports: Array.isArray(spec['ports']) ? spec['ports'].map((each) => ({ ...part(each), protocol: 'TCP', targetPort: part(each)['port'], ...part(each) })) : [],
  }
}
