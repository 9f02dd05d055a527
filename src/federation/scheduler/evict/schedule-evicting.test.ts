/** Replays Karmada's purge modes and preserved states, and states the rules of leaving clusters. */
import { describe, expect, test } from 'vitest'
import type { Placement } from '../../../apis/cluster.federation/v1alpha1/placement.ts'
import type { Taint } from '../../../apis/cluster.federation/v1alpha1/taint.ts'
import type { Failover } from '../../../apis/policy.federation/v1alpha1/failover.ts'
import type { ClusterState, Eviction } from '../../../apis/types.federation/v1alpha1/federated-object.ts'
import { loadCases } from '../../../../test/cases/scheduling/load-cases.ts'
import type { MemberState } from '../../member/member.ts'
import { placementRequest } from '../placement-request.ts'
import { schedule } from '../schedule.ts'
import type { ClusterFacts, SchedulingSnapshot, Target } from '../snapshot.ts'
import { defaultFailover } from './failover-options.ts'
import { preservedLabels } from './preserved-labels.ts'
import { scheduleEvicting, type Evicting, type EvictingInput } from './schedule-evicting.ts'
import { clustersInUse } from './standing-evictions.ts'

const NOW = Date.UTC(2030, 0, 1), at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString().replace('.000Z', 'Z')
const DRAIN: Taint = { key: 'maintenance', effect: 'NoExecute', timeAdded: at(-1) }, DOWN: Taint = { key: 'cluster.federation/not-ready', effect: 'NoExecute', timeAdded: at(-301) }
const LOST: MemberState = { state: 'unreachable', since: 0, reason: 'timeout' }, DIVIDED: Placement = { replicaScheduling: { replicaSchedulingType: 'Divided', weightPreference: { dynamicWeight: 'AvailableReplicas' } } }, SINGLE: Placement = { spreadConstraints: [{ spreadByField: 'cluster', maxGroups: 1 }] }

interface World { readonly taints?: Readonly<Record<string, readonly Taint[]>>; readonly lost?: readonly string[]; readonly connecting?: readonly string[]; readonly room?: number; readonly clusters?: readonly string[] }
const facts = ({ taints = {}, lost = [], connecting = [], room = 100, clusters = ['a', 'b', 'c'] }: World): ClusterFacts[] => clusters.map((name) => ({
  cluster: { metadata: { name }, spec: { syncMode: 'Push', ...(taints[name] && { taints: [...taints[name]] }) }, status: { apiEnablements: [{ groupVersion: 'apps/v1', resources: [{ name: 'deployments', kind: 'Deployment' }] }], resourceSummary: { allocatable: { pods: room } } } },
  state: lost.includes(name) ? LOST : { state: connecting.includes(name) ? 'connecting' : 'ready' },
}))

interface Given extends World { readonly placement?: Placement; readonly targets?: readonly Target[]; readonly replicas?: number; readonly failover?: Failover; readonly standing?: readonly Eviction[]; readonly copies?: readonly ClusterState[]; readonly mayLeave?: EvictingInput['mayLeave']; readonly isBound?: boolean; readonly isSame?: boolean }
function decide({ placement = DIVIDED, targets = [{ cluster: 'a', replicas: 4 }, { cluster: 'b', replicas: 3 }, { cluster: 'c', replicas: 3 }], replicas = 10, failover, standing = [], copies = [], mayLeave = () => true, isBound = false, isSame = true, ...world }: Given): Evicting {
  const source = { by: 'placement' as const, placement }, snapshot: SchedulingSnapshot = {
    template: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: '', replicas }, source, clusters: facts(world),
    previous: { targets, fingerprint: placementRequest(source).terms[0]!.fingerprint },
  }
  return scheduleEvicting(snapshot, { options: defaultFailover, mayLeave, standing, copies, failover, isBound, isSame, now: NOW }, (one) => ({ schedule: schedule(one) }))
}
const placed = ({ made: { schedule: { targets } } }: Evicting) => targets.map(({ cluster, replicas }) => (replicas === undefined ? cluster : `${cluster}=${replicas}`)).join(' ')
const left = ({ evictions }: Evicting) => evictions.map(({ cluster }) => cluster).join(' ')
const copy = (name: string, health: string, more: Partial<ClusterState> = {}): ClusterState => ({ name, state: 'OK', health, ...more })
const fine = ['a', 'b', 'c'].map((name) => copy(name, 'Healthy')), CLUSTER: Failover = { cluster: {} }, down = { taints: { a: [DOWN] }, lost: ['a'] }

describe('a cluster is left', () => {
  test('that drives out what does not tolerate it, for a place elsewhere, with all that will be asked about it', () => {
    const made = decide({ taints: { a: [DRAIN] } })
    expect(placed(made)).toBe('b=5 c=5')
    expect(made.evictions).toEqual([{ cluster: 'a', reason: 'TaintUntolerated', message: 'its taint maintenance:NoExecute is not tolerated', producer: 'TaintManager', purgeMode: 'Gracefully', gracePeriodSeconds: 600, creationTimestamp: at(0), replicas: 4, movedTo: [{ cluster: 'b', replicas: 2 }, { cluster: 'c', replicas: 2 }] }])
    expect(made.made.schedule.rejected).toEqual([{ cluster: 'a', reason: 'Evicted', message: 'is being left: its taint maintenance:NoExecute is not tolerated' }])
  })

  test.each<[string, Given, string, string]>([
    ['that is down, with failover', { ...down, failover: CLUSTER }, 'b=5 c=5', 'a'],
    ['not without', down, 'a=4 b=3 c=3', ''],
    ['not before it is due', { ...down, taints: { a: [{ ...DOWN, timeAdded: at(-299) }] }, failover: CLUSTER }, 'a=4 b=3 c=3', ''],
    ['two at once', { taints: { a: [DRAIN], b: [DRAIN] } }, 'c=10', 'a b'],
    ['but the last: there is no other place', { taints: { a: [DRAIN], b: [DRAIN], c: [DRAIN] } }, 'c=10', 'a b'],
    ['not where the others have no room', { ...down, failover: CLUSTER, room: 1, placement: DIVIDED }, 'a=4 b=3 c=3', ''],
    ['one of two, as far as there is room', { taints: { a: [DRAIN], b: [DRAIN] }, room: 4 }, 'b=5 c=5', 'a'],
    ['that nobody else stands in for, at somebody\'s wish', { taints: { a: [DRAIN] }, placement: {}, targets: [{ cluster: 'a' }, { cluster: 'b' }, { cluster: 'c' }] }, 'b=10 c=10', 'a'],
    ['but not for its health', { ...down, failover: CLUSTER, placement: {}, targets: [{ cluster: 'a' }, { cluster: 'b' }, { cluster: 'c' }] }, 'a=10 b=10 c=10', ''],
    ['for its health where another takes over', { ...down, failover: CLUSTER, placement: SINGLE, targets: [{ cluster: 'a' }] }, 'b=10', 'a'],
    ['not before it may', { ...down, failover: CLUSTER, mayLeave: () => false }, 'a=4 b=3 c=3', ''],
    ['one after the other', { taints: { a: [DRAIN], b: [DRAIN] }, mayLeave: ({ cluster }) => cluster === 'b' }, 'a=6 c=4', 'b'],
    ['by nothing that is bound to stay', { taints: { a: [DRAIN] }, isBound: true }, 'a=4 b=3 c=3', ''],
    ['for the copy that fails', { copies: [copy('a', 'Unhealthy', { unhealthySince: at(-300) }), ...fine.slice(1)], failover: { application: { decisionConditions: {} } } }, 'b=5 c=5', 'a'],
    ['not for an application that fails everywhere', { copies: fine.map(({ name }) => copy(name, 'Unhealthy', { unhealthySince: at(-900) })), failover: { application: { decisionConditions: {} } } }, 'a=4 b=3 c=3', ''],
    ['for one that fails in its only place', { placement: SINGLE, targets: [{ cluster: 'a' }], copies: [copy('a', 'Unhealthy', { unhealthySince: at(-900) })], failover: { application: { decisionConditions: {} } } }, 'b=10', 'a'],
  ])('%s', (_name, given, where, from) => { const made = decide(given); expect([placed(made), left(made)]).toEqual([where, from]) })

  test('what stays says why, and is looked at again', () => {
    const made = decide({ ...down, failover: CLUSTER, room: 1 })
    expect(made.held).toEqual([{ cluster: 'a', message: 'its taint cluster.federation/not-ready:NoExecute is no longer tolerated, but it is not left: elsewhere 2 clusters have room for 8 of 10 replicas; the 2 present targets stay' }])
    expect(made.lookAgainAt).toBe(NOW + 30_000)
  })
  test('what is tolerated for a time is looked at when that ends', () => expect(decide({ ...down, taints: { a: [{ ...DOWN, timeAdded: at(-10) }] }, failover: CLUSTER }).lookAgainAt).toBe(NOW + 290_000))
  test('asks once for each cluster, and only where it would be left', () => {
    const asked: string[] = [], mayLeave: EvictingInput['mayLeave'] = ({ cluster, byHealth }) => { asked.push(`${cluster} ${byHealth}`); return true }
    decide({ taints: { a: [DRAIN], b: [DOWN] }, lost: ['b'], failover: CLUSTER, mayLeave })
    decide({ ...down, failover: CLUSTER, room: 1, mayLeave })
    expect(asked).toEqual(['a false', 'b true'])
  })
})

describe('how', () => {
  const failing = [copy('a', 'Unhealthy', { unhealthySince: at(-900) }), ...fine.slice(1)], application = (more: Partial<NonNullable<Failover['application']>>): Given => ({ copies: failing, failover: { application: { decisionConditions: {}, ...more } } })
  test.each<[string, Given, object]>([
    ['at once', { ...down, failover: { cluster: { purgeMode: 'Directly' } } }, { producer: 'TaintManager', purgeMode: 'Directly' }],
    ['an application, gracefully', application({ gracePeriodSeconds: 30 }), { reason: 'ApplicationFailure', producer: 'ApplicationFailover', purgeMode: 'Gracefully', gracePeriodSeconds: 30 }],
    ['an application, never', application({ purgeMode: 'Never' }), { purgeMode: 'Never' }],
  ])('%s', (_name, given, expected) => {
    const [eviction] = decide(given).evictions
    expect(eviction).toMatchObject(expected)
    expect(eviction?.gracePeriodSeconds).toBe((expected as { gracePeriodSeconds?: number }).gracePeriodSeconds)
  })

  interface PurgeCase { name: string; op: string; failoverCluster: { purgeMode?: 'Directly' | 'Gracefully' | '' } | null; expect: string }
  test.each(loadCases<PurgeCase>('taints.json').filter(({ op }) => op === 'purge-mode').map((one) => [one.name, one] as const))('%s', (_, { failoverCluster, expect: expected }) => {
    // An empty mode is the default of the schema.
    const purgeMode = failoverCluster?.purgeMode || undefined
    expect(decide({ taints: { a: [DRAIN] }, ...(failoverCluster && { failover: { cluster: { ...(purgeMode && { purgeMode }) } } }) }).evictions[0]!.purgeMode).toBe(expected)
  })
})

describe('what stands', () => {
  const standing: Eviction[] = [{ cluster: 'a', reason: 'TaintUntolerated', message: 'x', producer: 'TaintManager', purgeMode: 'Gracefully', gracePeriodSeconds: 600, creationTimestamp: at(-60), replicas: 4, movedTo: [{ cluster: 'b', replicas: 2 }, { cluster: 'c', replicas: 2 }] }], targets = [{ cluster: 'b', replicas: 5 }, { cluster: 'c', replicas: 5 }]
  const leavingA = copy('a', 'Healthy', { state: 'WaitingForRemoval' }), growing = [leavingA, copy('b', 'Unhealthy'), copy('c', 'Healthy')], grown = [leavingA, ...fine.slice(1)]
  const failed = standing.map((one) => ({ ...one, reason: 'ApplicationFailure' })), application: Failover = { application: { decisionConditions: {}, purgeMode: 'Never' } }
  test.each<[string, Given, string, string, string]>([
    ['stands while its cause does', { copies: grown, taints: { a: [DRAIN] } }, 'b=5 c=5', 'a', ''],
    ['is taken back with its cause while others are not ready', { copies: growing }, 'a=4 b=3 c=3', '', 'a'],
    ['and not once they are: the copy goes', { copies: grown }, 'b=5 c=5', 'a', ''],
    ['ends when the copy is gone', { copies: fine.slice(1) }, 'b=5 c=5', '', ''],
    ['ends when the cluster has left', { copies: growing, clusters: ['b', 'c'] }, 'b=5 c=5', '', ''],
    ['stands while nobody knows whether its cause does', { copies: growing, taints: { a: [DOWN] }, connecting: ['a'], failover: CLUSTER }, 'b=5 c=5', 'a', ''],
    ['is not taken back by a cluster that is down, though nothing drives it out any more', { copies: growing, lost: ['a'] }, 'b=5 c=5', 'a', ''],
    ['taken back after the template was scaled is divided anew', { copies: growing, replicas: 12 }, 'a=5 b=4 c=3', '', 'a'],
    ['where nothing came to be elsewhere it ends with its cause', { placement: {}, targets: [{ cluster: 'b' }, { cluster: 'c' }], standing: [{ cluster: 'a', reason: 'TaintUntolerated', message: 'x', producer: 'TaintManager', purgeMode: 'Gracefully', creationTimestamp: at(-60) }], copies: grown }, 'a=10 b=10 c=10', '', 'a'],
    ['a copy that was made elsewhere goes again', { placement: SINGLE, targets: [{ cluster: 'b' }], standing: [{ ...standing[0]!, movedTo: [{ cluster: 'b' }] }], copies: [leavingA, copy('b', 'Unhealthy')] }, 'a=10', '', 'a'],
    ['an application that works again comes back', { standing: failed, copies: growing, failover: application }, 'a=4 b=3 c=3', '', 'a'],
    ['one that still fails does not', { standing: failed, copies: [{ ...leavingA, health: 'Unhealthy' }, ...growing.slice(1)], failover: application }, 'b=5 c=5', 'a', ''],
    ['one that cannot be seen does not', { standing: failed, copies: growing, lost: ['a'], failover: application }, 'b=5 c=5', 'a', ''],
    ['where it failed is remembered while it works nowhere', { standing: failed, copies: [copy('b', 'Unhealthy'), copy('c', 'Unhealthy')], failover: application }, 'b=5 c=5', 'a', ''],
    ['until it does', { standing: failed, copies: [copy('b', 'Unhealthy'), copy('c', 'Healthy')], failover: application }, 'b=5 c=5', '', ''],
    ['or changes', { standing: failed, copies: [copy('b', 'Unhealthy'), copy('c', 'Unhealthy')], failover: application, isSame: false }, 'b=5 c=5', '', ''],
    ['another cluster is left meanwhile', { copies: grown, taints: { a: [DRAIN], b: [DRAIN] } }, 'c=10', 'a b', ''],
  ])('%s', (_name, given, where, from, cancelled) => {
    const made = decide({ standing, targets, ...given })
    expect([placed(made), left(made), made.cancelled.map(({ cluster }) => cluster).join(' ')]).toEqual([where, from, cancelled])
  })
  test('goes as the policy says now', () => {
    const of = (failover: Failover | undefined) => decide({ standing: failed, targets, copies: [{ ...leavingA, health: 'Unhealthy' }, ...growing.slice(1)], ...(failover && { failover }) }).evictions[0]!.purgeMode
    expect([of(application), of({ application: { decisionConditions: {}, purgeMode: 'Directly' } }), of(undefined)]).toEqual(['Never', 'Directly', 'Gracefully'])
  })
})

describe('state', () => {
  const rules = [{ aliasLabelName: 'flink/job', jsonPath: '{.jobStatus.jobID}' }, { aliasLabelName: 'ready', jsonPath: '.ready' }]
  test('is told to the copy that is new, and to no other', () => {
    const { labels } = decide({ ...down, clusters: ['a', 'b', 'c'], targets: [{ cluster: 'a', replicas: 5 }, { cluster: 'b', replicas: 5 }], failover: { cluster: { statePreservation: { rules } } }, copies: [copy('a', 'Healthy', { status: { jobStatus: { jobID: 'a1' }, ready: 3 } })], placement: { replicaScheduling: { replicaSchedulingType: 'Divided' } } })
    expect([...labels]).toEqual([['c', { 'flink/job': 'a1', ready: '3' }]])
  })
  test('that cannot be told keeps the copy where it is', () => {
    const { held, evictions } = decide({ ...down, failover: { cluster: { statePreservation: { rules } } }, copies: [copy('a', 'Healthy', { status: { ready: 3 } })] })
    expect([evictions, held]).toEqual([[], [{ cluster: 'a', message: 'its taint cluster.federation/not-ready:NoExecute is no longer tolerated, but it is not left: the status of the copy there has no {.jobStatus.jobID}, which is to be preserved' }]])
  })

  interface StateCase { name: string; op: string; cluster: string; rules: { label: string; jsonPath: string }[]; statuses: Record<string, object>; error: string }
  test.each(loadCases<StateCase>('taints.json').filter(({ op }) => op === 'preserve-state').map((one) => [one.name, one] as const))('%s', (_, { cluster, rules: given, statuses, error }) => {
    expect('problem' in preservedLabels({ rules: given.map(({ label, jsonPath }) => ({ aliasLabelName: label, jsonPath })) }, statuses[cluster])).toBe(error === 'no-status')
  })
  test.each<[string, unknown, string, object]>([
    ['a path with blanks', { metadata: { labels: { foo: 'bar' } } }, '{ .metadata.labels.foo }', { labels: { x: 'bar' } }],
    ['no scalar', { a: { b: 1 } }, '{.a}', { problem: 'the status of the copy there has no {.a}, which is to be preserved' }],
    ['no label', { a: 'two words' }, '{.a}', { problem: '{.a} in the status of the copy there is "two words", which no label can hold' }],
    ['no path', { a: 1 }, '{.a[?(]}', { problem: 'the status of the copy there has no {.a[?(]}, which is to be preserved' }],
    ['a truth', { a: true }, '$.a', { labels: { x: 'true' } }],
  ])('%s', (_name, status, jsonPath, expected) => expect(preservedLabels({ rules: [{ aliasLabelName: 'x', jsonPath }] }, status)).toEqual(expected))
})

interface InUse { name: string; op: string; targets: Record<string, number>; requiredBy: Record<string, number>[]; tasks: { fromCluster: string; purgeMode?: Eviction['purgeMode'] }[]; expect: string[] }
test.each(loadCases<InUse>('rescheduling.json').filter(({ op }) => op === 'clusters-in-use').map((one) => [one.name, one] as const))('%s', (_, { targets, requiredBy, tasks, expect: expected }) => {
  // A cluster that needs the template is a target like any other.
  const all = [targets, ...requiredBy].flatMap((one) => Object.keys(one)).map((cluster) => ({ cluster }))
  expect(clustersInUse(all, tasks.map(({ fromCluster, purgeMode = 'Gracefully' }) => ({ cluster: fromCluster, purgeMode })), tasks.map(({ fromCluster }) => ({ name: fromCluster }))).toSorted()).toEqual(expected)
})
test('what is left at once needs nothing any more, and where the copy is gone neither', () => {
  expect(clustersInUse([{ cluster: 'b' }], [{ cluster: 'a', purgeMode: 'Directly' }], [{ name: 'a' }])).toEqual(['b'])
  expect(clustersInUse([{ cluster: 'b' }], [{ cluster: 'a', purgeMode: 'Gracefully' }], [{ name: 'b' }])).toEqual(['b'])
})
