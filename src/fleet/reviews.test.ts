import { expect, test } from 'vitest'
import { systemClock as clock } from '../lib/clock.ts'
import type { Attributes, Authorizer } from '../machinery/auth/authorizer.ts'
import { getJson, postJson } from '../machinery/client/json-client.ts'
import type { Handler, Headers, User } from '../machinery/meta/core.ts'
import { discover } from '../machinery/server/discovery.ts'
import { resourceHandler } from '../machinery/server/resource-handler.ts'
import { ReviewedCatalog } from './reviews.ts'

const { signal } = new AbortController(), ann: User = { name: 'ann', uid: '7', groups: ['dev', 'system:authenticated'], extra: { 'example.org/a': ['x'] } }
const AUTHORIZATION = '/apis/authorization.k8s.io/v1', AUTHENTICATION = '/apis/authentication.k8s.io/v1', WEB = { verb: 'get', group: 'apps', resource: 'deployments', namespace: 'shop' }

/** bob may do everything, others nothing. */
function bed(host?: Handler) {
  const asked: Attributes[] = [], authorizer: Authorizer = { authorize: (attributes) => { asked.push(attributes); return Promise.resolve({ allowed: attributes.user.name === 'bob', reason: 'he is bob' }) } }
  const catalog = new ReviewedCatalog({ groups: () => [] }, { authorizer, rulesOf: undefined, own: () => new Map(), host: () => host }), handle = resourceHandler(catalog, { clock, random: Math.random, authorizer })
  const server: Handler = (request, inner) => handle({ ...request, user: ann, headers: [...request.headers, ['authorization', 'Bearer ann']] }, inner)
  return { asked, catalog, server, review: (path: string, spec: object) => postJson<{ kind: string; status: object }>(server, path, { spec }, signal) }
}

test('others may be asked about, in the vocabulary of the fleet', async () => {
  const { asked, review } = bed(), about = (user: object, attributes: object = WEB) => ({ ...user, resourceAttributes: attributes })
  expect(await review(`${AUTHORIZATION}/subjectaccessreviews`, about({ user: 'bob', groups: ['ops'], uid: '9', extra: { a: ['b'] } }))).toMatchObject({ kind: 'SubjectAccessReview', status: { allowed: true, reason: 'he is bob' } })
  expect(asked[0]).toMatchObject({ user: { name: 'bob', uid: '9', groups: ['ops'], extra: { a: ['b'] } }, verb: 'get', resource: { group: 'apps.federation', resource: 'deployments', namespace: 'shop' } })
  expect(await review(`${AUTHORIZATION}/selfsubjectaccessreviews`, about({ user: 'bob' })), 'oneself is whoever asks').toMatchObject({ status: { allowed: false } })
  expect(await review(`${AUTHORIZATION}/namespaces/shop/localsubjectaccessreviews`, about({ user: 'bob' }))).toMatchObject({ metadata: { namespace: 'shop' }, status: { allowed: true } })
  await expect(review(`${AUTHORIZATION}/namespaces/other/localsubjectaccessreviews`, about({ user: 'bob' }))).rejects.toMatchObject({ code: 422, message: expect.stringContaining('must match metadata.namespace') as string })
  await expect(review(`${AUTHORIZATION}/subjectaccessreviews`, about({}))).rejects.toMatchObject({ code: 422, message: expect.stringContaining('at least one of user or group must be specified') as string })
  await expect(review(`${AUTHORIZATION}/subjectaccessreviews`, { user: 'bob' })).rejects.toMatchObject({ code: 422, message: expect.stringContaining('exactly one of nonResourceAttributes or resourceAttributes must be specified') as string })
})

test('who one is', async () => {
  expect(await bed().review(`${AUTHENTICATION}/selfsubjectreviews`, {})).toMatchObject({ kind: 'SelfSubjectReview', status: { userInfo: { username: 'ann', uid: '7', groups: ['dev', 'system:authenticated'], extra: { 'example.org/a': ['x'] } } } })
})

test('tokens are the host\'s business, which does not see whose request it was', async () => {
  const seen: Headers[] = [], { review } = bed(({ headers }) => { seen.push(headers); return Promise.resolve({ status: 201, headers: [], body: Buffer.from('{"kind":"TokenReview","status":{"authenticated":true}}') }) })
  expect(await review(`${AUTHENTICATION}/tokenreviews`, { token: 'x' })).toEqual({ kind: 'TokenReview', status: { authenticated: true } })
  expect(seen[0]!.map(([name]) => name)).not.toContain('authorization')
  await expect(bed().review(`${AUTHENTICATION}/tokenreviews`, { token: 'x' })).rejects.toMatchObject({ code: 503 })
})

test('they can be created, and nothing else', async () => {
  const { catalog, server } = bed(), document = discover(catalog, ['apis', 'authorization.k8s.io', 'v1'], { method: 'GET', path: '', query: new URLSearchParams(), headers: [] })
  const { resources } = JSON.parse(Buffer.from(document.body as Uint8Array).toString()) as { resources: { name: string; namespaced: boolean; verbs: string[] }[] }
  expect(resources.map(({ name, namespaced, verbs }) => [name, namespaced, verbs.join()])).toEqual([['localsubjectaccessreviews', true, 'create'], ['selfsubjectaccessreviews', false, 'create'], ['selfsubjectrulesreviews', false, 'create'], ['subjectaccessreviews', false, 'create']])
  for (const path of ['tokenreviews', 'tokenreviews/x', 'tokenreviews?watch=true', 'watch/tokenreviews']) await expect(getJson(server, `${AUTHENTICATION}/${path}`, signal)).rejects.toMatchObject({ code: 405 })
})
