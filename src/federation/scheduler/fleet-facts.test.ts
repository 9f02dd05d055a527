import { expect, test } from 'vitest'
import type { Cluster } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { ClusterSet } from '../../apis/cluster.federation/v1alpha1/cluster-set.ts'
import type { MemberState } from '../member/member.ts'
import { FleetFacts } from './fleet-facts.ts'

interface Known { cluster: Cluster; state: MemberState; nodes: undefined }

function fleet(...names: readonly string[]) {
  let now = 0
  const members = names.map((name): Known => ({ cluster: { metadata: { name, labels: { env: name === 'a' ? 'prod' : 'dev' } }, spec: { syncMode: 'Push' } }, state: { state: 'ready' }, nodes: undefined }))
  return { members, facts: new FleetFacts({ members: { list: () => members }, clock: { now: () => now } }), pass: (ms: number) => { now += ms } }
}
const set = (spec?: ClusterSet['spec']): ClusterSet => ({ metadata: { name: 's' }, ...(spec && { spec }) }), prod = set({ clusterAffinity: { labelSelector: { matchLabels: { env: 'prod' } } } }), named = set({ clusterAffinity: { clusterNames: ['c'] } })

test('news is what decisions rest on: what is reported of capacity is none', () => {
  const { members, facts } = fleet('a', 'b'), change = (cluster: Partial<Cluster>) => { members[1] = { ...members[1]!, cluster: { ...members[1]!.cluster, ...cluster } }; return facts.isNews() }
  expect([facts.isNews(), facts.isNews()]).toEqual([true, false])
  expect(change({ status: { resourceSummary: { allocatable: { pods: '1' } } } })).toBe(false)
  expect(change({ status: { apiEnablements: [{ groupVersion: 'v1', resources: [] }] } })).toBe(true)
  expect(change({ spec: { syncMode: 'Push', region: 'r' } })).toBe(true)
  expect(change({ metadata: { name: 'b', labels: { env: 'prod' } } })).toBe(true)
  members[0]!.state = { state: 'connecting' }
  expect([facts.isNews(), facts.isNews()]).toEqual([true, false])
  members.pop()
  expect(facts.isNews()).toBe(true)
})

test('one member that changes costs a look at that one', () => {
  const { members, facts } = fleet(...Array.from({ length: 500 }, (_, at) => `m${at}`))
  let looks = 0
  for (const member of members) {
    const { status: _, ...rest } = member.cluster
    member.cluster = Object.defineProperty(rest, 'status', { get: () => { looks++; return undefined } })
  }
  for (let round = 0; round < 500; round++) { members[round]!.state = { state: 'connecting' }; expect(facts.isNews()).toBe(true) }
  expect(looks).toBeLessThanOrEqual(2 * members.length)
})

test('the clusters of sets are the same list until something changes, for at most a second', () => {
  const { members, facts, pass } = fleet('a', 'b', 'c'), names = (...sets: ClusterSet[]) => facts.of(sets).map(({ cluster }) => cluster.metadata.name).join(' ')
  expect([names(), names(prod), names(named), names(prod, named), names(named, set())]).toEqual(['', 'a', 'c', 'a c', 'a b c'])
  const before = facts.of([prod, named])
  expect(facts.of([prod, named])).toBe(before)
  pass(1000)
  expect(facts.of([prod, named])).toBe(before)
  members[2]!.state = { state: 'connecting' }
  pass(1)
  expect(facts.of([prod, named])[1]?.state.state).toBe('connecting')
  members[1]!.cluster = { ...members[1]!.cluster, metadata: { name: 'b', labels: { env: 'prod' } } }
  facts.isNews()
  expect(names(prod)).toBe('a b')
})
