/** Several limits on groups at once, beside all selections there are. */
import { expect, test } from 'vitest'
import { Seeded } from '../../../../test/suites/seeded.ts'
import type { Ranked } from './candidate.ts'
import { selectWithinLimits } from './select-within-limits.ts'
import { isWorthMore, type SelectionLimits, type Worth } from './selection.ts'

interface Given extends Ranked { readonly groups: readonly (readonly string[])[] }
interface Problem { readonly ordered: readonly Given[]; readonly limits: SelectionLimits; readonly replicas: number }

function anyProblem(random: Seeded, count: number, names: number): Problem {
  const sorts = 1 + random.int(3), min = () => random.int(4), limit = (least = min()) => ({ min: least, max: random.chance(0.4) ? Infinity : Math.max(1, least + random.int(3)) })
  // The first sort is as zones: some are in two.
  const groupsOf = (sort: number) => { const first = `g${random.int(names)}`, second = `g${random.int(names)}`; return sort === 0 && random.chance(0.3) && second !== first ? [first, second] : [first] }
  return {
    ordered: Array.from({ length: count }, (_, i): Given => ({ name: `c${i}`, score: random.chance(0.3) ? 100 : 0, available: random.int(8), tier: 0, groups: Array.from({ length: sorts }, (_sort, sort) => groupsOf(sort)) })),
    limits: { groups: Array.from({ length: sorts }, (_, sort) => ({ by: `sort ${sort}`, ...limit() })), clusters: limit() }, replicas: random.int(25),
  }
}

const select = ({ ordered, limits, replicas }: Problem) => selectWithinLimits({ ordered, groupsOf: ({ groups }) => groups, limits, replicas })

/** Whether each cluster can be counted to one of its groups such that all limits hold. */
function isWithin(taken: readonly Given[], { groups, clusters }: SelectionLimits): boolean {
  if (taken.length < clusters.min || taken.length > clusters.max) return false
  return groups.every(({ min, max }, limit) => {
    const choices = taken.reduce<ReadonlySet<string>[]>((sets, one) => [...new Map(sets.flatMap((set) => one.groups[limit]!.map((name) => { const next = new Set([...set, name]); return [[...next].sort().join(), next] as const }))).values()], [new Set()])
    return choices.some(({ size }) => size >= min && size <= max)
  })
}

const worthOf = (taken: readonly Given[], replicas: number): Worth => ({ placed: Math.min(replicas, taken.reduce((sum, { available }) => sum + available, 0)), kept: taken.filter(({ score }) => score > 0).length, size: taken.length })

function bestOfAll({ ordered, limits, replicas }: Problem): Worth | undefined {
  let best: Worth | undefined
  for (let set = 0; set < 2 ** ordered.length; set++) {
    const taken = ordered.filter((_, i) => set & (1 << i)), worth = worthOf(taken, replicas)
    if ((!best || isWorthMore(worth, best)) && isWithin(taken, limits)) best = worth
  }
  return best
}

test('of few clusters the best selection there is, or the proof that there is none', () => {
  const random = new Seeded(), wrong: unknown[] = []
  let found = 0, none = 0
  for (let round = 0; round < 400; round++) {
    const problem = anyProblem(random, random.int(9), 2 + random.int(4)), { taken, isProven } = select(problem), best = bestOfAll(problem)
    if (taken ? found++ : none++, !isProven || JSON.stringify(taken && worthOf(taken, problem.replicas)) !== JSON.stringify(best) || (taken && !isWithin(taken, problem.limits))) wrong.push({ seed: random.seed, round, problem, taken, best, isProven })
  }
  expect(wrong.slice(0, 1)).toEqual([])
  expect([found > 100, none > 50]).toEqual([true, true])
})

test('of a thousand clusters in a hundred groups a selection within the limits, in bounded time', () => {
  const random = new Seeded(), begin = performance.now()
  for (let round = 0; round < 20; round++) {
    const ordered = Array.from({ length: 1000 }, (_, i): Given => ({ name: `c${i}`, score: random.chance(0.05) ? 100 : 0, available: random.int(30), tier: 0, groups: [[`z${i % 100}`, ...(random.chance(0.2) ? [`z${random.int(100)}`] : [])], [`r${i % 10}`], [`p${random.int(4)}`]] }))
    const limits = { groups: [{ by: 'zone', min: 5 + random.int(20), max: 40 }, { by: 'region', min: 2 + random.int(3), max: 6 }, { by: 'provider', min: 2, max: 3 }], clusters: { min: 30, max: 60 } }, problem = { ordered, limits, replicas: 900 }
    const { taken = [], room } = select(problem)
    expect({ seed: random.seed, round, isWithin: holds(taken, limits), hasRoom: room >= 900, again: select({ ...problem }).taken }).toEqual({ seed: random.seed, round, isWithin: true, hasRoom: true, again: taken })
  }
  expect((performance.now() - begin) / 40).toBeLessThan(1000)
})

/** The number of groups of clusters that are in one or two is between that of the least and the most that can be counted. */
function holds(taken: readonly Given[], { groups, clusters }: SelectionLimits): boolean {
  return taken.length >= clusters.min && taken.length <= clusters.max && groups.every(({ min, max }, limit) => new Set(taken.flatMap((one) => one.groups[limit]!)).size >= min && new Set(taken.filter((one) => one.groups[limit]!.length === 1).map((one) => one.groups[limit]![0])).size <= max)
}

test('what keeps no limit is told, with the proof or without', () => {
  const three = ['a', 'b', 'c'].map((name, i): Given => ({ name, score: 0, available: 1, tier: 0, groups: [[`r${i}`], ['p']] }))
  expect(select({ ordered: three, limits: { groups: [{ by: 'region', min: 1, max: 1 }, { by: 'provider', min: 1, max: 1 }], clusters: { min: 2, max: 3 } }, replicas: 0 })).toEqual({ taken: undefined, room: 0, isProven: true })
})
