/** What people are told of a decision: for every cluster why, with numbers. */
import { expect, test } from 'vitest'
import type { ReplicaSchedulingStrategy } from '../../apis/cluster.federation/v1alpha1/placement.ts'
import type { HubPlacement } from './placement-request.ts'
import { schedule } from './schedule.ts'
import type { ClusterFacts, SchedulingSnapshot } from './snapshot.ts'

const apiEnablements = [{ groupVersion: 'apps/v1', resources: [{ name: 'deployments', kind: 'Deployment' }] }]
const cluster = (name: string, pods = 100, labels: Record<string, string> = {}): ClusterFacts => ({ state: { state: 'ready' }, cluster: { metadata: { name, labels }, spec: { syncMode: 'Push' }, status: { apiEnablements, resourceSummary: { allocatable: { pods } } } } })

function told(placement: HubPlacement, more: Partial<SchedulingSnapshot> = {}): Record<string, string> {
  const { targets, rejected } = schedule({ template: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: '', replicas: 9 }, source: { by: 'placement', placement }, clusters: [cluster('a', 8), cluster('b', 4), cluster('c', 2)], ...more })
  return Object.fromEntries([...targets.map(({ cluster: name, message = '' }) => [name, message]), ...rejected.map(({ cluster: name, message }) => [name, message])])
}
const divided = (replicaScheduling: ReplicaSchedulingStrategy, more: HubPlacement = {}): HubPlacement => ({ replicaScheduling, ...more })

test.each<[string, HubPlacement, Record<string, string>]>([
  ['all replicas everywhere', {}, { a: 'gets all 9 replicas', b: 'gets all 9 replicas', c: 'gets all 9 replicas' }],
  ['fixed weights', divided({ weightPreference: { staticWeightList: [{ targetCluster: { clusterNames: ['a'] }, weight: 2 }, { targetCluster: { clusterNames: ['b'] }, weight: 1 }] } }), { a: 'gets 6 of 9 replicas by weight 2 of 3', b: 'gets 3 of 9 replicas by weight 1 of 3', c: 'is fit, but no weight names it' }],
  ['no weights', divided({}), { a: 'gets 3 of 9 replicas, like each of 3 clusters', b: 'gets 3 of 9 replicas, like each of 3 clusters', c: 'gets 3 of 9 replicas, like each of 3 clusters' }],
  ['by room', divided({ weightPreference: { dynamicWeight: 'AvailableReplicas' } }), { a: 'gets 5 of 9 replicas: it had 0, and room for 8 more', b: 'gets 3 of 9 replicas: it had 0, and room for 4 more', c: 'gets 1 of 9 replicas: it had 0, and room for 2 more' }],
  ['into few', divided({ replicaDivisionPreference: 'Aggregated' }), { a: 'gets 6 of 9 replicas: it had 0, and room for 8 more', b: 'gets 3 of 9 replicas: it had 0, and room for 4 more', c: 'is fit, but its share of 9 replicas is 0' }],
  ['preferences', divided({ clusterPreferences: { a: { weight: 3, maxReplicas: 4 }, '*': { weight: 1, minReplicas: 1 } } }), { a: 'gets 4 of 9 replicas by weight 3 of 5, at most 4', b: 'gets 2 of 9 replicas by weight 1 of 5, at least 1', c: 'gets 3 of 9 replicas by weight 1 of 5, at least 1' }],
  ['overflow', divided({ replicaDivisionPreference: 'Aggregated' }, { clusterAffinities: [{ affinityName: 'own', clusterNames: ['b'], overflowAffinities: [{ affinityName: 'more', clusterNames: ['a'] }] }] }), { b: 'gets 4 of 9 replicas: it had 0, and room for 4 more', a: 'gets 5 of 9 replicas: it had 0, and room for 8 more, as overflow of tier 1', c: 'is not selected by the affinity own' }],
  ['too little room', divided({ replicaDivisionPreference: 'Aggregated' }, { clusterAffinity: { exclude: ['a'] } }), { a: 'is not selected by the placement', b: 'is fit, but 2 clusters have room for 6 of 9 replicas', c: 'is fit, but 2 clusters have room for 6 of 9 replicas' }],
])('%s', (_, placement, expected) => { expect(told(placement)).toEqual(expected) })

test('of a kind without replicas there is nothing to tell: what is chosen is fit', () => { expect(told({}, { template: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: '' } })).toEqual({ a: '', b: '', c: '' }) })

test('what was decided is told as long as it stays, and so many targets are not explained one by one', () => {
  const placement = divided({ weightPreference: { dynamicWeight: 'AvailableReplicas' } }), first = schedule({ template: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: '', replicas: 2 }, source: { by: 'placement', placement }, clusters: [cluster('a', 8)] })
  const kept = schedule({ template: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: '', replicas: 2 }, source: { by: 'placement', placement }, clusters: [cluster('a', 3)], previous: { targets: first.targets, fingerprint: first.fingerprint } })
  expect([kept.trigger, kept.targets]).toEqual([undefined, [{ cluster: 'a', replicas: 2, message: 'gets 2 of 2 replicas: it had 0, and room for 8 more' }]])
  expect(new Set(Object.values(told({}, { clusters: Array.from({ length: 51 }, (_, i) => cluster(`c${i}`)) })))).toEqual(new Set(['']))
})
