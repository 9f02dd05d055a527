/**
 * What a kube-apiserver fills in when an object is created and its OpenAPI documents do not say. As much of it as people and programs look at;
 * nothing is refused. What is written stays first and in its order, as in `{ ...own, default: 1, ...own }`.
 */
import type { KubeObject } from '../machinery/meta/core.ts'
import { isJsonObject, type JsonObject } from '../machinery/meta/json-value.ts'
import type { Strategy } from '../machinery/meta/strategy.ts'
import { hash32 } from './seeded-random.ts'

/** The write rules of a built-in kind. */
export function strategyOf(kind: string): Strategy {
  const fill = DEFAULTS[kind] ?? ((object: KubeObject) => object), status = FIRST_STATUS[kind]
  return {
    allowUnconditionalUpdate: true,
    prepareForCreate: (object) => ({ ...fill(withoutNulls(object)), ...(status && { status }) }),
    prepareForUpdate: (object, old) => fill(withoutNulls(object), old),
  }
}

const FIRST_STATUS: Readonly<Record<string, JsonObject>> = {
  Pod: { phase: 'Pending', qosClass: 'BestEffort' }, Namespace: { phase: 'Active' }, Service: { loadBalancer: {} }, PersistentVolumeClaim: { phase: 'Pending' }, PersistentVolume: { phase: 'Available' },
  Deployment: {}, ReplicaSet: { replicas: 0 }, StatefulSet: { replicas: 0, availableReplicas: 0 }, DaemonSet: { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 }, Job: {}, CronJob: {},
}

const DEFAULTS: Readonly<Record<string, (object: KubeObject, old?: KubeObject) => KubeObject>> = {
  Pod: (object) => ({ ...object, spec: podSpec(part(object['spec'])) }),
  Deployment: workload((spec) => ({
    ...spec, replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600, ...spec,
    strategy: part(spec['strategy'])['type'] === 'Recreate' ? spec['strategy'] : { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%', ...part(part(spec['strategy'])['rollingUpdate']) } },
  })),
  ReplicaSet: workload((spec) => ({ ...spec, replicas: 1, ...spec })),
  StatefulSet: workload((spec) => ({ ...spec, replicas: 1, podManagementPolicy: 'OrderedReady', revisionHistoryLimit: 10, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } }, persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' }, ...spec })),
  DaemonSet: workload((spec) => ({ ...spec, revisionHistoryLimit: 10, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }, ...spec })),
  Job: (object) => ({ ...object, spec: job(part(object['spec']), object) }),
  CronJob: (object) => {
    const spec = part(object['spec']), template = part(spec['jobTemplate'])
    return { ...object, spec: { concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1, ...spec, jobTemplate: { ...template, spec: ofTemplate(part(template['spec'])) } } }
  },
  Service: (object, old) => ({ ...object, spec: service(part(object['spec']), object, part(old?.['spec'])) }),
  Namespace: (object) => ({ ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name! } }, spec: { finalizers: ['kubernetes'] } }),
  Secret: ({ stringData, ...object }) => ({ ...object, type: object['type'] ?? 'Opaque', ...(isJsonObject(stringData) && { data: { ...part(object['data']), ...Object.fromEntries(Object.entries(stringData).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')])) } }) }),
}

function workload(fill: (spec: JsonObject) => JsonObject): (object: KubeObject) => KubeObject {
  return (object) => ({ ...object, spec: ofTemplate(fill(part(object['spec']))) })
}

/** A null is as good as absent to a Go decoder; kubectl sends `creationTimestamp: null`. */
function withoutNulls<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutNulls) as T
  return isJsonObject(value) ? (Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null).map(([key, each]) => [key, withoutNulls(each)])) as T) : value
}

const part = (value: unknown): JsonObject => (isJsonObject(value) ? value : {})
const ofTemplate = (spec: JsonObject): JsonObject => ({ ...spec, template: { ...part(spec['template']), spec: podSpec(part(part(spec['template'])['spec'])) } })

const podSpec = (spec: JsonObject): JsonObject => ({
  ...spec, restartPolicy: 'Always', terminationGracePeriodSeconds: 30, dnsPolicy: 'ClusterFirst', securityContext: {}, schedulerName: 'default-scheduler', ...spec,
  containers: Array.isArray(spec['containers']) ? spec['containers'].map((each) => container(part(each))) : [],
})

const container = (each: JsonObject): JsonObject => {
  const image = typeof each['image'] === 'string' ? each['image'] : '', tag = /:([^/:]+)$/.exec(image)?.[1] ?? 'latest'
  return { ...each, resources: {}, terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File', imagePullPolicy: tag === 'latest' && !image.includes('@') ? 'Always' : 'IfNotPresent', ...each }
}

function job(spec: JsonObject, { metadata: { uid, name } }: KubeObject): JsonObject {
  const labels = { 'batch.kubernetes.io/controller-uid': uid, 'batch.kubernetes.io/job-name': name, 'controller-uid': uid, 'job-name': name }, template = part(spec['template']), metadata = part(template['metadata'])
  return ofTemplate({
    ...spec, parallelism: 1, completions: 1, backoffLimit: 6, completionMode: 'NonIndexed', suspend: false, podReplacementPolicy: 'TerminatingOrFailed', ...spec,
    selector: isJsonObject(spec['selector']) ? spec['selector'] : { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } }, template: { ...template, metadata: { ...metadata, labels: { ...part(metadata['labels']), ...labels } } },
  })
}

/** The address of a Service follows from its name, so that no allocator is needed: 10.96.0.0/16. */
function service(spec: JsonObject, { metadata: { namespace, name } }: KubeObject, old: JsonObject): JsonObject {
  const hash = hash32(`${namespace!}/${name!}`), given = spec['clusterIP'] ?? old['clusterIP'], clusterIP = given ?? `10.96.${(hash >>> 8) & 255}.${1 + (hash % 254)}`
  if (spec['type'] === 'ExternalName') return { sessionAffinity: 'None', ...spec }
  return {
    ...spec, type: 'ClusterIP', sessionAffinity: 'None', internalTrafficPolicy: 'Cluster', ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'], ...spec, clusterIP, clusterIPs: [clusterIP],
    ports: Array.isArray(spec['ports']) ? spec['ports'].map((each) => ({ ...part(each), protocol: 'TCP', targetPort: part(each)['port'], ...part(each) })) : [],
  }
}
