/** Replays what Karmada's general estimator answers for single replicas. Sets of components and grading of nodes are not scheduled by. */
import { expect, test } from 'vitest'
import type { ResourceSummary } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import { loadCases } from '../../../test/cases/scheduling/load-cases.ts'
import { estimateReplicas } from './estimate.ts'

type Amounts = Record<string, string>
interface Case { name: string; op: string; cluster?: { summary: ResourceSummary | null; models?: { grade: number; ranges: Record<string, { min: string; max: string }> }[]; nodesByGrade?: Record<string, number> }; summary?: ResourceSummary; request: Amounts | null; assumed?: unknown[]; expect?: number; error?: string }

const OPS = ['replicas', 'replicas-by-summary', 'replicas-by-models']
const PLENTY = { pods: '1000000' }

/** Promised but not yet seen replicas have no place in a summary. */
const cases = loadCases<Case>('estimator.json').filter(({ op, assumed = [], error }) => OPS.includes(op) && assumed.length === 0 && !error)

test.each(cases.map((one) => [one.name, one] as const))('%s', (_, { op, cluster, summary, request, expect: expected }) => {
  const reported = summary ?? cluster?.summary ?? undefined, pods = op === 'replicas' ? {} : PLENTY
  const models = cluster?.models?.map(({ grade, ranges }) => ({ grade, ranges: Object.entries(ranges).map(([name, range]) => ({ name, ...range })) })), nodes = Object.entries(cluster?.nodesByGrade ?? {}).map(([grade, count]) => ({ grade: Number(grade), count }))
  const status = reported && { resourceSummary: { ...reported, allocatable: { ...reported.allocatable, ...pods }, ...(nodes.length > 0 && { allocatableModelings: nodes }) } }
  expect(estimateReplicas({ spec: { syncMode: 'Push', ...(models && { resourceModels: models }) }, ...(status && { status }) }, request ?? undefined)).toBe(expected)
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
