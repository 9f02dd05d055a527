/** What moves, when, and how much of it: decisions in a row, each with what the one before remembered. */
import { describe, expect, test } from 'vitest'
import type { Placement } from '../../../apis/cluster.federation/v1alpha1/placement.ts'
import type { Rescheduling } from '../../../apis/policy.federation/v1alpha1/propagation-policy.ts'
import type { ReschedulingStatus } from '../../../apis/types.federation/v1alpha1/rescheduling-status.ts'
import { timestamp } from '../../../machinery/meta/timestamp.ts'
import type { ClusterFacts, PreviousSchedule } from '../snapshot.ts'
import { type Rescheduled, reschedule } from './reschedule.ts'
import { reschedulingRule } from './rescheduling-facts.ts'

const START = Date.UTC(2030, 0, 1), MINUTE = 60_000
const equally: Placement = { replicaScheduling: { replicaSchedulingType: 'Divided' } }, byRoom: Placement = { replicaScheduling: { replicaSchedulingType: 'Divided', weightPreference: { dynamicWeight: 'AvailableReplicas' } } }

interface Fleet { readonly room?: number; readonly created?: number; readonly ready?: number; readonly labels?: Record<string, string>; readonly silent?: boolean; /** Room on its one node, where nodes are followed. */ readonly onNode?: number }

/** A template and the clusters around it, as time passes. */
class Story {
  now = START
  replicas = 6
  placement: Placement = equally
  token: string | undefined
  stuck: Record<string, [replicas: number, unschedulable: number]> = {}
  clusters: Record<string, Fleet>
  #previous: PreviousSchedule | undefined
  #before: ReschedulingStatus | undefined
  readonly #spec: Rescheduling | undefined

  constructor(clusters: Record<string, Fleet>, spec?: Rescheduling) {
    this.clusters = clusters
    this.#spec = spec
  }

  decide(afterMs = 0): Rescheduled {
    this.now += afterMs
    const clusters = Object.entries(this.clusters).map(([name, { room = 100, created = START - MINUTE, ready = START - MINUTE, labels = {}, silent = false, onNode }]): ClusterFacts => ({
      cluster: {
        metadata: { name, labels, creationTimestamp: timestamp(created) }, spec: { syncMode: 'Push' },
        status: { apiEnablements: [{ groupVersion: 'apps/v1', resources: [{ name: 'deployments', kind: 'Deployment' }] }], conditions: [{ type: 'Ready', status: 'True', reason: '', message: '', lastTransitionTime: timestamp(ready) }], ...(!silent && { resourceSummary: { allocatable: { pods: room } } }) },
      }, state: { state: 'ready' }, ...(onNode !== undefined && { nodes: [{ name: 'n', labels: {}, taints: [], isReady: true, isUnschedulable: false, free: new Map([['pods', BigInt(onNode) * 1_000_000_000n]]) }] }),
    }))
    const decided = reschedule(
      { template: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: '', replicas: this.replicas }, source: { by: 'placement', placement: this.placement }, clusters, ...(this.#previous && { previous: this.#previous }) },
      { ...(this.#spec && { rule: reschedulingRule(this.#spec) }), ...(this.#before && { before: this.#before }), ...(this.token !== undefined && { requested: this.token }), stuck: new Map(Object.entries(this.stuck).map(([name, [replicas, unschedulable]]) => [name, { replicas, unschedulable }])), now: this.now },
    )
    const { targets, fingerprint, affinity } = decided.schedule
    this.#previous = { targets, fingerprint, ...(affinity !== undefined && { affinity }) }
    this.#before = decided.rescheduling
    return decided
  }

  shares(afterMs = 0): string { return this.decide(afterMs).schedule.targets.map(({ cluster, replicas = 0, waiting }) => `${cluster}=${replicas}${waiting ? `(${waiting})` : ''}`).join(' ') }
}

const UNSCHEDULABLE: Rescheduling = { triggers: ['Unschedulable', 'CapacityReturned'] }

describe('replicas that find no node', () => {
  test.each<[string, Placement]>([['by fixed weights', equally], ['by room', byRoom]])('move, and come back when the cluster has more room than then: divided %s', (_, placement) => {
    const story = new Story({ a: {}, b: {} }, UNSCHEDULABLE)
    story.placement = placement
    expect(story.shares()).toBe('a=3 b=3')
    story.clusters = { a: {}, b: { room: 1 } }
    story.stuck = { b: [3, 2] }
    expect(story.shares(2 * MINUTE)).toBe('a=5 b=1')
    story.stuck = {}
    expect(story.shares(10 * MINUTE)).toBe('a=5 b=1')
    story.clusters = { a: {}, b: { room: 100 } }
    expect(story.shares(MINUTE)).toBe('a=3 b=3')
    expect(story.decide(MINUTE).rescheduling).not.toHaveProperty('limits')
  })
  test('that what was pending is gone is not taken for room', () => {
    const story = new Story({ a: {}, b: {} }, UNSCHEDULABLE)
    story.decide()
    story.clusters = { a: {}, b: { room: 5 } }
    story.stuck = { b: [3, 2] }
    expect(story.shares(2 * MINUTE)).toBe('a=5 b=1')
    story.stuck = {}
    story.clusters = { a: {}, b: { room: 7 } }
    expect(story.shares(10 * MINUTE)).toBe('a=5 b=1')
  })
  test('that nodes are not followed for a while, as after a restart, is not taken for room, whatever the sums say', () => {
    const story = new Story({ a: {}, b: {} }, UNSCHEDULABLE)
    story.decide()
    story.clusters = { a: {}, b: { onNode: 0 } }
    story.stuck = { b: [3, 2] }
    expect(story.shares(2 * MINUTE)).toBe('a=5 b=1')
    story.stuck = {}
    story.clusters = { a: {}, b: {} }
    expect(story.shares(10 * MINUTE)).toBe('a=5 b=1')
    story.clusters = { a: {}, b: { onNode: 9 } }
    expect(story.shares(MINUTE)).toBe('a=3 b=3')
  })
  test('are not counted twice while the move is under way', () => {
    const story = new Story({ a: {}, b: {} }, UNSCHEDULABLE)
    story.decide()
    story.stuck = { b: [3, 2] }
    expect([story.shares(2 * MINUTE), story.shares(2 * MINUTE), story.shares(5 * MINUTE)]).toEqual(['a=5 b=1', 'a=5 b=1', 'a=5 b=1'])
  })
  test('do not come back where that is not asked for, but new ones may go there', () => {
    const story = new Story({ a: {}, b: {} }, { triggers: ['Unschedulable'] })
    story.decide()
    story.stuck = { b: [3, 2] }
    story.clusters = { a: {}, b: { room: 1 } }
    story.decide(2 * MINUTE)
    story.stuck = {}
    story.clusters = { a: {}, b: { room: 100 } }
    expect(story.shares(10 * MINUTE)).toBe('a=5 b=1')
    story.replicas = 8
    expect(story.shares(MINUTE)).toBe('a=4 b=4')
  })
  test('new ones do not go where the limit stands', () => {
    const story = new Story({ a: {}, b: {} }, UNSCHEDULABLE)
    story.decide()
    story.stuck = { b: [3, 2] }
    story.decide(2 * MINUTE)
    story.replicas = 10
    expect(story.shares(MINUTE)).toBe('a=9 b=1')
  })
  test('a cluster that holds none of them is left', () => {
    const story = new Story({ a: {}, b: {} }, UNSCHEDULABLE)
    story.decide()
    story.stuck = { b: [3, 3] }
    expect(story.shares(2 * MINUTE)).toBe('a=6')
  })
  test('stay where nothing else holds them, and it is said', () => {
    const story = new Story({ a: {}, b: {} }, UNSCHEDULABLE)
    story.decide()
    story.stuck = { a: [3, 1], b: [3, 2] }
    const { schedule: { targets, scheduled } } = story.decide(2 * MINUTE)
    expect([targets.map(({ cluster, replicas }) => `${cluster}=${replicas}`), scheduled.reason, scheduled.message]).toEqual([['a=3', 'b=3'], 'Unschedulable', '2 clusters have room for 3 of 6 replicas; the 2 present targets stay'])
  })
  test('stay where the policy does not say that they may move', () => {
    const story = new Story({ a: {}, b: {} })
    story.decide()
    story.stuck = { b: [3, 2] }
    expect(story.shares(2 * MINUTE)).toBe('a=3 b=3')
  })
  test.each([[true, 'a=5 b=3(2)', 'a=3 b=3'], [false, 'a=5 b=1', 'a=5 b=1']])('overflow by preferences; where these may be rebalanced they stay asked for, and come back: %j', (rebalance, overflown, back) => {
    const story = new Story({ a: {}, b: {} })
    story.placement = { replicaScheduling: { clusterPreferences: { '*': { weight: 1 } }, rebalance } }
    story.decide()
    story.stuck = { b: [3, 2] }
    expect([story.shares(2 * MINUTE), story.shares(2 * MINUTE)]).toEqual([overflown, overflown])
    story.stuck = {}
    expect([story.shares(2 * MINUTE), story.shares(2 * MINUTE)]).toEqual([back, back])
  })
})

describe('a cluster that comes', () => {
  const JOINED: Rescheduling = { triggers: ['ClusterJoined'], minInterval: '10m' }
  test('takes its share once it has told what it has, and not before the interval is over', () => {
    const story = new Story({ a: {}, b: {} }, JOINED)
    expect(story.shares()).toBe('a=3 b=3')
    const came = START + 5 * MINUTE
    story.clusters = { a: {}, b: {}, c: { created: came, ready: came, silent: true } }
    const early = story.decide(5 * MINUTE)
    expect([early.schedule.trigger, early.againMs]).toEqual([undefined, 15_000])
    story.clusters = { a: {}, b: {}, c: { created: came, ready: came } }
    expect(story.decide(1000).againMs).toBe(5 * MINUTE - 1000)
    expect(story.shares(5 * MINUTE)).toBe('a=2 b=2 c=2')
    expect(story.decide(60 * MINUTE).schedule.trigger).toBeUndefined()
  })
  test('counts as one that came when it is back after a while', () => {
    const story = new Story({ a: {}, b: {} }, JOINED)
    story.decide()
    story.clusters = { a: {}, b: {}, c: { created: START - 90 * MINUTE, ready: START + 20 * MINUTE } }
    expect(story.shares(20 * MINUTE)).toBe('a=2 b=2 c=2')
  })
  test('gets nothing where that is not asked for', () => {
    const story = new Story({ a: {}, b: {} }, UNSCHEDULABLE)
    story.decide()
    story.clusters = { a: {}, b: {}, c: { created: START + MINUTE, ready: START - MINUTE } }
    expect(story.shares(60 * MINUTE)).toBe('a=3 b=3')
  })
})

test('where other clusters are selected by their labels than before, replicas move', () => {
  const story = new Story({ a: { labels: { env: 'prod' } }, b: { labels: { env: 'prod' } }, c: {} }, { triggers: ['ClusterLabelsChanged'] })
  story.placement = { ...equally, clusterAffinity: { labelSelector: { matchLabels: { env: 'prod' } } } }
  expect(story.shares()).toBe('a=3 b=3')
  story.clusters = { ...story.clusters, d: { created: START + MINUTE, labels: { env: 'prod' } } }
  expect(story.shares(5 * MINUTE)).toBe('a=3 b=3')
  story.clusters = { a: { labels: { env: 'prod' } }, b: { labels: { env: 'dev' } }, c: { labels: { env: 'prod' } } }
  expect(story.shares(5 * MINUTE)).toBe('a=3 c=3')
  expect(story.decide(5 * MINUTE).schedule.trigger).toBeUndefined()
})

describe('a cluster that leaves is no change of labels', () => {
  test('one that has replicas gives them to others, and no others move', () => {
    const story = new Story({ a: { room: 10 }, b: { room: 10 }, c: { room: 10 } }, { triggers: ['ClusterLabelsChanged'] })
    story.placement = byRoom
    expect(story.shares()).toBe('a=2 b=2 c=2')
    story.clusters = { a: { room: 100 }, b: { room: 10 } }
    expect(story.decide(5 * MINUTE).schedule).toMatchObject({ trigger: 'TargetLeft', targets: [{ cluster: 'a', replicas: 4 }, { cluster: 'b', replicas: 2 }] })
    story.clusters = { a: { room: 10 }, b: { room: 100 } }
    expect([story.decide(5 * MINUTE).schedule.trigger, story.decide(5 * MINUTE).schedule.trigger]).toEqual([undefined, undefined])
  })
  test('one that has none is not missed; labels are seen as before', () => {
    const story = new Story({ a: {}, b: { room: 10 }, c: { room: 0 } }, { triggers: ['ClusterLabelsChanged'] })
    story.placement = byRoom
    story.decide()
    story.clusters = { a: { room: 10 }, b: {}, d: { created: START + MINUTE } }
    expect([story.decide(5 * MINUTE).schedule.trigger, story.decide(5 * MINUTE).schedule.trigger]).toEqual([undefined, undefined])
    story.clusters = { ...story.clusters, b: { labels: { env: 'prod' } } }
    expect([story.decide(5 * MINUTE).schedule.trigger, story.decide(5 * MINUTE).schedule.trigger]).toEqual(['ClusterLabelsChanged', undefined])
  })
})

test('no more move at a time than the budget says, the rest after the interval', () => {
  const story = new Story({ a: {} }, { triggers: ['ClusterJoined'], minInterval: '2m', maxMoves: 2 })
  story.replicas = 9
  story.decide()
  story.clusters = { a: {}, b: { created: START + MINUTE } }
  const first = story.decide(3 * MINUTE)
  expect([first.schedule.targets.map(({ replicas }) => replicas), first.rescheduling?.remaining, first.againMs, first.schedule.scheduled.message]).toEqual([[7, 2], 2, 2 * MINUTE, 'placed in 2 of 2 clusters; 2 replicas are still to move'])
  expect([story.shares(MINUTE), story.shares(MINUTE), story.shares(60 * MINUTE)]).toEqual(['a=7 b=2', 'a=5 b=4', 'a=5 b=4'])
})

describe('who asks by the annotation', () => {
  test('has replicas divided anew, once for each value', () => {
    const story = new Story({ a: { room: 100 }, b: { room: 20 } })
    story.placement = byRoom
    story.token = '1'
    expect(story.shares()).toBe('a=5 b=1')
    story.clusters = { a: { room: 10 }, b: { room: 100 } }
    expect(story.decide(MINUTE).schedule.trigger).toBeUndefined()
    story.token = '2'
    expect([story.shares(MINUTE), story.decide(MINUTE).schedule.trigger]).toEqual(['a=1 b=5', undefined])
  })
  test('has limits forgotten, and the budget kept', () => {
    const story = new Story({ a: {}, b: {} }, { ...UNSCHEDULABLE, maxMoves: 1 })
    story.decide()
    story.stuck = { b: [3, 2] }
    expect([story.shares(2 * MINUTE), story.shares(2 * MINUTE)]).toEqual(['a=4 b=2', 'a=5 b=1'])
    story.stuck = {}
    story.token = 'now'
    expect([story.shares(2 * MINUTE), story.shares(2 * MINUTE)]).toEqual(['a=4 b=2', 'a=3 b=3'])
  })
  test('is still waiting where it cannot be done', () => {
    const story = new Story({ a: {}, b: {} })
    story.placement = byRoom
    story.decide()
    story.token = '1'
    const all = story.clusters
    story.clusters = { a: { room: 0 }, b: { room: 0 } }
    story.replicas = 300
    expect(story.decide(MINUTE).rescheduling).not.toHaveProperty('requested')
    story.clusters = all
    story.replicas = 6
    expect(story.decide(MINUTE).rescheduling).toMatchObject({ requested: '1' })
  })
})

test('nothing is remembered of a template that is asked nothing about', () => { expect(new Story({ a: {}, b: {} }).decide().rescheduling).toBeUndefined() })
test.each([['90s', 90_000], ['1h30m', 5_400_000], ['5m', 300_000], ['500ms', MINUTE], [undefined, MINUTE]])('an interval of %s', (minInterval, ms) => { expect(reschedulingRule({ ...(minInterval && { minInterval }) }).minIntervalMs).toBe(ms) })
