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
