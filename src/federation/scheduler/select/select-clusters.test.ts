/** Replays Karmada's selection by spread constraints; a maximum of 0 is no limit here. */
import { expect, test } from 'vitest'
import type { Cluster } from '../../../apis/cluster.federation/v1alpha1/cluster.ts'
import { loadCases } from '../../../../test/cases/scheduling/load-cases.ts'
import { Seeded } from '../../../../test/suites/seeded.ts'
import { byPreference, type Candidate, type Ranked } from './candidate.ts'
import { groupClusters, type GroupConstraint, groupScore } from './group-clusters.ts'
import { selectClusters, takeFromGroups } from './select-clusters.ts'
import { type Group, selectGroups } from './select-groups.ts'

interface Given { name: string; score?: number; available?: number; tier?: number; region?: string; zone?: string; provider?: string }
interface Constraint { field: 'cluster' | 'region' | 'zone' | 'provider'; min: number; max: number }
interface GroupExpectation { score: number; available: number; clusters: string[] }
interface Case {
  name: string; op: string; constraints: Constraint[]; mode: string; duplicated: boolean; clusters: Given[]; replicas: number; minGroups: number; byAvailable: boolean; regionScores: Record<string, number>
  groups: Group[]; min: number; max: number; target: number; first: Given[]; second: Given[]; expect: string[] | number | { order: string[]; zones: Record<string, GroupExpectation>; regions: Record<string, GroupExpectation>; providers: Record<string, GroupExpectation> } | { first: number; second: number; firstWins: boolean }; error?: string
}
const cases = loadCases<Case>('spread.json'), of = (op: string) => cases.filter((one) => one.op === op).map((one) => [one.name, one] as const)

const candidate = ({ name, score = 0, available = 0, tier = 0, region, zone, provider }: Given): Candidate => {
  const cluster: Cluster = { metadata: { name }, spec: { syncMode: 'Push', ...(region && { region }), ...(zone && { zones: [zone] }), ...(provider && { provider }) } }
  return { name, cluster, score, allocatable: available, available, tier }
}
const named = (selected: ReturnType<typeof selectClusters>) => ('failure' in selected ? selected.failure : selected.map(({ name }) => name))
const FAILURES: Readonly<Record<string, string>> = { 'too-few-clusters': 'TooFewClusters', 'not-enough-replicas': 'NotEnoughRoom', 'too-few-regions': 'TooFewGroups', 'no-region-set': 'NoGroupSet' }
const toConstraint = ({ field, min, max }: Constraint) => ({ spreadByField: field, minGroups: min, maxGroups: max })

test.each(of('select'))('%s', (_, { constraints, mode, duplicated, clusters, replicas, expect: expected, error }) => {
  const spread = mode === 'static' ? [] : constraints.filter(({ field }) => field === 'cluster').map(toConstraint)
  expect(named(selectClusters(clusters.map(candidate), spread, { duplicated, replicas, partial: false }))).toEqual(error ? FAILURES[error] : expected)
})

test.each(of('select-by-region'))('%s', (_, { constraints, clusters, regionScores, replicas, expect: expected, error }) => {
  const limits = (field: string) => { const { min, max } = constraints.find((it) => it.field === field)!; return { min, max } }
  const groups = [...Map.groupBy(clusters.map(candidate), ({ cluster }) => cluster.spec.region!)].map(([name, members]) => ({ name, clusters: members, value: members.length, weight: regionScores[name]! }))
  expect(named(takeFromGroups(groups, { by: 'region', groups: limits('region'), clusters: limits('cluster') }, { duplicated: false, replicas, partial: false }))).toEqual(error ? FAILURES[error] : expected)
})

test.each(of('groups'))('%s', (_, { groups, min, max, target, expect: expected }) => { expect(selectGroups(groups, { min, max, target }).map(({ name }) => name)).toEqual(expected) })

test.each(of('group'))('%s', (_, { constraints, clusters, replicas, duplicated, expect: expected }) => {
  const ordered = clusters.map(candidate).sort(byPreference), { order, zones, regions, providers } = expected as Extract<Case['expect'], { order: string[] }>
  expect(ordered.map(({ name }) => name)).toEqual(order)
  const minClusters = constraints.find(({ field }) => field === 'cluster')?.min ?? 0
  const groups = (field: 'zone' | 'region' | 'provider') => {
    const constraint = constraints.find((it) => it.field === field)
    if (!constraint) return {}
    const found = groupClusters(ordered, toConstraint(constraint) as GroupConstraint, { duplicated, replicas, minGroups: constraint.min, minClusters })
    return Object.fromEntries(found.map(({ name, weight, clusters: members }) => [name, { score: weight, available: members.reduce((sum, { available }) => sum + available, 0), clusters: members.map((it) => it.name) }]))
  }
  expect({ zones: groups('zone'), regions: groups('region'), providers: groups('provider') }).toEqual({ zones, regions, providers })
})

const ranked = (given: Given[]): Ranked[] => given.map(candidate)

test.each(of('score'))('%s', (_, { clusters, duplicated, replicas, minGroups, expect: expected }) => { expect(groupScore(ranked(clusters), { duplicated, replicas, minGroups, minClusters: 0 })).toBe(expected) })

test.each(of('score-pair'))('%s', (_, { first, second, duplicated, replicas, minGroups, expect: expected }) => {
  const [a, b] = [first, second].map((given) => groupScore(ranked(given), { duplicated, replicas, minGroups, minClusters: 0 }))
  expect({ first: a, second: b, firstWins: a! > b! }).toEqual(expected)
})

test.each(of('sort'))('%s', (_, { byAvailable, clusters, expect: expected }) => {
  expect(clusters.map((given) => candidate(byAvailable ? given : { ...given, available: 0 })).sort(byPreference).map(({ name }) => name)).toEqual(expected)
})

const inZones = (name: string, zones: string[], available = 10): Candidate => { const one = candidate({ name, available }); return { ...one, cluster: { ...one.cluster, metadata: { name, labels: { rack: zones[0]! } }, spec: { ...one.cluster.spec, zones } } } }
const any = { duplicated: true, replicas: 1, partial: false }

test('an unset maximum is no limit, and minGroups is 1 unless it is said', () => {
  expect(named(selectClusters(['a', 'b', 'c'].map((name) => candidate({ name })), [{ spreadByField: 'cluster' }], any))).toEqual(['a', 'b', 'c'])
  expect(named(selectClusters([], [{}], any))).toBe('TooFewClusters')
})

test('spreading by zone takes the best cluster of each, a cluster in two zones but once', () => {
  const candidates = [inZones('a', ['z1', 'z2']), inZones('b', ['z1']), inZones('c', ['z2']), inZones('d', ['z3'])]
  expect(named(selectClusters(candidates, [{ spreadByField: 'zone', minGroups: 3, maxGroups: 3 }, { spreadByField: 'cluster', minGroups: 3, maxGroups: 3 }], any))).toEqual(['a', 'c', 'd'])
})

test('spreading by a label needs no constraint on clusters', () => {
  const candidates = [inZones('a', ['r1']), inZones('b', ['r1']), inZones('c', ['r2'])]
  expect(named(selectClusters(candidates, [{ spreadByLabel: 'rack', minGroups: 2 }], any))).toEqual(['a', 'c', 'b'])
  expect(named(selectClusters(candidates, [{ spreadByLabel: 'rack', minGroups: 3 }], any))).toBe('TooFewGroups')
})

test('after regions are chosen, clusters with too little room are exchanged within them', () => {
  const candidates = [{ name: 'a', region: 'R1', available: 2, score: 100 }, { name: 'b', region: 'R1', available: 9 }, { name: 'c', region: 'R2', available: 3 }].map(candidate), constraints = [{ spreadByField: 'region', minGroups: 2 } as const, { spreadByField: 'cluster', minGroups: 2, maxGroups: 2 } as const]
  expect(named(selectClusters(candidates, constraints, { duplicated: false, replicas: 5, partial: false }))).toEqual(['a', 'c'])
  expect(named(selectClusters(candidates, constraints, { duplicated: false, replicas: 10, partial: false }))).toEqual(['b', 'c'])
  expect(named(selectClusters(candidates, constraints, { duplicated: false, replicas: 13, partial: false }))).toBe('NotEnoughRoom')
  expect(named(selectClusters(candidates, constraints, { duplicated: false, replicas: 13, partial: true }))).toEqual(['b', 'c'])
})

test('never more groups than clusters may be taken', () => {
  const candidates = ['R1', 'R2', 'R3'].map((region) => candidate({ name: region.toLowerCase(), region }))
  expect(named(selectClusters(candidates, [{ spreadByField: 'region', minGroups: 1, maxGroups: 3 }, { spreadByField: 'cluster', minGroups: 1, maxGroups: 2 }], any))).toHaveLength(1)
})

test('a set of many groups keeps the limits as one of few does, in little time', () => {
  const random = new Seeded(), begin = performance.now()
  for (let round = 0; round < 300; round++) {
    const groups = Array.from({ length: 1 + random.int(40) }, (_, i): Group => ({ name: `g${i}`, value: 1 + random.int(5), weight: random.int(5) * 1000 })), min = 1 + random.int(4), max = min + random.int(4), target = random.int(15), chosen = selectGroups(groups, { min, max, target })
    const sizes = groups.map(({ value }) => value).sort((a, b) => b - a), isPossible = groups.length >= min && sizes.slice(0, max).reduce((sum, value) => sum + value, 0) >= target
    const size = chosen.reduce((sum, { value }) => sum + value, 0), isWithin = chosen.length >= min && chosen.length <= max && size >= target, again = selectGroups(groups.toReversed(), { min, max, target })
    expect({ seed: random.seed, round, isWithin, again }).toEqual({ seed: random.seed, round, isWithin: isPossible, again: chosen })
  }
  expect(performance.now() - begin).toBeLessThan(10_000)
})

const spot = (name: string, region: string, zone: string, provider: string, available = 5): Candidate => { const one = candidate({ name, region, zone, provider, available }); return { ...one, cluster: { ...one.cluster, metadata: { name, labels: { rack: zone } } } } }
const divided = (replicas: number) => ({ duplicated: false, replicas, partial: false })
const fleet = [spot('a', 'R1', 'z1', 'p1'), spot('b', 'R1', 'z2', 'p1'), spot('c', 'R2', 'z3', 'p1'), spot('d', 'R2', 'z3', 'p2'), spot('e', 'R3', 'z4', 'p2', 50)]

test.each<[string, Parameters<typeof selectClusters>[1], { duplicated: boolean; replicas: number; partial: boolean }, string[] | { failure: string; message: string }]>([
  ['regions and zones', [{ spreadByField: 'region', minGroups: 2, maxGroups: 2 }, { spreadByField: 'zone', minGroups: 3 }, { spreadByField: 'cluster' }], any, ['a', 'b', 'c', 'd']],
  ['regions, providers and a label', [{ spreadByField: 'region', minGroups: 2 }, { spreadByField: 'provider', minGroups: 2 }, { spreadByLabel: 'rack', minGroups: 2, maxGroups: 2 }, { spreadByField: 'cluster', minGroups: 2, maxGroups: 2 }], any, ['e', 'a']],
  ['the groups that have room', [{ spreadByField: 'region', maxGroups: 2 }, { spreadByField: 'provider', maxGroups: 1 }, { spreadByField: 'cluster' }], divided(52), ['e', 'd']],
  ['more groups where one has too little room', [{ spreadByField: 'region' }, { spreadByField: 'cluster' }], divided(60), ['e', 'a', 'b', 'c', 'd']],
  ['limits that contradict each other', [{ spreadByField: 'region', minGroups: 3 }, { spreadByField: 'zone', minGroups: 1 }, { spreadByField: 'cluster', minGroups: 1, maxGroups: 2 }], any, { failure: 'NoGroupSet', message: 'the spread needs 3 groups by region, and allows 2 clusters' }],
  ['limits that the clusters cannot keep together', [{ spreadByField: 'region', maxGroups: 1 }, { spreadByField: 'zone', minGroups: 3 }, { spreadByField: 'cluster' }], any, { failure: 'NoGroupSet', message: 'no choice of the 5 fit clusters has 1 groups by region, at least 3 groups by zone, at least 1 clusters' }],
  ['too few groups of one sort', [{ spreadByField: 'region', minGroups: 2 }, { spreadByField: 'provider', minGroups: 3 }, { spreadByField: 'cluster' }], any, { failure: 'TooFewGroups', message: 'fit clusters lie in 2 groups by provider, the spread needs 3' }],
  ['too little room', [{ spreadByField: 'region' }, { spreadByField: 'zone', maxGroups: 2 }, { spreadByField: 'cluster', maxGroups: 2 }], divided(99), { failure: 'NotEnoughRoom', message: 'the 2 clusters that the spread allows have room for 55 of 99 replicas' }],
  ['what there is room for', [{ spreadByField: 'region' }, { spreadByField: 'zone', maxGroups: 2 }, { spreadByField: 'cluster', maxGroups: 2 }], { ...divided(99), partial: true }, ['e', 'a']],
])('%s', (_, constraints, demand, expected) => {
  const selected = selectClusters(fleet, constraints, demand)
  expect('failure' in selected ? selected : selected.map(({ name }) => name)).toEqual(expected)
})
