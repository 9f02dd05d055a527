import { gzipSync } from 'node:zlib'
import { Seeded } from '../../suites/seeded.ts'
import type { Pairs } from '../exchange.ts'
import { damaged, deleteOptionsText, digits, heavyText, jsonPatchText, jsonText, KINDS, NAMES, noise, objectText, type Served, yamlText } from './hostile-bodies.ts'
import { NATIVE_KINDS, protobufBody, scaleText, strategicPatchText } from './hostile-native.ts'

export interface HostileRequest { readonly method: string; readonly target: string; readonly headers: Pairs; readonly body?: Buffer }

export interface Aim {
  /** What is written, and read. */
  readonly kinds: readonly Served[]
  /** Where the API begins. */
  readonly root: string
}
const ALL_KINDS = [...KINDS, ...NATIVE_KINDS], HEAVY_SHARE = 0.004

/** Request `index` of the run of `seed`: always the same one. */
export function hostileRequest(seed: number, index: number, { kinds, root }: Aim = { kinds: ALL_KINDS, root: '' }): HostileRequest {
  const random = new Seeded((seed + Math.imul(index, 0x9e3779b1)) >>> 0), kind = random.pick(kinds), name = random.pick(NAMES)
  const [method, path, type, body] = shapeOf(random, kind, name, random.chance(HEAVY_SHARE)), headers: [string, string][] = []
  const sent = type !== undefined && random.chance(0.05) ? random.pick(TYPES) : type
  if (sent !== undefined) headers.push(['content-type', sent])
  if (random.chance(0.3)) headers.push(...strange(random))
  const end = (random.chance(0.1) ? strangePath(random, path) : path) + queryText(random, method, type)
  return { method, target: root + end, headers, ...(body && { body: random.chance(0.15) ? damaged(random, body) : random.chance(0.01) ? gzipSync(body) : body }) }
}

type Made = readonly [method: string, path: string, type?: string, body?: Buffer | undefined]

function shapeOf(random: Seeded, kind: Served, name: string, isHeavy: boolean): Made {
  const { root } = kind, item = `${root}/${name}${random.chance(0.1) ? random.pick(['/status', '/scale', '/log', '/status/x']) : ''}`
  const text = (make: () => string) => Buffer.from(isHeavy ? heavyText(random) : make())
  switch (random.int(16)) {
    case 0: case 1: return ['POST', root, 'application/json', text(() => objectText(random, kind, name))]
    case 2: return ['POST', root, 'application/yaml', text(() => yamlText(random, kind, name))]
    case 3: return ['PUT', item, 'application/json', text(() => objectText(random, kind, name))]
    case 4: return ['PATCH', item, 'application/merge-patch+json', text(() => (random.chance(0.5) ? objectText(random, kind, name) : jsonText(random)))]
    case 5: return ['PATCH', item, 'application/json-patch+json', text(() => jsonPatchText(random))]
    case 6: return ['PATCH', item, 'application/strategic-merge-patch+json', text(() => (kind.isStrategic ? strategicPatchText(random) : jsonText(random)))]
    case 7: case 8: return ['PATCH', item, 'application/apply-patch+yaml', text(() => (random.chance(0.5) ? objectText(random, kind, name) : yamlText(random, kind, name)))]
    case 9: return ['DELETE', random.chance(0.1) ? root : item, random.pick(['application/json', 'application/yaml', '']), text(() => deleteOptionsText(random))]
    case 10: return ['GET', root]
    case 11: return ['GET', item]
    case 12: return [random.pick(['GET', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'get']), random.pick(PLACES), 'application/json', random.chance(0.3) ? noise(random) : undefined]
    case 13: return random.chance(0.2) ? ['GET', `${root}/${name}/scale`] : random.chance(0.2) ? ['PUT', `${root}/${name}/scale`, PROTOBUF, protobufBody(random, SCALE, name)] : [random.pick(['PUT', 'PATCH']), `${root}/${name}/scale`, random.pick(['application/json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml']), text(() => scaleText(random))]
    case 14: return random.chance(0.1) ? ['DELETE', item, PROTOBUF, protobufBody(random, { apiVersion: 'v1', kind: 'DeleteOptions' }, name)] : [random.chance(0.6) ? 'POST' : 'PUT', random.chance(0.6) ? root : item, PROTOBUF, protobufBody(random, kind, name)]
    default: return [random.pick(['POST', 'PUT', 'PATCH', 'DELETE']), item, random.pick(TYPES), noise(random)]
  }
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf', SCALE = { apiVersion: 'autoscaling/v1', kind: 'Scale' }
const PLACES = ['/', '/api', '/apis', '/apis/', '/apis/conformance.example.com', '/apis/conformance.example.com/v1', '/apis/x', '/apis/x/v1/y', '/openapi/v2', '/openapi/v3', '/openapi/v3/apis/conformance.example.com/v1', '/openapi/v3/x', '/version', '/healthz', '/livez', '/readyz', '/readyz/store', '/metrics', '/metrics/x', '/apis/conformance.example.com/v1/watch/gadgets', '/apis/conformance.example.com/v1/watch', '/apis/conformance.example.com/v1/proxy/gadgets/a', '/apis/conformance.example.com/v1/widgets', '/api/v1/namespaces/fuzz', '/apis/conformance.example.com/v1/namespaces', '/apis/conformance.example.com/v1/namespaces/fuzz', '//apis//conformance.example.com', ''] as const
const TYPES = ['application/json', 'application/json; charset=utf-16', 'application/yaml', 'application/merge-patch+json', 'application/json-patch+json', 'application/apply-patch+yaml', 'application/apply-patch+cbor', 'application/strategic-merge-patch+json', 'application/vnd.kubernetes.protobuf', 'application/cbor', 'text/plain', 'multipart/form-data; boundary=x', '', ';', '/', 'application/', '*/*', 'application/json;;;=', 'APPLICATION/JSON'] as const

function strangePath(random: Seeded, path: string): string {
  const segments = path.split('/'), at = random.int(segments.length)
  switch (random.int(3)) {
    case 0: segments[at] = random.pick(SEGMENTS); break
    case 1: segments.splice(at, 0, random.pick(SEGMENTS)); break
    default: segments.splice(at, 1)
  }
  const result = segments.join('/')
  // What follows would be read as a query.
  return result.startsWith('/') ? result : `/${result}`
}
const SEGMENTS = ['.', '..', '%2e%2e', '%2F', '%2f..%2f', '%00', '%ff', '%', '%zz', '%C0%AF', '', '*', 'x'.repeat(8_000), 'namespaces', 'watch', 'proxy', 'status', 'scale', '__proto__', 'constructor', 'toString', '%E2%80%A8', ';a=b', 'a%20b', '@', '🙂'.normalize(), 'api', 'v1'] as const

const OBJECT_TOKEN = (fields: string) => Buffer.from(fields).toString('base64url')
const LABELS = ['a=b', 'app in (fuzz,x)', 'app notin (', '!app', 'a>1', 'a>x', '=', ',', 'a=b,', 'in in (in)', 'a in ()', `${'a'.repeat(300)}=b`, 'a==b==c', '((((', 'app=fuzz', `app in (${'x,'.repeat(3_000)}y)`, '\u0000', '🙂=1', `${'a=b,'.repeat(2_000)}a=b`, '__proto__=x'] as const
const FIELDS = ['metadata.name=a', 'metadata.name!=a', 'metadata.namespace=fuzz', 'spec.color=red', 'spec.model=fuzzed', 'spec.unknown=1', '=', 'metadata.name', 'metadata.name=a,metadata.name=b', 'metadata.name=\\', 'metadata.name=\\,', 'metadata.name==..', '__proto__=1', 'metadata.name=%2F', `metadata.name=${'n'.repeat(5_000)}`] as const
const NUMBERS = ['0', '1', '2', '-1', '500', 'x', '', '1.5', '1e3', '9223372036854775807', '9223372036854775808', '-9223372036854775809', '٣', ' 1'] as const
const VERSIONS = ['', '0', '1', '40', '60', '-1', 'x', '007', '1.5', '٣'] as const
/** Of the future: a reader waits seconds for them, so they are rare. */
const FUTURE = ['18446744073709551615', '18446744073709551616', '99999999999999999999999999'] as const
const CONTINUES = ['', 'x', '!!!', OBJECT_TOKEN('{}'), OBJECT_TOKEN('null'), OBJECT_TOKEN('[]'), OBJECT_TOKEN('1'), OBJECT_TOKEN('{"v":"meta.k8s.io/v1","rv":-1,"start":"/a"}'), OBJECT_TOKEN('{"v":"meta.k8s.io/v1","rv":60,"start":"/fuzz/a\\u0000"}'), OBJECT_TOKEN('{"v":"meta.k8s.io/v1","rv":1,"start":"/a\\u0000"}'), OBJECT_TOKEN('{"v":"meta.k8s.io/v1","rv":5e9,"start":"/../../x"}'), OBJECT_TOKEN('{"v":"meta.k8s.io/v1","rv":"5","start":5}'), OBJECT_TOKEN('{"v":{"toString":1},"rv":5,"start":"/\\ud800"}'), OBJECT_TOKEN(`{"v":"meta.k8s.io/v1","rv":1${'0'.repeat(400)},"start":"/a"}`), OBJECT_TOKEN('{"v":"meta.k8s.io/v1","rv":60,"start":"/__proto__"}')] as const
const MANAGERS = ['kubectl', 'a', '', 'x'.repeat(129), '\u0000', '🙂', 'a/b', '\ud800', '__proto__'] as const
const TIMEOUTS = ['1s', '0', '-1s', '1ns', 'x', '', '1h1h1h', '9'.repeat(400), `${'9'.repeat(400)}h`, '1.5.5s', '5s5', 'NaNs', '1e3s'] as const
const FLAGS = ['true', 'false', '1', '0', '', 'x', 'TRUE'] as const

function queryText(random: Seeded, method: string, type: string | undefined): string {
  const pairs: (readonly [string, string])[] = [], maybe = (chance: number, name: string, values: readonly string[]) => { if (random.chance(chance)) pairs.push([name, random.pick(values)]) }
  if (type === 'application/apply-patch+yaml' && random.chance(0.95)) pairs.push(['fieldManager', random.pick(['kubectl', 'a', 'b'])])
  if (type === 'application/apply-patch+yaml') maybe(0.5, 'force', FLAGS)
  if (method === 'GET' || method === 'DELETE') {
    maybe(0.1, 'labelSelector', LABELS); maybe(0.1, 'fieldSelector', FIELDS); maybe(0.1, 'limit', NUMBERS); maybe(0.1, 'continue', CONTINUES)
    maybe(0.1, 'resourceVersion', random.chance(0.02) ? FUTURE : VERSIONS); maybe(0.1, 'resourceVersionMatch', ['Exact', 'NotOlderThan', 'exact', '', 'x']); maybe(0.1, 'sendInitialEvents', FLAGS); maybe(0.1, 'allowWatchBookmarks', FLAGS); maybe(0.05, 'timeoutSeconds', NUMBERS); maybe(0.05, 'includeObject', ['None', 'Object', 'Metadata', 'x'])
    if (method === 'GET') maybe(0.08, 'watch', FLAGS)
  } else { maybe(0.1, 'fieldManager', MANAGERS); maybe(0.2, 'fieldValidation', ['Strict', 'Warn', 'Ignore', 'x', '']); maybe(0.1, 'dryRun', ['All', 'x', '']) }
  maybe(0.05, 'timeout', TIMEOUTS); maybe(0.03, 'pretty', FLAGS); maybe(0.02, 'propagationPolicy', ['Orphan', 'x']); maybe(0.02, 'gracePeriodSeconds', NUMBERS)
  if (random.chance(0.01)) pairs.push(...Array.from({ length: 2_000 }, (_, i) => [`q${i}`, ''] as const))
  if (random.chance(0.03)) return `?${random.pick(['%', '%zz', '&&&&', '=', '?', 'a=%ff', '%00=%00', 'limit', 'watch', '__proto__=x', `x=${digits(random).slice(0, 8_000)}`])}`
  return pairs.length === 0 ? '' : `?${pairs.map(([key, value]) => `${key}=${encodeURIComponent(value.toWellFormed())}`).join('&')}`
}

const STRANGE: readonly (readonly [string, readonly string[]])[] = [
  ['accept', ['application/json', '*/*', '*', '/', ';', ',,,,', 'application/yaml', 'application/json;as=Table;v=v1;g=meta.k8s.io', 'application/json;as=Table;v=v9;g=meta.k8s.io', 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io', 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io', 'application/vnd.kubernetes.protobuf', 'text/html;q=NaN', 'application/json;q=-1', 'application/json;stream=x', 'application/json;a="', `${'a/b,'.repeat(3_000)}*/*`, `*/*${';x=y'.repeat(3_000)}`, 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList']],
  ['accept-encoding', ['gzip', 'gzip;q=0', 'br', 'x', 'gzip,'.repeat(1_000)]], ['content-encoding', ['gzip', 'br', 'deflate', 'x']], ['authorization', ['Bearer', 'Bearer x', 'Bearer  x', 'Basic eDp5', 'x', '', `Bearer ${'t'.repeat(10_000)}`]],
  ['impersonate-user', ['alice', '', 'system:admin']], ['impersonate-group', ['g', '']], ['impersonate-extra-%zz', ['x']], ['impersonate-uid', ['u']], ['x-remote-user', ['admin']], ['user-agent', ['curl/8', 'Mozilla/5.0', '', '/', 'ü'.repeat(100), 'x'.repeat(500)]], ['audit-id', ['x', '', 'x'.repeat(5_000), '\u0001'.repeat(3)]], ['traceparent', ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'x', '00-0-0-0', '']], ['if-none-match', ['*', '"x"', 'x']], ['content-length', ['0', '5', '99999999999', '-1', 'x']], ['transfer-encoding', ['chunked', 'x']], ['upgrade', ['websocket', 'SPDY/3.1', 'h2c']], ['connection', ['Upgrade', 'close', 'x']], ['sec-websocket-key', ['x', 'dGhlIHNhbXBsZSBub25jZQ==']], ['sec-websocket-version', ['13', '8', '']], ['sec-websocket-protocol', ['v4.channel.k8s.io', `base64url.bearer.authorization.k8s.io.${'!'.repeat(10)}`, 'base64url.bearer.authorization.k8s.io.eA, x']], ['origin', ['null', 'http://x', ':']], ['expect', ['100-continue', 'x']], ['host', ['', 'x', 'a b', '[::1']], ['kubectl-command', ['kubectl diff']], ['range', ['bytes=0-1']], ['x-forwarded-for', ['1.2.3.4', 'x,,,']], ['__proto__', ['x']], ['constructor', ['x']],
]
const strange = (random: Seeded): [string, string][] => Array.from({ length: 1 + random.int(3) }, () => { const [name, values] = random.pick(STRANGE); return [name, random.pick(values)] })
