import { describe, expect, test } from 'vitest'
import type { Placement } from '../../apis/cluster.federation/v1alpha1/placement.ts'
import type { ClusterFacts, Target } from './snapshot.ts'
import { withinQuota } from './within-quota.ts'

const cluster = (name: string): ClusterFacts => ({ cluster: { metadata: { name }, spec: { syncMode: 'Push' }, status: { apiEnablements: [{ groupVersion: 'apps/v1', resources: [{ name: 'deployments', kind: 'Deployment' }] }], resourceSummary: { allocatable: { pods: 100 } } } }, state: { state: 'ready' } })
const divided: Placement = { replicaScheduling: { replicaSchedulingType: 'Divided' } }

/** Decides again with what was decided, as if nothing else happened. */
function decide(placement: Placement, replicas: number, allowed: number | undefined, before?: { readonly targets: readonly Target[]; readonly fingerprint: string }) {
  return withinQuota({ template: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: '', replicas }, source: { by: 'placement', placement }, clusters: ['a', 'b'].map(cluster), ...(before && { previous: before }) }, { stuck: new Map(), now: 0 }, allowed === undefined ? undefined : { replicas: allowed, why: 'quota q' })
}
const told = ({ schedule: { targets, unplaced = 0, scheduled }, refused }: ReturnType<typeof decide>) => [refused ?? targets.map((target) => `${target.cluster}=${target.replicas ?? ''}`).join(' '), refused === undefined ? unplaced : 0, refused === undefined ? `${scheduled.status} ${scheduled.reason}` : 'refused']

describe('replicas that are divided', () => {
  test.each<[string, number, number | undefined, readonly unknown[]]>([
    ['without a quota', 6, undefined, ['a=3 b=3', 0, 'True Success']],
    ['within it', 6, 6, ['a=3 b=3', 0, 'True Success']],
    ['beyond it: the rest has no place', 6, 4, ['a=2 b=2', 2, 'True QuotaExceeded']],
    ['where it allows none', 6, 0, ['6 of 6 replicas are beyond quota q', 0, 'refused']],
  ])('%s', (_, replicas, allowed, expected) => { expect(told(decide(divided, replicas, allowed))).toEqual(expected) })
  test('stay though the quota is lowered, and get the rest once it allows it', () => {
    const first = decide(divided, 6, 4).schedule, lowered = decide(divided, 6, 1, first), raised = decide(divided, 6, 5, lowered.schedule)
    expect([told(lowered), told(raised), told(decide(divided, 6, 9, raised.schedule))]).toEqual([['a=2 b=2', 2, 'True QuotaExceeded'], ['a=3 b=2', 1, 'True QuotaExceeded'], ['a=3 b=3', 0, 'True Success']])
    expect(lowered.schedule.scheduled.message).toContain('2 of 6 replicas are beyond quota q')
  })
  test('are scaled down though the quota is used up', () => { expect(told(decide(divided, 2, 0, decide(divided, 6, 6).schedule))).toEqual(['a=1 b=1', 0, 'True Success']) })
})

test('what goes nowhere by its own word is beyond no quota', () => {
  const { refused, schedule } = withinQuota({ template: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: '', replicas: 6 }, source: { by: 'placement', placement: { clusters: [], ...divided } }, clusters: [cluster('a')], previous: { targets: [{ cluster: 'a', replicas: 6 }], fingerprint: '' } }, { stuck: new Map(), now: 0 }, { replicas: 0, why: 'quota q' })
  expect([refused, schedule.targets, schedule.scheduled]).toEqual([undefined, [], { status: 'True', reason: 'Nowhere', message: 'the placement names no cluster' }])
})

test('replicas that wait for room beside those that run count, too', () => {
  const placement: Placement = { replicaScheduling: { clusterPreferences: { '*': { weight: 1 } }, rebalance: true } }, clusters = [cluster('a'), { ...cluster('b'), capacity: 1 }]
  const shares = (allowed: number) => withinQuota({ template: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: '', replicas: 6 }, source: { by: 'placement', placement }, clusters }, { stuck: new Map(), now: 0 }, { replicas: allowed, why: 'quota q' }).schedule.targets.map(({ cluster: name, replicas, waiting = 0 }) => `${name}=${replicas}(${waiting})`).join(' ')
  expect([shares(9), shares(7), shares(6)]).toEqual(['a=5(0) b=3(2)', 'a=5(0) b=2(1)', 'a=5(0) b=1(0)'])
})

describe('replicas that every cluster has', () => {
  test('are in no more clusters than the quota allows, or where they are', () => {
    expect(told(decide({}, 3, 6))).toEqual(['a=3 b=3', 0, 'True Success'])
    expect(told(decide({}, 3, 5))).toEqual(['6 replicas in 2 clusters are beyond quota q', 0, 'refused'])
    expect(told(decide({}, 3, 1, decide({}, 3, 6).schedule))).toEqual(['a=3 b=3', 0, 'True Success'])
  })
})
