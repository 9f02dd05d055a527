import { describe, expect, test } from 'vitest'
import { ManualClock, settle } from '../../../test/suites/manual-clock.ts'
import { Seeded } from '../../../test/suites/seeded.ts'
import { testKind } from '../../../test/suites/test-kind.ts'
import type { Batch, Change, Entry, Position, Selector, WatchQuery } from '../meta/core.ts'
import { comparePositions } from '../meta/position.ts'
import { compileSelector } from '../meta/selector.ts'
import { isReason, StatusError } from '../meta/status-error.ts'
import { Cache, type CacheOptions } from './cache.ts'
import { between } from './sorted-entries.ts'
import { SlabEntry } from './slab-entry.ts'

const never = new AbortController().signal
const entry = (key: string, version: number, text = '') => SlabEntry.of({ metadata: { namespace: key.split('/')[0]!, name: key.split('/')[1]!, resourceVersion: `${version}` }, text })
const change = (type: 'ADDED' | 'MODIFIED' | 'DELETED', key: string, position: number, version = position): Change => ({ type, entry: entry(key, version), position: `${position}` })
const bookmark = (position: number, initial = false): Change => ({ type: 'BOOKMARK', position: `${position}`, ...(initial && { initial }) })
const short = (change: Change) => (change.type === 'BOOKMARK' ? `BOOKMARK @${change.position}` : `${change.type} ${change.entry.key} @${change.position}`)
const keysOf = (entries: Iterable<Entry>) => Array.from(entries, ({ key, position }) => `${key}@${position}`)

const made = (options: CacheOptions = {}) => {
  const clock = new ManualClock(), cache = new Cache(testKind(), { clock, ...options })
  return { clock, cache }
}
/** Ready at 10, with a/1 at 5. */
const ready = (options: CacheOptions = {}) => {
  const bed = made(options)
  bed.cache.accept([change('ADDED', 'a/1', 5), bookmark(10, true)])
  return bed
}
/** Collects what a watch tells until it ends; `error` is how. */
const follow = (cache: Cache, query: WatchQuery = {}) => {
  const stop = new AbortController(), batches: Batch[] = [], state: { error?: unknown; isDone: boolean } = { isDone: false }
  const done = (async () => {
    try {
      for await (const batch of cache.watch(query, stop.signal)) batches.push(batch)
    } catch (error) {
      state.error = error
    }
    state.isDone = true
  })()
  return { batches, state, done, texts: () => batches.flat().map(short), stop: async () => { stop.abort(); await done } }
}
const errorOf = (promise: Promise<unknown>) => promise.then(() => undefined, (error: unknown) => error)
const from = (position: string | number): WatchQuery => ({ at: { position: `${position}`, match: 'notOlder' } })
const followed = async (cache: Cache, position: string | number) => {
  const watch = follow(cache, from(position))
  await settle()
  await watch.stop()
  return watch.state.error instanceof StatusError ? watch.state.error.message : watch.texts()
}

describe('readiness', () => {
  test('lists and watches wait for the initial state', async () => {
    const { cache } = made(), list = cache.list({}, never), watch = follow(cache), initial = follow(cache, { initial: true })
    cache.accept([change('ADDED', 'a/2', 9), change('ADDED', 'a/1', 5)])
    await settle()
    expect([cache.isReady, cache.position, cache.size]).toEqual([false, '0', 2])
    cache.accept([change('DELETED', 'a/2', 9), bookmark(10, true), change('ADDED', 'a/3', 11)])
    await cache.ready
    expect([cache.isReady, keysOf((await list).entries)]).toEqual([true, ['a/1@5', 'a/3@11']])
    await settle()
    expect(await followed(cache, 10), 'what made the initial state is no history').toEqual(['ADDED a/3 @11'])
    expect(await followed(cache, 9)).toBe('too old resource version: 9 (10)')
    expect(initial.texts().slice(0, 3)).toEqual(['ADDED a/1 @5', 'ADDED a/3 @11', 'BOOKMARK @11'])
    await Promise.all([watch.stop(), initial.stop()])
  })
  test('bytes and size follow what is held', () => {
    const { cache } = ready(), one = entry('a/1', 5).size
    cache.accept([change('ADDED', 'a/2', 11), change('MODIFIED', 'a/2', 12), change('DELETED', 'a/1', 13)])
    expect([cache.size, cache.bytes]).toEqual([1, one + 1])
    cache.replace([], '20')
    expect([cache.size, cache.bytes, cache.position]).toEqual([0, 0, '20'])
  })
})

describe('accept', () => {
  test('types follow from what is held, previous is known, deletions of the unknown are nothing', async () => {
    const { cache } = ready(), watch = follow(cache)
    await settle()
    cache.accept([change('MODIFIED', 'a/9', 11), change('ADDED', 'a/1', 12), change('DELETED', 'a/8', 13), change('DELETED', 'a/9', 14, 11)])
    await settle()
    expect(watch.texts()).toEqual(['ADDED a/9 @11', 'MODIFIED a/1 @12', 'DELETED a/9 @14'])
    expect(watch.batches.flat().map((change) => change.type !== 'BOOKMARK' && change.previous?.position)).toEqual([undefined, '5', '11'])
    await watch.stop()
  })
  test('the same array reaches every watcher of a namespace', async () => {
    const { cache } = ready(), watches = ['a', 'a', 'b'].map((namespace) => follow(cache, { namespace }))
    await settle()
    cache.accept([change('ADDED', 'a/2', 11), change('ADDED', 'b/1', 12), change('DELETED', 'a/1', 13)])
    await settle()
    expect(watches.map(({ texts }) => texts())).toEqual([['ADDED a/2 @11', 'DELETED a/1 @13'], ['ADDED a/2 @11', 'DELETED a/1 @13'], ['ADDED b/1 @12']])
    expect(watches[0]!.batches[0]).toBe(watches[1]!.batches[0])
    for (const { stop } of watches) await stop()
  })
  test('the same array reaches every watcher of the same selector, whoever compiled it', async () => {
    const { cache } = ready(), where = () => compileSelector({ fields: 'metadata.namespace!=b' }, cache.kind), own: Selector = { matches: (entry) => where().matches(entry) }, watches = [where(), where(), own, own].map((one) => follow(cache, { where: one }))
    await settle()
    cache.accept([change('ADDED', 'a/2', 11), change('ADDED', 'b/1', 12)])
    await settle()
    expect(watches.map(({ texts }) => texts())).toEqual(Array.from({ length: 4 }, () => ['ADDED a/2 @11']))
    expect([watches[0]!.batches[0] === watches[1]!.batches[0], watches[2]!.batches[0] === watches[3]!.batches[0]]).toEqual([true, false])
    for (const { stop } of watches) await stop()
  })
  test('the same array reaches every watcher that selects nothing', async () => {
    const { cache } = ready(), one = follow(cache), two = follow(cache)
    await settle()
    cache.accept([change('ADDED', 'a/2', 11)])
    await settle()
    expect(one.batches[0]).toBe(two.batches[0])
    await Promise.all([one.stop(), two.stop()])
  })
})

describe('bookmarks', () => {
  test('move the position at once, and reach watchers after a second of quiet, merged', async () => {
    const { cache, clock } = ready(), watch = follow(cache)
    await settle()
    for (let position = 11; position <= 20; position++) cache.accept([bookmark(position)])
    expect(cache.position).toBe('20')
    await clock.advance(999)
    expect(watch.texts()).toEqual([])
    await clock.advance(1)
    expect(watch.texts()).toEqual(['BOOKMARK @20'])
    for (let second = 0; second < 5; second++) {
      cache.accept([bookmark(30 + second)])
      await clock.advance(1000)
    }
    expect(watch.texts().slice(1)).toEqual([30, 31, 32, 33, 34].map((position) => `BOOKMARK @${position}`))
    expect([clock.sleeping, await followed(cache, 10)], 'nothing runs while nothing comes, and one who was away gets the last').toEqual([0, ['BOOKMARK @34']])
    for (const position of [25, 31, 34]) expect(await followed(cache, position), `from ${position}`).toEqual(position < 34 ? ['BOOKMARK @34'] : [])
    await watch.stop()
  })
  test('a page that was begun between two of them goes on, however many come: also where positions have no order of their own', async () => {
    const { cache, clock } = ready({ resume: () => undefined }), told: Position[] = [], page = async () => { told.push((await cache.list({ limit: 1 }, never)).position) }
    for (let second = 0; second < 5; second++) {
      cache.accept([bookmark(20 + second * 10)])
      await clock.advance(1000)
      await page()
      // Heard of, and not announced yet.
      cache.accept([bookmark(25 + second * 10)])
      await page()
    }
    await clock.advance(1000)
    expect(told).toEqual(['20', '25', '30', '35', '40', '45', '50', '55', '60', '65'])
    for (const position of told) expect(keysOf((await cache.list({ at: { position, match: 'exact' } }, never)).entries), `at ${position}`).toEqual(keysOf((await cache.list({}, never)).entries))
  })
  test('are not told behind a change that says more', async () => {
    const { cache, clock } = ready(), watch = follow(cache)
    await settle()
    cache.accept([bookmark(11)])
    cache.accept([change('ADDED', 'a/2', 12)])
    await clock.advance(5000)
    expect(watch.texts()).toEqual(['ADDED a/2 @12'])
    await watch.stop()
  })
  test('tell a watcher with a selection how far it is', async () => {
    const { cache } = ready(), watch = follow(cache, { namespace: 'b' })
    await settle()
    cache.accept([change('ADDED', 'a/2', 11)])
    cache.accept([change('ADDED', 'a/3', 12)])
    await settle()
    expect(watch.texts()).toEqual(['BOOKMARK @12'])
    await watch.stop()
  })
})

describe('changes that arrived together', () => {
  const joined = () => {
    const bed = ready()
    bed.cache.accept([change('ADDED', 'a/2', 11)])
    bed.cache.accept([bookmark(15)])
    bed.cache.accept([change('ADDED', 'a/3', 15, 3), change('MODIFIED', 'a/1', 15, 4), bookmark(20)])
    bed.cache.accept([change('ADDED', 'a/4', 21)])
    return bed.cache
  }
  test.for([
    [10, ['ADDED a/2 @11', 'ADDED a/3 @15', 'MODIFIED a/1 @15', 'BOOKMARK @20', 'ADDED a/4 @21']],
    [11, ['ADDED a/3 @15', 'MODIFIED a/1 @15', 'BOOKMARK @20', 'ADDED a/4 @21']],
    [13, ['ADDED a/3 @15', 'MODIFIED a/1 @15', 'BOOKMARK @20', 'ADDED a/4 @21']],
    [15, ['ADDED a/3 @15', 'MODIFIED a/1 @15', 'BOOKMARK @20', 'ADDED a/4 @21']],
    [16, 'too old resource version: 16 (10)'],
    [20, ['ADDED a/4 @21']],
  ] as const)('from %s', async ([position, expected]) => {
    expect(await followed(joined(), position)).toEqual(expected)
  })
  test('a watch that waits for a position in their middle is told so', async () => {
    const { cache } = ready(), middle = follow(cache, from(17)), end = follow(cache, from(20))
    await settle()
    cache.accept([change('ADDED', 'a/2', 10), bookmark(20)])
    cache.accept([change('ADDED', 'a/3', 21)])
    await settle()
    expect([middle.state.error, end.texts()]).toMatchObject([{ reason: 'Expired' }, ['ADDED a/3 @21']])
    await end.stop()
  })
  test('in several batches they are repeated whole', async () => {
    const { cache } = ready(), live = follow(cache)
    await settle()
    cache.accept([change('ADDED', 'a/2', 10)])
    cache.accept([change('ADDED', 'a/3', 10), bookmark(20)])
    await settle()
    expect(live.texts()).toEqual(['ADDED a/2 @10', 'ADDED a/3 @10', 'BOOKMARK @20'])
    expect(await followed(cache, 10)).toEqual(['ADDED a/2 @10', 'ADDED a/3 @10', 'BOOKMARK @20'])
    await live.stop()
  })
})

describe('replace', () => {
  test('tells the difference as one batch', async () => {
    const { cache } = ready()
    cache.accept([change('ADDED', 'a/2', 11), change('ADDED', 'a/3', 12)])
    const watch = follow(cache)
    await settle()
    cache.replace([entry('a/1', 5), entry('a/3', 14), entry('a/4', 13)], '20')
    await settle()
    expect(watch.batches.map((batch) => batch.map(short))).toEqual([['DELETED a/2 @12', 'MODIFIED a/3 @12', 'ADDED a/4 @12', 'BOOKMARK @20']])
    expect([keysOf((await cache.list({}, never)).entries), cache.position]).toEqual([['a/1@5', 'a/3@14', 'a/4@13'], '20'])
    expect(keysOf(between(cache.snapshotAt('12'), ''))).toEqual(['a/1@5', 'a/2@11', 'a/3@12'])
    await watch.stop()
  })
  test('objects without versions count as changed', async () => {
    const { cache } = made(), usage = () => SlabEntry.of({ metadata: { name: 'n1' } })
    cache.replace([usage()], '10')
    const watch = follow(cache)
    await settle()
    cache.replace([usage()], '11')
    await settle()
    expect(watch.texts()).toEqual(['MODIFIED n1 @10', 'BOOKMARK @11'])
    await watch.stop()
  })
  test('to an earlier position ends watches: the source was set back', async () => {
    const { cache } = ready(), watch = follow(cache)
    await settle()
    cache.replace([entry('a/9', 2)], '3')
    await settle()
    expect([watch.state.error, cache.position, keysOf((await cache.list({}, never)).entries)]).toMatchObject([{ reason: 'Expired' }, '3', ['a/9@2']])
    expect(await followed(cache, 3)).toEqual([])
  })
})

describe('positions', () => {
  test('in the future a watch waits and tells only what is beyond', async () => {
    const { cache } = ready(), watch = follow(cache, from(12))
    await settle()
    for (const position of [11, 12, 13]) cache.accept([change('MODIFIED', 'a/1', position)])
    cache.accept([change('MODIFIED', 'a/1', 14)])
    await settle()
    expect(watch.texts()).toEqual(['MODIFIED a/1 @13', 'MODIFIED a/1 @14'])
    await watch.stop()
  })
  test('a list waits for one three seconds', async () => {
    const { cache, clock } = ready(), arriving = cache.list({ at: { position: '12', match: 'notOlder' } }, never)
    await clock.advance(2000)
    cache.accept([bookmark(12)])
    expect((await arriving).position).toBe('12')
    const late = errorOf(cache.list({ at: { position: '99', match: 'exact' } }, never))
    await clock.advance(3000)
    expect(await late).toMatchObject({ reason: 'Timeout', message: 'Timeout: Too large resource version: 99, current: 12' })
    expect(clock.sleeping).toBe(0)
  })
  test('a watch with an initial state waits too', async () => {
    const { cache, clock } = ready(), early = follow(cache, { initial: true, ...from(12) }), late = follow(cache, { initial: true, ...from(99) })
    await settle()
    cache.accept([change('ADDED', 'a/2', 12)])
    await clock.advance(3000)
    expect([early.texts().slice(0, 3), late.state.error]).toMatchObject([['ADDED a/1 @5', 'ADDED a/2 @12', 'BOOKMARK @12'], { reason: 'Timeout' }])
    await early.stop()
  })
  test('exact beyond the history is Expired', async () => {
    const { cache } = ready()
    await expect(cache.list({ at: { position: '9', match: 'exact' } }, never)).rejects.toMatchObject({ reason: 'Expired', message: 'The resourceVersion for the provided list is too old.' })
  })
  test('those never told are asked of the source of a merged view', async () => {
    const asked: Position[] = [], { cache, clock } = ready({ resume: (position) => { asked.push(position); return position === '13' ? [change('MODIFIED', 'a/1', 20), bookmark(20)] : undefined } })
    cache.accept([change('ADDED', 'a/2', 12), change('ADDED', 'a/3', 14)])
    cache.accept([bookmark(16)])
    expect((await cache.list({}, never)).position).toBe('16')
    cache.accept([bookmark(18)])
    await clock.advance(1000)
    cache.accept([change('ADDED', 'a/4', 20)])
    const all = ['ADDED a/2 @12', 'ADDED a/3 @14', 'BOOKMARK @18', 'ADDED a/4 @20']
    for (const [position, seen] of [[10, 0], [12, 1], [14, 2], [16, 2], [18, 3], [20, 4]] as const) expect(await followed(cache, position)).toEqual(all.slice(seen))
    expect(asked).toEqual([])
    expect(await followed(cache, 13)).toEqual(['MODIFIED a/1 @20', 'BOOKMARK @20'])
    expect(await followed(cache, 15)).toBe('too old resource version: 15 (10)')
    expect(await followed(cache, 99)).toBe('too old resource version: 99 (10)')
    expect(keysOf(between(cache.snapshotAt('16'), ''))).toEqual(['a/1@5', 'a/2@12', 'a/3@14'])
    expect(() => cache.snapshotAt('15')).toThrow('too old')
  })
  test('whether one is included may be decided by others', async () => {
    const { cache, clock } = ready({ includes: (own, wanted) => own === wanted })
    const late = errorOf(cache.reached('9', never))
    await cache.reached('10', never)
    await clock.advance(3000)
    expect(await late).toMatchObject({ reason: 'Timeout' })
  })
})

describe('history', () => {
  test.for([['changes', { historyMax: 5 }], ['bytes', { historyMaxBytes: 5 * (entry('a/1', 10).size + 1) }]] as const)('is bounded by %s, and a reader that falls off is ended', async ([, options]) => {
    const { cache } = ready(options), walk = cache.watch({}, never), first = walk.next()
    await settle()
    cache.accept([change('MODIFIED', 'a/1', 11)])
    await settle()
    for (let position = 12; position <= 30; position++) cache.accept([change('MODIFIED', 'a/1', position)])
    expect((await first).value?.map(short)).toEqual(['MODIFIED a/1 @11'])
    expect(await walk.next()).toEqual({ done: true, value: undefined })
    expect(await followed(cache, 25)).toHaveLength(5)
    expect(await followed(cache, 24)).toBe('too old resource version: 24 (25)')
  })
  test('of long use stays right', async () => {
    const { cache } = ready({ historyMax: 50 })
    for (let position = 11; position <= 10_000; position++) cache.accept([change('MODIFIED', 'a/1', position)])
    expect(await followed(cache, 9950)).toHaveLength(50)
    expect(keysOf(between(cache.snapshotAt('9960'), ''))).toEqual(['a/1@9960'])
  })
  test('a large batch can always be read by those who wait', async () => {
    const { cache } = ready({ historyMax: 5 }), watch = follow(cache)
    await settle()
    cache.accept(Array.from({ length: 100 }, (_, i) => change('ADDED', `b/${i}`, 11 + i)))
    await settle()
    expect(watch.batches.flat()).toHaveLength(100)
    await watch.stop()
  })
})

describe('close', () => {
  test('ends watches, quietly or with an error, after what was told', async () => {
    for (const error of [undefined, StatusError.expired('gone')]) {
      const { cache } = ready(), watch = follow(cache), unready = made().cache, waiting = errorOf(unready.list({}, never))
      await settle()
      cache.accept([change('ADDED', 'a/2', 11)])
      cache.close(error)
      unready.close(error)
      await watch.done
      expect(await waiting).toMatchObject({ reason: error ? 'Expired' : 'ServiceUnavailable' })
      expect([watch.texts(), watch.state.error]).toEqual([['ADDED a/2 @11'], error])
      const again = follow(cache)
      await again.done
      expect(again.state.error).toBe(error)
      expect(keysOf((await cache.list({}, never)).entries), 'the last state can be read').toEqual(['a/1@5', 'a/2@11'])
    }
  })
})

/** A store that has one counter, as a model: every state it ever had. */
test('random histories: each watcher sees each change once and in order, and every state can be read again', async () => {
  const random = new Seeded()
  for (let round = 0; round < 15; round++) {
    const isShort = random.chance(0.5), { cache, clock } = made({ historyMax: isShort ? 40 : 10_000 }), states = new Map<number, Map<string, number>>(), told: { position: number; text: string }[] = [], watches: { from: number; seen: ReturnType<typeof follow>; query: WatchQuery }[] = []
    const live = new Map<string, number>()
    let position = 100
    cache.accept([bookmark(position, true)])
    states.set(position, new Map())
    const isInteresting: Selector = { matches: ({ key }) => key.endsWith('1') || key.endsWith('2') }
    for (let step = 0; step < 60; step++) {
      const batch: Change[] = []
      for (let size = 1 + random.int(4); size > 0; size--) {
        position += 1 + random.int(3)
        const key = `${random.pick(['a', 'b'])}/${random.int(5)}`, type = !live.has(key) ? 'ADDED' : random.chance(0.3) ? 'DELETED' : 'MODIFIED'
        if (random.chance(0.1)) { if (batch.length === 0) { batch.push(bookmark(position)); size = 0 } continue }
        batch.push(change(type, key, position, type === 'DELETED' ? live.get(key)! : position))
        told.push({ position, text: `${type} ${key} @${position}` })
        if (type === 'DELETED') live.delete(key)
        else live.set(key, position)
        states.set(position, new Map(live))
      }
      cache.accept(batch)
      if (random.chance(0.3)) await clock.advance(random.int(1500))
      if (random.chance(0.3)) watches.push({ from: Number(cache.position), seen: follow(cache, from(cache.position)), query: {} })
      if (random.chance(0.1)) watches.push({ from: position + 5, seen: follow(cache, from(position + 5)), query: {} })
      if (random.chance(0.1)) watches.push({ from: Number(cache.position), seen: follow(cache, { ...from(cache.position), where: isInteresting, namespace: 'a' }), query: { where: isInteresting, namespace: 'a' } })
      if (random.chance(0.5)) await settle()
    }
    for (const past of [...states.keys()].filter(() => random.chance(0.3))) watches.push({ from: past, seen: follow(cache, from(past)), query: {} })
    await settle()
    await Promise.all(watches.map(({ seen }) => seen.stop()))
    const failed = watches.flatMap(({ seen }) => (seen.state.error ? [seen.state.error] : []))
    expect(failed.filter((error) => !isReason(error, 'Expired')), `SEED=${random.seed}`).toEqual([])
    for (const { from, seen, query } of watches.filter(({ seen }) => !seen.state.error)) {
      const expected = told.filter(({ position, text }) => position > from && (!query.where || / a\/[12] /.test(text))).map(({ text }) => text), texts = seen.texts().filter((text) => !text.startsWith('BOOKMARK'))
      // One that fell off the short history has seen a beginning.
      expect(texts, `SEED=${random.seed}`).toEqual(isShort ? expected.slice(0, texts.length) : expected)
      const positions = seen.batches.flat().map(({ position }) => position)
      expect(positions.toSorted(comparePositions), `SEED=${random.seed}`).toEqual(positions)
    }
    for (const [at, state] of states) {
      const expected = [...state].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, version]) => `${key}@${version}`)
      const seen = (() => { try { return keysOf(between(cache.snapshotAt(`${at}`), '')) } catch (error) { return (error as StatusError).reason } })()
      expect(isShort ? [expected, 'Expired'] : [expected], `SEED=${random.seed} at ${at}`).toContainEqual(seen)
    }
  }
})
