import { describe, expect, test } from 'vitest'
import { bytesOf } from '../machinery/client/failure.ts'
import { once } from '../machinery/client/json-client.ts'
import type { Headers, Kind, KubeObject, Request } from '../machinery/meta/core.ts'
import { respondError } from '../machinery/server/respond.ts'
import { identityBound } from './combine.ts'
import type { FleetMember } from './fleet-member.ts'
import { hostObjects } from './host-objects.ts'
import { MemberObjects } from './member-objects.ts'

const { signal } = new AbortController(), FLEET = 'cluster.federation/fleet', PATH = '/apis/coordination.k8s.io/v1/namespaces', APPLY = 'application/apply-patch+yaml', MERGE = 'application/merge-patch+json', OPERATIONS = 'application/json-patch+json', JSON_TYPE = 'application/json'
const kind: Kind = { group: 'coordination.k8s.io', version: 'v1', kind: 'Lease', listKind: 'LeaseList', plural: 'leases', singular: 'lease', shortNames: [], categories: [], namespaced: true, columns: [], fields: {} }
const lease = (metadata: object) => ({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata })
const ours = lease({ name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: '70', labels: { [FLEET]: 'default' } })

/** A fleet of member1 and of a host that has leases/web, which is the fleet's, and leases/foreign, which is not, at version 70; the fleet's position for version n is 9000 + n. */
function bed(isOnHost = true) {
  const asked: { method: string; path: string; body: unknown }[] = []
  const host = {
    cluster: '', source: { id: 'host' },
    handler: ({ path }) => (path.endsWith('/web') ? json(200, ours) : path.endsWith('/foreign') ? json(200, lease({ name: 'foreign', uid: 'u2', labels: { a: 'b' } })) : json(404, { kind: 'Status', reason: 'NotFound', message: 'not there' })),
    pass: async (path, { method, body }) => {
      const text = body ? Buffer.from(await bytesOf({ status: 200, headers: [], body })).toString() : ''
      asked.push({ method, path, body: /[}\]]$/.test(text) ? JSON.parse(text) as unknown : text })
      return json(200, ours)
    },
  } as Partial<FleetMember> as FleetMember
  const objects = new MemberObjects({
    kind, combine: identityBound('Lease', undefined), member: () => undefined, now: () => 0, positionAfter: (_, __, version) => Promise.resolve(String(9000 + version)), hasSeen: (_, position, __, version) => Number(position) >= 9000 + version, folded: () => undefined,
    host: () => (isOnHost ? hostObjects({ member: host, ownNamespace: 'federation-system', of: { group: kind.group, resource: kind.plural } }) : undefined),
  })
  const send = async (method: string, name: string | undefined, body?: unknown, { type = JSON_TYPE, namespace = 'shop' } = {}) => {
    const bytes = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), headers: Headers = [['accept', JSON_TYPE], ...(bytes ? [['content-type', type] as const, ['content-length', String(bytes.length)] as const] : [])]
    const request: Request = { method, path: `${PATH}/${namespace}/leases${name === undefined ? '' : `/${name}`}`, query: new URLSearchParams(), headers, ...(bytes && { body: once(bytes) }) }
    const response = await objects.passOn(name, request, signal).catch((error: unknown) => respondError(error, request))
    return { status: response.status, object: JSON.parse(Buffer.from(await bytesOf(response)).toString()) as KubeObject }
  }
  return { asked, send }
}
const json = (status: number, body: object) => Promise.resolve({ status, headers: [], body: Buffer.from(JSON.stringify(body)) })

test('what names no cluster is created on the host, under the fleet\'s label', async () => {
  const { asked, send } = bed()
  expect(await send('POST', undefined, lease({ name: 'web', labels: { a: 'b' } }))).toEqual({ status: 200, object: { ...ours, metadata: { ...ours.metadata, resourceVersion: '9070' } } })
  expect(asked).toEqual([{ method: 'POST', path: `${PATH}/shop/leases`, body: lease({ name: 'web', namespace: 'shop', labels: { a: 'b', [FLEET]: 'default' } }) }])
})

describe('what is written is about the very object that was found, in the host\'s terms', () => {
  test.each<[string, string, unknown, string, unknown]>([
    ['a whole object, which keeps the label', 'PUT', lease({ name: 'web', resourceVersion: '9070', labels: { a: 'b' } }), JSON_TYPE, lease({ name: 'web', namespace: 'shop', resourceVersion: '70', labels: { a: 'b', [FLEET]: 'default' }, uid: 'u1' })],
    ['an older version, which is in conflict', 'PUT', lease({ name: 'web', uid: 'other', resourceVersion: '9069' }), JSON_TYPE, lease({ name: 'web', namespace: 'shop', uid: 'other', resourceVersion: '1', labels: { [FLEET]: 'default' } })],
    ['an apply, which keeps the label', 'PATCH', 'metadata: {name: web}', APPLY, { metadata: { name: 'web', uid: 'u1', labels: { [FLEET]: 'default' } } }],
    ['a patch', 'PATCH', { metadata: { labels: { a: null } }, spec: { leaseTransitions: 1 } }, MERGE, { metadata: { labels: { a: null }, uid: 'u1' }, spec: { leaseTransitions: 1 } }],
    ['operations', 'PATCH', [{ op: 'remove', path: '/spec' }], OPERATIONS, [{ op: 'test', path: '/metadata/uid', value: 'u1' }, { op: 'remove', path: '/spec' }]],
    ['a deletion', 'DELETE', undefined, '', { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: 'u1' } }],
    ['a deletion with conditions', 'DELETE', { preconditions: { resourceVersion: '9070' } }, JSON_TYPE, { preconditions: { resourceVersion: '70', uid: 'u1' } }],
    ['a patch that cannot be read, which is left to the host', 'PATCH', '{"metadata', MERGE, '{"metadata'],
  ])('%s', async (_, method, body, type, expected) => {
    const { asked, send } = bed()
    expect((await send(method, 'web', body, { type })).object).toMatchObject({ metadata: { name: 'web', resourceVersion: '9070' } })
    expect(asked).toEqual([{ method, path: `${PATH}/shop/leases/web`, body: expected }])
  })
})

test.each<[string, string, string | undefined, unknown, string, number, string]>([
  ['what is the host\'s alone', 'PUT', 'foreign', lease({ name: 'foreign' }), 'shop', 404, 'leases.coordination.k8s.io "foreign" not found'],
  ['its deletion', 'DELETE', 'foreign', undefined, 'shop', 404, 'leases.coordination.k8s.io "foreign" not found'],
  ['what is not there', 'PATCH', 'gone', {}, 'shop', 404, 'leases.coordination.k8s.io "gone" not found'],
  ['a namespace of the host', 'POST', undefined, lease({ name: 'kube-scheduler' }), 'kube-system', 403, 'leases.coordination.k8s.io "kube-scheduler" is forbidden: namespace kube-system belongs to the host, and is not changed through a fleet'],
  ['this server\'s own namespace', 'DELETE', 'web', undefined, 'federation-system', 403, 'leases.coordination.k8s.io "web" is forbidden: namespace federation-system belongs to the host, and is not changed through a fleet'],
  ['a cluster\'s label', 'PUT', 'web', lease({ name: 'web', labels: { 'cluster.federation/name': 'member1' } }), 'shop', 400, 'the label cluster.federation/name says where the object is, which is the host: it cannot become "member1"'],
])('refused: %s', async (_, method, name, body, namespace, code, message) => {
  const { asked, send } = bed()
  expect((await send(method, name, body, { namespace, type: method === 'PATCH' ? MERGE : JSON_TYPE })).object).toMatchObject({ code, message })
  expect(asked).toEqual([])
})

test('without a home on the host a cluster has to be named', async () => {
  const { asked, send } = bed(false)
  expect((await send('POST', undefined, lease({ name: 'web' }))).object).toMatchObject({ code: 400, message: 'leases.coordination.k8s.io "web" lives in one cluster, which has to be named: as web@CLUSTER, or by the label cluster.federation/name' })
  expect((await send('DELETE', 'web')).status).toBe(404)
  expect(asked).toEqual([])
})
