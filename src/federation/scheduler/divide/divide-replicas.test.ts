/** Replays Karmada's divisions. */
import { expect, test } from 'vitest'
import { loadCases } from '../../../../test/cases/scheduling/load-cases.ts'
import { divideByCapacity, divideByWeights } from './divide-replicas.ts'

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
