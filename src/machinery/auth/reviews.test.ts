import { expect, test } from 'vitest'
import { systemClock } from '../../lib/clock.ts'
import type { Handler, User } from '../meta/core.ts'
import { parseJson } from '../meta/json.ts'
import type { Attributes } from './authorizer.ts'
import { attributesOf, denyAll, forbidden, withPrivileges } from './authorizer.ts'
import { impersonate } from './impersonation.ts'
import { requestInfo } from './request-info.ts'
import { subjectAccessReviews } from './subject-access-review.ts'
import { bearerToken, tokenReviews } from './token-review.ts'

const { signal } = new AbortController(), user: User = { name: 'alice', groups: ['dev'], extra: {} }
const attributes = (method: string, path: string, query = ''): Attributes => attributesOf(user, requestInfo(method, path, new URLSearchParams(query)))

/** A host that answers every review by `judge` and remembers what was asked. */
function hostOf(judge: (spec: Record<string, unknown>) => object) {
  const asked: Record<string, unknown>[] = []
  const host: Handler = async ({ body }) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of body!) chunks.push(chunk)
    const { spec } = parseJson(Buffer.concat(chunks).toString()) as { spec: Record<string, unknown> }
    asked.push(spec)
    return { status: 201, headers: [], body: Buffer.from(JSON.stringify({ status: judge(spec) })) }
  }
  return { host, asked }
}

test('a token is asked for once however many come with it, and its answer counts for ten seconds', async () => {
  const { host, asked } = hostOf(({ token }) => ({ authenticated: token === 'good', user: { username: 'alice', uid: '1', groups: ['dev'], extra: { a: ['b'] } } }))
  let now = 0
  const reviews = tokenReviews({ host, clock: { ...systemClock, now: () => now }, random: Math.random, hashKey: Buffer.from('key') })
  const present = (token: string) => reviews.authenticate({ method: 'GET', path: '/', query: new URLSearchParams(), headers: [['authorization', `bearer ${token}`]] }, signal)
  expect(await Promise.all([present('good'), present('good')])).toEqual([1, 2].map(() => ({ name: 'alice', uid: '1', groups: ['dev'], extra: { a: ['b'] } })))
  await expect(present('bad')).rejects.toThrow('invalid bearer token')
  await expect(present('bad')).rejects.toThrow('invalid bearer token')
  expect(asked).toHaveLength(2)
  now = 10_001
  await present('good')
  expect(asked).toHaveLength(3)
})

test.each([['Bearer abc', 'abc'], ['bearer abc', 'abc'], ['Bearer  abc', undefined], ['Basic abc', undefined], [undefined, undefined]])('Authorization %s', (value, token) => {
  expect(bearerToken(value)).toBe(token)
})

test('a review says what is asked, with selectors, and nothing empty', async () => {
  const { host, asked } = hostOf(() => ({ allowed: true, reason: 'RBAC: allowed' })), reviews = subjectAccessReviews({ host, clock: systemClock, random: Math.random })
  const list = attributes('GET', '/apis/G/v/namespaces/n/rs', 'labelSelector=a%3Db,!c&fieldSelector=spec.x!%3D1')
  expect(await reviews.authorize(list, signal)).toEqual({ allowed: true, reason: 'RBAC: allowed' })
  await reviews.authorize(list, signal)
  await reviews.authorize(attributes('GET', '/version'), signal)
  expect(asked).toEqual([
    { user: 'alice', groups: ['dev'], resourceAttributes: { verb: 'list', namespace: 'n', group: 'G', version: 'v', resource: 'rs', labelSelector: { requirements: expect.arrayContaining([{ key: 'a', operator: 'In', values: ['b'] }, { key: 'c', operator: 'DoesNotExist' }]) as unknown }, fieldSelector: { requirements: [{ key: 'spec.x', operator: 'NotIn', values: ['1'] }] } } },
    { user: 'alice', groups: ['dev'], nonResourceAttributes: { path: '/version', verb: 'get' } },
  ])
})

test('a host that refuses the review is an error, no answer', async () => {
  const reviews = subjectAccessReviews({ host: () => Promise.resolve({ status: 403, headers: [], body: Buffer.from('no') }), clock: systemClock, random: Math.random })
  await expect(reviews.authorize(attributes('GET', '/version'), signal)).rejects.toThrow('no')
})

test('administrators and probes pass', async () => {
  const authorizer = withPrivileges(denyAll), allowed = async (asked: Attributes) => (await authorizer.authorize(asked, signal)).allowed
  expect(await Promise.all([allowed({ ...attributes('GET', '/apis/G/v/rs'), user: { ...user, groups: ['system:masters'] } }), allowed(attributes('GET', '/readyz')), allowed(attributes('GET', '/readyz/ping')), allowed(attributes('GET', '/version'))])).toEqual([true, true, false, false])
})

test.each([
  ['GET', '/apis/G/v/namespaces/n/rs/x/status', 'rs.G "x" is forbidden: User "alice" cannot get resource "rs/status" in API group "G" in the namespace "n": why'],
  ['GET', '/api/v1/nodes', 'nodes is forbidden: User "alice" cannot list resource "nodes" in API group "" at the cluster scope: why'],
  ['GET', '/metrics', 'forbidden: User "alice" cannot get path "/metrics": why'],
])('%s %s', (method, path, message) => {
  expect(forbidden(attributes(method, path), 'why').message).toBe(message)
})

test('impersonation needs the right to each part, and leaves no trace in the headers', async () => {
  const asked: unknown[] = [], authorizer = { authorize: ({ resource }: Attributes) => { asked.push([resource!.resource, resource!.name, resource!.subresource].join(' ')); return Promise.resolve({ allowed: resource!.name !== 'root', reason: '' }) } }
  const act = (headers: [string, string][]) => impersonate({ method: 'GET', path: '/', query: new URLSearchParams(), headers: [...headers, ['accept', 'x']] }, user, authorizer, signal)
  expect(await act([['impersonate-user', 'bob'], ['impersonate-group', 'ops'], ['impersonate-extra-scope', 's'], ['impersonate-uid', '7']])).toMatchObject({ user: { name: 'bob', uid: '7', groups: ['ops', 'system:authenticated'], extra: { scope: ['s'] } }, headers: [['accept', 'x']] })
  expect(asked).toEqual(['users bob ', 'groups ops ', 'userextras s scope', 'uids 7 '])
  expect((await act([['impersonate-user', 'system:serviceaccount:n:a']])).user?.groups).toEqual(['system:serviceaccounts', 'system:serviceaccounts:n', 'system:authenticated'])
  await expect(act([['impersonate-user', 'root']])).rejects.toThrow('users "root" is forbidden: User "alice" cannot impersonate resource "users"')
  await expect(act([['impersonate-group', 'ops']])).rejects.toThrow('without impersonating a user')
  expect((await act([])).user).toBeUndefined()
})
