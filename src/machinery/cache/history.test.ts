import { expect, test } from 'vitest'
import { testKind } from '../../../test/suites/test-kind.ts'
import type { Change, WatchQuery } from '../meta/core.ts'
import { Cache } from './cache.ts'
import { SlabEntry } from './slab-entry.ts'

const entry = (key: string, version: number, labels: Record<string, string> = {}) => { const [namespace, name] = key.split('/') as [string, string]; return SlabEntry.of({ metadata: { namespace, name, resourceVersion: String(version), labels } }) }
const changed = (type: 'ADDED' | 'MODIFIED' | 'DELETED', of: SlabEntry, at = of.position, previous?: SlabEntry) => ({ type, entry: of, position: at, ...(previous && { previous }) })
const short = (change: Change) => (change.type === 'BOOKMARK' ? `BOOKMARK @${change.position}` : `${change.type} ${change.entry.key} @${change.position}`)

/** All that is there to be told from a position, and what is told of `live` behind it. */
async function told(cache: Cache, query: WatchQuery, live: () => void = () => {}): Promise<string[]> {
  const stop = new AbortController(), seen: string[] = [], stream = (async () => { for await (const batch of cache.watch(query, stop.signal)) seen.push(...batch.map(short)) })()
  for (let i = 0; i < 20; i++) await Promise.resolve()
  live()
  for (let i = 0; i < 20; i++) await Promise.resolve()
  stop.abort()
  await stream
  return seen
}
const from = (position: number): WatchQuery => ({ at: { position: String(position), match: 'notOlder' } })
const a10 = entry('shop/a', 10), a12 = entry('shop/a', 12, { app: 'web' }), b15 = entry('shop/b', 15)

/** Begins at 20 with a and b; before that a was changed, b made, c removed: known since 11. */
function reached(options: ConstructorParameters<typeof Cache>[1] = {}): Cache {
  const cache = new Cache(testKind(true), options)
  cache.accept([...[a12, b15].map((it): Change => changed('ADDED', it)), { type: 'BOOKMARK', position: '20', initial: true }])
  cache.prepend('11', [changed('MODIFIED', a12, '12', a10), changed('ADDED', b15), changed('DELETED', entry('shop/c', 5), '17', entry('shop/c', 5))])
  return cache
}

test.each([
  [11, ['MODIFIED shop/a @12', 'ADDED shop/b @15', 'DELETED shop/c @17', 'BOOKMARK @20', 'ADDED shop/d @21']], [12, ['ADDED shop/b @15', 'DELETED shop/c @17', 'BOOKMARK @20', 'ADDED shop/d @21']], [13, ['ADDED shop/b @15', 'DELETED shop/c @17', 'BOOKMARK @20', 'ADDED shop/d @21']],
  [17, ['BOOKMARK @20', 'ADDED shop/d @21']], [18, ['BOOKMARK @20', 'ADDED shop/d @21']], [20, ['ADDED shop/d @21']],
])('what is put before the history is told to whoever goes on from %i', async (position, expected) => {
  const cache = reached()
  expect(await told(cache, from(position), () => cache.accept([changed('ADDED', entry('shop/d', 21))]))).toEqual(expected)
})

test('whoever stands where it began goes on undisturbed, and what is older than that is still refused', async () => {
  const cache = new Cache(testKind(true))
  cache.accept([changed('ADDED', a12), { type: 'BOOKMARK', position: '20', initial: true }])
  expect(await told(cache, from(20), () => { cache.prepend('11', [changed('MODIFIED', a12, '12', a10)]); cache.accept([changed('ADDED', entry('shop/d', 21))]) })).toEqual(['ADDED shop/d @21'])
  await expect(told(cache, from(10))).rejects.toMatchObject({ reason: 'Expired' })
  expect(cache.oldest).toBe('11')
})

test('states of that time can be read, and selectors tell who came and who left', async () => {
  const cache = reached(), { signal } = new AbortController(), keys = async (position: string) => Array.from((await cache.list({ at: { position, match: 'exact' } }, signal)).entries, ({ key, position: at }) => `${key}@${at}`)
  expect([await keys('11'), await keys('12'), await keys('15'), await keys('20')]).toEqual([['shop/a@10', 'shop/c@5'], ['shop/a@12', 'shop/c@5'], ['shop/a@12', 'shop/b@15', 'shop/c@5'], ['shop/a@12', 'shop/b@15']])
  const where = { labels: 'app=web', matches: (one: { labels(): Readonly<Record<string, string>> }) => one.labels()['app'] === 'web' }
  expect((await told(cache, { ...from(11), where }))[0]).toBe('ADDED shop/a @12')
})

test('it is bounded as all history is, and nothing is put before one that has dropped some', async () => {
  expect(reached({ historyMax: 2 }).oldest).toBe('12')
  const cache = reached({ historyMax: 3 })
  for (let version = 21; version < 26; version++) cache.accept([changed('MODIFIED', entry('shop/b', version))])
  const { oldest } = cache
  cache.prepend('5', [changed('MODIFIED', a12, '12', a10)])
  expect([oldest, cache.oldest]).toEqual(['22', '22'])
})
