import { describe, expect, test } from 'vitest'
import { namespaceKind } from '../apis/core/v1/namespace.ts'
import { foldedUid } from '../federation/interpreter/folded-uid.ts'
import { SlabEntry } from '../machinery/cache/slab-entry.ts'
import { bytesOf } from '../machinery/client/failure.ts'
import { once } from '../machinery/client/json-client.ts'
import { headerValues } from '../machinery/meta/headers.ts'
import type { Headers, KubeObject, Request, Response } from '../machinery/meta/core.ts'
import { hostNamespaces } from './host-namespaces.ts'

const identity = { fleetId: '0f3a1b52-6a0e-4d0b-9d0a-1d6f0c1b2a3c', set: 'default' }, uid = foldedUid({ ...identity, group: '', kind: 'Namespace', namespace: '', name: 'shop' }), { signal } = new AbortController()
const OF_HOST: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', uid: 'u1', resourceVersion: '70', labels: { a: 'b' } } }

/** A field of a message that holds bytes, or other fields. */
const field = (number: number, ...parts: readonly (Buffer | string)[]) => { const value = Buffer.concat(parts.map((part) => Buffer.from(part))); return Buffer.concat([Buffer.from([number << 3 | 2, value.length]), value]) }
const envelope = (apiVersion: string, kind: string, ...message: readonly Buffer[]) => Buffer.concat([Buffer.from('k8s\0'), field(1, field(1, apiVersion), field(2, kind)), field(2, ...message)])

/** A host that has `shop` at version 70, and a fleet whose position for version n is 9000 + n. */
function bed({ clusters = '', answer = { status: 200, body: OF_HOST } }: { clusters?: string; answer?: { status: number; body: object; headers?: Headers } } = {}) {
  const asked: { method: string; path: string; query: string; headers: Headers; body: unknown }[] = []
  const { passOn, connect } = hostNamespaces({
    kind: namespaceKind, identity, ownNamespace: 'federation-system', now: () => 0,
    host: async ({ method, path, query, headers, body }) => {
      if (method === 'GET') return { status: 200, headers: [], body: Buffer.from(JSON.stringify(OF_HOST)) }
      const text = body ? Buffer.from(await bytesOf({ status: 200, headers: [], body })).toString() : ''
      asked.push({ method, path, query: query.toString(), headers, body: /[}\]]$/.test(text) ? JSON.parse(text) as unknown : text })
      return { status: answer.status, headers: answer.headers ?? [], body: Buffer.from(JSON.stringify(answer.body)) }
    },
    row: () => Promise.resolve(SlabEntry.of({ metadata: { name: 'shop', annotations: { 'cluster.federation/clusters': clusters } } })),
    positionAfter: (_, version) => Promise.resolve(String(9000 + version)),
    hasSeen: (_, position, version) => Number(position) >= 9000 + version,
  })
  const send = async (method: string, body?: unknown, { name = method === 'POST' ? undefined : 'shop', type = 'application/json', query = '' }: { name?: string | undefined; type?: string; query?: string } = {}) => {
    const bytes = body === undefined ? undefined : Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
    const headers: Headers = [['accept', 'application/json'], ['accept-encoding', 'gzip'], ['user-agent', 'kubectl/v1'], ['authorization', 'Bearer secret'], ['x-remote-user', 'alice'], ...(bytes ? [['content-type', type] as const] : [])]
    const request: Request = { method, path: `/api/v1/namespaces${name === undefined ? '' : `/${name}`}`, query: new URLSearchParams(query), headers, ...(bytes && { body: once(bytes) }) }
    const response = await passOn(name, request, signal)
    return { status: response.status, warnings: headerValues(response.headers, 'warning'), object: JSON.parse(Buffer.from(await bytesOf(response)).toString()) as KubeObject }
  }
  const below = (subresource: string, method: string, body?: object): Promise<Response> =>
    connect[subresource]!.handle({ name: 'shop', path: '' }, { method, path: `/api/v1/namespaces/shop/${subresource}`, query: new URLSearchParams(), headers: body ? [['content-type', 'application/json']] : [], ...(body && { body: once(Buffer.from(JSON.stringify(body))) }) }, signal)
  return { asked, send, below }
}

test('a write goes to the host as this server\'s, and comes back with uid and position of the fleet', async () => {
  const { asked, send } = bed({ answer: { status: 201, body: OF_HOST, headers: [['warning', '299 - "mind"']] } }), sent = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }
  expect(await send('POST', sent, { query: 'dryRun=All&fieldManager=me' })).toEqual({ status: 201, warnings: ['299 - "mind"'], object: { ...OF_HOST, metadata: { ...OF_HOST.metadata, uid, resourceVersion: '9070' } } })
  const length = String(JSON.stringify(sent).length)
  expect(asked).toEqual([{ method: 'POST', path: '/api/v1/namespaces', query: 'dryRun=All&fieldManager=me', body: sent, headers: [['user-agent', 'kubectl/v1'], ['accept', 'application/json'], ['content-type', 'application/json'], ['content-length', length]] }])
})

describe('what the client read is put in the host\'s terms', () => {
  const put = (metadata: object) => ({ metadata: { name: 'shop', ...metadata } })
  test.each<[string, string, unknown, string, unknown]>([
    ['the latest version', 'PUT', put({ uid, resourceVersion: '9075' }), 'application/json', put({ resourceVersion: '70' })],
    ['an older version, which is in conflict', 'PUT', put({ resourceVersion: '9069' }), 'application/json', put({ resourceVersion: '1' })],
    ['no version', 'PUT', put({ resourceVersion: '' }), 'application/json', put({ resourceVersion: '' })],
    ['another object\'s uid', 'PUT', put({ uid: 'other' }), 'application/json', put({ uid: 'other' })],
    ['marks of the fleet', 'PUT', put({ annotations: { 'cluster.federation/clusters': 'member1', mine: 'x' } }), 'application/json', put({ annotations: { mine: 'x' } })],
    ['in a patch', 'PATCH', { metadata: { resourceVersion: '9070', labels: { a: null } } }, 'application/merge-patch+json', { metadata: { resourceVersion: '70', labels: { a: null } } }],
    ['in an apply', 'PATCH', 'metadata: {name: shop, uid: other}', 'application/apply-patch+yaml', put({ uid: 'other' })],
    ['in operations', 'PATCH', [{ op: 'replace', path: '/metadata/resourceVersion', value: '9070' }, { op: 'remove', path: '/metadata/labels/a' }], 'application/json-patch+json', [{ op: 'replace', path: '/metadata/resourceVersion', value: '70' }, { op: 'remove', path: '/metadata/labels/a' }]],
    ['in preconditions', 'DELETE', { preconditions: { uid, resourceVersion: '9070' } }, 'application/json', { preconditions: { resourceVersion: '70' } }],
    ['what cannot be read is left to the host', 'PUT', '{"metadata', 'application/json', '{"metadata'],
    ['what is written in protobuf too', 'POST', 'k8s…', 'application/vnd.kubernetes.protobuf', 'k8s…'],
  ])('%s', async (_, method, body, type, expected) => {
    const { asked, send } = bed()
    await send(method, body, { type })
    expect(asked[0]!.body).toEqual(expected)
  })
})

test('typed clients write in protobuf', async () => {
  const { asked, send } = bed()
  await send('PUT', envelope('v1', 'Namespace', field(1, field(1, 'shop'), field(5, uid), field(6, '9075'))), { type: 'application/vnd.kubernetes.protobuf' })
  expect(asked[0]).toMatchObject({ body: { metadata: { name: 'shop', resourceVersion: '70' } }, headers: expect.arrayContaining([['content-type', 'application/json']]) as unknown })
  expect((asked[0]!.body as KubeObject).metadata.uid).toBeUndefined()
})

test('finalizers and status are the host\'s, too', async () => {
  const { asked, below } = bed(), sent = { metadata: { name: 'shop', resourceVersion: '9075' }, spec: { finalizers: ['kubernetes', 'e.io/mine'] } }
  expect((await below('finalize', 'PUT', sent)).status).toBe(200)
  await below('status', 'PATCH', { metadata: { annotations: { a: 'b' } } })
  expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual(['PUT /api/v1/namespaces/shop/finalize', 'PATCH /api/v1/namespaces/shop/status'])
  expect(asked[0]!.body).toEqual({ ...sent, metadata: { name: 'shop', resourceVersion: '70' } })
  expect((await below('status', 'GET')).status).toBe(200)
  expect(() => below('finalize', 'GET')).toThrow(expect.objectContaining({ reason: 'MethodNotAllowed' }) as Error)
})

test('what the host refuses is its answer', async () => {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'namespaces "shop" already exists', reason: 'AlreadyExists', details: { name: 'shop', kind: 'namespaces' }, code: 409 }
  expect(await bed({ answer: { status: 409, body: status } }).send('POST', {})).toEqual({ status: 409, warnings: [], object: status })
})

test('a deletion tells where the namespace stays, and is not waited for then', async () => {
  expect(await bed().send('DELETE')).toMatchObject({ status: 200, warnings: [], object: { metadata: { uid } } })
  expect(await bed({ clusters: 'member1,member2' }).send('DELETE')).toMatchObject({
    object: { metadata: { uid: 'u1' } }, warnings: [String.raw`299 - "namespace \"shop\" is deleted on the host only; it is in member1,member2 too, and stays listed while it is"`],
  })
})

test.each(['kube-system', 'federation-system'])('%s is not changed through a fleet', async (name) => {
  const { asked, send } = bed()
  await expect(send('DELETE', undefined, { name })).rejects.toMatchObject({ reason: 'Forbidden' })
  expect(asked).toEqual([])
})
