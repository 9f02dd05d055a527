import { describe, expect, test, vi } from 'vitest'
import { Client, kind, Member, settle, stateOf, summed, viewOf } from '../../test/suites/merged-view-bed.ts'
import { systemClock } from '../lib/clock.ts'
import { silentLogger } from '../lib/logger.ts'
import { Cache } from '../machinery/cache/cache.ts'
import { SlabEntry } from '../machinery/cache/slab-entry.ts'
import { comparePositions } from '../machinery/meta/position.ts'
import type { Change, Entry } from '../machinery/meta/core.ts'
import { MemoryStorage } from '../machinery/storage/memory-storage.ts'
import { identityBound } from './combine.ts'
import { Epochs } from './epochs.ts'
import { MergedView } from './merged-view.ts'
import { decodePosition, encodeVector } from './position-codec.ts'
import type { ViewSource } from './view-source.ts'

const { signal } = new AbortController()
const decodeVector = (position: string, epochs: Epochs): readonly number[] => {
  const decoded = decodePosition(position, epochs.known)
  if (decoded?.form !== 'vector') throw new Error(`${position} is no vector`)
  return decoded.components
}

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

  test('a stream that is cut among the changes of a new cache loses none', async () => {
    for (let cut = 1; cut <= 4; cut++) {
      const epochs = await Epochs.open(new MemoryStorage(), signal), a = new Member('a').start('web', 'gone'), view = await viewOf(epochs, [a], summed), client = new Client(), again = new Member('a')
      await client.list(view)
      again.version = 200
      view.use(epochs.current, [again])
      again.start('web', 'new', 'other')
      await settle()
      const read: Change[] = []
      for await (const batch of view.watch({ at: { position: client.position, match: 'notOlder' } }, signal)) { read.push(...batch); break }
      client.take(read.slice(0, cut))
      await client.follow(view, 10)
      expect([cut, Object.fromEntries(client.store)]).toEqual([cut, stateOf(view)])
      expect(client.position).toBe(view.cache.position)
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

  test('a reader that saw a member come, elsewhere, begins anew where its epochs were passed over', async () => {
    const epochs = await Epochs.open(new MemoryStorage(), signal), a = new Member('a').start('web'), b = new Member('b').start('only-b'), behind = await viewOf(epochs, [a], summed), client = new Client(), ahead = await viewOf(epochs, [a, b], summed)
    await client.list(ahead)
    expect(Object.fromEntries(client.store)).toEqual({ 'shop/web': '{"a":0}', 'shop/only-b': '{"b":0}' })
    await epochs.use([a], signal)
    behind.use(epochs.current, [a])
    a.put('web', 1)
    await settle()
    await client.follow(behind, 10)
    expect(Object.fromEntries(client.store)).toEqual({ 'shop/web': '{"a":1}' })
  })

  test('a leave tells of the rows that had a copy there only', async () => {
    const epochs = await Epochs.open(new MemoryStorage(), signal), a = new Member('a').start('web', 'only-a'), b = new Member('b').start('web', 'only-b'), view = await viewOf(epochs, [a, b], summed), client = new Client()
    await client.list(view)
    await epochs.use([a], signal)
    view.use(epochs.current, [a])
    await client.follow(view, 10)
    expect(client.events.toSorted()).toEqual(['DELETED shop/only-b', 'MODIFIED shop/web'])
  })

  test('a replica that never saw a member come and go cannot say what its rows were', async () => {
    const epochs = await Epochs.open(new MemoryStorage(), signal), a = new Member('a').start('web'), b = new Member('b').start('only-b'), elsewhere = await viewOf(epochs, [a], summed), view = await viewOf(epochs, [a], summed), client = new Client()
    await epochs.use([a, b], signal)
    elsewhere.use(epochs.current, [a, b])
    await settle()
    await client.list(elsewhere)
    await epochs.use([a], signal)
    view.use(epochs.current, [a])
    await client.follow(view, 10)
    expect(Object.fromEntries(client.store)).toEqual({ 'shop/web': '{"a":0}' })
  })

  test('a source that was restored, and is before its base, gets numbers again', async () => {
    const epochs = await Epochs.open(new MemoryStorage(), signal), a = new Member('a').start('web'), stop = new AbortController(), following = epochs.follow({ clock: systemClock, logger: silentLogger }, stop.signal)
    await epochs.use([a, ...['w', 'x', 'y', 'z'].map((id) => ({ id }))], signal)
    await epochs.roomFor(new Map([[a.id, 9_000_000]]), signal)
    const before = epochs.current, view = new MergedView({ kind, combine: summed, epochs, clock: systemClock, onError: (error) => { throw error } })
    view.use(before, [a])
    await vi.waitFor(() => { expect(epochs.current.number).toBeGreaterThan(before.number) })
    view.use(epochs.current, [a])
    expect(decodeVector(view.cache.position, epochs)[0]).toBe(a.version)
    stop.abort()
    await following
  })

  describe('a source that was set back', () => {
    const bed = async () => {
      const epochs = await Epochs.open(new MemoryStorage(), signal), stop = new AbortController(), following = epochs.follow({ clock: systemClock, logger: silentLogger }, stop.signal)
      const a = new Member('a').start('web', 'same', 'gone'), b = new Member('b').start('web'), view = await viewOf(epochs, [a, b], summed), backup = { ...a.backup(), entries: a.backup().entries.filter(({ key }) => key !== 'shop/gone') }
      const end = async () => { stop.abort(); await following }
      // What the next write of the restored member is called was said of another state before.
      a.put('web', 1)
      await settle()
      const restored = Member.restored(a, backup)
      restored.put('web', 2)
      return { epochs, a, b, view, restored, end }
    }

    test('is followed on in an epoch of its own: watches are told what is different, and positions grow', async () => {
      const { epochs, b, view, restored, end } = await bed(), client = new Client(), before = epochs.current.number
      await client.list(view)
      epochs.setBack('a-uid', restored.version, 0)
      await vi.waitFor(() => { expect(epochs.current.number).toBe(before + 2) })
      view.use(epochs.current, [restored, b])
      await settle()
      await client.follow(view, 10)
      expect(client.events.toSorted()).toEqual(['DELETED shop/gone', 'MODIFIED shop/web'])
      restored.put('new', 1)
      await settle()
      await client.follow(view, 10)
      expect([Object.fromEntries(client.store), client.events.at(-1)]).toEqual([stateOf(view), 'ADDED shop/new'])
      expect(decodeVector(client.position, epochs)).toEqual([restored.version, b.version])
      await end()
    })

    test('is noticed by a view where its cache was dropped in the meantime', async () => {
      const { epochs, a, b, view, restored, end } = await bed()
      expect(restored.version).toBeLessThanOrEqual(a.version)
      a.put('web', 3)
      await settle()
      view.use(epochs.current, [restored, b])
      await vi.waitFor(() => { expect(epochs.timesSetBack('a-uid')).toBe(1) })
      await end()
    })

    test('ends what was begun before it on a replica that did not tell it: who comes with an old position, or one from before it is read again, begins anew', async () => {
      const { epochs, b, view, restored, end } = await bed(), old = new Client(), early = new Client(), late = new Client()
      await old.list(view)
      epochs.setBack('a-uid', restored.version, 0)
      await vi.waitFor(() => { expect(epochs.timesSetBack('a-uid')).toBe(1) })
      const syncing = new Member('a')
      view.use(epochs.current, [syncing, b])
      await settle()
      early.position = view.cache.position
      expect(decodePosition(early.position, epochs.known)).toMatchObject({ components: [1, b.version], vague: [0] })
      const other = await viewOf(epochs, [restored, b], summed)
      await late.list(other)
      for (const { position } of [old, early]) await expect(other.watch({ at: { position, match: 'notOlder' } }, signal).next()).rejects.toMatchObject({ code: 410 })
      restored.put('web', 9)
      await settle()
      await late.follow(other, 10)
      expect(late.events).toEqual(['MODIFIED shop/web'])
      await end()
    })
  })

  test('a row that left a selection meanwhile is told to be gone, on another replica too; one that stayed is no new one', async () => {
    const epochs = await Epochs.open(new MemoryStorage(), signal), a = new Member('a').start('web', 'db'), b = new Member('b').start(), view = await viewOf(epochs, [a, b], summed), before = a.version
    for (const value of [1, 2]) { a.put('web', value); a.put('db', -value); await settle() }
    b.put('other', 5)
    await settle()
    // Of a replica that heard of b first.
    const position = encodeVector(epochs.current, [before, b.version])
    const where = { matches: (entry: Entry) => ((entry.parse()['copies'] as { a?: number }).a ?? 1) < 1 }, seen: string[] = []
    for await (const batch of view.watch({ where, at: { position, match: 'notOlder' } }, signal)) { seen.push(...batch.map((change) => (change.type === 'BOOKMARK' ? change.type : `${change.type} ${change.entry.key}`))); break }
    expect(seen).toEqual(['DELETED shop/web', 'MODIFIED shop/db', 'BOOKMARK'])
  })

  test('what outgrows its component is told once the next epoch has begun; a leave meanwhile takes it along', async () => {
    const epochs = await Epochs.open(new MemoryStorage(), signal), members = ['a', 'b', 'c', 'd', 'e'].map((cluster) => new Member(cluster).start(`${cluster}-own`)), [a, b] = members as [Member, Member], view = await viewOf(epochs, members, summed), client = new Client(), before = epochs.current.number
    await client.list(view)
    a.version = b.version = 3_000_000
    a.put('late', 1)
    b.remove('b-own')
    await settle()
    expect(client.position.length, 'a narrow position').toBeLessThan(39)
    expect([view.cache.get('shop/late'), epochs.current.number]).toEqual([undefined, before])
    const stop = new AbortController(), following = epochs.follow({ clock: systemClock, logger: silentLogger }, stop.signal)
    await vi.waitFor(() => { expect(epochs.current.number).toBeGreaterThan(before) })
    view.use(epochs.current, members.filter((member) => member !== b))
    await settle()
    await client.follow(view, 10)
    expect(client.events.toSorted()).toEqual(['ADDED shop/late', 'DELETED shop/b-own'])
    stop.abort()
    await following
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
