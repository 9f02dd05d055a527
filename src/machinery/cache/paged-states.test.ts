import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/suites/manual-clock.ts'
import { testKind } from '../../../test/suites/test-kind.ts'
import type { Change, ListQuery } from '../meta/core.ts'
import { Cache, type CacheOptions } from './cache.ts'
import { SlabEntry } from './slab-entry.ts'

const { signal } = new AbortController(), NAMES = ['a', 'b', 'c', 'd', 'e']
const changed = (type: 'ADDED' | 'MODIFIED' | 'DELETED', name: string, version: number, text = ''): Change => ({ type, entry: SlabEntry.of({ metadata: { name, resourceVersion: String(version) }, text }), position: String(version) })

/** Five objects, at 10, and a history of two changes. */
function bed(options: CacheOptions = {}) {
  const clock = new ManualClock(0), cache = new Cache(testKind(false), { clock, historyMax: 2, ...options })
  cache.accept([...NAMES.map((name, i) => changed('ADDED', name, i + 1)), { type: 'BOOKMARK', position: '10', initial: true }])
  const list = async (query: ListQuery) => { const page = await cache.list(query, signal); return { ...page, texts: Array.from(page.entries, ({ key, position }) => `${key}@${position}`) } }
  let version = 10
  const churn = (times: number, text = '') => { for (let i = 0; i < times; i++) cache.accept([changed('MODIFIED', NAMES[i % NAMES.length]!, ++version, text)]) }
  return { clock, cache, list, churn, rest: (after: string, position = '10') => list({ limit: 10, after, at: { position, match: 'exact' } }) }
}
const EXPIRED = { reason: 'Expired' }

test('a list is paged to its end in the state in which it began, however much changes meanwhile', async () => {
  const { cache, list, churn, rest } = bed(), first = await list({ limit: 2 })
  churn(1_000)
  cache.accept([changed('DELETED', 'd', 2_000)])
  expect([first.texts, first.next, (await rest('b')).texts, (await rest('b')).position]).toEqual([['a@1', 'b@2'], { after: 'b', remaining: 3 }, ['c@3', 'd@4', 'e@5'], '10'])
})

test('a state that nobody pages is as old as the history is long', async () => {
  const { list, churn, rest } = bed()
  await list({ limit: 5 })
  await list({})
  churn(10)
  await expect(rest('b')).rejects.toMatchObject(EXPIRED)
})

test('after five minutes it is let go', async () => {
  const { clock, list, churn, rest } = bed()
  await list({ limit: 2 })
  churn(10)
  await clock.advance(299_000)
  churn(1)
  expect((await rest('b')).texts).toHaveLength(3)
  await clock.advance(2_000)
  churn(1)
  await expect(rest('b')).rejects.toMatchObject(EXPIRED)
})

test('in a quiet time, too, it ends, though history would lead there; the present state is always to be had, and whoever begins there has all the time', async () => {
  const { clock, cache, list, rest } = bed()
  await list({ limit: 2 })
  await clock.advance(301_000)
  expect((await rest('b')).texts).toHaveLength(3)
  await list({ limit: 2 })
  cache.accept([{ type: 'BOOKMARK', position: '12' }])
  await clock.advance(299_000)
  expect((await rest('b')).texts).toHaveLength(3)
  await clock.advance(2_000)
  await expect(rest('b')).rejects.toMatchObject(EXPIRED)
  cache.accept([{ type: 'BOOKMARK', position: '13' }])
  await expect(rest('b')).rejects.toMatchObject(EXPIRED)
})

test('the oldest are let go once more has changed than may be kept, or many are paged', async () => {
  const large = bed(), text = 'x'.repeat(1 << 20)
  large.churn(5, text)
  await large.list({ limit: 2 })
  large.churn(5, text)
  await large.list({ limit: 2 })
  large.churn(12, text)
  await expect(large.rest('b', '15')).rejects.toMatchObject(EXPIRED)
  expect((await large.rest('b', '20')).texts).toEqual(['c@18', 'd@19', 'e@20'])
  const many = bed()
  for (let i = 0; i < 40; i++) { await many.list({ limit: 2 }); many.churn(1) }
  await expect(many.rest('b', '15')).rejects.toMatchObject(EXPIRED)
  expect((await many.rest('b', '20')).texts).toHaveLength(3)
})

test('positions of a source that was set back, and those that stand for several states, lead to none of them', async () => {
  const back = bed()
  await back.list({ limit: 2 })
  back.cache.replace([], '5')
  back.cache.accept([changed('ADDED', 'other', 10)])
  back.churn(10)
  await expect(back.rest('b')).rejects.toMatchObject(EXPIRED)
  const vague = bed({ isExact: () => false })
  await vague.list({ limit: 2 })
  vague.churn(10)
  await expect(vague.rest('b')).rejects.toMatchObject(EXPIRED)
})
