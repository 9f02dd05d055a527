import { expect, test } from 'vitest'
import type { Action, World } from './decision.ts'
import { decideDeployment } from './deployment.ts'
import { templateHash } from './decision.ts'
import type { Deployment, ReplicaSet } from './workload.ts'

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx' }] } }
const deployment = (spec: Partial<Deployment['spec']>): Deployment => ({ metadata: { namespace: 'shop', name: 'web', uid: 'd', generation: 1, annotations: { 'deployment.kubernetes.io/revision': '2' } }, spec: { selector: {}, template, ...spec } })
const set = (revision: number, replicas: number, available = replicas): ReplicaSet => ({
  metadata: { namespace: 'shop', name: `web-${revision}`, uid: `r${revision}`, labels: { 'pod-template-hash': revision === 2 ? templateHash(template) : `old${revision}` }, annotations: { 'deployment.kubernetes.io/revision': String(revision) } },
  spec: { replicas, selector: {}, template }, status: { replicas, readyReplicas: available, availableReplicas: available },
})
const world = (...sets: ReplicaSet[]): World => ({ now: 0, nodes: () => [], podsOf: () => [], replicaSetsOf: () => sets, has: () => false, load: () => 0, age: () => 0 })
const sizes = (actions: readonly Action[]) => Object.fromEntries(actions.flatMap((action) => (action.do === 'update' && action.kind === 'ReplicaSet' ? [[action.object.metadata.name, (action.change(action.object) as ReplicaSet).spec.replicas]] : [])))

test.each<[name: string, spec: Partial<Deployment['spec']>, sets: ReplicaSet[], expected: Record<string, number>]>([
  ['settled: nothing moves', { replicas: 4 }, [set(1, 0), set(2, 4)], {}],
  ['the first step of 4 with 25 % each: one more, one less', { replicas: 4 }, [set(1, 4), set(2, 0)], { 'web-2': 1, 'web-1': 3 }],
  ['new pods that are not available yet hold back the old ones', { replicas: 4 }, [set(1, 3), set(2, 2, 0)], {}],
  ['room for the new one follows the old ones', { replicas: 4 }, [set(1, 2), set(2, 2, 2)], { 'web-2': 3, 'web-1': 1 }],
  ['the oldest shrinks first', { replicas: 4 }, [set(0, 2), set(1, 2), set(2, 1, 1)], { 'web-0': 0 }],
  ['maxSurge 0: one has to go first', { replicas: 2, strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } }, [set(1, 2), set(2, 0)], { 'web-1': 1 }],
  ['both 0 counts as maxUnavailable 1', { replicas: 2, strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } }, [set(1, 2), set(2, 0)], { 'web-1': 1 }],
  ['Recreate: all old ones go', { replicas: 3, strategy: { type: 'Recreate' } }, [set(1, 3), set(2, 0)], { 'web-1': 0 }],
  ['Recreate: then the new ones come', { replicas: 3, strategy: { type: 'Recreate' } }, [set(1, 0), set(2, 0)], { 'web-2': 3 }],
  ['paused: no rollout', { replicas: 4, paused: true }, [set(1, 4), set(2, 0)], {}],
])('%s', (_name, spec, sets, expected) => {
  expect(sizes(decideDeployment(deployment(spec), world(...sets)))).toEqual(expected)
})

test('emptied ReplicaSets beyond the limit are removed, oldest first', () => {
  const actions = decideDeployment(deployment({ replicas: 1, revisionHistoryLimit: 1 }), world(set(0, 0), set(1, 0), set(2, 1)))
  expect(actions.flatMap((action) => (action.do === 'delete' ? [action.object.metadata.name] : []))).toEqual(['web-0'])
})
