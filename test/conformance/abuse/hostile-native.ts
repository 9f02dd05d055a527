/** Kubernetes' own kinds, and what only they take: strategic merge patches, protobuf, scales. */
import { readFileSync } from 'node:fs'
import { decodeEnvelope } from '../../../src/machinery/schema/protobuf.ts'
import { WireReader } from '../../../src/machinery/schema/protobuf-wire.ts'
import type { Seeded } from '../../suites/seeded.ts'
import { damaged, jsonText, noise, type Served } from './hostile-bodies.ts'

const POD = { metadata: { labels: { app: 'fuzz' } }, spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }], env: [{ name: 'E', value: 'v' }] }], tolerations: [{ key: 'k', operator: 'Exists' }] } }
export const NATIVE_KINDS: readonly Served[] = [
  { root: '/apis/apps/v1/namespaces/fuzz/deployments', apiVersion: 'apps/v1', kind: 'Deployment', isStrategic: true, content: { spec: { replicas: 2, selector: { matchLabels: { app: 'fuzz' } }, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } }, template: POD } } },
  { root: '/api/v1/namespaces/fuzz/configmaps', apiVersion: 'v1', kind: 'ConfigMap', isStrategic: true, content: { data: { a: '1', b: 'two' }, binaryData: { c: 'AAE=' } } },
]

/** What stands behind them in a fleet, and what decides about it. */
const DEPLOYMENTS = { apiVersion: 'apps/v1', kind: 'Deployment' }
export const FEDERATED_KINDS: readonly Served[] = [
  { root: '/apis/types.federation/v1alpha1/namespaces/fuzz/federateddeployments', apiVersion: 'types.federation/v1alpha1', kind: 'FederatedDeployment', content: { spec: { template: { ...DEPLOYMENTS, metadata: { labels: { app: 'fuzz' } }, spec: { replicas: 1, selector: { matchLabels: { app: 'fuzz' } }, template: POD } }, placement: { clusters: [{ name: 'member1' }], clusterSelector: { matchLabels: { a: 'b' } } }, overrides: [{ clusterName: 'member1', clusterOverrides: [{ op: 'replace', path: '/spec/replicas', value: 5 }] }] } } },
  { root: '/apis/policy.federation/v1alpha1/namespaces/fuzz/propagationpolicies', apiVersion: 'policy.federation/v1alpha1', kind: 'PropagationPolicy', content: { spec: { resourceSelectors: [{ ...DEPLOYMENTS, name: 'a' }], priority: 1, placement: { clusterAffinity: { clusterNames: ['member1'] }, replicaScheduling: { replicaSchedulingType: 'Divided', replicaDivisionPreference: 'Weighted' } } } } },
  { root: '/apis/policy.federation/v1alpha1/namespaces/fuzz/overridepolicies', apiVersion: 'policy.federation/v1alpha1', kind: 'OverridePolicy', content: { spec: { resourceSelectors: [{ ...DEPLOYMENTS, labelSelector: { matchLabels: { app: 'fuzz' } } }], overrideRules: [{ targetCluster: { clusterNames: ['member2'] }, overriders: { plaintext: [{ path: '/spec/replicas', operator: 'replace', value: 3 }], imageOverrider: [{ component: 'Tag', operator: 'replace', value: 'v2' }], labelsOverrider: [{ operator: 'add', value: { x: '${cluster.name}' } }] } }] } } },
]

const ITEMS = ['{"name":"c","image":"j"}', '{"name":"d"}', '{"image":"i"}', '{"name":"c","$patch":"delete"}', '{"$patch":"replace"}', '{"$patch":"merge"}', '{"$patch":"bogus"}', '{"name":1}', '{"name":null}', '"c"', '1', 'null', '[]', '{}'] as const
const PLACES = ['metadata', 'spec', 'template', 'containers', 'env', 'ports', 'tolerations', 'strategy', 'rollingUpdate', 'data', 'labels', 'finalizers', 'unknown', '__proto__', ''] as const
const DIRECTIVES = ['"$patch":"delete"', '"$patch":"replace"', '"$patch":"merge"', '"$patch":"bogus"', '"$patch":null', '"$retainKeys":["name","type"]', '"$retainKeys":"name"', '"$retainKeys":[{}]', '"$setElementOrder/containers":[{"name":"c"},{"name":"d"}]', '"$setElementOrder/containers":[{"name":"d"}]', '"$setElementOrder/containers":{}', '"$setElementOrder/finalizers":["a/b"]', '"$deleteFromPrimitiveList/finalizers":["a/b"]', '"$deleteFromPrimitiveList/containers":[{}]', '"$deleteFromPrimitiveList/":[]', '"$setElementOrder/":null'] as const

/** A strategic merge patch that goes where there is something to merge, with directives right and wrong. */
export function strategicPatchText(random: Seeded): string {
  if (random.chance(0.1)) return jsonText(random)
  const list = (make: () => string) => `[${Array.from({ length: random.int(4) }, make).join(',')}]`, directives = () => (random.chance(0.3) ? [random.pick(DIRECTIVES)] : [])
  const map = (...members: readonly string[]) => `{${[...directives(), ...members, ...(random.chance(0.15) ? [`"${random.pick(PLACES)}":${jsonText(random, 5)}`] : [])].join(',')}}`
  const containers = `"containers":${list(() => (random.chance(0.3) ? map('"name":"c"', `"env":${list(() => random.pick(ITEMS))}`, `"ports":${list(() => random.pick(['{"containerPort":80}', '{"containerPort":"x"}', ...ITEMS]))}`) : random.pick(ITEMS)))}`
  const pod = map(`"spec":${map(containers, ...(random.chance(0.3) ? [`"tolerations":${list(() => random.pick(ITEMS))}`] : []))}`, '"metadata":{"labels":{"x":null}}')
  return map(random.pick([`"spec":${map(`"template":${pod}`)}`, `"spec":${map('"replicas":3', `"strategy":${map('"type":"Recreate"')}`)}`, `"data":${map('"a":null')}`, `"metadata":${map(`"finalizers":${list(() => random.pick(['"a/b"', '"c/d"', '1', 'null']))}`)}`]))
}

export const scaleText = (random: Seeded): string => `{${random.pick(['"kind":"Scale","apiVersion":"autoscaling/v1",', '"kind":"Scale",', '"apiVersion":"x/v1",', ''])}"metadata":{${random.pick(['"name":"a"', '', '"resourceVersion":"1"', '"resourceVersion":"A"'])}},"spec":${random.pick([`{"replicas":${random.pick(['0', '3', '-1', '1.5', '2147483648', '1e3', 'null', '"3"'])}}`, '{}', 'null', jsonText(random)])}}`

/** What Kubernetes' encoder writes of objects (test/cases/protobuf), by apiVersion and kind. */
const ENCODED = Map.groupBy((JSON.parse(readFileSync(new URL('../../cases/protobuf/objects.json', import.meta.url), 'utf8')) as { kind: string; protobuf: string }[]), ({ kind }) => kind)
const DELETE_OPTIONS = { apiVersion: 'v1', kind: 'DeleteOptions' }, SCALE = { apiVersion: 'autoscaling/v1', kind: 'Scale' }

function varint(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) | 128)
  }
}
const field = (number: number, value: Uint8Array | string): Buffer => { const bytes = Buffer.from(value as string); return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]) }
const envelope = ({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }, message: Uint8Array) => Buffer.concat([Buffer.from('k8s\0'), field(1, Buffer.concat([field(1, apiVersion), field(2, kind)])), field(2, message), field(3, ''), field(4, '')])

/** The object `name` with what a recorded message says besides metadata; or another kind's message, or bytes changed inside the envelope. */
export function protobufBody(random: Seeded, { apiVersion, kind }: Pick<Served, 'apiVersion' | 'kind'>, name: string): Buffer {
  const known = ENCODED.get(`${apiVersion} ${kind}`) ?? random.pick([...ENCODED.values()]), whole = Buffer.from(random.pick(known).protobuf, 'base64')
  if (random.chance(0.1)) return whole
  const { message } = decodeEnvelope(whole), parts = [field(1, Buffer.concat([field(1, name), field(3, 'fuzz'), ...(random.chance(0.2) ? [field(random.int(20) + 1, noise(random))] : [])]))]
  for (const reader = new WireReader(message, kind); reader.next();) if (reader.number === 1 || reader.wire !== 2) reader.skip(); else parts.push(field(reader.number, reader.value() as Buffer))
  const made = Buffer.concat(parts), inner = random.chance(0.4) ? damaged(random, made) : random.chance(0.05) ? nested(random) : made
  return envelope(random.chance(0.05) ? random.pick([DELETE_OPTIONS, SCALE, { apiVersion: '', kind: '' }, { apiVersion: 'x/y/z', kind: '\0' }]) : { apiVersion, kind }, inner)
}

/** A message in a message, deeper than anybody means it. */
function nested(random: Seeded): Buffer {
  let made: Buffer = noise(random)
  for (let depth = random.pick([50, 500, 2_000]); depth > 0; depth--) made = field(1 + random.int(3), made)
  return made
}
