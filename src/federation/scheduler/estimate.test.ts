/** Replays what Karmada's general estimator answers, and counts on nodes. */
import { expect, test } from 'vitest'
import { Seeded } from '../../../test/suites/seeded.ts'
import type { ResourceSummary } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import { validateResourceModels } from '../../apis/cluster.federation/v1alpha1/resource-model.ts'
import { addQuantities, formatQuantity, parseQuantity } from '../../machinery/meta/quantity.ts'
import { loadCases } from '../../../test/cases/scheduling/load-cases.ts'
import type { NodeRoom } from '../member/node-room.ts'
import type { Capacity, ReplicaNeeds, SameReplicas } from './capacity.ts'
import { estimateReplicas, estimateSets } from './estimate.ts'
import { roomOn, runsOf, settle } from './node-runs.ts'

type Amounts = Record<string, string>
interface Component { replicas: number; request: Amounts }
interface Case {
  name: string; op: string; cluster?: { summary: ResourceSummary | null; models?: { grade: number; ranges: Record<string, { min: string; max?: string }> }[]; nodesByGrade?: Record<string, number> }; summary?: ResourceSummary; request: Amounts | null; components: Component[]; upperBound?: number
  assumed?: Component[][]; expect?: number; error?: string
}

const OPS = ['replicas', 'replicas-by-summary', 'replicas-by-models', 'sets', 'sets-by-models']
const PLENTY = { pods: '1000000', cpu: '1000000', memory: '1000Ti', 'nvidia.com/gpu': '1000000' }
/** Without grades Karmada's inner function fails; its caller, which we have, goes by the sums. */
const cases = loadCases<Case>('estimator.json').filter(({ op, error }) => OPS.includes(op) && !error)

test.each(cases.map((one) => [one.name, one] as const))('%s', (_, { op, cluster, summary, request, components, assumed = [], expect: expected }) => {
  const reported = summary ?? cluster?.summary ?? undefined, plenty = op === 'sets-by-models' ? PLENTY : op === 'replicas-by-summary' || op === 'replicas-by-models' ? { pods: PLENTY.pods } : {}
  const models = cluster?.models?.map(({ grade, ranges }) => ({ grade, ranges: Object.entries(ranges).map(([name, { min, max = min }]) => ({ name, min, max })) })), nodes = Object.entries(cluster?.nodesByGrade ?? {}).map(([grade, count]) => ({ grade: Number(grade), count }))
  const status = reported && { resourceSummary: { ...reported, allocatable: { ...reported.allocatable, ...plenty }, ...(nodes.length > 0 && { allocatableModelings: nodes }) } }
  const capacity: Capacity = { cluster: { spec: { syncMode: 'Push', ...(models && { resourceModels: models }) }, ...(status && { status }) }, assumed: assumed.flat() }
  expect(op.startsWith('sets') ? estimateSets(capacity, components) : estimateReplicas(capacity, request ? { request } : {})).toBe(expected)
})

interface Assume { name: string; op: string; allocating: Amounts; assumed: Component[][]; expect: Amounts }
/** What is promised is subtracted from what is free: where as much is free as Karmada sums up, nothing is left, and for one more of a resource there is room for one. */
test.each(loadCases<Assume>('estimator.json').filter(({ op }) => op === 'assume').map((one) => [one.name, one] as const))('%s', (_, { allocating, assumed, expect: expected }) => {
  const rooms = Object.keys(expected).map((name) => {
    const one = name === 'pods' ? {} : { request: { [name]: '1' } }, allocatable = { ...expected, ...(name !== 'pods' && { pods: PLENTY.pods }) }, roomier = { ...allocatable, [name]: formatQuantity(addQuantities(parseQuantity(expected[name]!)!, parseQuantity('1')!)) }
    return [allocatable, roomier].map((amounts) => estimateReplicas({ cluster: { spec: { syncMode: 'Push' }, status: { resourceSummary: { allocatable: amounts, allocating } } }, assumed: assumed.flat() }, one))
  })
  expect(rooms).toEqual(Object.keys(expected).map(() => [0, 1]))
})

interface Models { name: string; op: string; models: { grade: number; ranges: Record<string, { min: string; max: string }> }[]; expect: boolean }
/** Ours must also leave no gaps. */
test.each(loadCases<Models>('estimator.json').filter(({ op }) => op === 'models-valid').map((one) => [one.name, one] as const))('%s', (_, { models, expect: expected }) => {
  const errors = validateResourceModels(models.map(({ grade, ranges }) => ({ grade, ranges: Object.entries(ranges).map(([name, range]) => ({ name, ...range })) })), 'spec.resourceModels')
  expect(errors.some(({ message }) => message.includes('must name the same resources'))).toBe(!expected)
})

const reporting = (resourceSummary: ResourceSummary): Capacity => ({ cluster: { spec: { syncMode: 'Push' }, status: { resourceSummary } } })

test.each([
  ['nothing was reported', {}, { cpu: '1' }, 0],
  ['more is promised than there is', { allocatable: { pods: '10', cpu: '4' }, allocated: { cpu: '5' } }, { cpu: '1' }, 0],
  ['a resource is unknown', { allocatable: { pods: '10', cpu: '4' } }, { 'nvidia.com/gpu': '1' }, 0],
  ['what waits for a node counts', { allocatable: { pods: '100', cpu: '4' }, allocated: { cpu: '1' }, allocating: { cpu: '1' } }, { cpu: '500m' }, 4],
  ['a request of nothing is none', { allocatable: { pods: '7' } }, { cpu: '0' }, 7],
])('%s', (_, resourceSummary: ResourceSummary, request, expected) => { expect(estimateReplicas(reporting(resourceSummary), { request })).toBe(expected) })

test('what was promised counts, in sums and node by node', () => {
  const resourceModels = [{ grade: 0, ranges: [{ name: 'cpu', min: '0', max: '3' }] }, { grade: 1, ranges: [{ name: 'cpu', min: '3', max: '9' }] }], resourceSummary = { allocatable: { pods: '300', cpu: '9' } }, two = [{ replicas: 2, request: { cpu: '2' } }], one = { request: { cpu: '1' } }
  expect(estimateReplicas({ ...reporting(resourceSummary), assumed: two }, one)).toBe(5)
  const byGrade = (assumed: SameReplicas[]): Capacity => ({ cluster: { spec: { syncMode: 'Push', resourceModels }, status: { resourceSummary: { ...resourceSummary, allocatableModelings: [{ grade: 1, count: 3 }] } } }, assumed })
  // Two nodes of three have 1 left each, which 2 do not fit into.
  expect([estimateReplicas(byGrade(two), one), estimateReplicas(byGrade(two), { request: { cpu: '2' } }), estimateReplicas(byGrade([{ replicas: 9 }]), { request: { cpu: '2' } })]).toEqual([5, 1, 3])
  expect(estimateReplicas(byGrade([{ replicas: 4, ...one }]), one)).toBe(5)
})

test('grades that do not know a resource are no help', () => {
  expect(estimateReplicas({ cluster: { spec: { syncMode: 'Push', resourceModels: [{ grade: 0, ranges: [{ name: 'cpu', min: '1', max: '9' }] }] }, status: { resourceSummary: { allocatable: { pods: '9', memory: '4Gi' }, allocatableModelings: [{ grade: 0, count: 3 }] } } } }, { request: { memory: '1Gi' } })).toBe(4)
})

const node = (name: string, cpu: number, more: Partial<NodeRoom> = {}, pods = 110): NodeRoom => ({ name, labels: {}, taints: [], isReady: true, isUnschedulable: false, free: new Map([['cpu', BigInt(cpu * 1000) * 1_000_000n], ['pods', BigInt(pods) * 1_000_000_000n]]), ...more })
const on = (nodes: readonly NodeRoom[], assumed: readonly SameReplicas[] = []): Capacity => ({ cluster: { spec: { syncMode: 'Push' }, status: { resourceSummary: { allocatable: { cpu: '99', pods: '999' } } } }, nodes, assumed })
const required = (...terms: object[]) => ({ nodeClaim: { hardNodeAffinity: { nodeSelectorTerms: terms } } } as unknown as ReplicaNeeds), cpu = (amount: string) => ({ request: { cpu: amount } }), labelled = [node('n1', 4, { labels: { disk: 'ssd', cores: '16' } }), node('n2', 4, { labels: { disk: 'hdd', cores: '8' } }), node('n3', 4)]
const gpu = { key: 'gpu', value: 'yes', effect: 'NoSchedule' as const }

test.each<[string, readonly NodeRoom[], ReplicaNeeds, number]>([
  ['what is left over on each node is no use', [node('n1', 3), node('n2', 3)], cpu('2'), 2],
  ['a node that is full, and one that is more than full', [node('n1', 0), node('n2', -1), node('n3', 1)], cpu('500m'), 2],
  ['places for pods', [node('n1', 64, {}, 3), node('n2', 64, {}, 2)], cpu('1'), 5],
  ['no node', [], cpu('1'), 0],
  ['a resource that no node has', [node('n1', 4)], { request: { 'nvidia.com/gpu': '1' } }, 0],
  ['not ready, or cordoned', [node('n1', 4, { isReady: false }), node('n2', 4, { isUnschedulable: true }), node('n3', 1)], cpu('1'), 1],
  ['cordoned, and tolerated', [node('n2', 4, { isUnschedulable: true })], { ...cpu('1'), nodeClaim: { tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }] } }, 4],
  ['taints', [node('n1', 4, { taints: [gpu] }), node('n2', 2, { taints: [{ key: 'slow', effect: 'PreferNoSchedule' }] })], cpu('1'), 2],
  ['taints that are tolerated', [node('n1', 4, { taints: [gpu] }), node('n2', 2, { taints: [{ ...gpu, effect: 'NoExecute' }] })], { ...cpu('1'), nodeClaim: { tolerations: [{ key: 'gpu', operator: 'Equal', value: 'yes', effect: 'NoSchedule' }] } }, 4],
  ['a selector', labelled, { ...cpu('1'), nodeClaim: { nodeSelector: { disk: 'ssd' } } }, 4],
  ['affinity, its terms as alternatives', labelled, { ...cpu('1'), ...required({ matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] }, { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n3'] }] }) }, 8],
  ['affinity, all of a term', labelled, { ...cpu('1'), ...required({ matchExpressions: [{ key: 'disk', operator: 'Exists' }, { key: 'cores', operator: 'Gt', values: ['8'] }] }) }, 4],
  ['affinity by what is not there', labelled, { ...cpu('1'), ...required({ matchExpressions: [{ key: 'disk', operator: 'NotIn', values: ['ssd'] }] }) }, 8],
  ['affinity by absence', labelled, { ...cpu('1'), ...required({ matchExpressions: [{ key: 'disk', operator: 'DoesNotExist' }] }) }, 4],
  ['affinity by a lower number', labelled, { ...cpu('1'), ...required({ matchExpressions: [{ key: 'cores', operator: 'Lt', values: ['9'] }] }) }, 4],
  ['a term that says nothing', labelled, { ...cpu('1'), ...required({}) }, 0],
])('on nodes: %s', (_, nodes, needs, expected) => { expect([estimateReplicas(on(nodes), needs), estimateReplicas(on(nodes), needs)]).toEqual([expected, expected]) })

test('on nodes: what was promised takes the first that would have it', () => {
  expect(estimateReplicas(on(labelled, [{ replicas: 1, ...cpu('3'), nodeClaim: { nodeSelector: { disk: 'hdd' } } }]), cpu('2'))).toBe(4)
  expect(estimateReplicas(on(labelled, [{ replicas: 3, ...cpu('3') }]), cpu('2'))).toBe(0)
})

test('on nodes: sets, a component of which may be spread over several', () => {
  expect(estimateSets(on([node('n1', 4), node('n2', 4)]), [{ replicas: 1, ...cpu('1') }, { replicas: 2, ...cpu('2') }])).toBe(1)
  expect(estimateSets(on([node('n1', 4), node('n2', 4), node('n3', 4)]), [{ replicas: 1, ...cpu('1') }, { replicas: 2, ...cpu('2') }])).toBe(2)
  expect(estimateSets(on([node('n1', 4)]), [])).toBe(110)
})

test('on nodes: what is remembered from one question to the next answers as if all were counted anew', () => {
  const random = new Seeded(), wrong: unknown[] = [], anyNeeds = (): ReplicaNeeds => ({ request: { cpu: `${1 + random.int(4)}` }, ...(random.chance(0.3) && { nodeClaim: { nodeSelector: { disk: 'ssd' } } }) })
  for (let fleet = 0; fleet < 40; fleet++) {
    let nodes = Array.from({ length: 1 + random.int(8) }, (_, i) => node(`n${i}`, random.int(12), { ...(random.chance(0.4) && { labels: { disk: 'ssd' } }), isReady: random.chance(0.9) }, random.int(8))), assumed: SameReplicas[] = []
    for (let step = 0; step < 40; step++) {
      if (random.chance(0.3)) nodes = nodes.map((one) => (random.chance(0.3) ? { ...one, free: new Map([...one.free].map(([name, amount]) => [name, amount - 1_000_000_000n])) } : one))
      if (random.chance(0.5)) assumed = random.chance(0.3) ? [] : [...assumed, { ...anyNeeds(), replicas: random.int(5) }]
      const needs = anyNeeds(), answer = estimateReplicas(on(nodes, assumed), needs), anew = structuredClone({ nodes, assumed, needs }), expected = roomOn(settle(runsOf(anew.nodes), anew.assumed), anew.needs)
      if (answer !== expected) wrong.push({ seed: random.seed, fleet, step, nodes, assumed, needs, answer, expected })
    }
  }
  expect(wrong.slice(0, 2)).toEqual([])
})
