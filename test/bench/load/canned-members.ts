/**
 * `node canned-members.ts PORT CERTIFICATE KEY MEMBERS PODS`: members whose answers were prepared, as many as wanted at https://127.0.0.1:PORT/memberN, so that neither the machine nor the time is spent on them.
 * Each has PODS pods, all the same ones but for their names' member, 2,000 Deployments, and a hundred Leases of 400 bytes. `POST /memberN/emit?resource=pods&count=1000&pace=100` makes that many changes, `pace` of them every ten
 * milliseconds. Ends with its standard input.
 */
import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { createSecureServer } from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { NAMESPACES, namespaceOf, servedDeployment, servedMetadata, servedPod } from './cluster-objects.ts'

interface Canned { readonly apiVersion: string; readonly kind: string; readonly items: readonly Item[] }
/** JSON up to the resourceVersion's value, and from behind it; the braces are left out. */
interface Item { readonly before: Buffer; readonly after: Buffer }

const [port, certificate, key, members, pods] = process.argv.slice(2) as [string, string, string, string, string]
const ETAG = '"canned"', FIRST_VERSION = 1_000_000, DEPLOYMENTS = 2_000, WATCHES = new Map<string, Set<ServerResponse>>(), versions = new Map<string, number>()

function item(object: { metadata: object; spec?: object }): Item {
  const text = JSON.stringify({ ...object, metadata: { ...object.metadata, resourceVersion: '@' } }), at = text.indexOf('"resourceVersion":"@"') + 19
  return { before: Buffer.from(text.slice(1, at)), after: Buffer.from(text.slice(at + 1, -1)) }
}
const podItem = (i: number): Item => item(servedPod(i))
const leaseItem = (i: number): Item => item({ metadata: { name: `lease-${i}`, namespace: 'kube-node-lease', ...servedMetadata(i), managedFields: undefined }, spec: { holderIdentity: `node-${i}`, leaseDurationSeconds: 40, renewTime: '2026-01-01T00:00:00.000000Z' } })

const byNamespace = (i: number, all: number) => Math.floor(i / (all / NAMESPACES)) + (i % (all / NAMESPACES)) * NAMESPACES
const kinds: Readonly<Record<string, Canned>> = {
  '/api/v1/pods': { apiVersion: 'v1', kind: 'Pod', items: Array.from({ length: Number(pods) }, (_, i) => podItem(byNamespace(i, Number(pods)))) },
  '/api/v1/nodes': { apiVersion: 'v1', kind: 'Node', items: [] },
  '/api/v1/namespaces': { apiVersion: 'v1', kind: 'Namespace', items: Array.from({ length: NAMESPACES }, (_, i) => item({ metadata: { name: namespaceOf(i), ...servedMetadata(i) } })) },
  '/apis/apps/v1/deployments': { apiVersion: 'apps/v1', kind: 'Deployment', items: Array.from({ length: DEPLOYMENTS }, (_, i) => item(servedDeployment(byNamespace(i, DEPLOYMENTS)))) },
  '/apis/coordination.k8s.io/v1/leases': { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', items: Array.from({ length: 100 }, (_, i) => leaseItem(i)) },
}
const resource = (plural: string, responseKind: string, scope = 'Namespaced') => ({ resource: plural, responseKind: { kind: responseKind }, scope, singularResource: responseKind.toLowerCase(), verbs: ['get', 'list', 'watch'] })
const discovery = (groups: readonly { name: string; resources: readonly object[] }[]) => ({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items: groups.map(({ name, resources }) => ({ metadata: { name }, versions: [{ version: 'v1', freshness: 'Current', resources }] })) })
const documents: Readonly<Record<string, object>> = {
  '/version': { major: '1', minor: '36', gitVersion: 'v1.36.0' }, '/readyz': {}, '/healthz': {},
  '/api': discovery([{ name: '', resources: [resource('pods', 'Pod'), resource('nodes', 'Node', 'Cluster'), resource('namespaces', 'Namespace', 'Cluster')] }]),
  '/apis': discovery([{ name: 'apps', resources: [resource('deployments', 'Deployment')] }, { name: 'coordination.k8s.io', resources: [resource('leases', 'Lease')] }]),
}

const FIRST = Buffer.from(String(FIRST_VERSION)), COMMA = Buffer.from(',{'), OPEN = Buffer.from('{'), CLOSE = Buffer.from('}')

function list({ apiVersion, kind, items }: Canned, query: URLSearchParams, version: number): Buffer {
  const from = Number(query.get('continue') ?? 0), to = Math.min(items.length, from + (Number(query.get('limit')) || items.length)), rest = to < items.length ? `,"continue":"${to}","remainingItemCount":${items.length - to}` : ''
  const pieces: Buffer[] = [Buffer.from(`{"kind":"${kind}List","apiVersion":"${apiVersion}","metadata":{"resourceVersion":"${version}"${rest}},"items":[`)]
  for (const [at, { before, after }] of items.slice(from, to).entries()) pieces.push(at === 0 ? OPEN : COMMA, before, FIRST, after, CLOSE)
  return Buffer.concat([...pieces, Buffer.from(']}')])
}

const event = (type: string, { apiVersion, kind }: Canned, { before, after }: Item, version: number) => Buffer.concat([Buffer.from(`{"type":"${type}","object":{"kind":"${kind}","apiVersion":"${apiVersion}",`), before, Buffer.from(String(version)), after, Buffer.from('}}\n')])

/** The state as changes, as WatchList has it, then whatever is emitted. */
async function watch(at: string, canned: Canned, query: URLSearchParams, response: ServerResponse): Promise<void> {
  response.setHeader('content-type', 'application/json')
  response.flushHeaders()
  if (query.get('sendInitialEvents') === 'true') {
    for (const one of canned.items) if (!response.write(event('ADDED', canned, one, FIRST_VERSION))) await new Promise((resolve) => { response.once('drain', resolve) })
    response.write(bookmark(at, canned, ',"annotations":{"k8s.io/initial-events-end":"true"}'))
  }
  let all = WATCHES.get(at)
  if (!all) WATCHES.set(at, (all = new Set()))
  const open = all
  open.add(response)
  // As often as Kubernetes' servers: who hears nothing for longer takes the stream for dead, and reads all anew.
  const telling = setInterval(() => { response.write(bookmark(at, canned)) }, 60_000)
  response.on('close', () => { clearInterval(telling); open.delete(response) })
}

const bookmark = (at: string, { apiVersion, kind }: Canned, more = '') => `{"type":"BOOKMARK","object":{"kind":"${kind}","apiVersion":"${apiVersion}","metadata":{"resourceVersion":"${versions.get(at) ?? FIRST_VERSION}"${more}}}}\n`

/** In chunks of `pace`, one every ten milliseconds at most. */
async function emit(at: string, canned: Canned, query: URLSearchParams): Promise<void> {
  const count = Number(query.get('count')), pace = Number(query.get('pace') ?? 10)
  for (let done = 0; done < count; done += pace) {
    const begin = performance.now(), lines: Buffer[] = []
    for (let i = done; i < Math.min(count, done + pace); i++) {
      const version = (versions.get(at) ?? FIRST_VERSION) + 1
      versions.set(at, version)
      lines.push(event('MODIFIED', canned, canned.items[i % Math.min(100, canned.items.length)]!, version))
    }
    const chunk = Buffer.concat(lines)
    for (const response of WATCHES.get(at) ?? []) response.write(chunk)
    await sleep(Math.max(0, 10 - (performance.now() - begin)))
  }
}

async function answer(request: { readonly url?: string; readonly headers: Readonly<Record<string, unknown>> }, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url!, 'https://canned'), [, member = '', rest = ''] = /^\/(member\d+)(\/.*)$/.exec(pathname) ?? [], end = (body: Buffer | string) => {
    response.setHeader('content-type', 'application/json')
    response.end(body)
  }
  if (pathname === '/version') return end('{}')
  if (rest === '/emit') {
    const [path, canned] = Object.entries(kinds).find(([path]) => path.endsWith(`/${searchParams.get('resource')}`))!
    await emit(member + path, canned, searchParams)
    return end('{}')
  }
  const canned = kinds[rest], document = documents[rest]
  if (canned && searchParams.get('watch') === 'true') return watch(member + rest, canned, searchParams, response)
  if (canned) return end(list(canned, searchParams, versions.get(member + rest) ?? FIRST_VERSION))
  if (document) {
    response.setHeader('etag', ETAG)
    if (request.headers['if-none-match'] !== ETAG) return end(JSON.stringify(document))
    response.statusCode = 304
    return end('')
  }
  if (rest === '/api/v1/namespaces/kube-system') return end(JSON.stringify({ kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'kube-system', uid: `${member}-uid` } }))
  response.statusCode = 404
  end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404, message: `no ${rest}` }))
}

// Of either protocol: members are asked by HTTP/1.1, and the generator speaks HTTP/2.
const server = createSecureServer({ cert: readFileSync(certificate), key: readFileSync(key), allowHTTP1: true }, (request, response) => void answer(request, response as unknown as ServerResponse))
// As Kubernetes' servers, which leave it to clients.
Object.assign(server, { keepAliveTimeout: 600_000 })
server.listen(Number(port), '127.0.0.1', () => { console.log(`ready: ${members} members of ${pods} pods`) })
process.stdin.on('end', () => { process.exit(0) }).resume()
