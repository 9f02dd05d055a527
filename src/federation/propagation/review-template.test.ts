import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/logger.ts'
import { bytesOf } from '../../machinery/client/failure.ts'
import { getJson } from '../../machinery/client/json-client.ts'
import type { KubeObject, Request } from '../../machinery/meta/core.ts'
import { SeededRandom } from '../../simulation/seeded-random.ts'
import { createSimulatedMember } from '../../simulation/simulated-member.ts'
import { discover } from '../member/discovery.ts'
import { SERVER } from '../template/server-user.ts'
import { builtInTargets } from '../template/target-kind.ts'
import { candidates, needsReview, type ReviewMember, templateReview } from './review-template.ts'

let stop = new AbortController()
afterEach(() => { stop.abort(); stop = new AbortController() })

const target = (kind: string) => builtInTargets.find((one) => one.kind === kind)!
const configMap = (data: unknown = { a: 'b' }, metadata: KubeObject['metadata'] = {}): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'shop', name: 'settings', ...metadata }, data })
interface Asked { readonly member: string; readonly path: string; readonly query: string; readonly body: KubeObject }

/** Simulated members, what they were asked, and the review over them; the first member comes first. */
async function bed(count: number, timeoutMs = 5_000) {
  const asked: Asked[] = [], warned: string[] = []
  const members = await Promise.all(Array.from({ length: count }, async (_, index) => {
    const member = await createSimulatedMember({ name: `member${index + 1}`, nodes: 1, clock: systemClock, seed: 'review', logger: silentLogger }, stop.signal), discovery = await discover(member.handler, undefined, stop.signal)
    const record = async (request: Request) => {
      const body = Buffer.from(await bytesOf({ status: 200, headers: [], body: request.body! }))
      asked.push({ member: member.name, path: request.path, query: request.query.toString(), body: JSON.parse(body.toString()) as KubeObject })
      // oxlint-disable-next-line require-await -- a body is an async iterable
      return { ...request, body: (async function* () { yield body })() }
    }
    const seen: ReviewMember = { name: member.name, state: { state: 'ready' }, discovery, handler: async (request, signal) => member.handler(request.body ? await record(request) : request, signal) }
    return { ...member, seen }
  }))
  const seeded = new SeededRandom('review'), random = () => seeded.next(), first = { done: false }
  // The first draw chooses the member to begin with.
  const review = templateReview({ members: (namespace) => { first.done = false; return namespace === 'secluded' ? [] : members.map(({ seen }) => seen) }, clock: systemClock, timeoutMs, random: () => (first.done ? random() : ((first.done = true), 0)) })
  const ask = (native: KubeObject, old?: KubeObject) => review(target(native.kind!), native, old, { ...SERVER, warn: (text) => { warned.push(text) } }, stop.signal)
  return { members, asked, warned, ask }
}

test('one member is asked, once, and nothing of it stays', async () => {
  const { members: [first], asked, warned, ask } = await bed(2)
  await first!.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  await ask(configMap({ a: 'b' }, { labels: { x: 'y' }, uid: 'u', resourceVersion: '7', finalizers: ['a/b'], annotations: { 'argocd.argoproj.io/tracking-id': 'z' } }))
  expect(asked).toEqual([{
    member: 'member1', path: expect.stringMatching(/^\/api\/v1\/namespaces\/shop\/configmaps\/review-\w{10}$/) as string, query: 'dryRun=All&force=true&fieldManager=federation',
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'shop', name: expect.stringMatching(/^review-/) as string, labels: { x: 'y' }, annotations: {} }, data: { a: 'b' } },
  }])
  expect((await getJson<{ items: unknown[] }>(first!.handler, '/api/v1/namespaces/shop/configmaps', stop.signal)).items).toEqual([])
  expect(warned).toEqual([])
})

test('where the member has no such namespace another one stands in, at once the next time', async () => {
  const { asked, ask } = await bed(1)
  await ask(configMap())
  await ask(configMap({ a: 'c' }))
  expect(asked.map(({ path }) => path.split('/')[4])).toEqual(['shop', 'default', 'default'])
  expect(asked[1]!.body.metadata.namespace).toBe('default')
})

test('what the member refuses is refused, with the real name', async () => {
  const { ask } = await bed(1)
  await expect(ask(configMap({ a: 1 }))).rejects.toMatchObject({ reason: 'Invalid', message: expect.stringMatching(/^ConfigMap "settings" is invalid: data\.a: /) as string })
})

describe('another member is asked', () => {
  test.each<[string, 'pause' | 'refuse']>([['where one does not answer', 'pause'], ['where one cannot be reached', 'refuse']])('%s', async (_, fault) => {
    const { members, asked, ask } = await bed(2, 300)
    members[0]!.faults[fault]()
    await expect(ask(configMap({ a: 1 }))).rejects.toMatchObject({ reason: 'Invalid' })
    expect(asked.map(({ member }) => member)).toEqual(['member1', 'member2'])
  })
  test('and where none answers, the object is accepted', async () => {
    const { members, asked, warned, ask } = await bed(4, 300)
    for (const { faults } of members) faults.refuse()
    await ask(configMap({ a: 1 }))
    expect([asked.map(({ member }) => member), warned]).toEqual([['member1', 'member2', 'member3'], []])
  })
  test('and none where the namespace may use none of them', async () => {
    const { asked, ask } = await bed(1)
    await ask(configMap({ a: 1 }, { namespace: 'secluded' }))
    expect(asked).toEqual([])
  })
  test('but not once the client has gone', async () => {
    const { members: [first], ask } = await bed(2, 5_000)
    first!.faults.pause()
    const asking = ask(configMap())
    stop.abort(new Error('gone'))
    await expect(asking).rejects.toThrow('gone')
  })
})

test('values of Secrets are not sent', async () => {
  const { asked, ask } = await bed(1)
  await ask({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'default', name: 's' }, type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': 'c2VjcmV0', other: 'c2VjcmV0' }, stringData: { more: 'secret' } })
  expect(asked.map(({ body: { data, stringData } }) => ({ data, stringData }))).toEqual([{ data: { '.dockerconfigjson': 'e30=', other: 'IA==' }, stringData: { more: ' ' } }])
})

test.each<[string, string, KubeObject, KubeObject | undefined, boolean]>([
  ['a new object', 'ConfigMap', configMap(), undefined, true],
  ['a change', 'ConfigMap', configMap({ a: 'c' }), configMap(), true],
  ['what is not sent', 'ConfigMap', configMap({ a: 'b' }, { finalizers: ['a/b'], resourceVersion: '2' }), configMap(), false],
  ['an object that goes', 'ConfigMap', configMap({ a: 'c' }, { deletionTimestamp: '2026-01-01T00:00:00Z' }), configMap(), false],
  ['a namespace', 'Namespace', { metadata: { name: 'shop' } }, undefined, false],
])('%s', (_, kind, native, old, expected) => { expect(needsReview(target(kind), native, old)).toBe(expected) })

test('members are asked that are ready and serve the very version, beginning anywhere', () => {
  const kind = (version: string, verbs = ['patch']) => ({ kinds: [{ group: 'apps', version, plural: 'deployments', verbs } as unknown as NonNullable<ReviewMember['discovery']>['kinds'][number]], stale: [], tags: [] })
  const member = (name: string, discovery: ReviewMember['discovery'], state: ReviewMember['state'] = { state: 'ready' }) => ({ name, state, discovery })
  const members = [member('a', kind('v1')), member('b', kind('v1'), { state: 'unreachable', since: 0, reason: '' }), member('c', kind('v1beta1')), member('d', undefined), member('e', kind('v1', ['get'])), member('f', kind('v1')), member('g', kind('v1'))]
  const names = (random: number) => candidates(members, target('Deployment'), () => random).map(({ name }) => name)
  expect([names(0), names(0.5), names(0.99)]).toEqual([['a', 'f', 'g'], ['f', 'g', 'a'], ['g', 'a', 'f']])
})
