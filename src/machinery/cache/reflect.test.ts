import { expect, test } from 'vitest'
import { ManualClock, settle } from '../../../test/suites/manual-clock.ts'
import { testKind } from '../../../test/suites/test-kind.ts'
import { Backoff } from '../../lib/backoff.ts'
import type { Batch, Change, ListerWatcher, WatchQuery } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'
import { Cache } from './cache.ts'
import { reflect, type ReflectState } from './reflect.ts'
import { SlabEntry } from './slab-entry.ts'

const added = (key: string, position: number): Change => ({ type: 'ADDED', entry: SlabEntry.of({ metadata: { name: key, resourceVersion: `${position}` } }), position: `${position}` })
const bookmark = (position: number, initial = false): Change => ({ type: 'BOOKMARK', position: `${position}`, ...(initial && { initial }) })

/** A source that plays one script for each watch: batches, an error to throw, or 'wait' (until the signal). It ends behind the last. */
class Script implements ListerWatcher {
  readonly kind = testKind(false)
  readonly asked: WatchQuery[] = []
  readonly #scripts: (Batch | Error | 'wait')[][]
  constructor(...scripts: (Batch | Error | 'wait')[][]) { this.#scripts = scripts }
  list(): Promise<never> { return Promise.reject(new Error('not used')) }
  async *watch(query: WatchQuery, signal: AbortSignal): AsyncGenerator<Batch> {
    this.asked.push(query)
    for (const step of this.#scripts.shift() ?? ['wait']) {
      if (step instanceof Error) throw step
      if (step !== 'wait') yield step
      else await new Promise<void>((resolve) => { signal.addEventListener('abort', () => { resolve() }) })
    }
  }
}

async function reflected(...scripts: (Batch | Error | 'wait')[][]) {
  const source = new Script(...scripts), clock = new ManualClock(0), cache = new Cache(source.kind, { clock }), stop = new AbortController(), states: ReflectState[] = [], told: string[] = []
  const done = reflect(source, cache, { signal: stop.signal, clock, backoff: new Backoff({ initialMs: 100, maxMs: 1000, jitter: 0 }), onState: (state) => { states.push(state) } })
  const watching = (async () => { for await (const batch of cache.watch({}, stop.signal)) told.push(...batch.map((change) => `${change.type} ${change.type === 'BOOKMARK' ? '' : change.entry.key}@${change.position}`)) })()
  for (let i = 0; i < 20; i++) await settle()
  return { source, clock, cache, states, told, keys: () => Array.from(cache.snapshot().flat(), ({ key }) => key), stop: async () => { stop.abort(); await Promise.all([done, watching]) } }
}
const initial = [[added('a', 1)], [added('b', 2), bookmark(5, true)]]
const resume = (position: number): WatchQuery => ({ at: { position: `${position}`, match: 'notOlder' } })

test('takes the initial state and follows', async () => {
  const bed = await reflected([...initial, [added('c', 6)], 'wait'])
  expect([bed.keys(), bed.cache.position, bed.told, bed.states]).toEqual([['a', 'b', 'c'], '6', ['ADDED c@6'], [{ state: 'synced' }]])
  await bed.stop()
})

test('what comes in one batch with the end of the initial state is live', async () => {
  const bed = await reflected([[added('a', 1), bookmark(5, true), added('b', 6)], 'wait'])
  expect([bed.keys(), bed.cache.position, bed.cache.snapshotAt('5').flat().map(({ key }) => key)]).toEqual([['a', 'b'], '6', ['a']])
  await bed.stop()
})

test('goes on where it stood after a clean end, at once', async () => {
  const bed = await reflected([...initial, [added('c', 6), bookmark(8)]], [[added('d', 9)], 'wait'])
  expect([bed.source.asked, bed.told, bed.states]).toEqual([[{ initial: true }, resume(8)], ['ADDED c@6', 'BOOKMARK @8', 'ADDED d@9'], [{ state: 'synced' }]])
  await bed.stop()
})

test('reports a source that cannot be followed, tries again more and more seldom, and reports that it is back', async () => {
  const down = new Error('connection refused'), bed = await reflected([...initial, down], [down], [down], [[], 'wait'])
  expect(bed.states).toEqual([{ state: 'synced' }, { state: 'broken', since: 0, error: down }])
  await bed.clock.advance(99)
  expect(bed.source.asked).toHaveLength(1)
  await bed.clock.advance(1)
  await bed.clock.advance(199)
  expect(bed.source.asked).toHaveLength(2)
  await bed.clock.advance(1)
  await bed.clock.advance(400)
  expect(bed.states.slice(1)).toEqual([...Array.from({ length: 3 }, () => ({ state: 'broken', since: 0, error: down })), { state: 'synced' }])
  expect([bed.source.asked, bed.keys()]).toEqual([[{ initial: true }, resume(5), resume(5), resume(5)], ['a', 'b']])
  await bed.stop()
})

test('half an initial state is not kept', async () => {
  const bed = await reflected([[added('old', 1)], new Error('cut')], [...initial, 'wait'])
  await bed.clock.advance(100)
  expect([bed.keys(), bed.states.map(({ state }) => state)]).toEqual([['a', 'b'], ['broken', 'synced']])
  await bed.stop()
})

test('whoever waits for a source whose state never comes to its end is told', async () => {
  const bed = await reflected([[added('a', 1)]], [[]], [...initial, 'wait'])
  await bed.clock.advance(100)
  expect([bed.cache.isReady, bed.states]).toMatchObject([false, [{ state: 'broken', since: 0, error: { reason: 'ServiceUnavailable' } }, { state: 'broken', since: 0 }]])
  await bed.clock.advance(200)
  expect([bed.keys(), bed.states.at(-1)]).toEqual([['a', 'b'], { state: 'synced' }])
  await bed.stop()
})

test('after Expired it takes a new state, which watchers see as a difference', async () => {
  const bed = await reflected([...initial, StatusError.expired('too old')], [[added('b', 2), added('c', 7), bookmark(9, true)], [added('d', 10)], 'wait'])
  expect([bed.source.asked, bed.keys(), bed.told]).toEqual([[{ initial: true }, { initial: true }], ['b', 'c', 'd'], ['DELETED a@5', 'ADDED c@5', 'BOOKMARK @9', 'ADDED d@10']])
  expect(bed.states).toEqual([{ state: 'synced' }])
  await bed.stop()
})

test('a source that only ever expires or ends is not asked in a tight loop', async () => {
  const expired = StatusError.expired('too old'), bed = await reflected([expired], [[added('x', 1)]], [expired], [...initial, 'wait'])
  expect(bed.source.asked).toHaveLength(1)
  await bed.clock.advance(100)
  expect(bed.source.asked).toHaveLength(2)
  await bed.clock.advance(10_000)
  expect(bed.keys()).toEqual(['a', 'b'])
  await bed.stop()
})
