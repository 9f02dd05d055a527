import { describe, expect, test } from 'vitest'
import type { FederatedResourceQuota } from '../../apis/policy.federation/v1alpha1/federated-resource-quota.ts'
import { formatQuantity } from '../../machinery/meta/quantity.ts'
import { nextStatus } from './quota-controller.ts'
import { allowed, excess, placedReplicas, shareOf, sumOf, times } from './quota-usage.ts'

const quota = (overall: Record<string, string>, name = 'q'): FederatedResourceQuota => ({ metadata: { namespace: 'shop', name, generation: 1 }, spec: { overall } })
const web = shareOf({ cpu: '500m', memory: '1Gi' }), NONE = new Map()

test('replicas of all targets count; one without a number has as many as the template says', () => { expect(placedReplicas([{ cluster: 'a', replicas: 2 }, { cluster: 'b' }], 5)).toBe(7) })

test('what replicas use is summed by resource', () => {
  expect(Object.fromEntries([...sumOf([times(web, 3), times(shareOf(undefined), 2)])].map(([name, amount]) => [name, formatQuantity(amount)]))).toEqual({ cpu: '1500m', memory: '3Gi', pods: '5' })
})

describe('what may be placed', () => {
  test.each<[string, Record<string, string>, number, number]>([
    ['as many as fit', { cpu: '2' }, 0, 4],
    ['beside what others use', { 'requests.cpu': '2' }, 1, 3],
    ['by the tightest of several', { cpu: '9', 'requests.memory': '2500Mi', pods: '7' }, 0, 2],
    ['no less than none', { cpu: '1' }, 5, 0],
    ['any number where nothing of it is limited', { 'limits.cpu': '1', services: '2', 'requests.storage': '1Gi', 'requests.nvidia.com/gpu': '0' }, 0, Infinity],
  ])('%s', (_, overall, others, expected) => { expect(allowed([quota(overall)], times(web, others), web).replicas).toBe(expected) })
  test('it is told which quota, and by what', () => { expect(allowed([quota({ cpu: '9' }), quota({ pods: '2' }, 'small')], times(web, 1), web).why).toBe('quota small: pods 1 each, 1 used by others, 2 limited') })
})

describe('a request', () => {
  test.each<[string, Record<string, string>, [others: number, before: number, next: number], string | undefined]>([
    ['within the quota', { cpu: '2', pods: '4' }, [1, 1, 3], undefined],
    ['beyond it', { 'requests.cpu': '2', memory: '2Gi', pods: '9' }, [1, 1, 4], 'exceeded quota: q, requested: memory=3Gi,requests.cpu=1500m, used: memory=2Gi,requests.cpu=1, limited: memory=2Gi,requests.cpu=2'],
    ['that asks for less is never beyond one', { cpu: '1' }, [4, 4, 3], undefined],
    ['that asks for the same is neither', { cpu: '1' }, [4, 4, 4], undefined],
  ])('%s', (_, overall, [others, before, next], expected) => { expect(excess([quota(overall)], { others: times(web, others), before: times(web, before), next: times(web, next) })).toBe(expected) })
  test('of several quotas the first by name that is exceeded is told', () => { expect(excess([quota({ cpu: '0' }, 'z'), quota({ cpu: '1' }, 'a')], { others: NONE, before: NONE, next: times(web, 3) })).toMatch(/^exceeded quota: a,/) })
})

test('status: what templates ask for, and of the rest what clusters report', () => {
  const given: FederatedResourceQuota = { ...quota({ cpu: '4', configmaps: '10' }), spec: { overall: { cpu: '4', configmaps: '10' }, staticAssignments: [{ clusterName: 'a', hard: { configmaps: '4' } }, { clusterName: 'b', hard: { configmaps: '4' } }] } }
  const there = { metadata: {}, spec: { template: {} }, status: { clusters: [{ name: 'a', state: 'OK', status: { used: { configmaps: '2' } } }, { name: 'b', state: 'OK', status: { used: { configmaps: '3' } } }], conditions: [{ type: 'Propagated', status: 'True' as const, reason: 'Propagated', message: 'x', lastTransitionTime: '' }] } }
  const next = nextStatus(given, { used: times(web, 3), there, isTaken: false, now: 0 })
  expect(next).toMatchObject({ overall: { cpu: '4' }, overallUsed: { cpu: '1500m', configmaps: '5' }, aggregatedStatus: [{ clusterName: 'a', hard: { configmaps: '4' }, used: { configmaps: '2' } }, { clusterName: 'b' }], conditions: [{ type: 'Distributed', status: 'True' }] })
  expect(nextStatus({ ...given, status: next }, { used: times(web, 3), there, isTaken: false, now: 5000 })).toBe(next)
  expect(nextStatus(given, { used: NONE, there: undefined, isTaken: true, now: 0 }).conditions).toMatchObject([{ status: 'False', reason: 'NameTaken' }])
})
