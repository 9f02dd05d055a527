import { describe, expect, test } from 'vitest'
import type { Condition } from '../../../apis/meta/v1/condition.ts'
import { silentLogger } from '../../../lib/logger.ts'
import { timestamp } from '../../../machinery/meta/timestamp.ts'
import { SimulatedClock } from '../../../simulation/simulated-clock.ts'
import type { MemberState } from '../../member/member.ts'
import { EvictionTurns } from './eviction-turns.ts'
import { defaultFailover } from './failover-options.ts'
import { FleetHealth } from './fleet-health.ts'

describe('turns', () => {
  const setUp = (rates: { health: number; wish: number } = { health: 0.5, wish: 0.5 }) => {
    const clock = new SimulatedClock(), stop = new AbortController(), told: string[] = [], turns: EvictionTurns = new EvictionTurns({ rateOf: (byHealth) => (byHealth ? rates.health : rates.wish), onTurn: (template) => { told.push(template) }, clock })
    void turns.run(stop.signal)
    return { clock, turns, told, rates }
  }

  test('one after the other, in the order in which they asked, at the rate', async () => {
    const { clock, turns, told } = setUp()
    expect(['a', 'b', 'c'].map((template) => turns.take(template, true))).toEqual([true, false, false])
    await clock.advance(2000)
    expect(told).toEqual(['b'])
    expect([turns.take('c', true), turns.take('b', true), turns.take('c', true)]).toEqual([false, true, false])
    await clock.advance(2000)
    expect([told.at(-1), turns.take('c', true), turns.waiting]).toEqual(['c', true, 0])
  })

  test('two hundred take as long as the rate says', async () => {
    const { clock, turns } = setUp({ health: 10, wish: 10 })
    let left = Array.from({ length: 200 }, (_, at) => `t${at}`), seconds = 0
    for (; left.length > 0; seconds++) {
      for (let at = 0; at < 10; at++) { left = left.filter((template) => !turns.take(template, true)); await clock.advance(100) }
    }
    expect(seconds).toBeGreaterThanOrEqual(19)
    expect(seconds).toBeLessThanOrEqual(21)
  })

  test('one that has nothing to leave any more holds up nobody', async () => {
    const { clock, turns, told } = setUp()
    for (const template of ['a', 'b', 'c']) turns.take(template, true)
    turns.forget('b')
    await clock.advance(2000)
    expect([told, turns.take('c', true)]).toEqual([['c'], true])
  })

  test('those that wait for the clusters hold up none that somebody wants to leave', async () => {
    const { clock, turns, told, rates } = setUp({ health: 0, wish: 1 })
    expect([turns.take('a', true), turns.take('b', false), turns.take('c', false)]).toEqual([false, true, false])
    await clock.advance(1000)
    expect(told).toEqual(['c'])
    expect(turns.take('c', false)).toBe(true)
    rates.health = 1
    await clock.advance(2000)
    expect([told.at(-1), turns.take('a', true)]).toEqual(['a', true])
  })

  test('one that waits for the clusters has its turn where somebody wants it to leave another one', async () => {
    const { clock, turns, told } = setUp({ health: 0, wish: 1 })
    expect([turns.take('a', true), turns.take('b', false), turns.take('c', false), turns.take('a', false)]).toEqual([false, true, false, false])
    await clock.advance(1000)
    expect([told, turns.take('c', false)]).toEqual([['c'], true])
    await clock.advance(1000)
    expect([told, turns.take('a', false), turns.waiting]).toEqual([['c', 'a'], true, 0])
  })

  test('a crowd that waits in vain costs no more than its number', () => {
    let asked = 0
    const clock = new SimulatedClock(), turns = new EvictionTurns({ rateOf: () => { asked++; return 0 }, onTurn: () => undefined, clock }), crowd = 10_000
    for (let at = 0; at < crowd; at++) turns.take(`t${at}`, true)
    expect([turns.waiting, asked <= 3 * crowd]).toEqual([crowd, true])
  })
})

const LOST: MemberState = { state: 'unreachable', since: 0, reason: 'timeout' }

function fleetHealth() {
  const clock = new SimulatedClock(), states = new Map<string, MemberState>(), conditions = new Map<string, Condition>(), health = new FleetHealth({ members: { list: () => [...states].map(([name, state]) => ({ cluster: { metadata: { name, creationTimestamp: '2020-01-01T00:00:00Z' }, status: { conditions: conditions.has(name) ? [conditions.get(name)!] : [] } }, state })) }, failover: defaultFailover, clock, logger: silentLogger })
  return { clock, states, conditions, rates: () => [health.rateOf(true), health.rateOf(false)] }
}

test('after a time in which too much looked down, clusters get the whole timeout to come back', async () => {
  const { clock, states, rates } = fleetHealth(), lost = LOST
  for (const name of ['a', 'b', 'c']) states.set(name, { state: 'ready' })
  states.set('c', lost)
  expect(rates()).toEqual([0.5, 0.5])
  states.set('b', lost)
  expect(rates()).toEqual([0, 0.5])
  await clock.advance(3_600_000)
  states.set('b', { state: 'ready' })
  expect(rates()).toEqual([0, 0.5])
  await clock.advance(defaultFailover.evictionTimeoutMs - 1)
  expect(rates()).toEqual([0, 0.5])
  await clock.advance(1)
  expect(rates()).toEqual([0.5, 0.5])
  states.set('c', { state: 'connecting' })
  expect(rates()).toEqual([0.5, 0.5])
})

test('a server that has just started does not take the first clusters that it misses for the only ones', async () => {
  const { clock, states, rates } = fleetHealth(), names = ['a', 'b', 'c', 'd', 'e']
  for (const name of names) states.set(name, { state: 'connecting' })
  expect(rates()).toEqual([0, 0.5])
  for (const name of names) {
    states.set(name, LOST)
    expect(rates()).toEqual([0, 0.5])
  }
  await clock.advance(60_000)
  for (const name of names) states.set(name, { state: 'connecting' })
  expect(rates()).toEqual([0, 0.5])
})

test('where a server that has just started finds all well but one, that one may be left at once', () => {
  const { states, rates } = fleetHealth()
  for (const name of ['a', 'b', 'c', 'd', 'e']) states.set(name, { state: 'connecting' })
  expect(rates()).toEqual([0, 0.5])
  for (const name of ['a', 'b', 'c']) states.set(name, { state: 'ready' })
  states.set('d', LOST)
  expect(rates()).toEqual([0.5, 0.5])
})

test('a server that starts while clusters come back one by one gives the others the time to do so, too', async () => {
  const { clock, states, conditions, rates } = fleetHealth(), ready = (): Condition => ({ type: 'Ready', status: 'True', reason: 'ClusterReady', message: '', lastTransitionTime: timestamp(clock.now()) }), { evictionTimeoutMs } = defaultFailover
  for (const name of ['a', 'b', 'c', 'd']) { states.set(name, { state: 'ready' }); conditions.set(name, ready()) }
  await clock.advance(3_600_000)
  states.set('d', LOST)
  expect(rates()).toEqual([0.5, 0.5])
  for (const name of ['b', 'c']) conditions.set(name, ready())
  expect(rates()).toEqual([0, 0.5])
  await clock.advance(evictionTimeoutMs - 1000)
  expect(rates()).toEqual([0, 0.5])
  await clock.advance(2000)
  expect(rates()).toEqual([0.5, 0.5])
})
