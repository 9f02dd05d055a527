import { expect, test } from 'vitest'
import type { Member } from '../federation/member/member.ts'
import type { Request } from '../machinery/meta/core.ts'
import type { Fleet } from './fleets.ts'
import { memberSubresources } from './member-subresources.ts'
import type { UnionKind } from './union-kinds.ts'

const { signal } = new AbortController(), served = (kind: string, plural: string, subresources: string[]) => ({ group: '', version: 'v1', kind, plural, subresources }) as Partial<UnionKind> as UnionKind
const request: Request = { method: 'GET', path: '', query: new URLSearchParams(), headers: [], user: { name: 'alice', groups: [], extra: {} } }

function bed(kind: UnionKind, bound: boolean) {
  const asked: string[] = [], member = { name: 'member1', impersonator: { handler: ({ path }: Request) => { asked.push(path); return Promise.resolve({ status: 200, headers: [], body: Buffer.alloc(0) }) } } } as unknown as Member
  const fleet = { merged: { member: (name: string) => (name === 'member1' ? {} : undefined) } } as unknown as Fleet
  return { asked, connectors: memberSubresources(() => fleet, kind, { bound, members: { get: () => member } }) }
}

test.each([
  ['pods', 'web@member1', '/', '/api/v1/namespaces/shop/pods/web/proxy/'],
  ['pods', 'web@member1:8080', '/metrics', '/api/v1/namespaces/shop/pods/web:8080/proxy/metrics'],
  ['services', 'https:web@member1:8443', '/a/b', '/api/v1/namespaces/shop/services/https:web:8443/proxy/a/b'],
  ['services', 'web:80@member1', '', '/api/v1/namespaces/shop/services/web:80/proxy'],
])('%s %s is what the member calls it', async (plural, name, path, expected) => {
  const { asked, connectors } = bed(served(plural === 'pods' ? 'Pod' : 'Service', plural, ['proxy', 'status']), true)
  expect(connectors!['proxy']!.responseKind.kind).toBe(plural === 'pods' ? 'PodProxyOptions' : 'ServiceProxyOptions')
  await connectors!['proxy']!.handle({ namespace: 'shop', name, path }, request, signal)
  expect(asked).toEqual([expected])
})

test.each(['web', 'web:80', 'web@member2', 'http:web:80@'])('%s is not found', async (name) => {
  const { asked, connectors } = bed(served('Pod', 'pods', ['proxy']), true)
  await expect(connectors!['proxy']!.handle({ namespace: 'shop', name, path: '' }, request, signal)).rejects.toMatchObject({ reason: 'NotFound' })
  expect(asked).toEqual([])
})

test('what is folded cannot be connected to; of a Service it is said where it can', async () => {
  expect(bed(served('Deployment', 'deployments', ['scale']), false).connectors).toBeUndefined()
  const { proxy } = bed(served('Service', 'services', ['proxy']), false).connectors!
  expect(proxy!.verbs, 'nor advertised').toEqual([])
  await expect(proxy!.handle({ namespace: 'shop', name: 'web', path: '' }, request, signal)).rejects.toMatchObject({ code: 405, message: expect.stringContaining('below /by-cluster') })
})
