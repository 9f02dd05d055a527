import { expect, test } from 'vitest'
import { defaultResourceModels } from '../../apis/cluster.federation/v1alpha1/resource-model.ts'
import { loadCases } from '../../../test/cases/scheduling/load-cases.ts'
import { SlabEntry } from '../../machinery/cache/slab-entry.ts'
import type { Change } from '../../machinery/meta/core.ts'
import { Summary } from './summary.ts'

const change = (type: 'ADDED' | 'MODIFIED' | 'DELETED', name: string, rest: object): Change => ({ type, position: '1', entry: SlabEntry.of({ metadata: { name, resourceVersion: '1' }, ...rest }) })
const node = (cpu: string, memory: string, ready = 'True') => ({ status: { allocatable: { cpu, memory, pods: '110' }, conditions: [{ type: 'Ready', status: ready }] } })
const container = (cpu: string, memory?: string, more: object = {}) => ({ resources: { requests: { cpu, ...(memory && { memory }) } }, ...more })
const pod = (nodeName: string | undefined, containers: object[], more: object = {}, phase = 'Running') => ({ spec: { ...(nodeName && { nodeName }), containers, ...more }, status: { phase } })

test('nodes and pods are summed; finished pods count for nothing, pending ones are allocating', () => {
  const summary = new Summary()
  summary.acceptNodes([change('ADDED', 'n1', node('4', '8Gi')), change('ADDED', 'n2', node('3500m', '8Gi', 'False'))])
  summary.acceptPods([change('ADDED', 'a', pod('n1', [container('500m', '1Gi'), container('250m')])), change('ADDED', 'b', pod(undefined, [container('1')], {}, 'Pending')), change('ADDED', 'c', pod('n1', [container('1')], {}, 'Succeeded'))])
  expect(summary.nodeSummary()).toEqual({ totalNum: 2, readyNum: 1 })
  expect(summary.resourceSummary([])).toEqual({ allocatable: { cpu: '7500m', memory: '16Gi', pods: '220' }, allocating: { cpu: '1', pods: '1' }, allocated: { cpu: '750m', memory: '1Gi', pods: '1' } })
  summary.acceptPods([change('MODIFIED', 'b', pod('n2', [container('1')])), change('DELETED', 'a', pod('n1', []))])
  expect(summary.resourceSummary([])).toMatchObject({ allocating: {}, allocated: { cpu: '1', pods: '1' } })
})

test('init containers count where they need more, sidecars always, overhead on top', () => {
  const summary = new Summary()
  summary.acceptPods([change('ADDED', 'a', pod('n1', [container('1', '1Gi')], { initContainers: [container('100m', '100Mi', { restartPolicy: 'Always' }), container('2', '10Mi')], overhead: { cpu: '50m' } }))])
  expect(summary.resourceSummary([]).allocated).toEqual({ cpu: '2150m', memory: '1124Mi', pods: '1' })
})

test('nodes are graded by what they have free, in the resource they have least of', () => {
  const summary = new Summary()
  summary.acceptNodes([change('ADDED', 'n1', node('8', '64Gi')), change('ADDED', 'n2', node('64', '2Gi')), change('ADDED', 'n3', node('1', '8Gi'))])
  summary.acceptPods([change('ADDED', 'a', pod('n1', [container('5')]))])
  const { allocatableModelings = [] } = summary.resourceSummary(defaultResourceModels())
  expect(allocatableModelings.filter(({ count }) => count > 0)).toEqual([{ grade: 0, count: 1 }, { grade: 1, count: 1 }, { grade: 2, count: 1 }])
  expect(allocatableModelings).toHaveLength(9)
})

test('room is told node by node, and follows what changes', () => {
  const summary = new Summary(), told = () => summary.nodeRooms().map(({ name, free, isReady, isUnschedulable }) => [name, Number(free.get('cpu')) / 1e9, Number(free.get('pods')) / 1e9, isReady, isUnschedulable])
  summary.acceptPods([change('ADDED', 'a', pod('n1', [container('1')])), change('ADDED', 'b', pod('n1', [container('500m')])), change('ADDED', 'c', pod('', [container('9')], {}, 'Pending'))])
  summary.acceptNodes([change('ADDED', 'n2', { ...node('2', '1Gi', 'False'), spec: { unschedulable: true } }), change('ADDED', 'n1', node('4', '1Gi'))])
  const before = summary.nodeRooms()
  expect([told(), summary.nodeRooms() === before]).toEqual([[['n1', 2.5, 108, true, false], ['n2', 2, 110, false, true]], true])
  summary.acceptPods([change('MODIFIED', 'a', pod('n1', [container('1')], {}, 'Succeeded')), change('MODIFIED', 'c', pod('n2', [container('2')])), change('DELETED', 'b', pod('n1', []))])
  expect([told(), before[0]!.free.get('cpu')]).toEqual([[['n1', 4, 110, true, false], ['n2', 0, 109, false, true]], 2_500_000_000n])
  summary.clearPods()
  summary.acceptNodes([change('DELETED', 'n1', node('4', '1Gi'))])
  expect(told()).toEqual([['n2', 2, 110, false, true]])
  summary.clearNodes()
  expect(told()).toEqual([])
})

interface GradeCase { name: string; op: string; mins: string[]; value: string; models: { grade: number; ranges: Record<string, { min: string; max?: string }> }[]; node: Record<string, string>; nodes: { count: number; allocatable: Record<string, string> }[]; expect: number | Record<string, number> }

/** A grade as Karmada finds it is that of a cluster whose only node has that much. */
test.each(loadCases<GradeCase>('estimator.json').filter(({ op }) => ['grade-index', 'grade-of', 'grade-counts'].includes(op)).map((one) => [one.name, one] as const))('%s', (_, { op, mins, value, models, node: one, nodes, expect: expected }) => {
  const graded: GradeCase['models'] = op === 'grade-index' ? mins.map((min, grade) => ({ grade, ranges: { cpu: { min } } })) : models, summary = new Summary()
  const given = op === 'grade-counts' ? nodes.flatMap(({ count, allocatable }) => Array.from({ length: count }, () => allocatable)) : [op === 'grade-of' ? one : { cpu: value }]
  summary.acceptNodes(given.map((allocatable, i) => change('ADDED', `n${i}`, { status: { allocatable } })))
  const { allocatableModelings = [] } = summary.resourceSummary(graded.map(({ grade, ranges }) => ({ grade, ranges: Object.entries(ranges).map(([name, { min, max = min }]) => ({ name, min, max })) })))
  expect(op === 'grade-counts' ? Object.fromEntries(allocatableModelings.map(({ grade, count }) => [grade, count])) : allocatableModelings.find(({ count }) => count === 1)?.grade).toEqual(expected)
})
