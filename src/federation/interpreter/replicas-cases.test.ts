/** Replays how Karmada counts and sets replicas, where its rule is ours. */
import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { recordedCases } from '../../../test/suites/recorded-cases.ts'
import { divide } from './divide.ts'
import { divideBounds } from './divide-bounds.ts'
import type { Requirements } from './pod-template.ts'
import { isDivisible, replicasOf, withReplicas } from './replicas.ts'

type Case = { name: string; object: KubeObject; expectError?: boolean } & ({ operation: 'get'; expect: { replicas: number; requirements: Requirements | null }; expectFixed?: { replicas: number; requirements: Requirements | null } } | { operation: 'revise'; replicas: number; expect: KubeObject; expectFixed?: KubeObject })
const cases = recordedCases<Case>('interpretation/replicas.json')

const UNSET = 'templates are kept as written: what is unset has the default of the API, and a share of it must be said'
const DIFFERENT: Readonly<Record<string, string>> = { 'get-deployment-replicas-unset': UNSET, 'revise-deployment-replicas-unset-stays-unset': UNSET, 'revise-job-parallelism-unset': UNSET }

/** The recordings tell what nodes and how much is needed; whose quota and what priority, we tell beside. */
function replay(one: Case): unknown {
  if (one.operation === 'revise') return withReplicas(one.object, one.replicas)
  const { replicas, requirements } = replicasOf(one.object)!, { nodeClaim, resourceRequest } = requirements ?? {}
  return { replicas, requirements: requirements ? { ...(nodeClaim && { nodeClaim }), ...(resourceRequest && { resourceRequest }) } : null }
}

test.each(cases.filter(({ name, expectError }) => !DIFFERENT[name] && !expectError))('$name', (one) => { expect(replay(one)).toEqual(one.expectFixed ?? one.expect) })
test.each(cases.filter(({ name, expectError }) => !DIFFERENT[name] && expectError))('$name', (one) => { expect(() => replay(one)).toThrow(/must be an integer|cannot be divided/) })
test.each(Object.entries(DIFFERENT))('%s differs: %s', (name) => { const one = cases.find((one) => one.name === name)!; expect(replay(one)).not.toEqual(one.expectFixed ?? one.expect) })

describe('beyond the recordings', () => {
  const custom: KubeObject = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'a', namespace: 'shop' }, spec: { size: 3, template: { spec: { priorityClassName: 'high', containers: [{ resources: { requests: { cpu: '0.5' } } }] } } } }

  test('a kind that no rule names is counted where its scale subresource says', () => {
    const scale = { specReplicasPath: '.spec.size' }
    expect(replicasOf(custom)).toBeUndefined()
    expect(replicasOf(custom, { scale })).toEqual({ replicas: 3, requirements: { resourceRequest: { cpu: '500m' }, priorityClassName: 'high', namespace: 'shop' } })
    expect(withReplicas(custom, 1, { scale })).toEqual({ ...custom, spec: { ...(custom['spec'] as object), size: 1 } })
    expect([isDivisible(custom), isDivisible(custom, { scale })]).toEqual([false, true])
  })

  test('completions go with the share of a Job', () => {
    const job: KubeObject = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j' }, spec: { parallelism: 4, completions: 9 } }
    expect(withReplicas(job, 2, { completions: 5 })['spec']).toEqual({ parallelism: 2, completions: 5 })
  })

  test('what a pod as a whole asks for stands instead of its containers\', and is topped by the overhead', () => {
    const pod: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { resources: { requests: { cpu: '2' } }, overhead: { cpu: '100m' }, containers: [{ resources: { requests: { cpu: '3', memory: '1Gi' } } }] } }
    expect(replicasOf(pod)).toEqual({ replicas: 1, requirements: { resourceRequest: { cpu: '2100m', memory: '1Gi' } } })
  })

  test.each<[number, number[], number[]]>([[10, [2, 1, 1], [5, 3, 2]], [0, [1, 1], [0, 0]], [5, [0, 0], [3, 2]], [7, [], []], [1, [1, 1, 1], [1, 0, 0]]])('%i by %j is %j', (total, shares, expected) => { expect(divide(total, shares)).toEqual(expected) })

  test.each([
    ['together they are what is divided', { min: 3, max: 10 }, [2, 1, 0], [{ min: 2, max: 7 }, { min: 1, max: 3 }, undefined]],
    ['no autoscaler has less than one', { min: 1, max: 2 }, [1, 1, 1], [{ min: 1, max: 1 }, { min: 1, max: 1 }, { min: 1, max: 1 }]],
    ['nothing is a bound, too, where it is allowed', { min: 0, max: 4 }, [1, 1], [{ min: 0, max: 2 }, { min: 0, max: 2 }]],
  ] as const)('bounds: %s', (_, bounds, shares, expected) => { expect(divideBounds(bounds, shares)).toEqual(expected) })
})
