import { expect, test } from 'vitest'
import type { Cluster } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { MemberState } from '../member/member.ts'
import type { HubPlacement, ReplicaPreference } from './placement-request.ts'
import { type Schedule, schedule } from './schedule.ts'
import type { ClusterFacts, SchedulingSnapshot, TemplateFacts } from './snapshot.ts'
import { parseV1Annotations } from './v1-annotations.ts'

const apiEnablements = [{ groupVersion: 'apps/v1', resources: [{ name: 'deployments', kind: 'Deployment' }] }]
interface Given { labels?: Record<string, string>; spec?: Partial<Cluster['spec']>; state?: MemberState; pods?: number; current?: number; capacity?: number }

const cluster = (name: string, { labels = {}, spec = {}, state = { state: 'ready' }, pods = 100, current, capacity }: Given = {}): ClusterFacts => ({
  cluster: { metadata: { name, labels }, spec: { syncMode: 'Push', ...spec }, status: { apiEnablements, resourceSummary: { allocatable: { pods } } } }, state, ...(current !== undefined && { current }), ...(capacity !== undefined && { capacity }),
})
const web: TemplateFacts = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: '', replicas: 6 }
const [a, b, c] = ['a', 'b', 'c'].map((name) => cluster(name)) as [ClusterFacts, ClusterFacts, ClusterFacts]
const down: MemberState = { state: 'unreachable', since: 0, reason: 'timeout' }

const given = (placement: HubPlacement, rest: Partial<SchedulingSnapshot> = {}): SchedulingSnapshot => ({ template: web, source: { by: 'placement', placement }, clusters: [a, b, c], ...rest })
const decide = (placement: HubPlacement, rest: Partial<SchedulingSnapshot> = {}) => schedule(given(placement, rest))
const after = ({ targets, fingerprint, affinity }: Schedule) => ({ targets, fingerprint, ...(affinity !== undefined && { affinity }) })
const counts = ({ targets }: Schedule) => Object.fromEntries(targets.map(({ cluster: name, replicas }) => [name, replicas]))
const reasons = ({ rejected }: Schedule) => Object.fromEntries(rejected.map(({ cluster: name, reason }) => [name, reason]))

const equally: HubPlacement = { replicaScheduling: { replicaSchedulingType: 'Divided' } }
const dynamic: HubPlacement = { replicaScheduling: { weightPreference: { dynamicWeight: 'AvailableReplicas' } } }
const weighted = (weights: Record<string, number>, more: Partial<HubPlacement['replicaScheduling']> = {}): HubPlacement => ({ replicaScheduling: { ...more, weightPreference: { staticWeightList: Object.entries(weights).map(([name, weight]) => ({ targetCluster: { clusterNames: [name] }, weight })) } } })

test('without a division every cluster gets all replicas', () => {
  expect(decide({})).toMatchObject({ algorithm: 'Duplicated', targets: [{ cluster: 'a', replicas: 6 }, { cluster: 'b', replicas: 6 }, { cluster: 'c', replicas: 6 }], scheduled: { status: 'True', reason: 'Success', message: 'placed in 3 of 3 clusters' } })
})

test('a kind without replicas gets copies, whatever the division', () => {
  const { replicas: _, ...configMap } = web
  expect(decide(equally, { template: configMap })).toMatchObject({ algorithm: 'Duplicated', targets: [{ cluster: 'a' }, { cluster: 'b' }, { cluster: 'c' }] })
})

test('remainders go to one end of the alphabet or the other, by the uid of the template', () => {
  const template = { ...web, replicas: 7 }
  expect(counts(decide(equally, { template }))).toEqual({ a: 3, b: 2, c: 2 })
  expect(counts(decide(equally, { template: { ...template, uid: 'd43fdeeb-d750-4e2b-bee3-64eb94534f4c' } }))).toEqual({ a: 2, b: 2, c: 3 })
})

test('every cluster that is no target is told why, and those that are named but unknown, too', () => {
  const clusters = [a, cluster('b', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } }), cluster('c', { labels: { env: 'dev' } }), cluster('d', { state: down })]
  const decision = decide({ ...weighted({ a: 1, b: 1, d: 1 }), clusterAffinity: { clusterNames: ['a', 'b', 'd', 'e'] } }, { clusters })
  expect(reasons(decision)).toEqual({ b: 'TaintNotTolerated', c: 'NotSelected', d: 'Unreachable', e: 'NotFound' })
  expect(decision.scheduled.message).toBe('placed in 1 of 4 clusters: 1 NotFound, 1 NotSelected, 1 TaintNotTolerated, 1 Unreachable')
})

test('clusters without a weight, and without a share, are no targets', () => {
  expect(reasons(decide(weighted({ a: 1, b: 1 })))).toEqual({ c: 'NoWeight' })
  const few = decide(equally, { template: { ...web, replicas: 1 } })
  expect([counts(few), few.rejected]).toEqual([{ a: 1 }, [{ cluster: 'b', reason: 'NoReplicas', message: 'is fit, but its share of 1 replicas is 0' }, { cluster: 'c', reason: 'NoReplicas', message: 'is fit, but its share of 1 replicas is 0' }]])
  expect(counts(decide(weighted({ a: 9, b: 1 }, { keepEmpty: true }), { template: { ...web, replicas: 1 } }))).toEqual({ a: 1, b: 0 })
})

test.each<[string, HubPlacement]>([['dynamic weights', dynamic], ['few clusters', { replicaScheduling: { replicaDivisionPreference: 'Aggregated' } }]])('a target that does not answer keeps what it has, and gets no more, by %s: what is sent there runs nowhere', (_, placement) => {
  const before = decide(placement, { previous: { targets: [{ cluster: 'a', replicas: 3 }, { cluster: 'b', replicas: 3 }], fingerprint: '' } }), clusters = [a, cluster('b', { state: down, pods: 1000 }), c], scaled = { ...web, replicas: 12 }
  const { fingerprint } = before, previous = { targets: [{ cluster: 'a', replicas: 3 }, { cluster: 'b', replicas: 3 }], fingerprint }
  expect(decide(placement, { clusters, previous, template: scaled }).targets.find(({ cluster: name }) => name === 'b')).toEqual({ cluster: 'b', replicas: 3, message: 'gets 3 of 12 replicas: it had 3, and room for 0 more' })
  expect(counts(decide(placement, { clusters, previous, fresh: true }))['b'] ?? 0).toBeLessThanOrEqual(3)
})

test('a copy in full does not spread to further groups once it has taken its room', () => {
  const placement: HubPlacement = { spreadConstraints: [{ spreadByField: 'region' }, { spreadByField: 'cluster', maxGroups: 4 }] }, regions = (room: number) => [cluster('a', { spec: { region: 'x' }, pods: 0 }), cluster('b', { spec: { region: 'y' }, pods: room })]
  const first = decide(placement, { clusters: regions(8) }), stored = first.targets.map(({ cluster: name }) => ({ cluster: name }))
  expect([counts(first), counts(decide(placement, { clusters: regions(2), previous: { ...after(first), targets: stored } }))]).toEqual([{ b: 6 }, { b: 6 }])
})

test('scaling to zero takes no copy away; up again divides anew', () => {
  const before = decide(weighted({ a: 1, b: 1 })), zero = decide(weighted({ a: 1, b: 1 }), { template: { ...web, replicas: 0 }, previous: after(before) }), again = decide(weighted({ a: 1, b: 1 }), { previous: after(zero) })
  expect([counts(before), counts(zero), counts(again)]).toEqual([{ a: 3, b: 3 }, { a: 0, b: 0 }, { a: 3, b: 3 }])
})

test('a decision stays until something that it rests on changes', () => {
  const before = decide(equally), previous = after(before)
  for (const clusters of [[a, b, c, cluster('d')], [a, b, cluster('c', { state: down })], [a, b, cluster('c', { spec: { taints: [{ key: 'k', effect: 'NoExecute' }] } })]]) {
    const now = decide(equally, { previous, clusters })
    expect([now.trigger, now.targets, now.fingerprint, now.scheduled.status]).toEqual([undefined, before.targets, before.fingerprint, 'True'])
  }
  const left = decide(equally, { previous, clusters: [a, b] })
  expect([left.trigger, counts(left)]).toEqual(['TargetLeft', { a: 3, b: 3 }])
})

test('a target that leaves the fleet gives its replicas to the others while it is still there', () => {
  const left: ClusterFacts = { ...c, cluster: { ...c.cluster, metadata: { name: 'c', deletionTimestamp: '2026-01-01T00:00:00Z' } } }, now = decide(equally, { previous: after(decide(equally)), clusters: [a, b, left] })
  expect([now.trigger, counts(now), reasons(now)]).toEqual(['TargetLeft', { a: 3, b: 3 }, { c: 'Leaving' }])
})

test('an unreachable target keeps its share when the template is scaled', () => {
  const previous = after(decide(equally)), now = decide(equally, { previous, clusters: [a, b, cluster('c', { state: down })], template: { ...web, replicas: 9 } })
  expect([now.trigger, counts(now)]).toEqual(['ReplicasChanged', { a: 3, b: 3, c: 3 }])
})

test('duplicated copies follow labels, and come to clusters that join', () => {
  const placement: HubPlacement = { clusterAffinity: { labelSelector: { matchLabels: { env: 'prod' } } } }, prod = { labels: { env: 'prod' } }
  const before = decide(placement, { clusters: [cluster('a', prod), cluster('b', prod), c] }), now = decide(placement, { clusters: [cluster('a', prod), b, cluster('d', prod)], previous: after(before) })
  expect([counts(before), counts(now)]).toEqual([{ a: 6, b: 6 }, { a: 6, d: 6 }])
})

test('what fits nowhere keeps the present targets, says so, and tries again', () => {
  const before = decide(equally), nowhere: HubPlacement = { ...equally, clusterAffinity: { labelSelector: { matchLabels: { env: 'prod' } } } }, now = decide(nowhere, { previous: after(before) })
  expect(now).toMatchObject({ trigger: 'PlacementChanged', targets: before.targets, scheduled: { status: 'False', reason: 'NoClusterFits', message: '0 of 3 clusters are fit: 3 NotSelected; the 3 present targets stay' } })
  expect(decide(nowhere, { previous: after(now), clusters: [cluster('b', { labels: { env: 'prod' } }), a, c] }).targets).toEqual([{ cluster: 'b', replicas: 6, message: 'gets 6 of 6 replicas, like each of 1 clusters' }])
})

test('too little room changes nothing, unless a part is welcome', () => {
  const clusters = [cluster('a', { pods: 4 }), cluster('b', { pods: 2 })], before = decide(dynamic, { clusters }), ten = { ...web, replicas: 10 }, full = [cluster('a', { pods: 1 }), cluster('b', { pods: 1 })]
  expect(counts(before)).toEqual({ a: 4, b: 2 })
  expect(decide(dynamic, { clusters: full, template: ten, previous: after(before) })).toMatchObject({ targets: before.targets, unplaced: 4, scheduled: { status: 'False', reason: 'Unschedulable', message: '2 clusters have room for 8 of 10 replicas; the 2 present targets stay' } })
  const partial = { ...dynamic, partial: true }, part = decide(partial, { clusters: full, template: ten, previous: after(decide(partial, { clusters })) })
  expect([counts(part), part.unplaced, part.scheduled]).toEqual([{ a: 5, b: 3 }, 2, { status: 'True', reason: 'Partial', message: 'placed in 2 of 2 clusters; 2 replicas have no place' }])
  expect(counts(decide(partial, { clusters: [cluster('a', { pods: 0 }), cluster('b', { pods: 9 })], template: ten, previous: after(part) }))).toEqual({ a: 5, b: 5 })
})

test('two decisions in a row do not give away the same room', () => {
  const clusters = [cluster('a', { pods: 6 }), { ...cluster('b', { pods: 6 }), assumed: [{ replicas: 4 }] }]
  expect(counts(decide(dynamic, { clusters, template: { ...web, replicas: 8 } }))).toEqual({ a: 6, b: 2 })
})

test('a request to divide anew looks at room as if nothing were placed', () => {
  const before = decide(dynamic, { clusters: [cluster('a', { pods: 6 }), cluster('b', { pods: 0 })] }), clusters = [cluster('a', { pods: 0 }), cluster('b', { pods: 6 })]
  expect(counts(before)).toEqual({ a: 6 })
  expect(counts(decide(dynamic, { clusters, previous: after(before) }))).toEqual({ a: 6 })
  expect(counts(decide(dynamic, { clusters, previous: after(before), fresh: true }))).toEqual({ a: 3, b: 3 })
})

test('the first alternative that fits is used, and left only when it fits no more or someone asks', () => {
  const placement: HubPlacement = { ...equally, clusterAffinities: [{ affinityName: 'first', labelSelector: { matchLabels: { tier: '1' } } }, { affinityName: 'second', clusterNames: ['b', 'c'] }] }, one = cluster('a', { labels: { tier: '1' } })
  const before = decide(placement)
  expect([before.affinity, counts(before)]).toEqual(['second', { b: 3, c: 3 }])
  expect(decide(placement, { clusters: [one, b, c], previous: after(before), template: { ...web, replicas: 8 } }).affinity).toBe('second')
  expect(decide(placement, { clusters: [one], previous: after(before), template: { ...web, replicas: 8 } }).affinity).toBe('first')
  const asked = decide(placement, { clusters: [one, b, c], previous: after(before), fresh: true })
  expect([asked.affinity, counts(asked)]).toEqual(['first', { a: 6 }])
})

test('where no alternative fits, the reason is that of the first', () => {
  const { scheduled, rejected } = decide({ ...equally, clusterAffinities: [{ affinityName: 'first', clusterNames: ['x'] }, { affinityName: 'second', clusterNames: ['y', 'z'] }] })
  expect([scheduled.message, rejected.at(-1)?.cluster]).toEqual(['0 of 3 clusters are fit: 3 NotSelected, 1 NotFound', 'x'])
})

test('overflow is used where the first choice lacks room, and given up again', () => {
  const placement: HubPlacement = { replicaScheduling: { replicaDivisionPreference: 'Aggregated' }, clusterAffinities: [{ affinityName: 'own', clusterNames: ['a'], overflowAffinities: [{ affinityName: 'cloud', clusterNames: ['b'] }] }] }
  const clusters = [cluster('a', { pods: 4 }), b], burst = decide(placement, { clusters, template: { ...web, replicas: 10 } }), calm = decide(placement, { clusters: [cluster('a', { pods: 0 }), b], template: { ...web, replicas: 3 }, previous: after(burst) })
  expect([counts(burst), counts(calm)]).toEqual([{ a: 4, b: 6 }, { a: 3 }])
})

test('spread constraints choose, and keep present targets', () => {
  const placement: HubPlacement = { spreadConstraints: [{ spreadByField: 'cluster', minGroups: 1, maxGroups: 1 }] }, before = decide(placement)
  expect([counts(before), reasons(before), before.rejected[0]!.message]).toEqual([{ a: 6 }, { b: 'BeyondSpread', c: 'BeyondSpread' }, 'is fit, but the spread is met by 1 others'])
  expect(counts(decide(placement, { clusters: [a, b, cluster('c', { pods: 0 })], previous: { targets: [{ cluster: 'c', replicas: 6 }], fingerprint: before.fingerprint } }))).toEqual({ c: 6 })
  expect(decide({ spreadConstraints: [{ minGroups: 4 }] }).scheduled).toEqual({ status: 'False', reason: 'NoClusterFits', message: '3 clusters are fit, the spread needs 4' })
})

test('with fixed weights spread constraints do not apply, and that is said', () => {
  const decision = decide({ ...weighted({ a: 1, b: 1 }), spreadConstraints: [{ spreadByField: 'cluster', maxGroups: 1 }, { spreadByField: 'region' }] })
  expect([counts(decision), decision.scheduled.message]).toEqual([{ a: 3, b: 3 }, 'placed in 2 of 3 clusters: 1 NoWeight; spread constraints do not apply where weights are fixed'])
  const { replicas: _, ...configMap } = web
  expect(decide({ ...weighted({ a: 1 }), spreadConstraints: [{ spreadByField: 'cluster', maxGroups: 1 }] }, { template: configMap }).targets).toHaveLength(3)
})

test('KubeFed: named clusters win, an empty list means nowhere and takes present copies away', () => {
  const before = decide({ clusters: [{ name: 'b' }, { name: 'x' }], clusterSelector: {} })
  expect([counts(before), reasons(before)]).toEqual([{ b: 6 }, { a: 'NotSelected', c: 'NotSelected', x: 'NotFound' }])
  const nowhere = decide({ clusters: [] }, { previous: after(before) })
  expect(nowhere).toMatchObject({ targets: [], scheduled: { status: 'True', reason: 'Nowhere' } })
  expect(decide({ clusters: [] }, { previous: after(nowhere) }).trigger).toBe('Always')
  expect(counts(decide({ clusters: [{ name: 'c' }] }, { previous: after(nowhere) }))).toEqual({ c: 6 })
})

const preference = (rest: Partial<ReplicaPreference> = {}): ReplicaPreference => ({ totalReplicas: 9, ...rest })

test('a preference divides among what the placement chooses, its total instead of the template\'s', () => {
  const decision = decide({ clusters: [{ name: 'a' }, { name: 'b' }] }, { preference: preference({ clusters: { a: { weight: 2 }, '*': { weight: 1 } } }) })
  expect([decision.algorithm, counts(decision)]).toEqual(['Preferences', { a: 6, b: 3 }])
})

test('preferences move nothing that runs unless they may', () => {
  const before = decide({ clusterSelector: {} }, { clusters: [a], preference: preference() }), joined = { clusters: [a, b, c], previous: after(before) }
  expect(counts(decide({ clusterSelector: {} }, { ...joined, preference: preference() }))).toEqual({ a: 9, b: 0, c: 0 })
  expect(counts(decide({ clusterSelector: {} }, { ...joined, preference: preference({ rebalance: true }) }))).toEqual({ a: 3, b: 3, c: 3 })
})

test('a first decision leaves running replicas where they are', () => {
  expect(counts(decide({ clusterSelector: {} }, { clusters: [cluster('a', { current: 8 }), b], preference: preference() }))).toEqual({ a: 8, b: 1 })
})

test('replicas beyond the room of a cluster wait there, so that it shows when there is some', () => {
  const clusters = [cluster('a', { capacity: 2 }), b], placement: HubPlacement = { replicaScheduling: { clusterPreferences: { a: { weight: 1 }, b: { weight: 1 } }, rebalance: true } }, decision = decide(placement, { clusters })
  expect([decision.targets, decision.scheduled.message]).toEqual([[{ cluster: 'a', replicas: 3, waiting: 1, message: 'gets 3 of 6 replicas by weight 1 of 2; 1 of them wait for room' }, { cluster: 'b', replicas: 4, message: 'gets 4 of 6 replicas by weight 1 of 2' }], 'placed in 2 of 2 clusters; 1 replicas wait for room'])
  expect(decide(placement, { clusters, previous: after(decision) }).targets).toEqual(decision.targets)
})

test('replicas that wait are not taken for running ones, so that they go where room appears', () => {
  const placement: HubPlacement = { replicaScheduling: { clusterPreferences: { a: { weight: 1 }, b: { weight: 1, maxReplicas: 3 }, c: { weight: 9 } } } }, before = decide(placement, { clusters: [cluster('a', { capacity: 2 }), b] })
  expect([before.targets, before.unplaced]).toMatchObject([[{ cluster: 'a', replicas: 3, waiting: 1 }, { cluster: 'b', replicas: 3 }], 1])
  expect(counts(decide(placement, { clusters: [a, b, c], previous: after(before) }))).toEqual({ a: 2, b: 3, c: 1 })
})

test('weights of 64 bits, as documents carry them, count', () => {
  const huge = JSON.rawJSON('9007199254740993') as unknown as number
  expect(counts(decide({ replicaScheduling: { clusterPreferences: { a: { weight: huge }, b: { weight: huge } } } }))).toEqual({ a: 3, b: 3 })
  expect(counts(decide(weighted({ a: huge, b: huge })))).toEqual({ a: 3, b: 3 })
})

test('what maximums leave over has no place', () => {
  const decision = decide({ replicaScheduling: { clusterPreferences: { '*': { weight: 1, maxReplicas: 1 } } } })
  expect([counts(decision), decision.unplaced, decision.scheduled.reason]).toEqual([{ a: 1, b: 1, c: 1 }, 3, 'Partial'])
})

test('a cluster that no preference names takes no part', () => {
  expect(reasons(decide({ replicaScheduling: { clusterPreferences: { a: { weight: 1 } } } }))).toEqual({ b: 'NoPreference', c: 'NoPreference' })
  expect(decide({ replicaScheduling: { clusterPreferences: { x: { weight: 1 } } } }).scheduled).toMatchObject({ status: 'False', reason: 'NoClusterFits', message: 'none of the 3 clusters that are fit takes part in the division' })
})

test('Federation v1: annotations select and divide', () => {
  const { placement } = parseV1Annotations('Deployment', { 'federation.alpha.kubernetes.io/cluster-selector': '[{"key":"version","operator":">","values":["14"]}]', 'federation.kubernetes.io/deployment-preferences': '{"clusters":{"a":{"weight":2},"*":{"weight":1}}}' })
  const clusters = [cluster('a', { labels: { version: '15' } }), cluster('b', { labels: { version: '15' } }), cluster('c', { labels: { version: '14' } })]
  const decision = schedule({ template: web, source: { by: 'annotations', annotations: placement! }, clusters })
  expect([counts(decision), reasons(decision)]).toEqual([{ a: 4, b: 2 }, { c: 'NotSelected' }])
})

test('Federation v1: nowhere is nowhere', () => {
  const { placement } = parseV1Annotations('Deployment', { 'federation.alpha.kubernetes.io/cluster-selector': 'federation.kubernetes.io/federation-control-plane=true' })
  expect(schedule({ template: web, source: { by: 'annotations', annotations: placement! }, clusters: [a] }).targets).toEqual([])
})
