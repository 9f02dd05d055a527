import { expect, test } from 'vitest'
import { type PodSeen, UnschedulablePods, type WorkloadKey } from './unschedulable-pods.ts'

const THEN = Date.UTC(2030, 0, 1)
const pod = (owner: [apiVersion: string, kind: string, name: string] | undefined, { hash, nodeName, reason = 'Unschedulable', at = THEN }: { hash?: string; nodeName?: string; reason?: string; at?: number } = {}): PodSeen => ({
  metadata: { namespace: 'shop', ...(hash && { labels: { 'pod-template-hash': hash } }), ...(owner && { ownerReferences: [{ apiVersion: owner[0], kind: owner[1], name: owner[2], controller: true }] }) },
  spec: nodeName ? { nodeName } : {}, status: { conditions: [{ type: 'PodScheduled', status: nodeName ? 'True' : 'False', reason, lastTransitionTime: new Date(at).toISOString() }] },
})
const ofDeployment = ['apps/v1', 'ReplicaSet', 'web-5d9c'] as [string, string, string]

test.each<[string, PodSeen, WorkloadKey, number]>([
  ['a pod of a Deployment', pod(ofDeployment, { hash: '5d9c' }), { group: 'apps', kind: 'Deployment', key: 'shop/web' }, 1],
  ['a pod of a ReplicaSet of its own', pod(['apps/v1', 'ReplicaSet', 'web-5d9c']), { group: 'apps', kind: 'ReplicaSet', key: 'shop/web-5d9c' }, 1],
  ['a pod of a StatefulSet', pod(['apps/v1', 'StatefulSet', 'db']), { group: 'apps', kind: 'StatefulSet', key: 'shop/db' }, 1],
  ['a pod with a node', pod(ofDeployment, { hash: '5d9c', nodeName: 'n1' }), { group: 'apps', kind: 'Deployment', key: 'shop/web' }, 0],
  ['a pod that is held back by its author', pod(ofDeployment, { hash: '5d9c', reason: 'SchedulingGated' }), { group: 'apps', kind: 'Deployment', key: 'shop/web' }, 0],
  ['a pod that has not looked for long', pod(ofDeployment, { hash: '5d9c', at: THEN + 1 }), { group: 'apps', kind: 'Deployment', key: 'shop/web' }, 0],
  ['a pod of nobody', pod(undefined), { group: '', kind: 'Pod', key: 'shop/web' }, 0],
])('%s', (_, seen, workload, count) => {
  const pods = new UnschedulablePods()
  pods.set('shop/p', seen)
  expect(pods.of(workload, THEN)).toBe(count)
})

test('what changes is told once; what found a node, or is gone, counts no more', () => {
  const pods = new UnschedulablePods(), told: string[] = [], stop = new AbortController(), web = { group: 'apps', kind: 'Deployment', key: 'shop/web' }
  pods.onChange(({ group, kind, key }) => told.push(`${group} ${kind} ${key}`), stop.signal)
  for (const key of ['a', 'b', 'b', 'c']) pods.set(key, pod(ofDeployment, { hash: '5d9c' }))
  expect([pods.of(web, THEN, THEN - 1), pods.of(web, THEN, THEN)]).toEqual([3, 0])
  expect([pods.of(web, THEN), told.length, told[0]]).toEqual([3, 3, 'apps Deployment shop/web'])
  pods.set('a', pod(ofDeployment, { hash: '5d9c', nodeName: 'n1' }))
  pods.set('b', undefined)
  expect([pods.of(web, THEN), told.length]).toEqual([1, 5])
  pods.clear()
  stop.abort()
  pods.set('d', pod(ofDeployment, { hash: '5d9c' }))
  expect([pods.of(web, THEN), told.length]).toEqual([1, 6])
})
