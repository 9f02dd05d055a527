import { describe, expect, test } from 'vitest'
import type { Request, Response, User } from '../../machinery/meta/core.ts'
import { isReason } from '../../machinery/meta/status-error.ts'
import { forwarded, impersonate, returned, safePath } from './impersonate.ts'
import type { Member } from './member.ts'
import { clusterProxy, passThrough } from './pass-through.ts'

const user = (name: string, ...groups: string[]): User => ({ name, groups: [...groups, 'system:authenticated'], extra: {} }), signal = new AbortController().signal

describe('a user as a member sees it', () => {
  test.each<[string, User, string, string[]]>([
    ['an ordinary one', user('alice', 'dev'), 'alice', ['dev', 'system:authenticated']],
    ['an administrator of the host is none of the member', user('admin', 'system:masters'), 'admin', ['federation:masters', 'system:authenticated']],
    ['service accounts of the host are nobody there', user('system:serviceaccount:shop:default', 'system:serviceaccounts', 'system:serviceaccounts:shop'), 'federation:system:serviceaccount:shop:default', ['system:authenticated']],
    ['what we write cannot be brought along', user('federation:system:node:n1', 'federation:masters'), 'federation:federation:system:node:n1', ['system:authenticated']],
    ['commas do not separate groups', user('bob', 'x, system:masters'), 'bob', ['x, system:masters', 'system:authenticated']],
    ['names are UTF-8 on the wire', user('zoë'), Buffer.from('zoë').toString('latin1'), ['system:authenticated']],
  ])('%s', (_name, who, name, groups) => {
    expect(impersonate(who)).toEqual([['impersonate-user', name], ...groups.map((group) => ['impersonate-group', group])])
  })

  test('an anonymous user would be an authenticated one there, and a line break another header', () => {
    expect(() => impersonate({ name: 'system:anonymous', groups: ['system:unauthenticated'], extra: {} })).toThrow('Unauthorized')
    expect(() => impersonate(user('a\r\nimpersonate-group: system:masters'))).toThrow(/control characters/)
  })
})

test('credentials and identities of clients stay here, and so do cookies of members', () => {
  expect(forwarded([['accept', 'a'], ['authorization', 'Bearer x'], ['impersonate-user', 'root'], ['x-remote-user', 'root'], ['cookie', 'c'], ['x-forwarded-for', '1'], ['sec-websocket-protocol', 'v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.c2VjcmV0']]))
    .toEqual([['accept', 'a'], ['sec-websocket-protocol', 'v5.channel.k8s.io']])
  expect(returned([['content-type', 'a'], ['set-cookie', 'c'], ['www-authenticate', 'Basic']])).toEqual([['content-type', 'a']])
})

describe('paths', () => {
  test.each([['', '/'], ['/', '/'], ['/api/v1/pods', '/api/v1/pods'], ['/api/v1/namespaces/a/services/http:web:80/proxy/', '/api/v1/namespaces/a/services/http:web:80/proxy/'], ['/a%20b/%7e', '/a%20b/~'], ['/web@member1', '/web@member1']])('%s → %s', (path, safe) => { expect(safePath(path)).toBe(safe) })
  test.each(['/a//b', '/./a', '/a/..', '/%2e%2e/a', '/a%2fb', '/a%5cb', '/%00', '/%zz', 'a', '//'])('%s is refused', (path) => { expect(() => safePath(path)).toThrow(expect.objectContaining({ reason: 'BadRequest' })) })
})

describe('passing through', () => {
  const member = (answer: Response, seen: Request[] = []) => ({ name: 'member1', impersonator: { handler: (request: Request) => { seen.push(request); return Promise.resolve(answer) } } }) as unknown as Member
  const request: Request = { method: 'GET', path: '/apis/…/proxy/api/v1/pods', query: new URLSearchParams('limit=1'), headers: [['accept', 'a'], ['authorization', 'Bearer x']], user: user('alice') }
  const ok: Response = { status: 200, headers: [['set-cookie', 'c'], ['etag', 'e']], body: Buffer.from('ok') }

  test('as the user, with the path behind proxy', async () => {
    const seen: Request[] = []
    expect(await clusterProxy({ get: () => member(ok, seen) }).handle({ name: 'member1', path: '/api/v1/pods' }, request, signal)).toEqual({ status: 200, headers: [['etag', 'e']], body: Buffer.from('ok') })
    expect(seen.map(({ path, query, headers }) => [path, query.toString(), headers])).toEqual([['/api/v1/pods', 'limit=1', [['accept', 'a'], ['impersonate-user', 'alice'], ['impersonate-group', 'system:authenticated']]]])
  })

  test('redirects and refusals of our own credential are errors, an unknown cluster is not found', async () => {
    await expect(passThrough(member({ ...ok, status: 302 }), '/', request, signal)).rejects.toThrow(/redirect/)
    await expect(passThrough(member({ ...ok, status: 401 }), '/', request, signal)).rejects.toThrow(expect.objectContaining({ reason: 'ServiceUnavailable' }))
    expect((await passThrough(member({ ...ok, status: 304 }), '/', request, signal)).status).toBe(304)
    expect((await passThrough(member({ ...ok, status: 403 }), '/', request, signal)).status).toBe(403)
    const missing = await clusterProxy({ get: () => undefined }).handle({ name: 'x', path: '' }, request, signal).catch((error: unknown) => error)
    expect(isReason(missing, 'NotFound')).toBe(true)
  })
})
