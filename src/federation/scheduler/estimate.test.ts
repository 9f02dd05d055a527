/** Replays what Karmada's general estimator answers for single replicas. Sets of components are not scheduled by; grading of nodes is not the scheduler's. */
import { expect, test } from 'vitest'
import type { ResourceSummary } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import { loadCases } from '../../../test/cases/scheduling/load-cases.ts'
import { type Assumed, estimateReplicas } from './estimate.ts'

type Amounts = Record<string, string>
interface Case { name: string; op: string; cluster?: { summary: ResourceSummary | null; models?: { grade: number; ranges: Record<string, { min: string; max: string }> }[]; nodesByGrade?: Record<string, number> }; summary?: ResourceSummary; request: Amounts | null; assumed?: (Assumed & { request: Amounts })[][]; expect?: number; error?: string }

const OPS = ['replicas', 'replicas-by-summary', 'replicas-by-models']
const PLENTY = { pods: '1000000' }
const cases = loadCases<Case>('estimator.json').filter(({ op, error }) => OPS.includes(op) && !error)

test.each(cases.map((one) => [one.name, one] as const))('%s', (_, { op, cluster, summary, request, assumed = [], expect: expected }) => {
  const reported = summary ?? cluster?.summary ?? undefined, pods = op === 'replicas' ? {} : PLENTY
  const models = cluster?.models?.map(({ grade, ranges }) => ({ grade, ranges: Object.entries(ranges).map(([name, range]) => ({ name, ...range })) })), nodes = Object.entries(cluster?.nodesByGrade ?? {}).map(([grade, count]) => ({ grade: Number(grade), count }))
  const status = reported && { resourceSummary: { ...reported, allocatable: { ...reported.allocatable, ...pods }, ...(nodes.length > 0 && { allocatableModelings: nodes }) } }
  expect(estimateReplicas({ spec: { syncMode: 'Push', ...(models && { resourceModels: models }) }, ...(status && { status }) }, request ?? undefined, assumed.flat())).toBe(expected)
})

test.each([
  ['nothing was reported', {}, { cpu: '1' }, 0],
  ['more is promised than there is', { allocatable: { pods: '10', cpu: '4' }, allocated: { cpu: '5' } }, { cpu: '1' }, 0],
  ['a resource is unknown', { allocatable: { pods: '10', cpu: '4' } }, { 'nvidia.com/gpu': '1' }, 0],
  ['what waits for a node counts', { allocatable: { pods: '100', cpu: '4' }, allocated: { cpu: '1' }, allocating: { cpu: '1' } }, { cpu: '500m' }, 4],
  ['a request of nothing is none', { allocatable: { pods: '7' } }, { cpu: '0' }, 7],
])('%s', (_, resourceSummary: ResourceSummary, request, expected) => {
  expect(estimateReplicas({ spec: { syncMode: 'Push' }, status: { resourceSummary } }, request)).toBe(expected)
})

test('what was promised counts, in sums and node by node', () => {
  const resourceModels = [{ grade: 0, ranges: [{ name: 'cpu', min: '0', max: '3' }] }, { grade: 1, ranges: [{ name: 'cpu', min: '3', max: '9' }] }], resourceSummary = { allocatable: { pods: '300', cpu: '9' } }, assumed = [{ replicas: 2, request: { cpu: '2' } }]
  expect(estimateReplicas({ spec: { syncMode: 'Push' }, status: { resourceSummary } }, { cpu: '1' }, assumed)).toBe(5)
  const byGrade = { spec: { syncMode: 'Push' as const, resourceModels }, status: { resourceSummary: { ...resourceSummary, allocatableModelings: [{ grade: 1, count: 3 }] } } }
  // Two nodes of three have 1 left each, which 2 do not fit into.
  expect([estimateReplicas(byGrade, { cpu: '1' }, assumed), estimateReplicas(byGrade, { cpu: '2' }, assumed), estimateReplicas(byGrade, { cpu: '2' }, [{ replicas: 9 }])]).toEqual([5, 1, 3])
  expect(estimateReplicas(byGrade, { cpu: '1' }, [{ replicas: 4, request: { cpu: '1' } }])).toBe(5)
})

test('grades that do not know a resource are no help', () => {
  expect(estimateReplicas({ spec: { syncMode: 'Push', resourceModels: [{ grade: 0, ranges: [{ name: 'cpu', min: '1', max: '9' }] }] }, status: { resourceSummary: { allocatable: { pods: '9', memory: '4Gi' }, allocatableModelings: [{ grade: 0, count: 3 }] } } }, { memory: '1Gi' })).toBe(4)
})
