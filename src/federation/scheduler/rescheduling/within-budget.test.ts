import { expect, test } from 'vitest'
import { Seeded } from '../../../../test/suites/seeded.ts'
import type { Target } from '../snapshot.ts'
import { withinBudget } from './within-budget.ts'

const targets = (shares: Readonly<Record<string, number>>): Target[] => Object.entries(shares).map(([cluster, replicas]) => ({ cluster, replicas }))

test.each<[string, Record<string, number>, Record<string, number>, number, Record<string, number>, number]>([
  ['all of it where there is no limit', { a: 6 }, { a: 2, b: 4 }, Infinity, { a: 2, b: 4 }, 0],
  ['all of it where the budget is enough', { a: 6 }, { a: 4, b: 2 }, 2, { a: 4, b: 2 }, 0],
  ['as much as the budget allows', { a: 6 }, { a: 2, b: 4 }, 1, { a: 5, b: 1 }, 3],
  ['the largest shares first', { a: 9, b: 3 }, { c: 8, d: 4 }, 5, { a: 4, b: 3, c: 5, d: 0 }, 7],
  ['a cluster stays until it is empty', { a: 2 }, { b: 2 }, 1, { a: 1, b: 1 }, 1],
  ['what was nowhere is not moved', { a: 4 }, { a: 2, b: 6 }, 1, { a: 3, b: 5 }, 1],
  ['nor is what is to be nowhere', { a: 6, b: 4 }, { a: 2, b: 1, c: 2 }, 1, { a: 2, b: 2, c: 1 }, 1],
])('%s', (_, before, next, budget, expected, remaining) => {
  expect(withinBudget(targets(before), targets(next), budget)).toEqual({ targets: targets(expected), remaining })
})

test('step by step it comes to the whole, no step moves more than the budget, and the total is always right', () => {
  const random = new Seeded(), wrong: unknown[] = [], sum = (all: readonly Target[]) => all.reduce((total, { replicas = 0 }) => total + replicas, 0)
  const share = (total: number) => { const parts: Record<string, number> = {}; for (let at = 0; at < total; at++) { const name = `c${random.int(5)}`; parts[name] = (parts[name] ?? 0) + 1 } return targets(parts).toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1)) }
  for (let round = 0; round < 1000; round++) {
    const total = random.int(30), next = share(total), budget = 1 + random.int(5), trace: (readonly Target[])[] = [share(total)]
    for (let step = 0; step < 40 && JSON.stringify(trace.at(-1)) !== JSON.stringify(next); step++) {
      const before = trace.at(-1)!, { targets: made } = withinBudget(before, next, budget), was = new Map(before.map(({ cluster, replicas = 0 }) => [cluster, replicas]))
      const gained = made.reduce((count, { cluster, replicas = 0 }) => count + Math.max(0, replicas - (was.get(cluster) ?? 0)), 0)
      if (gained > budget || sum(made) !== total) wrong.push({ seed: random.seed, round, budget, before, next, made })
      trace.push(made)
    }
    if (JSON.stringify(trace.at(-1)) !== JSON.stringify(next)) wrong.push({ seed: random.seed, round, budget, next, trace })
  }
  expect(wrong.slice(0, 2)).toEqual([])
})
