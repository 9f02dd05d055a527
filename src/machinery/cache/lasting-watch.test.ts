/** What a watch began with is no business of it once that was told: it may last for days, while everything is replaced. */
import { expect, test } from 'vitest'
import { heldBytes } from '../../../test/conformance/abuse/memory.ts'
import { settle } from '../../../test/suites/manual-clock.ts'
import { testKind } from '../../../test/suites/test-kind.ts'
import { RemoteReader } from '../client/remote-reader.ts'
import type { Batch, Change, Handler, ListerWatcher, WatchQuery } from '../meta/core.ts'
import { Cache } from './cache.ts'
import { SlabEntry } from './slab-entry.ts'

const object = (version: number) => ({ metadata: { name: 'a', resourceVersion: `${version}` } }), added = (version: number): Change => ({ type: 'ADDED', entry: SlabEntry.of(object(version)), position: `${version}` })
const bookmark = (position: number): Change => ({ type: 'BOOKMARK', position: `${position}`, initial: true })

/** Reads a watch for as long as the test runs; the entries that it told are seen, and not held. */
function seenBy(source: ListerWatcher, query: WatchQuery) {
  const seen: WeakRef<object>[] = [], state = { isDone: false }, see = (batch: Batch) => { for (const change of batch) if (change.type !== 'BOOKMARK') seen.push(new WeakRef(change.entry)) }
  void (async () => { for await (const batch of source.watch(query, new AbortController().signal)) see(batch); state.isDone = true })()
  return { seen, state }
}
const living = (seen: readonly WeakRef<object>[]) => seen.filter((entry) => entry.deref()).length

test('a watch of a cache', async () => {
  const cache = new Cache(testKind(), { historyMax: 1, resume: () => [added(1)] })
  cache.accept([added(1), bookmark(10)])
  const whole = seenBy(cache, { initial: true }), resumed = seenBy(cache, { at: { position: '5', match: 'notOlder' } })
  await settle()
  expect([living(whole.seen), living(resumed.seen)]).toEqual([1, 1])
  for (let version = 11; version < 15; version++) {
    cache.accept([added(version)])
    await settle()
  }
  await heldBytes()
  expect([whole.seen.length, resumed.seen.length, whole.seen[0]!.deref(), resumed.seen[0]!.deref()]).toEqual([5, 5, undefined, undefined])
})

test('a watch of a server', async () => {
  // Whoever waits for what nobody can tell is garbage itself.
  const items = Array.from({ length: 3 }, () => object(1)), silence = Promise.withResolvers<void>()
  const handler: Handler = ({ query }) => Promise.resolve({ status: 200, headers: [], body: query.has('watch') ? (async function* () { yield Buffer.from(''); await silence.promise })() : Buffer.from(JSON.stringify({ kind: 'ThingList', metadata: { resourceVersion: '9' }, items })) })
  const { seen, state } = seenBy(new RemoteReader({ group: '', version: 'v1', plural: 'things' }, handler), { initial: true })
  await settle()
  await heldBytes()
  expect([state.isDone, seen.length, living(seen)]).toEqual([false, 3, 0])
  silence.resolve()
})
