/** Replays Karmada's taint manager, and states the rules. */
import { describe, expect, test } from 'vitest'
import type { Toleration } from '../../../apis/cluster.federation/v1alpha1/placement.ts'
import type { Taint } from '../../../apis/cluster.federation/v1alpha1/taint.ts'
import type { Failover } from '../../../apis/policy.federation/v1alpha1/failover.ts'
import type { ClusterState } from '../../../apis/types.federation/v1alpha1/federated-object.ts'
import { loadCases } from '../../../../test/cases/scheduling/load-cases.ts'
import type { MemberState } from '../../member/member.ts'
import type { ClusterFacts } from '../snapshot.ts'
import { applicationCause, taintCause } from './cause.ts'
import { toleratedUntil } from './tolerated-until.ts'

const factsOf = (taints: readonly Taint[], state: MemberState = { state: 'ready' }): ClusterFacts => ({ cluster: { metadata: { name: 'm1' }, spec: { syncMode: 'Push', taints: [...taints] } }, state })
const DEFAULTS = { notReadyTolerationSeconds: 300, unreachableTolerationSeconds: 200 }
const LOST: MemberState = { state: 'unreachable', since: 0, reason: 'timeout' }

interface TaintCase { name: string; op: string; now: string; enabled?: boolean; taints: Taint[] | null; tolerations: Toleration[]; placementTolerations: Toleration[] | 'absent' | 'invalid'; expect: unknown }
const all = loadCases<TaintCase>('taints.json'), of = (op: string) => all.filter((one) => one.op === op).map((one) => [one.name, one] as const)
/** Seconds from now. */
const waitOf = (dueAt: number | undefined, now: number) => (dueAt === undefined || dueAt === Infinity ? 'forever' : Math.max(0, (dueAt - now) / 1000))

test.each(of('wait'))('%s', (_, { now, taints, tolerations, expect: expected }) => {
  const at = Date.parse(now)
  expect(waitOf(Math.min(Infinity, ...taints!.map((taint) => toleratedUntil(taint, tolerations, at))), at)).toBe(expected)
})

/** Driving out is not switched off here, and a placement that is absent tolerates nothing. */
test.each([...of('evict'), ...of('queue')].filter(([, { enabled, placementTolerations }]) => enabled !== false && Array.isArray(placementTolerations)))('%s', (_, { op, now, taints, placementTolerations, expect: expected }) => {
  const at = Date.parse(now), cause = taintCause(factsOf(taints ?? []), { tolerations: placementTolerations as Toleration[], failover: undefined, ...DEFAULTS }, at), waitSeconds = waitOf(cause?.dueAt, at)
  expect(op === 'evict' ? { evict: waitSeconds === 0, waitSeconds } : waitSeconds === 'forever' ? 'skip' : waitSeconds === 0 ? 'immediate' : 'delayed').toEqual(expected)
})

describe('taints', () => {
  const THEN = Date.UTC(2030, 0, 1), SECOND = 1000, timeAdded = new Date(THEN).toISOString(), MINE: Taint = { key: 'maintenance', value: 'disk', effect: 'NoExecute', timeAdded }, NOT_READY: Taint = { key: 'cluster.federation/not-ready', effect: 'NoExecute', timeAdded }, UNREACHABLE: Taint = { ...NOT_READY, key: 'cluster.federation/unreachable' }
  const CLUSTER: Failover = { cluster: {} }, for60 = (key: string): Toleration => ({ key, operator: 'Exists', tolerationSeconds: 60 })
  test.each<[string, readonly Taint[], MemberState, readonly Toleration[], Failover | undefined, [number, boolean] | undefined]>([
    ['none', [], LOST, [], CLUSTER, undefined],
    ['one that only keeps away', [{ ...MINE, effect: 'NoSchedule' }], { state: 'ready' }, [], CLUSTER, undefined],
    ['set by hand', [MINE], { state: 'ready' }, [], undefined, [0, false]],
    ['set by hand, tolerated for a time', [MINE], { state: 'ready' }, [for60('maintenance')], undefined, [THEN + 60 * SECOND, false]],
    ['set by hand where the cluster does not answer: how many leave is then limited', [MINE], LOST, [], undefined, [0, true]],
    ['set by the server, without failover', [NOT_READY], LOST, [], undefined, undefined],
    ['set by the server, without failover for clusters', [NOT_READY], LOST, [], { application: { decisionConditions: {} } }, undefined],
    ['set by the server, with failover', [NOT_READY], LOST, [], CLUSTER, [THEN + 300 * SECOND, true]],
    ['the other one set by the server', [UNREACHABLE], LOST, [], CLUSTER, [THEN + 200 * SECOND, true]],
    ['set by the server, and the placement says for how long it is tolerated', [NOT_READY], LOST, [for60('cluster.federation/not-ready')], CLUSTER, [THEN + 60 * SECOND, true]],
    ['the same without failover', [NOT_READY], LOST, [for60('cluster.federation/not-ready')], undefined, [THEN + 60 * SECOND, true]],
    ['set by the server, and tolerated for good', [NOT_READY], LOST, [{ operator: 'Exists' }], CLUSTER, undefined],
    ['set by the server, and the cluster is back', [NOT_READY], { state: 'ready' }, [], CLUSTER, undefined],
    ['set by the server, and this process has not reached the cluster yet', [NOT_READY], { state: 'connecting' }, [], CLUSTER, undefined],
    ['the earliest of several', [NOT_READY, MINE], LOST, [for60('maintenance')], CLUSTER, [THEN + 60 * SECOND, true]],
  ])('%s', (_name, taints, state, tolerations, failover, expected) => {
    const cause = taintCause(factsOf(taints, state), { tolerations, failover, ...DEFAULTS }, THEN + 10 * SECOND)
    expect(cause && [cause.dueAt, cause.byHealth]).toEqual(expected)
  })
  test('a taint without a time counts as new', () => expect(taintCause(factsOf([{ key: 'a', effect: 'NoExecute' }]), { tolerations: [for60('a')], failover: undefined, ...DEFAULTS }, THEN)?.dueAt).toBe(THEN + 60 * SECOND))
  test('is named', () => {
    expect(taintCause(factsOf([MINE]), { tolerations: [], failover: undefined, ...DEFAULTS }, THEN)?.message).toBe('its taint maintenance=disk:NoExecute is not tolerated')
    expect(taintCause(factsOf([NOT_READY], LOST), { tolerations: [], failover: CLUSTER, ...DEFAULTS }, THEN)?.message).toBe('its taint cluster.federation/not-ready:NoExecute is no longer tolerated')
  })
})

describe('applications', () => {
  const since = '2030-01-01T00:00:00Z', failing: ClusterState = { name: 'm1', state: 'OK', health: 'Unhealthy', unhealthySince: since }, after60: Failover = { application: { decisionConditions: { tolerationSeconds: 60 } } }
  test.each<[string, ClusterState | undefined, MemberState, Failover | undefined, number | undefined]>([
    ['fails', failing, { state: 'ready' }, after60, 60],
    ['fails, and the policy does not say how long that is tolerated', failing, { state: 'ready' }, { application: { decisionConditions: {} } }, 300],
    ['fails, and nobody cares', failing, { state: 'ready' }, { cluster: {} }, undefined],
    ['works', { name: 'm1', state: 'OK', health: 'Healthy' }, { state: 'ready' }, after60, undefined],
    ['of a kind that has no health', { name: 'm1', state: 'OK', health: 'Unknown' }, { state: 'ready' }, after60, undefined],
    ['is not there', undefined, { state: 'ready' }, after60, undefined],
    ['cannot be seen', failing, LOST, after60, undefined],
    ['nobody knows since when', { name: 'm1', state: 'OK', health: 'Unhealthy' }, { state: 'ready' }, after60, undefined],
  ])('%s', (_name, copy, state, failover, seconds) => expect(applicationCause(factsOf([], state), copy, failover)?.dueAt).toBe(seconds === undefined ? undefined : Date.parse(since) + seconds * 1000))
})
