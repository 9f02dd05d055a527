import { describe, expect, test } from 'vitest'
import { bytesOf } from '../machinery/client/failure.ts'
import { once } from '../machinery/client/json-client.ts'
import type { Headers, Kind, KubeObject, Request } from '../machinery/meta/core.ts'
import { headerValues } from '../machinery/meta/headers.ts'
import { respondError } from '../machinery/server/respond.ts'
import { identityBound } from './combine.ts'
import type { FleetMember } from './fleet-member.ts'
import { MemberObjects } from './member-objects.ts'
import type { UnionKind } from './union-kinds.ts'

const { signal } = new AbortController(), LABEL = 'cluster.federation/name', PODS = '/api/v1/namespaces/shop/pods'
const kind: Kind = { group: '', version: 'v1', kind: 'Pod', listKind: 'PodList', plural: 'pods', singular: 'pod', shortNames: [], categories: [], namespaced: true, columns: [], fields: {} }
const ofMember: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: '70' } }
const ofFleet = { ...ofMember, metadata: { ...ofMember.metadata, name: 'web@member1', labels: { [LABEL]: 'member1' }, resourceVersion: '9070' } }

/** A fleet of member1, which has pods/web at version 70; the fleet's position for version n is 9000 + n. */
function bed(answer: { status?: number; body?: object; headers?: Headers } = {}) {
  const asked: { method: string; path: string; query: string; headers: Headers; body: unknown }[] = []
  const member = {
    cluster: 'member1', source: { id: 's1' }, handler: ({ path }) => (path.endsWith('/pods/web') ? json(200, ofMember) : path.endsWith('/replicasets/rs') ? json(200, { metadata: { uid: 'own' } }) : json(404, { kind: 'Status', reason: 'NotFound', message: 'not there' })),
    pass: async (path, { method, query, headers, body }) => {
      const text = body ? Buffer.from(await bytesOf({ status: 200, headers: [], body })).toString() : ''
      asked.push({ method, path, query: query.toString(), headers, body: /[}\]]$/.test(text) ? JSON.parse(text) as unknown : text })
      return json(answer.status ?? 200, answer.body ?? ofMember, answer.headers)
    },
  } as Partial<FleetMember> as FleetMember
  const objects = new MemberObjects({
    kind, combine: identityBound('Pod', undefined), member: (cluster) => (cluster === 'member1' ? member : undefined), now: () => 0,
    positionAfter: (_, __, version) => Promise.resolve(String(9000 + version)), hasSeen: (_, position, __, version) => Number(position) >= 9000 + version, host: () => undefined,
    folded: ({ kind: of, name }) => (of === 'ReplicaSet' ? { uid: `folded ${name}`, kind: { group: 'apps', version: 'v1', plural: 'replicasets', namespaced: true } as UnionKind } : undefined),
  })
  const subresources = objects.subresources(['status', 'eviction', 'scale', 'binding', 'ephemeralcontainers'])
  const send = async (method: string, body?: unknown, { name = method === 'POST' ? undefined : 'web@member1', subresource, type = 'application/json', query = '', rest = '' }: { name?: string | undefined; subresource?: string; type?: string; query?: string; rest?: string } = {}) => {
    const bytes = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), headers: Headers = [['accept', 'application/yaml;q=0.1,application/json'], ['accept-encoding', 'gzip'], ['user-agent', 'kubectl/v1'], ...(bytes ? [['content-type', type] as const, ['content-length', String(bytes.length)] as const] : [])]
    const request: Request = { method, path: `${PODS}${name === undefined ? '' : `/${name}`}${subresource === undefined ? '' : `/${subresource}`}`, query: new URLSearchParams(query), headers, ...(bytes && { body: once(bytes) }) }
    const response = await (subresource === undefined ? objects.passOn(name, request, signal) : subresources[subresource]!.handle({ namespace: 'shop', name: name!, path: rest }, request, signal)).catch((error: unknown) => respondError(error, request))
    return { status: response.status, warnings: headerValues(response.headers, 'warning'), headers: response.headers, object: JSON.parse(Buffer.from(await bytesOf(response)).toString()) as KubeObject }
  }
  return { asked, send, subresources }
}
const json = (status: number, body: object, headers: Headers = []) => Promise.resolve({ status, headers, body: Buffer.from(JSON.stringify(body)) })

test('a write goes to the member under its name there, and comes back in the fleet\'s terms', async () => {
  const { asked, send } = bed({ headers: [['warning', '299 - "mind"'], ['set-cookie', 'c']] })
  expect(await send('PATCH', { metadata: { labels: { a: 'b' } } }, { type: 'application/merge-patch+json', query: 'fieldManager=me&dryRun=All' })).toMatchObject({ status: 200, warnings: ['299 - "mind"'], object: ofFleet })
  expect(asked).toEqual([{ method: 'PATCH', path: `${PODS}/web`, query: 'fieldManager=me&dryRun=All', body: { metadata: { labels: { a: 'b' } } }, headers: [['user-agent', 'kubectl/v1'], ['accept', 'application/json'], ['content-type', 'application/merge-patch+json'], ['content-length', '33']] }])
})

describe('what the client has read is put in the member\'s terms', () => {
  const put = (metadata: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web@member1', ...metadata } }), own = (metadata: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'shop', ...metadata } })
  const owner = (uid: string) => ({ ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs', uid }] })
  test.each<[string, string, unknown, string, unknown]>([
    ['the latest version', 'PUT', put({ resourceVersion: '9075', labels: { [LABEL]: 'member1', a: 'b' } }), 'application/json', own({ resourceVersion: '70', labels: { a: 'b' } })],
    ['an older version, which is in conflict', 'PUT', put({ resourceVersion: '9069' }), 'application/json', own({ resourceVersion: '1' })],
    ['no version', 'PUT', put({ resourceVersion: '' }), 'application/json', own({ resourceVersion: '' })],
    ['the uid of a folded owner', 'PUT', put(owner('folded rs')), 'application/json', own(owner('own'))],
    ['the uid of an owner there', 'PUT', put(owner('own')), 'application/json', own(owner('own'))],
    ['in an apply', 'PATCH', 'metadata: {name: web@member1, labels: {cluster.federation/name: member1}}', 'application/apply-patch+yaml', { metadata: { name: 'web' } }],
    ['in operations', 'PATCH', [{ op: 'replace', path: '/metadata/resourceVersion', value: '9070' }], 'application/json-patch+json', [{ op: 'replace', path: '/metadata/resourceVersion', value: '70' }]],
    ['in preconditions', 'DELETE', { preconditions: { uid: 'u1', resourceVersion: '9069' } }, 'application/json', { preconditions: { uid: 'u1', resourceVersion: '1' } }],
    ['nothing', 'DELETE', undefined, '', ''],
    ['a patch that cannot be read is left to the member', 'PATCH', '{"metadata', 'application/merge-patch+json', '{"metadata'],
    ['a patch of a type that nobody knows, too', 'PATCH', 'metadata@member1', 'application/x', 'metadata@member1'],
  ])('%s', async (_, method, body, type, expected) => {
    const { asked, send } = bed()
    expect((await send(method, body, { type })).status).toBe(200)
    expect(asked.map((one) => one.body)).toEqual([expected])
  })

  test.each<[string, string, unknown, object]>([
    ['another name than the path\'s', 'PUT', put({ name: 'web' }), { code: 400, message: 'the name of the object (web) does not match the name on the URL (web@member1)' }],
    ['another kind', 'PUT', { kind: 'Node', apiVersion: 'v1', metadata: {} }, { code: 400 }],
    ['an owner that is not there', 'PUT', put({ ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'gone', uid: 'folded gone' }] }), { code: 400, message: 'member1 has no ReplicaSet "gone", which is referred to' }],
    ['a new object without a cluster', 'POST', { metadata: { name: 'web' } }, { code: 400, message: 'pods "web" lives in one cluster, which has to be named: as web@CLUSTER, or by the label cluster.federation/name' }],
  ])('refused: %s', async (_, method, body, expected) => {
    const { asked, send } = bed()
    expect((await send(method, body)).object).toMatchObject(expected)
    expect(asked).toEqual([])
  })
})

test.each([
  ['by name', { metadata: { name: 'web@member1' } }, { name: 'web', namespace: 'shop' }],
  ['by label', { metadata: { name: 'web', labels: { [LABEL]: 'member1', a: 'b' } } }, { name: 'web', namespace: 'shop', labels: { a: 'b' } }],
  ['by label, with a name yet to be made', { metadata: { generateName: 'web-', labels: { [LABEL]: 'member1' } } }, { generateName: 'web-', namespace: 'shop' }],
])('a new object goes to the cluster that is named: %s', async (_, sent, metadata) => {
  const { asked, send } = bed({ status: 201 })
  expect(await send('POST', sent)).toMatchObject({ status: 201, object: ofFleet })
  expect(asked).toMatchObject([{ method: 'POST', path: PODS, body: { metadata } }])
  expect((asked[0]!.body as KubeObject).metadata).toEqual(metadata)
})

test.each([['of no cluster', 'web', 404], ['of none in this fleet', 'web@member9', 404]])('a name %s is refused', async (_, name, code) => {
  const { asked, send } = bed()
  expect(await send('DELETE', undefined, { name })).toMatchObject({ status: code, object: { details: { name } } })
  expect(asked).toEqual([])
})

test('what the member refuses is its answer, about the name that the client knows', async () => {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'pods "web" is forbidden: User "web" cannot delete resource "pods"', reason: 'Forbidden', details: { name: 'web', kind: 'pods' }, code: 403 }
  expect(await bed({ status: 403, body: status }).send('DELETE')).toMatchObject({ status: 403, object: { ...status, message: 'pods "web@member1" is forbidden: User "web" cannot delete resource "pods"', details: { name: 'web@member1', kind: 'pods' } } })
  const busy = { ...status, reason: 'TooManyRequests', message: 'a budget', details: { retryAfterSeconds: 10 }, code: 429 }
  expect((await bed({ status: 429, body: busy }).send('POST', {}, { name: 'web@member1', subresource: 'eviction' })).headers).toContainEqual(['retry-after', '10'])
})

test('a deletion that is done says of what', async () => {
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { name: 'web', kind: 'pods', uid: 'u1' } }
  expect((await bed({ body }).send('DELETE')).object).toEqual({ ...body, details: { name: 'web@member1', kind: 'pods', uid: 'u1' } })
})

describe('subresources', () => {
  test('are those that a kube-apiserver has, with their kinds; a binding is none', () => {
    expect(Object.fromEntries(Object.entries(bed().subresources).map(([name, { verbs, responseKind }]) => [name, `${verbs.join()} ${responseKind.kind}`]))).toEqual({
      ephemeralcontainers: 'get,patch,update Pod', eviction: 'create Eviction', scale: 'get,patch,update Scale', status: 'get,patch,update Pod',
    })
  })
  test('an eviction', async () => {
    const { asked, send } = bed({ status: 201, body: { kind: 'Status', status: 'Success' } })
    expect((await send('POST', { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'web@member1', namespace: 'shop' }, deleteOptions: { preconditions: { resourceVersion: '9070' } } }, { name: 'web@member1', subresource: 'eviction' })).status).toBe(201)
    expect(asked).toMatchObject([{ method: 'POST', path: `${PODS}/web/eviction`, body: { metadata: { name: 'web' }, deleteOptions: { preconditions: { resourceVersion: '70' } } } }])
  })
  test('an object of another kind comes back by the fleet\'s name', async () => {
    const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'web', namespace: 'shop', resourceVersion: '71' }, spec: { replicas: 3 } }, { asked, send } = bed({ body: scale })
    expect((await send('GET', undefined, { subresource: 'scale' })).object).toEqual({ ...scale, metadata: { ...scale.metadata, name: 'web@member1', labels: { [LABEL]: 'member1' }, resourceVersion: '9071' } })
    expect(asked).toMatchObject([{ method: 'GET', path: `${PODS}/web/scale`, body: '' }])
  })
  test('the query goes along, but for positions: a member would wait for them', async () => {
    const { asked, send } = bed()
    await send('GET', undefined, { subresource: 'status', query: 'pretty=true&resourceVersion=9070&resourceVersionMatch=Exact' })
    await send('DELETE', undefined, { query: 'uid=u1&resourceVersion=9070' })
    expect(asked.map(({ query }) => query)).toEqual(['pretty=true', 'uid=u1&resourceVersion=70'])
  })
  test.each([['POST', '', 405], ['DELETE', '', 405], ['GET', '/more', 404]])('%s status%s is refused', async (method, rest, code) => {
    expect((await bed().send(method, undefined, { name: 'web@member1', subresource: 'status', rest })).status).toBe(code)
  })
})
