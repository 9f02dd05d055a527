import { describe, expect, test } from 'vitest'
import { systemClock } from '../lib/clock.ts'
import { Cache, type CacheOptions } from '../machinery/cache/cache.ts'
import { SlabEntry } from '../machinery/cache/slab-entry.ts'
import { comparePositions } from '../machinery/meta/position.ts'
import type { Batch, Change, Kind } from '../machinery/meta/core.ts'
import { MemoryStorage } from '../machinery/storage/memory-storage.ts'
import { folded, identityBound } from './combine.ts'
import { Epochs } from './epochs.ts'
import { MergedView, type Combine } from './merged-view.ts'
import { decodePosition, encodeVector } from './position-codec.ts'
import type { SourceState, ViewSource } from './view-source.ts'

const kind: Kind = { group: 'apps', version: 'v1', kind: 'Deployment', listKind: 'DeploymentList', plural: 'deployments', singular: 'deployment', shortNames: [], categories: [], namespaced: true, columns: [], fields: {} }
const { signal } = new AbortController(), tick = () => new Promise<void>((resolve) => { setImmediate(resolve) })
const settle = async () => { for (let i = 0; i < 5; i++) await tick() }

/** Rows say which clusters have them, and each copy's value. */
const summed: Combine = folded((copies) => ({ metadata: { namespace: 'shop', name: copies[0]!.object.metadata.name! }, copies: Object.fromEntries(copies.map(({ cluster, object }) => [cluster, object['value']])) }))

class Member implements ViewSource {
  readonly cluster: string
  readonly id: string
  readonly cache: Cache
  version = 100
  now: SourceState = { state: 'synced' }
  constructor(cluster: string, options: CacheOptions = {}) { this.cluster = cluster; this.id = `${cluster}-uid`; this.cache = new Cache(kind, options) }
  readonly state = (): SourceState => this.now
  start(...names: string[]): this { this.cache.accept([...names.map((name) => this.#change('ADDED', name, 0)), { type: 'BOOKMARK', position: String(this.version), initial: true }]); return this }
  put(name: string, value: number): void { this.cache.accept([this.#change(this.cache.get(`shop/${name}`) ? 'MODIFIED' : 'ADDED', name, value)]) }
  remove(name: string): void { const entry = this.cache.get(`shop/${name}`); if (entry) this.cache.accept([{ type: 'DELETED', entry, position: String(++this.version) }]) }
  #change(type: 'ADDED' | 'MODIFIED', name: string, value: number): Change {
    const position = String(++this.version)
    return { type, entry: SlabEntry.of({ metadata: { namespace: 'shop', name, resourceVersion: position }, value }), position }
  }
}

async function viewOf(epochs: Epochs, members: readonly Member[], combine: Combine): Promise<MergedView> {
  await epochs.use(members, signal)
  const view = new MergedView({ kind, combine, epochs, clock: systemClock, onError: (error) => { throw error } })
  view.use(epochs.current, members)
  await settle()
  return view
}

/** What a client's store holds after a list and some watching. */
class Client {
  readonly store = new Map<string, string>()
  position = '0'
  readonly events: string[] = []
  readonly #repeated: { readonly key: string; readonly position: string }[] = []
  readonly #told = new Map<string, Set<string>>()
  /** What was told a second time: same object, same position; but for changes that arrived together (a join, a leave), which carry one position and are told again when they are cut. */
  get repeated(): string[] { return this.#repeated.filter(({ position }) => this.#told.get(position)!.size === 1).map(({ key, position }) => `${key}@${position}`) }
  take(batch: Batch): void {
    for (const change of batch) {
      if (comparePositions(change.position, this.position) < 0) throw new Error(`position went back from ${this.position} to ${change.position}`)
      this.position = change.position
      if (change.type === 'BOOKMARK') continue
      this.events.push(`${change.type} ${change.entry.key}`)
      const { entry: { key }, position } = change, told = this.#told.get(position) ?? new Set()
      if (told.has(key)) this.#repeated.push({ key, position })
      this.#told.set(position, told.add(key))
      if (change.type === 'DELETED') this.store.delete(change.entry.key)
      else this.store.set(change.entry.key, JSON.stringify(change.entry.parse()['copies']))
    }
  }
  async list(view: MergedView): Promise<void> {
    const page = await view.cache.list({}, signal)
    this.store.clear()
    for (const entry of page.entries) this.store.set(entry.key, JSON.stringify(entry.parse()['copies']))
    this.position = page.position
  }
  /** Reads what there is now, then leaves; Expired: lists again, as a reflector does. */
  async follow(view: MergedView, batches: number): Promise<void> {
    const stop = new AbortController(), stream = view.watch({ at: { position: this.position, match: 'notOlder' } }, stop.signal)[Symbol.asyncIterator]()
    try {
      for (let i = 0; i < batches; i++) {
        const next = await Promise.race([stream.next(), settle().then(() => undefined)])
        if (!next || next.done) break
        this.take(next.value)
      }
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes('too old')) throw error
      await this.list(view)
    }
    stop.abort()
  }
}
const decodeVector = (position: string, epochs: Epochs): readonly number[] => {
  const decoded = decodePosition(position, epochs.known)
  if (decoded?.form !== 'vector') throw new Error(`${position} is no vector`)
  return decoded.components
}
const stateOf = (view: MergedView) => Object.fromEntries(view.cache.snapshot().flat().map((entry) => [entry.key, JSON.stringify(entry.parse()['copies'])]))

describe('a merged view', () => {
  test('folds copies, follows changes, and its positions grow', async () => {
    const a = new Member('a').start('web', 'only-a'), b = new Member('b').start('web'), view = await viewOf(await Epochs.open(new MemoryStorage(), signal), [a, b], summed), client = new Client()
    expect(stateOf(view)).toEqual({ 'shop/web': '{"a":0,"b":0}', 'shop/only-a': '{"a":0}' })
    await client.list(view)
    b.put('web', 7)
    a.remove('only-a')
    a.put('new', 1)
    await settle()
    await client.follow(view, 10)
    expect(client.events.toSorted()).toEqual(['ADDED shop/new', 'DELETED shop/only-a', 'MODIFIED shop/web'])
    expect(Object.fromEntries(client.store)).toEqual(stateOf(view))
  })

  test('identity-bound rows carry their cluster and the merged position', async () => {
    const a = new Member('a').start('web'), b = new Member('b').start('web'), view = await viewOf(await Epochs.open(new MemoryStorage(), signal), [a, b], identityBound('Pod', undefined))
    const rows = view.cache.snapshot().flat().map((entry) => entry.parse().metadata)
    expect(rows.map(({ name, labels }) => [name, labels])).toEqual([['web@a', { 'cluster.federation/name': 'a' }], ['web@b', { 'cluster.federation/name': 'b' }]])
    expect(new Set(rows.map(({ resourceVersion }) => resourceVersion))).toEqual(new Set([view.cache.position]))
  })

  test('a member that never answered holds nobody up, and arrives later as changes', async () => {
    const a = new Member('a').start('web'), b = new Member('b')
    b.now = { state: 'syncing', since: 0 }
    const view = await viewOf(await Epochs.open(new MemoryStorage(), signal), [a, b], summed), client = new Client()
    expect(view.cache.isReady).toBe(false)
    b.now = { state: 'failed', since: 0, reason: 'refused' }
    view.settle()
    await client.list(view)
    b.start('web', 'late')
    await settle()
    await client.follow(view, 10)
    expect(Object.fromEntries(client.store)).toEqual({ 'shop/web': '{"a":0,"b":0}', 'shop/late': '{"b":0}' })
  })

  test('a source that comes with a new cache while the view fills loses nothing that it had not held before', async () => {
    const epochs = await Epochs.open(new MemoryStorage(), signal), a = new Member('a').start('web', 'gone'), b = new Member('b'), again = new Member('a')
    b.now = { state: 'syncing', since: 0 }
    const view = await viewOf(epochs, [a, b], summed)
    again.version = 200
    view.use(epochs.current, [again, b])
    again.start('web', 'new')
    await settle()
    expect(view.cache.isReady).toBe(false)
    b.start('web')
    await settle()
    expect(stateOf(view)).toEqual({ 'shop/web': '{"a":0,"b":0}', 'shop/new': '{"a":0}' })
  })

  test('watches survive join and unjoin; a stream cut within an unjoin repeats and does not lose', async () => {
    const epochs = await Epochs.open(new MemoryStorage(), signal), a = new Member('a').start('web'), b = new Member('b').start('web', 'only-b', 'also-b'), view = await viewOf(epochs, [a], summed), client = new Client(), before = new Client()
    await client.list(view)
    await before.list(view)
    await epochs.use([a, b], signal)
    view.use(epochs.current, [a, b])
    await settle()
    await client.follow(view, 10)
    expect(Object.fromEntries(client.store)).toEqual(stateOf(view))
    await epochs.use([a], signal)
    view.use(epochs.current, [a])
    await settle()
    await client.follow(view, 10)
    await before.follow(view, 10)
    for (const { store } of [client, before]) expect(Object.fromEntries(store)).toEqual({ 'shop/web': '{"a":0}' })
  })

  test('a source with a new cache keeps its rows until the cache has synced, and then only what changed is told', async () => {
    const epochs = await Epochs.open(new MemoryStorage(), signal), a = new Member('a').start('web'), b = new Member('b').start('web', 'gone', 'same'), view = await viewOf(epochs, [a, b], summed), client = new Client()
    await client.list(view)
    const anew = new Cache(kind), again: ViewSource = { cluster: 'b', id: b.id, cache: anew, state: b.state }
    view.use(epochs.current, [a, again])
    a.put('web', 3)
    await settle()
    expect(stateOf(view)).toEqual({ 'shop/web': '{"a":3,"b":0}', 'shop/gone': '{"b":0}', 'shop/same': '{"b":0}' })
    const changed = SlabEntry.of({ metadata: { namespace: 'shop', name: 'web', resourceVersion: '890' }, value: 5 }), same = b.cache.get('shop/same')!
    anew.accept([changed, same].map((entry): Change => ({ type: 'ADDED', entry, position: entry.position })).concat({ type: 'BOOKMARK', position: '900', initial: true }))
    await settle()
    await client.follow(view, 10)
    expect(client.events.toSorted()).toEqual(['DELETED shop/gone', 'MODIFIED shop/web', 'MODIFIED shop/web'])
    expect(Object.fromEntries(client.store)).toEqual(stateOf(view))
  })

  test('a source with a new cache is followed on, however often that happens', async () => {
    const epochs = await Epochs.open(new MemoryStorage(), signal), a = new Member('a').start('web'), view = await viewOf(epochs, [a], summed), client = new Client()
    await client.list(view)
    for (let value = 1; value <= 3; value++) {
      const again = new Member('a')
      again.version = a.version + 100 * value
      view.use(epochs.current, [again])
      again.start('web')
      await settle()
      again.put('web', value)
      again.put('new', value)
      await settle()
      again.remove('new')
      await settle()
      await client.follow(view, 10)
      expect(Object.fromEntries(client.store)).toEqual({ 'shop/web': `{"a":${value}}` })
      expect(client.events.splice(0)).toEqual(['MODIFIED shop/web', 'MODIFIED shop/web', 'ADDED shop/new', 'DELETED shop/new'])
    }
  })

  test('several that leave at once are one step: positions do not go back', async () => {
    const epochs = await Epochs.open(new MemoryStorage(), signal), [a, b, c] = ['a', 'b', 'c'].map((cluster) => new Member(cluster).start('web', `${cluster}-own`)), view = await viewOf(epochs, [a!, b!, c!], summed), client = new Client()
    await client.list(view)
    await epochs.use([a!], signal)
    view.use(epochs.current, [a!])
    await client.follow(view, 10)
    expect(client.events.toSorted()).toEqual(['DELETED shop/b-own', 'DELETED shop/c-own', 'MODIFIED shop/web'])
    expect(Object.fromEntries(client.store)).toEqual(stateOf(view))
  })

  test('a leave that is seen before its epoch has begun moves no position back; a stream cut within repeats it, and another replica says that it cannot resume', async () => {
    const epochs = await Epochs.open(new MemoryStorage(), signal), a = new Member('a').start('web'), b = new Member('b').start('web', 'only-b', 'also-b'), view = await viewOf(epochs, [a, b], summed), client = new Client(), before = new Client(), epoch = epochs.current
    await client.list(view)
    await before.list(view)
    const stale = client.position
    a.put('web', 1)
    await settle()
    await client.follow(view, 10)
    view.use(epoch, [a])
    await settle()
    await client.follow(view, 10)
    expect(Object.fromEntries(client.store)).toEqual({ 'shop/web': '{"a":1}' })
    const told = client.position
    await epochs.use([a], signal)
    view.use(epochs.current, [a])
    a.put('web', 2)
    await settle()
    await client.follow(view, 10)
    await before.follow(view, 10)
    for (const { store } of [client, before]) expect(Object.fromEntries(store)).toEqual({ 'shop/web': '{"a":2}' })
    expect(comparePositions(client.position, told)).toBeGreaterThan(0)
    // Of the same epoch, and never told here, by a replica that had seen more of b: what its client holds of b is not known.
    const other = encodeVector(epoch, decodeVector(stale, epochs).with(epoch.slots.findIndex(({ source }) => source === b.id), 104))
    await expect((async () => { for await (const _ of view.watch({ at: { position: other, match: 'notOlder' } }, signal)) break })()).rejects.toMatchObject({ reason: 'Expired' })
  })

  test('a leave tells of the rows that had a copy there only', async () => {
    const epochs = await Epochs.open(new MemoryStorage(), signal), a = new Member('a').start('web', 'only-a'), b = new Member('b').start('web', 'only-b'), view = await viewOf(epochs, [a, b], summed), client = new Client()
    await client.list(view)
    await epochs.use([a], signal)
    view.use(epochs.current, [a])
    await client.follow(view, 10)
    expect(client.events.toSorted()).toEqual(['DELETED shop/only-b', 'MODIFIED shop/web'])
  })

  test('what vanished while a feed was off its history is found by comparing', async () => {
    const a = new Member('a').start('web', 'gone'), view = await viewOf(await Epochs.open(new MemoryStorage(), signal), [a], summed), client = new Client()
    await client.list(view)
    a.cache.replace([a.cache.get('shop/web')!], '500')
    await settle()
    await client.follow(view, 10)
    expect(Object.fromEntries(client.store)).toEqual({ 'shop/web': '{"a":0}' })
  })

  test('a feed that fell off its history is followed on from the state that it took', async () => {
    const a = new Member('a', { historyMax: 1 }).start('web', 'gone'), view = await viewOf(await Epochs.open(new MemoryStorage(), signal), [a], summed), client = new Client()
    await client.list(view)
    // At once: the feed has no turn between them.
    a.remove('gone')
    for (let value = 1; value <= 5; value++) a.put('web', value)
    await settle()
    await client.follow(view, 10)
    expect(client.events).toContain('DELETED shop/gone')
    expect(Object.fromEntries(client.store)).toEqual({ 'shop/web': '{"a":5}' })
    a.put('web', 6)
    await settle()
    await client.follow(view, 10)
    expect(Object.fromEntries(client.store)).toEqual({ 'shop/web': '{"a":6}' })
  })
})

test.each(Array.from({ length: 30 }, (_, i) => i + 1))('random histories, clients hopping between replicas: nothing lost or repeated, positions only grow (seed %i)', async (seed) => {
  let state = seed * 7919
  const random = (below: number) => { state = (state * 1103515245 + 12345) % 2147483648; return Math.floor((state / 2147483648) * below) }
  const epochs = await Epochs.open(new MemoryStorage(), signal), members = ['a', 'b', 'c'].map((cluster) => new Member(cluster).start('web', `${cluster}-own`))
  let joined = members.slice(0, 2)
  await epochs.use(joined, signal)
  // Two replicas: each has caches of its own, fed from the same members but at its own pace; each can start anew, and hears of a new epoch in its own time.
  const mirrorOf = (member: Member) => ({ cluster: member.cluster, id: member.id, cache: new Cache(kind), state: (): SourceState => ({ state: 'synced' }), cursor: member.cache.watch({ initial: true }, signal)[Symbol.asyncIterator]() })
  const start = () => {
    const mirrors = new Map(members.map((member) => [member.cluster, mirrorOf(member)]))
    return { view: new MergedView({ kind, combine: summed, epochs, clock: systemClock, onError: (error) => { throw error } }), mirrors }
  }
  const replicas = [start(), start()]
  const pump = async (replica: (typeof replicas)[number], everything: boolean) => {
    for (const mirror of replica.mirrors.values()) {
      for (let goes = everything || random(2) === 0; goes; goes = everything || random(2) === 0) {
        const next = await Promise.race([(mirror as { pending?: Promise<IteratorResult<Batch>> }).pending ??= mirror.cursor.next(), tick().then(() => undefined)])
        if (!next) break
        delete (mirror as { pending?: unknown }).pending
        mirror.cache.accept(next.value as Batch)
      }
    }
    await settle()
  }
  const use = ({ view, mirrors }: (typeof replicas)[number]) => view.use(epochs.current, joined.map(({ cluster }) => mirrors.get(cluster)!))
  const catchUp = async (replica: (typeof replicas)[number]) => { use(replica); await pump(replica, true) }
  for (const replica of replicas) await catchUp(replica)
  await settle()
  const clients = [new Client(), new Client(), new Client()]
  for (const client of clients) await client.list(replicas[0]!.view)
  for (let step = 0; step < 40; step++) {
    const member = members[random(3)]!, name = ['web', 'db', `${member.cluster}-own`][random(3)]!
    if (random(4) === 0) member.remove(name)
    else member.put(name, step)
    if (random(12) === 0) {
      joined = members.filter(({ cluster }) => cluster === 'a' || random(2) === 0)
      await epochs.use(joined, signal)
    }
    if (random(3) === 0) use(replicas[random(2)]!)
    if (random(25) === 0) {
      const at = random(2)
      replicas[at]!.view.stop()
      replicas[at] = start()
      await catchUp(replicas[at])
    }
    // A cache was dropped, as when a member was refused for a while.
    if (random(12) === 0) {
      const replica = replicas[random(2)]!
      replica.mirrors.set(member.cluster, mirrorOf(member))
      use(replica)
    }
    if (random(2) === 0) await pump(replicas[random(2)]!, false)
    if (random(3) === 0) {
      const client = clients[random(3)]!, replica = replicas[random(2)]!
      if (!replica.view.includes(client.position)) await catchUp(replica)
      await client.follow(replica.view, 1 + random(3))
    }
  }
  for (const replica of replicas) await catchUp(replica)
  for (const [i, client] of clients.entries()) await client.follow(replicas[i % 2]!.view, 100)
  expect(stateOf(replicas[0]!.view)).toEqual(stateOf(replicas[1]!.view))
  for (const client of clients) expect([Object.fromEntries(client.store), client.repeated]).toEqual([stateOf(replicas[0]!.view), []])
})
