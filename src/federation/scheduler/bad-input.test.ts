/** What nobody should write, and what happens in between: a condition with the numbers, never a loop, never half a decision. */
import { expect, test } from 'vitest'
import type { ClusterPreference } from '../../apis/cluster.federation/v1alpha1/placement.ts'
import type { HubPlacement } from './placement-request.ts'
import { schedule } from './schedule.ts'
import type { ClusterFacts, SchedulingSnapshot } from './snapshot.ts'

const apiEnablements = [{ groupVersion: 'apps/v1', resources: [{ name: 'deployments', kind: 'Deployment' }] }]
const cluster = (name: string, spec: object = {}, pods: string | number = 100): ClusterFacts => ({ state: { state: 'ready' }, cluster: { metadata: { name }, spec: { syncMode: 'Push', ...spec }, status: { apiEnablements, resourceSummary: { allocatable: { pods } } } } })
const decide = (placement: HubPlacement, more: Partial<SchedulingSnapshot> = {}, replicas = 9) => schedule({ template: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: '', replicas }, source: { by: 'placement', placement }, clusters: [cluster('a'), cluster('b')], ...more })
const weights = (...of: number[]): HubPlacement => ({ replicaScheduling: { weightPreference: { staticWeightList: of.map((weight, i) => ({ targetCluster: { clusterNames: [['a', 'b'][i]!] }, weight })) } } })
const preferences = (of: Record<string, ClusterPreference>): HubPlacement => ({ replicaScheduling: { clusterPreferences: of } }), int64 = (text: string) => JSON.rawJSON(text) as unknown as number
const counts = ({ targets }: ReturnType<typeof decide>) => Object.fromEntries(targets.map(({ cluster: name, replicas }) => [name, replicas]))

test.each<[string, HubPlacement, Partial<SchedulingSnapshot>, string, string]>([
  ['more clusters than there are', { spreadConstraints: [{ spreadByField: 'cluster', minGroups: 3 }] }, {}, 'NoClusterFits', '2 clusters are fit, the spread needs 3'],
  ['a minimum above the maximum', { spreadConstraints: [{ spreadByField: 'cluster', minGroups: 2, maxGroups: 1 }] }, {}, 'NoClusterFits', 'the spread needs 2 clusters, and allows 1'],
  ['more groups than clusters', { spreadConstraints: [{ spreadByField: 'region', minGroups: 3 }, { spreadByField: 'zone' }, { spreadByField: 'cluster', maxGroups: 2 }] }, { clusters: ['x', 'y', 'z'].map((region) => cluster(region, { region, zones: ['z'] })) }, 'NoClusterFits', 'the spread needs 3 groups by region, and allows 2 clusters'],
  ['groups that no cluster is in', { spreadConstraints: [{ spreadByField: 'region' }, { spreadByField: 'cluster' }] }, {}, 'NoClusterFits', '0 of 2 clusters are fit: 2 NoSpreadProperty'],
  ['no clusters at all', {}, { clusters: [] }, 'NoClusterFits', '0 of 0 clusters are fit'],
  ['weights for nobody', weights(0, 0), {}, 'Success', 'placed in 2 of 2 clusters'],
  ['preferences of nothing', preferences({ '*': { weight: 0 } }), {}, 'Unschedulable', 'none of the 2 clusters that are fit may take any of the 9 replicas'],
  ['preferences for others', preferences({ z: { weight: 1 } }), {}, 'NoClusterFits', 'none of the 2 clusters that are fit takes part in the division'],
  ['room of which more is promised than there is', { replicaScheduling: { replicaDivisionPreference: 'Aggregated' } }, { clusters: [cluster('a', {}, '-5'), cluster('b', {}, 'junk')] }, 'Unschedulable', '2 clusters have room for 0 of 9 replicas'],
])('%s', (_, placement, more, reason, message) => { expect(decide(placement, more).scheduled).toMatchObject({ reason, message }) })

test.each<[string, HubPlacement, Record<string, number>]>([
  ['a negative weight counts as none', weights(-5, 1), { b: 9 }],
  ['all negative: all the same', weights(-5, -1), { a: 5, b: 4 }],
  ['weights up to the end of 64 bits', weights(int64('9223372036854775807'), int64('9223372036854775806')), { a: 5, b: 4 }],
  ['a weight of 64 bits beside one of 1', weights(int64('9223372036854775807'), 1), { a: 9 }],
  ['preferences up to the end of 64 bits', preferences({ a: { weight: int64('9223372036854775807'), maxReplicas: int64('9223372036854775807') }, b: { weight: int64('9223372036854775807'), minReplicas: int64('9223372036854775807') } }), { b: 9 }],
  ['negative preferences', preferences({ a: { weight: -3, minReplicas: -2 }, b: { weight: 1 } }), { b: 9 }],
])('%s', (_, placement, expected) => { expect(counts(decide(placement))).toEqual(expected) })

test('as many replicas as a field can hold cost no more than a few', () => {
  const most = 2 ** 31 - 1, begin = performance.now(), clusters = Array.from({ length: 1000 }, (_, i) => cluster(`c${i}`, {}, '9223372036854775807')), sum = ({ targets }: ReturnType<typeof decide>) => targets.reduce((total, { replicas = 0 }) => total + replicas, 0)
  const room: HubPlacement = { replicaScheduling: { weightPreference: { dynamicWeight: 'AvailableReplicas' } } }
  for (const placement of [room, weights(1, 1), preferences({ '*': { weight: 1 } }), { replicaScheduling: { replicaDivisionPreference: 'Aggregated' as const } }]) expect(sum(decide(placement, { clusters }, most))).toBe(most)
  expect(performance.now() - begin).toBeLessThan(10_000)
})

test('thousands of equal clusters: the first by name, the same whatever their order, in little time', () => {
  const clusters = Array.from({ length: 3000 }, (_, i) => cluster(`c${String(i).padStart(4, '0')}`, { region: `r${i % 7}`, zones: [`z${i % 50}`], provider: 'p' })), begin = performance.now()
  const spread: HubPlacement = { replicaScheduling: { replicaDivisionPreference: 'Aggregated' }, spreadConstraints: [{ spreadByField: 'region', minGroups: 2, maxGroups: 3 }, { spreadByField: 'zone', minGroups: 3, maxGroups: 9 }, { spreadByField: 'cluster', minGroups: 3, maxGroups: 5 }] }
  for (const placement of [spread, { spreadConstraints: [{ spreadByField: 'cluster' as const, maxGroups: 2 }] }]) {
    const first = decide(placement, { clusters }), again = decide(placement, { clusters: clusters.toReversed() })
    expect([first.scheduled.status, counts(again)]).toEqual(['True', counts(first)])
  }
  expect(counts(decide({ spreadConstraints: [{ spreadByField: 'cluster', maxGroups: 2 }] }, { clusters }))).toEqual({ c0000: 9, c0001: 9 })
  expect(performance.now() - begin).toBeLessThan(10_000)
})

test('a cluster that vanishes after it was chosen gives its replicas to others, or is told to have no place', () => {
  const placement: HubPlacement = { replicaScheduling: { weightPreference: { dynamicWeight: 'AvailableReplicas' } } }, { targets, fingerprint } = decide(placement), previous = { targets, fingerprint }
  expect(decide(placement, { clusters: [cluster('a')], previous })).toMatchObject({ trigger: 'TargetLeft', targets: [{ cluster: 'a', replicas: 9 }] })
  expect(decide(placement, { clusters: [cluster('a', {}, 1)], previous })).toMatchObject({ targets: [{ cluster: 'a', replicas: 5 }], unplaced: 4, scheduled: { status: 'False', reason: 'Unschedulable', message: '1 clusters have room for 6 of 9 replicas; the 1 present targets stay' } })
  expect(decide(placement, { clusters: [], previous })).toMatchObject({ targets: [], unplaced: 9, scheduled: { status: 'False', reason: 'NoClusterFits' } })
})
