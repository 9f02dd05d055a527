import { describe, expect, test } from 'vitest'
import { ManualClock, settle } from '../../../test/suites/manual-clock.ts'
import { testKind } from '../../../test/suites/test-kind.ts'
import type { Handler, Request, Response } from '../../machinery/meta/core.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'
import { MemberCaches, type MemberCacheState } from './member-caches.ts'

const kind = testKind(false), object = (name: string, version: number, text = '') => ({ metadata: { name, resourceVersion: String(version) }, text })
const line = (type: string, it: unknown) => `${JSON.stringify({ type, object: it })}\n`
const ended = (version: number) => line('BOOKMARK', { metadata: { resourceVersion: String(version), annotations: { 'k8s.io/initial-events-end': 'true' } } })

/** A member with one kind. Its watches can be cut, and what it remembers of the past is what a test says. */
class StubMember {
  readonly asked: string[] = []
  /** As servers before WatchList answer. */
  refusesStreams = false
  isForgetful = false
  isDown = false
  /** Lists are answered, watches are not, or tell nothing. */
  hangs: 'unanswered' | 'mute' | undefined
  /** What it tells of the time before. Undefined: it has forgotten. */
  past: string | undefined
  state = [object('a', 1), object('b', 2)]
  version = 5
  #watches = new Set<(text: string | undefined) => void>()

  readonly handler: Handler = async (request, signal) => { await Promise.resolve(); return this.#answer(request, signal) }
  tell(text: string): void { for (const write of this.#watches) write(text) }
  cut(): void { for (const write of this.#watches) write(undefined) }

  #answer({ query }: Request, signal: AbortSignal): Response {
    const initial = query.get('sendInitialEvents') === 'true', position = query.get('resourceVersion')
    this.asked.push(query.get('watch') ? (initial ? 'state' : `from ${position}`) : `list ${query.get('limit')}`)
    if (this.isDown) return json(StatusError.unavailable('down').status(), 503)
    if (query.get('timeoutSeconds')) return this.past === undefined ? json(StatusError.expired('too old resource version').status(), 410) : { status: 200, headers: [], body: Buffer.from(this.past) }
    if (!query.get('watch')) return json({ kind: 'ThingList', metadata: { resourceVersion: String(this.version) }, items: this.state })
    if (initial && this.refusesStreams) return json(StatusError.invalid({ group: '', kind: 'ListOptions' }, '', [{ type: 'FieldValueForbidden', field: 'sendInitialEvents', message: 'Forbidden' }]).status(), 422)
    if (this.hangs === 'unanswered') throw StatusError.unavailable('no answer in time')
    if (this.hangs === 'mute') return { status: 200, headers: [], body: this.#events('', signal) }
    if (!initial && this.isForgetful) return json(StatusError.expired('too old resource version').status(), 410)
    return { status: 200, headers: [], body: this.#events(initial ? this.state.map((it) => line('ADDED', it)).join('') + ended(this.version) : '', signal) }
  }

  async *#events(first: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const queue: (string | undefined)[] = first === '' ? [] : [first]
    let wake = () => {}
    const write = (text: string | undefined) => { queue.push(text); wake() }
    this.#watches.add(write)
    signal.addEventListener('abort', () => write(undefined))
    for (;;) {
      while (queue.length === 0) await new Promise<void>((resolve) => { wake = resolve })
      const text = queue.shift()
      if (text === undefined) break
      yield Buffer.from(text)
    }
    this.#watches.delete(write)
  }
}
const json = (value: unknown, status = 200): Response => ({ status, headers: [], body: Buffer.from(JSON.stringify(value)) })
const turns = async () => { for (let i = 0; i < 30; i++) await settle() }

async function bed(options: { readonly bytesMax?: number; readonly change?: (member: StubMember) => void; readonly onSetBack?: () => void } = {}) {
  const member = new StubMember(), clock = new ManualClock(0)
  options.change?.(member)
  const caches = new MemberCaches({ handler: member.handler, admit: () => Promise.resolve(), clock, random: Math.random, idleMs: 60_000, cluster: 'member1', streamed: true, ...(options.bytesMax !== undefined && { bytesMax: options.bytesMax }), ...(options.onSetBack && { onSetBack: options.onSetBack }) }), use = caches.acquire(kind)
  await turns()
  return { member, clock, caches, use, keys: () => use.cache.snapshot().flat().map(({ key }) => key) }
}

test('the state comes as a stream, its changes behind it, in one request', async () => {
  const { member, use, keys, caches } = await bed()
  member.tell(line('ADDED', object('c', 6)))
  await turns()
  expect([keys(), use.cache.position, member.asked, use.state()]).toEqual([['a', 'b', 'c'], '6', ['state'], { state: 'synced' }])
  caches.clear()
})

test('a member that has no such streams is read in pages', async () => {
  const { member, use, keys, caches } = await bed({ change: (it) => { it.refusesStreams = true } })
  expect([keys(), use.cache.position, member.asked]).toEqual([['a', 'b'], '5', ['state', 'list 500', 'from 5']])
  caches.clear()
})

test('after a cut it goes on where it was; only a member that has forgotten is read anew, and counted', async () => {
  const { member, clock, use, keys, caches } = await bed()
  member.tell(line('ADDED', object('c', 6)))
  member.version = 6
  await turns()
  for (let i = 0; i < 3; i++) {
    member.cut()
    await turns()
    await clock.advance(20_000)
    await turns()
  }
  // Each time it is first asked whether it was set back.
  expect([caches.relists, member.asked.filter((it) => it !== 'list 1')]).toEqual([0, ['state', 'from 6', 'from 6', 'from 6']])
  member.isForgetful = true
  member.state = [object('b', 2), object('d', 9)]
  member.version = 9
  member.cut()
  await turns()
  await clock.advance(20_000)
  await turns()
  expect([caches.relists, keys(), use.state()]).toEqual([1, ['b', 'd'], { state: 'synced' }])
  caches.clear()
})

test('a kind that nobody uses is dropped after a while, one that is used again before is kept', async () => {
  const { member, clock, use, caches } = await bed()
  use.release()
  await clock.advance(59_000)
  await turns()
  const again = caches.acquire(kind)
  expect([again.cache === use.cache, member.asked]).toEqual([true, ['state']])
  again.release()
  await clock.advance(59_000)
  await turns()
  expect([caches.held().objects, use.cache.isClosed]).toEqual([2, false])
  await clock.advance(2_000)
  await turns()
  expect([caches.held().objects, use.cache.isClosed]).toEqual([0, true])
})

test.each([['streamed', false], ['in pages', true]])('a kind of more than --cache-bytes-max is given up with a reason, and tried again later (%s)', async (_, refusesStreams) => {
  const large = (it: StubMember) => { it.refusesStreams = refusesStreams; it.state = Array.from({ length: 3 }, (_, i) => object(`a${i}`, i + 1, 'x'.repeat(400))) }
  const { member, clock, use, caches } = await bed({ bytesMax: 1_000, change: large }), message = /^things.* of cluster member1 are more than 1000 bytes, which is what --cache-bytes-max lets a kind of a cluster take: raise it, get objects by name, or ask the cluster itself/
  expect(use.state()).toMatchObject({ state: 'full', reason: expect.stringMatching(message) as string })
  await expect(use.cache.list({}, new AbortController().signal)).rejects.toMatchObject({ code: 503, message: expect.stringMatching(message) as string })
  expect(caches.held()).toEqual({ objects: 0, bytes: 0 })
  const asked = member.asked.length
  expect(caches.acquire(kind).state(), 'not asked again at once').toMatchObject({ state: 'full' })
  expect(member.asked).toHaveLength(asked)
  member.state = [object('a', 1)]
  await clock.advance(61_000)
  await turns()
  const later = caches.acquire(kind)
  await turns()
  expect([later.state(), later.cache.size]).toEqual([{ state: 'synced' }, 1])
  caches.clear()
})

test('one that grows beyond it is given up, too, and its watchers are told', async () => {
  const { member, use, caches } = await bed({ bytesMax: 1_000 }), states: MemberCacheState[] = [], { signal } = new AbortController()
  use.onState((state) => { states.push(state) })
  const watching = (async () => { for await (const _batch of use.cache.watch({}, signal)) { /* until it ends */ } })()
  for (let i = 0; i < 4; i++) member.tell(line('ADDED', object(`c${i}`, 6 + i, 'x'.repeat(400))))
  await expect(watching).rejects.toMatchObject({ code: 503, message: expect.stringContaining('--cache-bytes-max') as string })
  await turns()
  expect(states).toMatchObject([{ state: 'full' }])
  caches.clear()
})

test.each([
  ['a name that leads elsewhere', line('ADDED', object('../b', 6)), '"../b" is no name of an object of this kind'],
  ['what is no JSON', line('ADDED', object('c', 6, 'x')).replace('"x"', '{"a": x}'), 'object c is not well-formed JSON'],
])('%s is refused with all that came with it, and what was known before stays', async (_, text, reason) => {
  const { member, clock, use, keys, caches } = await bed()
  member.tell(text)
  await turns()
  expect([keys(), use.state()]).toEqual([['a', 'b'], { state: 'stale', since: 0, reason: expect.stringContaining(reason) as string, garbled: true }])
  member.state = [object('a', 1), object('c', 7)]
  member.isForgetful = true
  await clock.advance(20_000)
  await turns()
  expect([keys(), use.state()]).toEqual([['a', 'c'], { state: 'synced' }])
  caches.clear()
})

test('of a member that sent nothing else nothing is known, and why is told', async () => {
  const { use, caches } = await bed({ change: (it) => { it.refusesStreams = true; it.state = [object('a', 1), object('b', 1e15)] } })
  expect([use.cache.isReady, use.state()]).toMatchObject([false, { state: 'failed', reason: expect.stringContaining('is no resourceVersion that can be followed') as string, garbled: true }])
  caches.clear()
})

test('what came before a cache began is asked for once, and is history then', async () => {
  const { member, use, caches } = await bed(), { signal } = new AbortController()
  member.past = line('ADDED', object('b', 2)) + line('BOOKMARK', { metadata: { resourceVersion: '5' } })
  await Promise.all(['1', '1', '3'].map((position) => use.reachBack(position, signal)))
  expect([use.cache.oldest, use.cache.since('1')?.map(({ type, entry }) => `${type} ${entry.key}`), member.asked]).toEqual(['1', ['ADDED b'], ['state', 'from 1']])
  await use.reachBack('2', signal)
  expect(member.asked).toHaveLength(2)
  caches.clear()
})

test('a member that has forgotten is not asked again for what is as old; one that is out of reach is', async () => {
  const { member, use, caches } = await bed(), { signal } = new AbortController()
  await use.reachBack('3', signal)
  await use.reachBack('2', signal)
  expect([use.cache.oldest, member.asked.slice(1)]).toEqual(['5', ['from 3']])
  await use.reachBack('4', signal)
  expect(member.asked.slice(2)).toEqual(['from 4'])
  caches.clear()
  const silent = await bed()
  silent.member.isDown = true
  await silent.use.reachBack('3', signal)
  silent.member.isDown = false
  silent.member.past = line('BOOKMARK', { metadata: { resourceVersion: '5' } })
  await silent.use.reachBack('3', signal)
  expect(silent.use.cache.oldest).toBe('3')
  silent.caches.clear()
})

test('who leaves before the member has said all keeps nobody else from asking', async () => {
  const { member, use, caches } = await bed(), leaving = new AbortController()
  member.past = ''
  const left = use.reachBack('3', leaving.signal)
  leaving.abort()
  await left
  member.past = line('BOOKMARK', { metadata: { resourceVersion: '5' } })
  await use.reachBack('3', new AbortController().signal)
  expect(use.cache.oldest).toBe('3')
  caches.clear()
})

test.each([
  // Without an answer it is out of reach; what connects and says nothing is read anew before long.
  ['unanswered', ['a', 'b'], 'stale'], ['mute', ['b', 'c'], 'synced'],
] as const)('a half-dead member, whose watches are %s: it is read in lists, says how old they are, and is followed once it is well', async (hangs, held, state) => {
  const { member, clock, use, keys, caches } = await bed({ change: (it) => { it.hangs = hangs } }), states: string[] = []
  use.onState(({ state }) => { states.push(state) })
  const pass = async (ms: number) => { for (let passed = 0; passed < ms; passed += 1_000) { await clock.advance(1_000); await turns() } }
  await pass(60_000)
  expect(keys(), 'the first state came in pages').toEqual(['a', 'b'])
  member.state = [object('b', 2), object('c', 7)]
  member.version = 7
  await pass(180_000)
  expect([keys(), states]).toEqual([held, expect.arrayContaining([state])])
  member.hangs = undefined
  await pass(240_000)
  member.tell(line('ADDED', object('d', 8)))
  await turns()
  expect([keys().includes('d'), use.state()]).toEqual([true, { state: 'synced' }])
  caches.clear()
})

describe('a member that is set back', () => {
  const errorOf = async (promise: Promise<unknown>) => { try { return await promise } catch (error) { return error } }
  /** As a backup makes it: fewer objects, an earlier version, streams cut. */
  const restore = async ({ member, clock }: Awaited<ReturnType<typeof bed>>, version: number) => {
    member.state = [object('a', 1)]
    member.version = version
    member.cut()
    await turns()
    await clock.advance(20_000)
    await turns()
  }

  test('is noticed when a stream is opened again: what was held stays for comparing, and all kinds are read anew', async () => {
    let told = 0
    const it = await bed({ onSetBack: () => { told++ } }), { caches, use } = it, other = caches.acquire(kind, 'app=web')
    await turns()
    caches.countSetBacks(3)
    const watching = errorOf(use.cache.watch({}, new AbortController().signal).next())
    await restore(it, 4)
    expect(await watching).toMatchObject({ code: 410, message: 'things are at 4 and were at 5: the cluster was set back' })
    expect([caches.setBack, told, use.cache.isClosed, other.cache.isClosed, it.keys(), use.state()]).toEqual([{ times: 3, version: 4 }, 1, true, true, ['a', 'b'], { state: 'stale', since: 0, reason: expect.stringContaining('was set back') as string, garbled: false }])
    const again = caches.acquire(kind)
    await turns()
    expect([again.cache.snapshot().flat().map(({ key }) => key), again.cache.position]).toEqual([['a'], '4'])
    caches.countSetBacks(4)
    expect([caches.setBack, again.cache.isClosed], 'what is told back was counted').toEqual([undefined, false])
    caches.countSetBacks(5)
    expect(again.cache.isClosed, 'found by another server').toBe(true)
    caches.clear()
  })

  test('is noticed when its history has to be taken anew', async () => {
    const it = await bed({ change: (member) => { member.isForgetful = true } }), { caches, use } = it
    caches.countSetBacks(0)
    // Gone on beyond what was held when the stream was opened, and behind it when the state came.
    Object.defineProperty(it.member, 'version', { get: () => (it.member.asked.at(-1) === 'list 1' ? 9 : 3) })
    it.member.cut()
    await turns()
    await it.clock.advance(20_000)
    await turns()
    expect([caches.setBack, use.cache.isClosed]).toEqual([{ times: 0, version: 3 }, true])
    caches.clear()
  })

  test.each([['where nobody counts', false], ['again within a minute', true]])('begins anew for its readers in the same cache, %s', async (_, counts) => {
    const it = await bed(), { caches } = it
    if (counts) {
      caches.countSetBacks(0)
      await restore(it, 4)
    }
    const use = caches.acquire(kind)
    await turns()
    const watching = errorOf(use.cache.watch({}, new AbortController().signal).next()), before = caches.setBack
    await restore(it, 3)
    expect(await watching).toMatchObject({ code: 410 })
    expect([use.cache.isClosed, use.cache.position, caches.setBack]).toEqual([false, '3', before])
    caches.clear()
  })
})
