/** Replays Karmada's divisions. */
import { expect, test } from 'vitest'
import { loadCases } from '../../../../test/cases/scheduling/load-cases.ts'
import { Seeded } from '../../../../test/suites/seeded.ts'
import { divideByCapacity, divideByWeights, divideByWeightsWithin } from './divide-replicas.ts'

interface Case { name: string; strategy: 'static' | 'dynamic' | 'aggregated' | 'duplicated'; mode: 'steady' | 'fresh'; replicas: number; previous: Record<string, number>; candidates: { name: string; weight?: number; allocatable?: number; tier?: number }[]; expect?: Record<string, number>; error?: string }
/** Duplicated divides nothing: `schedule` tests hold its cases. */
const cases = loadCases<Case>('division.json').filter(({ strategy }) => strategy !== 'duplicated')

const withoutZeros = (counts: Iterable<readonly [string, number]>) => Object.fromEntries([...counts].filter(([, count]) => count > 0))

test.each(cases.filter(({ strategy }) => strategy === 'static').map((one) => [one.name, one] as const))('%s', (_, { replicas, candidates, expect: expected }) => {
  expect(withoutZeros(divideByWeights(replicas, new Map(candidates.map(({ name, weight = 0 }) => [name, weight])), 'ascending'))).toEqual(expected)
})

test.each(cases.filter(({ strategy }) => strategy !== 'static').map((one) => [one.name, one] as const))('%s', (_, { strategy, mode, replicas, previous, candidates, expect: expected, error }) => {
  const holders = candidates.map(({ name, allocatable = 0, tier = 0 }) => ({ name, allocatable, tier }))
  const divided = divideByCapacity(strategy === 'dynamic' ? 'DynamicWeight' : 'Aggregated', { replicas, holders, previous: new Map(Object.entries(previous)), fresh: mode === 'fresh', names: 'ascending' })
  expect(divided.unplaced > 0 ? 'unschedulable' : withoutZeros(divided.replicas)).toEqual(error ?? withoutZeros(Object.entries(expected!)))
})

test('what does not fit is told, the rest is placed', () => {
  const { replicas, unplaced } = divideByCapacity('DynamicWeight', { replicas: 12, holders: ['a', 'b', 'c'].map((name) => ({ name, allocatable: 3, tier: 0 })), previous: new Map(), fresh: false, names: 'ascending' })
  expect([Object.fromEntries(replicas), unplaced]).toEqual([{ a: 3, b: 3, c: 3 }, 3])
})

test('weights within room: one replica at a time to the next by weight that has room', () => {
  const random = new Seeded()
  for (let round = 0; round < 500; round++) {
    const clusters = Array.from({ length: 1 + random.int(6) }, (_, i) => ({ name: `c${i}`, weight: random.chance(0.2) ? 0 : 1 + random.int(9), room: random.int(12) })), replicas = random.int(40), anyWeight = clusters.some(({ weight }) => weight > 0)
    const held = new Map(clusters.filter(({ weight }) => weight > 0 || !anyWeight).map(({ name }) => [name, 0])), votes = (name: string) => (anyWeight ? clusters.find((it) => it.name === name)!.weight : 1), room = (name: string) => clusters.find((it) => it.name === name)!.room
    let left = replicas
    for (; left > 0; left--) {
      const [next] = [...held.keys()].filter((name) => held.get(name)! < room(name)).sort((a, b) => votes(b) / (2 * held.get(b)! + 1) - votes(a) / (2 * held.get(a)! + 1) || held.get(a)! - held.get(b)! || (a < b ? -1 : 1))
      if (next === undefined) break
      held.set(next, held.get(next)! + 1)
    }
    const divided = divideByWeightsWithin(replicas, new Map(clusters.map(({ name, weight }) => [name, weight])), new Map(clusters.map((it) => [it.name, it.room])), 'ascending')
    expect({ seed: random.seed, round, replicas: Object.fromEntries(divided.replicas), unplaced: divided.unplaced }).toEqual({ seed: random.seed, round, replicas: Object.fromEntries(held), unplaced: left })
  }
})
