import { expect, test } from 'vitest'
import type { Clock } from './clock.ts'
import { Queue } from './queue.ts'

/** Sleeps end when the test says so. */
function manualClock() {
  let now = 0
  const sleepers: { at: number; end: () => void }[] = []
  const clock: Clock = { now: () => now, sleep: (ms, signal) => new Promise((resolve) => { sleepers.push({ at: now + ms, end: resolve }); signal?.addEventListener('abort', () => resolve(), { once: true }) }) }
  return { clock, advance: (ms: number) => { now += ms; for (const it of sleepers.filter(({ at }) => at <= now)) it.end() } }
}
const signal = new AbortController().signal

test('a key added twice is one piece of work, in order of arrival', async () => {
  const queue = new Queue()
  for (const key of ['a', 'b', 'a']) queue.add(key)
  expect([await queue.take(signal), await queue.take(signal)]).toEqual(['a', 'b'])
})

test('of those that are ready, the one of the highest priority is next, of equal ones the first to come', async () => {
  const priorities: Record<string, number> = { a: 0, b: 5, c: -1, d: 5, e: 2 }, queue = new Queue({ priority: (key) => priorities[key]! }), taken: (string | undefined)[] = []
  for (const key of ['a', 'b', 'c', 'd', 'b']) queue.add(key)
  taken.push(await queue.take(signal))
  queue.add('e')
  for (let i = 0; i < 4; i++) taken.push(await queue.take(signal))
  expect(taken).toEqual(['b', 'd', 'e', 'a', 'c'])
})

test('a key added while somebody works on it waits until that is done', async () => {
  const queue = new Queue()
  queue.add('a')
  await queue.take(signal)
  queue.add('a')
  const next = queue.take(signal)
  queue.add('b')
  expect(await next).toBe('b')
  const again = queue.take(signal)
  queue.done('a')
  expect(await again).toBe('a')
})

test('of two delays the shorter holds, and none cancels both', async () => {
  const { clock, advance } = manualClock(), queue = new Queue({ clock })
  queue.add('a', 1000)
  queue.add('a', 5000)
  let taken: string | undefined
  const taking = (async () => { taken = await queue.take(signal) })()
  await Promise.resolve()
  advance(999)
  await new Promise(setImmediate)
  expect(taken).toBeUndefined()
  advance(1)
  await taking
  expect(taken).toBe('a')
  queue.done('a')
  queue.add('b', 1000)
  queue.add('b')
  expect(await queue.take(signal)).toBe('b')
})

test('failures in a row double the delay until one succeeds', () => {
  const queue = new Queue({ initialMs: 100, maxMs: 300, random: () => 0 })
  expect([queue.retry('a'), queue.retry('a'), queue.retry('a'), queue.retry('b')]).toEqual([100, 200, 300, 100])
  queue.succeeded('a')
  expect(queue.retry('a')).toBe(100)
})

test('taking ends with the signal', async () => {
  const stop = new AbortController(), taking = new Queue().take(stop.signal)
  stop.abort()
  expect(await taking).toBeUndefined()
})

test('each key wakes one of those who wait, and none is lost with one who gives up', async () => {
  const queue = new Queue(), stop = new AbortController(), taken: string[] = [], first = queue.take(stop.signal)
  const rest = [1, 2].map(async () => { for (let key = await queue.take(signal); key !== 'end'; key = await queue.take(signal)) taken.push(key!) })
  queue.add('a')
  stop.abort()
  expect(await first).toBeUndefined()
  for (const key of ['b', 'c']) queue.add(key)
  await new Promise(setImmediate)
  expect(taken.toSorted()).toEqual(['a', 'b', 'c'])
  queue.add('end')
  await Promise.race(rest)
})

test('many delays, given up and planned anew, come in the order of their times', async () => {
  const { clock, advance } = manualClock(), queue = new Queue({ clock }), order: string[] = []
  for (let round = 0; round < 100; round++) for (let at = 0; at < 20; at++) { queue.add(`k${at}`); queue.add(`k${at}`, 1000 - at) }
  for (let at = 0; at < 20; at++) queue.done((await queue.take(signal))!)
  void (async () => { for (;;) { const key = await queue.take(signal); order.push(`${key} ${clock.now()}`); queue.done(key!) } })()
  for (let ms = 0; ms < 1000; ms++) { advance(1); await new Promise(setImmediate) }
  expect(order).toEqual(Array.from({ length: 20 }, (_, at) => `k${19 - at} ${981 + at}`))
})

test('two hundred thousand delays are no burden', async () => {
  const { clock, advance } = manualClock(), queue = new Queue({ clock })
  for (let at = 0; at < 200_000; at++) queue.add(`k${at}`, 1 + (at * 7919) % 5000)
  const taking = queue.take(signal)
  advance(1)
  expect(await taking).toBe('k0')
})
