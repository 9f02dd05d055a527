/** What a simulated kube-apiserver makes of an object that is created or replaced, beyond its defaults. Nothing is refused. */
import { withDefaults } from '../federation/interpreter/defaults.ts'
import type { KubeObject } from '../machinery/meta/core.ts'
import { isJsonObject, type JsonObject } from '../machinery/meta/json-value.ts'
import type { Strategy } from '../machinery/meta/strategy.ts'
import { hash32 } from './seeded-random.ts'

/** The write rules of a built-in kind. */
export function strategyOf(kind: string): Strategy {
  const complete = COMPLETIONS[kind] ?? ((object: KubeObject) => object), status = FIRST_STATUS[kind]
  const fill = (object: KubeObject, old?: KubeObject) => complete(withDefaults(kind, withoutNulls(object)), old)
  return {
    allowUnconditionalUpdate: true,
    prepareForCreate: (object) => ({ ...fill(object), ...(status && { status }) }),
    prepareForUpdate: (object, old) => fill(object, old),
  }
}

const FIRST_STATUS: Readonly<Record<string, JsonObject>> = {
  Pod: { phase: 'Pending', qosClass: 'BestEffort' }, Namespace: { phase: 'Active' }, Service: { loadBalancer: {} }, PersistentVolumeClaim: { phase: 'Pending' }, PersistentVolume: { phase: 'Available' },
  Deployment: {}, ReplicaSet: { replicas: 0 }, StatefulSet: { replicas: 0, availableReplicas: 0 }, DaemonSet: { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 }, Job: {}, CronJob: {},
}

/** What depends on the object's identity, or on what it was. */
const COMPLETIONS: Readonly<Record<string, (object: KubeObject, old?: KubeObject) => KubeObject>> = {
  Job: (object) => ({ ...object, spec: job(part(object['spec']), object) }),
  Service: (object, old) => ({ ...object, spec: service(part(object['spec']), object, part(old?.['spec'])) }),
  Namespace: (object) => ({ ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name! } }, spec: { finalizers: ['kubernetes'] } }),
  Secret: ({ stringData, ...object }) => ({ ...object, ...(isJsonObject(stringData) && { data: { ...part(object['data']), ...Object.fromEntries(Object.entries(stringData).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')])) } }) }),
}

/** A null is as good as absent to a Go decoder; kubectl sends `creationTimestamp: null`. */
function withoutNulls<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutNulls) as T
  return isJsonObject(value) ? (Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null).map(([key, each]) => [key, withoutNulls(each)])) as T) : value
}

const part = (value: unknown): JsonObject => (isJsonObject(value) ? value : {})

function job(spec: JsonObject, { metadata: { uid, name } }: KubeObject): JsonObject {
  const labels = { 'batch.kubernetes.io/controller-uid': uid, 'batch.kubernetes.io/job-name': name, 'controller-uid': uid, 'job-name': name }, template = part(spec['template']), metadata = part(template['metadata'])
  return {
    ...spec, selector: isJsonObject(spec['selector']) ? spec['selector'] : { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
    template: { ...template, metadata: { ...metadata, labels: { ...part(metadata['labels']), ...labels } } },
  }
}

/** The address of a Service follows from its name, so that no allocator is needed: 10.96.0.0/16. */
function service(spec: JsonObject, { metadata: { namespace, name } }: KubeObject, old: JsonObject): JsonObject {
  if (spec['type'] === 'ExternalName') return spec
  const hash = hash32(`${namespace!}/${name!}`), given = spec['clusterIP'] ?? old['clusterIP'], clusterIP = given ?? `10.96.${(hash >>> 8) & 255}.${1 + (hash % 254)}`
  return { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'], ...spec, clusterIP, clusterIPs: [clusterIP] }
}
