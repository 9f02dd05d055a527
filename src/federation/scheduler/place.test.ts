import { describe, expect, test } from 'vitest'
import type { FederatedObject, FederatedStatus } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { builtInTargets } from '../template/target-kind.ts'
import { defaultFailover } from './evict/failover-options.ts'
import { place, type PlaceInput, type Placed, type PlacingPolicy, withPlacement } from './place.ts'
import type { ClusterFacts } from './snapshot.ts'
import type { GroupNames, WorkloadPeers } from './workload-groups.ts'

const target = builtInTargets.find(({ kind }) => kind === 'Deployment')!, NOW = Date.UTC(2030, 0, 1), THEN = '2029-01-01T00:00:00Z'
const cluster = (name: string, labels: Record<string, string> = {}): ClusterFacts => ({
  cluster: { metadata: { name, labels }, spec: { syncMode: 'Push' }, status: { apiEnablements: [{ groupVersion: 'apps/v1', resources: [{ name: 'deployments', kind: 'Deployment', namespaced: true }] }], resourceSummary: { allocatable: { pods: 100 } } } }, state: { state: 'ready' },
})
const clusters = [cluster('a', { env: 'prod' }), cluster('b', { env: 'prod' }), cluster('c')]
const policy = (name: string, spec: object, metadata: object = {}): PlacingPolicy => ({ kind: 'PropagationPolicy', metadata: { namespace: 'shop', name, generation: 1, ...metadata }, spec: { resourceSelectors: [{ apiVersion: 'apps/v1', kind: 'Deployment' }], ...spec } }) as unknown as PlacingPolicy
const prod = { clusterAffinity: { labelSelector: { matchLabels: { env: 'prod' } } } }

interface Template { readonly labels?: Record<string, string>; readonly spec?: object; readonly status?: FederatedStatus; readonly annotations?: Record<string, string>; readonly generation?: number; readonly replicas?: number }
function placed({ labels = {}, spec = {}, status, annotations = {}, generation = 1, replicas = 6 }: Template, more: Partial<PlaceInput> = {}): Placed {
  const federated: FederatedObject = { metadata: { namespace: 'shop', name: 'web', uid: 'u', generation }, spec: { template: {}, ...spec }, ...(status && { status }) }
  return place({ federated, native: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace: 'shop', name: 'web', labels, annotations }, spec: { replicas } }, target, policies: [], preference: undefined, required: { clusters: new Set(), dependents: 0 }, hasOverride: () => true, peers: () => ({}), priorityOf: () => undefined, clusters, fallback: undefined, now: NOW, ...more })
}
const names = ({ schedule: { targets = [] } }: Placed) => targets.map((one) => (one.replicas === undefined ? one.cluster : `${one.cluster}=${one.replicas}`)).join(' ')
const told = ({ scheduled: { status, reason } }: Placed) => `${status} ${reason}`
/** The status after a decision. */
const after = (it: Placed, before?: FederatedStatus) => withPlacement(before, it)

describe('what places a template, in this order', () => {
  const all = { policies: [policy('p', { placement: prod })], fallback: { clusterAffinity: { clusterNames: ['c'] } } }, annotations = { 'federation.alpha.kubernetes.io/cluster-selector': '[{"key":"env","operator":"DoesNotExist"}]' }
  test.each<[string, Template, Partial<PlaceInput>, string, string]>([
    ['its own placement', { spec: { placement: { clusters: [{ name: 'b' }] } }, annotations }, all, 'b', 'True Success'],
    ['annotations of Federation v1', { annotations }, all, 'c=6', 'True Success'],
    ['the policy that claims it', {}, all, 'a b', 'True Success'],
    ['a policy without a placement means everywhere', {}, { ...all, policies: [policy('p', {})] }, 'a b c', 'True Success'],
    ['the default of its cluster sets', {}, { ...all, policies: [] }, 'c', 'True Success'],
    ['nothing: it waits', {}, {}, '', 'False NoPolicy'],
    ['nowhere, by its own word', { spec: { placement: { clusters: [] } } }, all, '', 'True Nowhere'],
    ['a preference alone divides among all', {}, { preference: { totalReplicas: 9 } }, 'a=3 b=3 c=3', 'True Success'],
  ])('%s', (_name, template, input, where, why) => {
    const it = placed(template, input)
    expect([names(it), told(it)]).toEqual([where, why])
  })
})

test.each<[string, object, number, number | undefined]>([
  ['all that has a place is not looked at again by itself', {}, 6, undefined],
  ['what has no place is: room comes without a word', {}, 600, 30_000],
  ['what is placed in part, too', { partial: true }, 600, 30_000],
])('%s', (_name, more, replicas, againMs) => {
  expect(placed({ replicas }, { policies: [policy('p', { placement: { replicaScheduling: { replicaSchedulingType: 'Divided', replicaDivisionPreference: 'Aggregated' }, ...more } })] }).againMs).toBe(againMs)
})

describe('what was decided stays', () => {
  const claimed = after(placed({}, { policies: [policy('p', { placement: prod })] }))

  test('when the claim is lost, however often it is looked at, and even where a default would place it', () => {
    const fallback = { clusterAffinity: { clusterNames: ['c'] } }, lost = placed({ status: claimed }, { fallback }), again = placed({ status: after(lost, claimed) }, { fallback })
    for (const it of [lost, again]) expect([names(it), told(it), it.policy?.name]).toEqual(['a b', 'False PolicyLost', 'p'])
  })
  test('until another policy claims it', () => {
    const lost = after(placed({ status: claimed }), claimed), it = placed({ status: lost }, { policies: [policy('q', { placement: { clusterAffinity: { clusterNames: ['c'] } } })] })
    expect([names(it), told(it), it.policy?.name]).toEqual(['c', 'True Success', 'q'])
  })
  test('when it fits nowhere', () => {
    const it = placed({ status: claimed }, { policies: [policy('p', { placement: prod })], clusters: [cluster('a'), cluster('b'), cluster('c')] })
    expect([names(it), told(it)]).toEqual(['a b', 'False NoClusterFits'])
  })
  test('but for clusters that have left', () => {
    for (const policies of [[], [policy('p', { placement: { clusterAffinity: { clusterNames: ['z'] } } })]]) expect(names(placed({ status: claimed }, { policies, clusters: clusters.slice(1) }))).toBe('b')
  })
  test('under a lazy policy until the template changes', () => {
    const lazy = policy('p', { placement: { clusterAffinity: { clusterNames: ['c'] } }, activationPreference: 'Lazy' }, { generation: 2 }), waits = placed({ status: claimed }, { policies: [lazy] }), changed = placed({ status: claimed, generation: 2 }, { policies: [lazy] })
    expect([names(waits), told(waits), waits.policy?.generation]).toEqual(['a b', 'True PolicyPending', 1])
    expect([names(changed), told(changed), changed.policy?.generation]).toEqual(['c', 'True Success', 2])
  })
})

describe('what status says', () => {
  test('decisions are counted by what they change for members', () => {
    const divided = { spec: { placement: { ...prod, replicaScheduling: { replicaSchedulingType: 'Divided' } } } }, first = placed(divided), status = after(first), same = placed({ ...divided, status, generation: 2 }), more = placed({ ...divided, status, generation: 2, replicas: 10 })
    expect([first, same, more].map((it) => [it.schedule.decision, it.schedule.observedGeneration, names(it)])).toEqual([[1, 1, 'a=3 b=3'], [1, 2, 'a=3 b=3'], [2, 2, 'a=5 b=5']])
  })
  test('every cluster that was not chosen has a reason', () => expect(placed({ spec: { placement: prod } }).schedule.rejected).toEqual([{ cluster: 'c', reason: 'NotSelected', message: 'is not selected by the placement' }]))
  test('nothing is written where nothing changed; a condition keeps its time while its status stays', () => {
    const status = after(placed({ spec: { placement: prod } })), [scheduled] = status.conditions!, old = { ...status, conditions: [{ ...scheduled!, lastTransitionTime: THEN }] }
    expect(withPlacement(old, placed({ spec: { placement: prod }, status: old }))).toBe(old)
    expect(placed({ spec: { placement: prod }, status: old, generation: 2 }).scheduled).toMatchObject({ lastTransitionTime: THEN, observedGeneration: 2 })
    expect(placed({ status: old }).scheduled).toMatchObject({ status: 'False', lastTransitionTime: '2030-01-01T00:00:00Z' })
  })
  test('a target that is given up is remembered until its copy is gone', () => {
    const status = { ...after(placed({ spec: { placement: prod } })), clusters: [{ name: 'a', state: 'OK', uid: 'x' }] }, next = after(placed({ spec: { placement: { clusters: [{ name: 'c' }] } }, status, generation: 2 }), status)
    expect(next.clusters).toEqual([{ name: 'a', state: 'OK', uid: 'x' }, { name: 'b', state: 'WaitingForRemoval' }])
  })
  test('other writers\' parts stay', () => {
    const status = after(placed({ spec: { placement: prod } }), { aggregated: { replicas: 1 }, conditions: [{ type: 'Healthy', status: 'True', reason: 'Healthy', message: '', lastTransitionTime: THEN }] })
    expect(status).toMatchObject({ aggregated: { replicas: 1 }, conditions: [{ type: 'Scheduled' }, { type: 'Healthy' }] })
  })
})

describe('clusters that are left', () => {
  const divided = { placement: { replicaScheduling: { replicaSchedulingType: 'Divided' } } }, before = after(placed({ spec: divided }))
  const tainted = clusters.map((facts): ClusterFacts => (facts.cluster.metadata.name === 'a' ? { ...facts, cluster: { ...facts.cluster, spec: { ...facts.cluster.spec, taints: [{ key: 'x', effect: 'NoExecute', timeAdded: THEN }] } } } : facts))
  const leaving = { options: defaultFailover, mayLeave: () => true }, left = placed({ spec: divided, status: before }, { clusters: tainted, leaving }), status = withPlacement(before, left)

  test('are stored with the decision, and remembered until the copy is gone', () => {
    expect([names(left), left.schedule.decision, left.schedule.evictions?.map(({ cluster }) => cluster)]).toEqual(['b=3 c=3', 2, ['a']])
    expect(status.clusters).toContainEqual({ name: 'a', state: 'WaitingForRemoval' })
    const second = withPlacement(status, placed({ spec: divided, status }, { clusters: tainted, leaving }))
    expect(second.schedule).toEqual(status.schedule)
    expect(withPlacement(second, placed({ spec: divided, status: second }, { clusters: tainted, leaving }))).toBe(second)
    expect(placed({ spec: divided, status: { ...status, clusters: [] } }, { clusters: tainted, leaving }).schedule).not.toHaveProperty('evictions')
  })
  test('are not where nobody allows it, and those of before still are', () => {
    expect(names(placed({ spec: divided, status: before }, { clusters: tainted }))).toBe('a=2 b=2 c=2')
    expect(placed({ spec: divided, status }, { clusters: tainted }).schedule.evictions).toEqual(left.schedule.evictions)
  })
  test('are forgotten with the copy where the claim is lost, too', () => {
    const lost = { ...status, policy: { kind: 'PropagationPolicy', namespace: 'shop', name: 'p' } }
    expect([placed({ status: lost }).schedule.evictions, placed({ status: { ...lost, clusters: [] } }).schedule.evictions]).toEqual([left.schedule.evictions, []])
  })

  const job = builtInTargets.find(({ kind }) => kind === 'Job')!, namespaces = builtInTargets.find(({ kind }) => kind === 'Namespace')!, suspended = policy('p', { ...divided, suspension: { dispatching: true } }), withFailover = policy('p', { ...divided, failover: { cluster: {} } })
  test.each<[string, Template, Partial<PlaceInput>, boolean]>([
    ['a Deployment', { spec: divided }, {}, true],
    ['what is suspended', { spec: { ...divided, suspend: true } }, {}, false],
    ['whose policy is suspended', {}, { policies: [suspended] }, false],
    ['a namespace', { spec: divided }, { target: namespaces }, false],
    ['shares of a Job that have begun', { spec: divided }, { target: job }, false],
    ['shares of a Job whose policy lets them move', {}, { target: job, policies: [{ ...withFailover, spec: { ...withFailover.spec, resourceSelectors: [{ apiVersion: 'batch/v1', kind: 'Job' }] } }], native: { apiVersion: 'batch/v1', kind: 'Job', metadata: { namespace: 'shop', name: 'web' }, spec: { parallelism: 6 } } }, true],
  ])('%s', (_name, template, input, expected) => {
    const serving = tainted.map((facts): ClusterFacts => ({ ...facts, cluster: { ...facts.cluster, status: { ...facts.cluster.status, apiEnablements: [...facts.cluster.status!.apiEnablements!, { groupVersion: 'batch/v1', resources: [{ name: 'jobs', kind: 'Job', namespaced: true }] }] } } }))
    const made = placed({ ...template, status: before }, { clusters: serving, leaving, ...input })
    expect([names(made).includes('a'), (made.schedule.evictions ?? []).length]).toEqual([!expected, expected ? 1 : 0])
  })
})
describe('groups of workloads', () => {
  const policies = [policy('p', { placement: { workloadAffinity: { affinity: { groupByLabelKey: 'app' }, antiAffinity: { groupByLabelKey: 'tier' } } } })], template = { labels: { app: 'web', tier: 'db' } }
  const peers = (where: Record<string, string[]>) => ({ affinity, antiAffinity }: GroupNames): WorkloadPeers => ({
    ...(affinity && { affinity: { group: affinity, placed: where[affinity]!.length > 0 ? 1 : 0, clusters: new Map(where[affinity]!.map((name) => [name, 1])) } }),
    ...(antiAffinity && { antiAffinity: { group: antiAffinity, placed: 1, clusters: new Map(where[antiAffinity]!.map((name) => [name, 1])) } }),
  })
  test('are kept together and apart, by namespace and label', () => {
    const it = placed(template, { policies, peers: peers({ 'shop/app=web': ['a', 'b'], 'shop/tier=db': ['b'] }) })
    expect([names(it), it.groups, it.schedule.rejected?.map(({ cluster: at, reason }) => `${at} ${reason}`)]).toEqual(['a', { affinity: 'shop/app=web', antiAffinity: 'shop/tier=db' }, ['b WorkloadAntiAffinity', 'c WorkloadAffinity']])
  })
  test('bind no template without their labels, nor what is placed already', () => {
    const apart = peers({ 'shop/app=web': ['c'], 'shop/tier=db': ['a', 'b'] }), free = placed({}, { policies, peers: apart })
    expect([names(free), free.groups]).toEqual(['a b c', {}])
    expect(names(placed({ ...template, status: after(placed({ ...template }, { policies: [policy('p', { placement: prod })] })) }, { policies, peers: apart }))).toBe('a b c')
  })
})

test('a priority class that is not known is told', () => {
  const policies = [policy('p', { schedulePriority: { priorityClassSource: 'KubePriorityClass', priorityClassName: 'high' } })]
  expect(placed({}, { policies }).scheduled.message).toBe('placed in 3 of 3 clusters; the PriorityClass high is not known, and counts as 0')
  expect(placed({}, { policies, priorityOf: () => 7 }).scheduled.message).toBe('placed in 3 of 3 clusters')
})

test('a workload of several components goes as a whole to clusters that have room for all of them', () => {
  const spark = { apiVersion: 'sparkoperator.k8s.io/v1beta2', kind: 'SparkApplication', metadata: { namespace: 'shop', name: 'pi' }, spec: { driver: { cores: 1, memory: '1g' }, executor: { cores: 2, memory: '1g', instances: 3 } } }
  const sized = (name: string, cpu: number): ClusterFacts => ({ state: { state: 'ready' }, cluster: { metadata: { name }, spec: { syncMode: 'Push' }, status: { apiEnablements: [{ groupVersion: 'sparkoperator.k8s.io/v1beta2', resources: [{ name: 'sparkapplications', kind: 'SparkApplication' }] }], resourceSummary: { allocatable: { pods: 99, cpu, memory: '99Gi' } } } } })
  const policies = [policy('p', { resourceSelectors: [{ apiVersion: spark.apiVersion, kind: spark.kind }], placement: { replicaScheduling: { weightPreference: { dynamicWeight: 'AvailableReplicas' } }, spreadConstraints: [{ spreadByField: 'cluster', minGroups: 1, maxGroups: 1 }] } })]
  const it = placed({}, { native: spark, target: { ...target, group: 'sparkoperator.k8s.io', version: 'v1beta2', kind: 'SparkApplication' }, policies, clusters: [sized('a', 6), sized('b', 7), sized('c', 40)] })
  expect([names(it), told(it), it.schedule.rejected]).toEqual(['c', 'True Success', [
    { cluster: 'a', reason: 'NoRoom', message: 'has no room for a set of 4 pods in 2 components' }, { cluster: 'b', reason: 'BeyondSpread', message: 'is fit, but the spread is met by 1 others' },
  ]])
})
