/** Tiers of clusters, with every division there is. */
import { expect, test } from 'vitest'
import type { ReplicaSchedulingStrategy } from '../../apis/cluster.federation/v1alpha1/placement.ts'
import { type Schedule, schedule } from './schedule.ts'
import type { ClusterFacts, SchedulingSnapshot } from './snapshot.ts'

const apiEnablements = [{ groupVersion: 'apps/v1', resources: [{ name: 'deployments', kind: 'Deployment' }] }]
const cluster = (name: string, pods: number): ClusterFacts => ({ state: { state: 'ready' }, cluster: { metadata: { name }, spec: { syncMode: 'Push' }, status: { apiEnablements, resourceSummary: { allocatable: { pods } } } } })
const weights = (of: Record<string, number>): ReplicaSchedulingStrategy => ({ weightPreference: { staticWeightList: Object.entries(of).map(([name, weight]) => ({ targetCluster: { clusterNames: [name] }, weight })) } })

/** a and b are the first choice, c and d the second, e the last. */
function decide(replicaScheduling: ReplicaSchedulingStrategy, replicas: number, pods: readonly number[], { previous, partial = false }: { previous?: Schedule; partial?: boolean } = {}): Schedule {
  const snapshot: SchedulingSnapshot = {
    template: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: '', replicas }, clusters: ['a', 'b', 'c', 'd', 'e'].map((name, i) => cluster(name, pods[i]!)),
    source: { by: 'placement', placement: { replicaScheduling, partial, clusterAffinities: [{ affinityName: 'own', clusterNames: ['a', 'b'], overflowAffinities: [{ affinityName: 'cloud', clusterNames: ['c', 'd'] }, { affinityName: 'last', clusterNames: ['e'] }] }] } },
    ...(previous && { previous: { targets: previous.targets, fingerprint: previous.fingerprint, affinity: 'own' } }),
  }
  return schedule(snapshot)
}
const counts = ({ targets, scheduled }: Schedule) => (scheduled.status === 'True' ? Object.fromEntries(targets.map(({ cluster: name, replicas = 0, waiting = 0 }) => [name, waiting > 0 ? `${replicas} of which ${waiting} wait` : replicas])) : scheduled.message)
const preferences = (rebalance = false): ReplicaSchedulingStrategy => ({ rebalance, clusterPreferences: { a: { weight: 2 }, '*': { weight: 1 } } })

test.each<[string, ReplicaSchedulingStrategy, number, number[], object | string]>([
  ['weights, all in the first choice', weights({ a: 2, b: 1, c: 1, d: 1 }), 9, [100, 100, 100, 100, 100], { a: 6, b: 3 }],
  ['weights, as far as there is room', weights({ a: 2, b: 1, c: 1, d: 1 }), 9, [4, 100, 100, 100, 100], { a: 4, b: 5 }],
  ['weights, the rest in the second', weights({ a: 2, b: 1, c: 3, d: 1 }), 12, [3, 1, 100, 100, 100], { a: 3, b: 1, c: 6, d: 2 }],
  ['weights that name none of a tier count the same there', weights({ a: 2, b: 1 }), 10, [3, 3, 9, 9, 9], { a: 3, b: 3, c: 2, d: 2 }],
  ['equal shares, down to the last', {}, 20, [3, 3, 3, 3, 100], { a: 3, b: 3, c: 3, d: 3, e: 8 }],
  ['too little room in all of them', weights({ a: 1, b: 1, c: 1, d: 1, e: 1 }), 99, [3, 3, 3, 3, 3], '5 clusters have room for 15 of 99 replicas'],
  ['preferences, within room', preferences(), 12, [6, 2, 10, 10, 10], { a: 6, b: 2, c: 2, d: 2 }],
  ['preferences, the rest waits in the last tier', preferences(), 20, [2, 2, 2, 2, 2], { a: 2, b: 2, c: 2, d: 2, e: '12 of which 10 wait' }],
  ['by room', { weightPreference: { dynamicWeight: 'AvailableReplicas' } }, 10, [2, 2, 10, 2, 10], { a: 2, b: 2, c: 5, d: 1 }],
  ['into few', { replicaDivisionPreference: 'Aggregated' }, 10, [2, 2, 10, 2, 10], { a: 2, b: 2, c: 6 }],
])('%s', (_, strategy, replicas, pods, expected) => { expect(counts(decide(strategy, replicas, pods))).toEqual(expected) })

test('what is welcome in part is placed in part', () => expect(decide(weights({ a: 1, b: 1, c: 1, d: 1, e: 1 }), 99, [3, 3, 3, 3, 3], { partial: true })).toMatchObject({ unplaced: 84, scheduled: { reason: 'Partial' } }))

test('tiers are given up in reverse: with fixed weights when something is decided anew, with preferences as replicas become fewer, or where they may be moved', () => {
  const burst = decide(weights({ a: 1, b: 1 }), 10, [2, 2, 9, 9, 9]), back = decide(weights({ a: 1, b: 1 }), 9, [5, 5, 5, 5, 9], { previous: burst })
  expect([counts(burst), counts(back)]).toEqual([{ a: 2, b: 2, c: 3, d: 3 }, { a: 5, b: 4 }])
  const full = decide(preferences(), 10, [2, 2, 9, 9, 9]), room = [9, 9, 9, 9, 9]
  expect([counts(full), counts(decide(preferences(), 10, room, { previous: full })), counts(decide(preferences(), 11, room, { previous: full })), counts(decide(preferences(), 5, room, { previous: full })), counts(decide(preferences(true), 10, room, { previous: full }))])
    .toEqual([{ a: 2, b: 2, c: 3, d: 3 }, { a: 2, b: 2, c: 3, d: 3 }, { a: 3, b: 2, c: 3, d: 3 }, { a: 2, b: 2, c: 1 }, { a: 7, b: 3 }])
})
