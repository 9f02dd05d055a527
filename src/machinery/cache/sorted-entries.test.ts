import { expect, test } from 'vitest'
import { Seeded } from '../../../test/suites/seeded.ts'
import { between, countBetween, lookUp, SortedEntries, type Runs } from './sorted-entries.ts'

interface Item { key: string; value: number }
const all = (runs: Runs<Item>, from = '', to?: string) => Array.from(between(runs, from, to), ({ key, value }) => `${key}=${value}`)

test('behaves like a sorted map, and snapshots never change', () => {
  const random = new Seeded(), sorted = new SortedEntries<Item>(), model = new Map<string, number>(), snapshots: { runs: Runs<Item>; expected: string[] }[] = []
  const expected = (from = '', to = '\uffff') => [...model].filter(([key]) => key >= from && key < to).sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([key, value]) => `${key}=${value}`)
  const anyKey = () => `${random.pick(['a', 'b', 'c-d'])}/${random.int(1500).toString(36)}`
  for (let step = 0; step < 12_000; step++) {
    // Grows, then shrinks to nearly nothing.
    const key = anyKey(), value = random.chance(step < 7000 ? 0.75 : 0.2) ? step : undefined
    expect(sorted.set(key, value === undefined ? undefined : { key, value })?.value).toBe(model.get(key))
    if (value === undefined) model.delete(key)
    else model.set(key, value)
    if (step % 500 === 0) snapshots.push({ runs: random.chance(0.5) ? sorted.snapshot() : sorted.fork().snapshot(), expected: expected() })
    if (step % 300 > 0) continue
    const [from, to] = [anyKey(), anyKey()].sort() as [string, string]
    expect(all(sorted.snapshot(), from, to), `SEED=${random.seed}`).toEqual(expected(from, to))
    expect(countBetween(sorted.snapshot(), from, to), `SEED=${random.seed}`).toBe(expected(from, to).length)
    expect(lookUp(sorted.snapshot(), from)?.value, `SEED=${random.seed}`).toBe(model.get(from))
  }
  expect(sorted.size).toBe(model.size)
  for (const { runs, expected } of snapshots) expect(all(runs)).toEqual(expected)
})

test('a fork goes its own way', () => {
  const sorted = new SortedEntries<Item>()
  for (let i = 0; i < 2000; i++) sorted.set(`${i}`, { key: `${i}`, value: i })
  const fork = sorted.fork()
  fork.set('5', undefined)
  sorted.set('7', undefined)
  expect([fork.size, sorted.size, fork.get('5'), fork.get('7')?.value, sorted.get('5')?.value, sorted.get('7')]).toEqual([1999, 1999, undefined, 7, 5, undefined])
})

test('what is empty', () => {
  const sorted = new SortedEntries<Item>()
  expect([all(sorted.snapshot()), countBetween(sorted.snapshot(), ''), sorted.set('x', undefined), sorted.get('x')]).toEqual([[], 0, undefined, undefined])
})
