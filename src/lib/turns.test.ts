import { expect, test } from 'vitest'
import { ManualClock, settle } from '../../test/suites/manual-clock.ts'
import { Turns, type Turn } from './turns.ts'

function bed(max: number) {
  const clock = new ManualClock(0), turns = new Turns({ max, patienceMs: 1_000, clock }), order: string[] = [], held = new Map<string, Turn>()
  const ask = async (name: string, signal = new AbortController().signal) => { held.set(name, await turns.take(signal)); order.push(name) }
  return { clock, order, ask: (name: string, signal?: AbortSignal) => { void ask(name, signal) }, end: (name: string) => held.get(name)!.end(), extend: (name: string) => held.get(name)!.extend() }
}

test('so many have a turn, and the others get theirs in order', async () => {
  const { order, ask, end } = bed(2)
  for (const name of ['a', 'b', 'c', 'd']) ask(name)
  await settle()
  expect(order).toEqual(['a', 'b'])
  end('b')
  end('b')
  await settle()
  expect(order, 'one turn that was given back is one').toEqual(['a', 'b', 'c'])
  end('a')
  await settle()
  expect(order).toEqual(['a', 'b', 'c', 'd'])
})

test('what shows no progress loses its turn to whoever waits, and what does keeps it', async () => {
  const { clock, order, ask, extend, end } = bed(2)
  for (const name of ['hangs', 'works', 'waits', 'last']) ask(name)
  await settle()
  await clock.advance(900)
  extend('works')
  await clock.advance(200)
  await settle()
  expect(order).toEqual(['hangs', 'works', 'waits'])
  end('hangs')
  await settle()
  expect(order, 'what it gives back late was taken').toEqual(['hangs', 'works', 'waits'])
  end('works')
  await settle()
  expect(order).toEqual(['hangs', 'works', 'waits', 'last'])
})

test('whoever gives up waiting takes nobody\'s turn', async () => {
  const { order, ask, end } = bed(1), stop = new AbortController()
  ask('a')
  ask('gone', stop.signal)
  ask('b')
  await settle()
  stop.abort()
  await settle()
  expect(order).toEqual(['a', 'gone'])
  end('a')
  await settle()
  expect(order).toEqual(['a', 'gone', 'b'])
})
