import { describe, expect, test } from 'vitest'
import type { Cluster } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { prunedForPropagation } from '../interpreter/prune.ts'
import { withReplicas } from '../interpreter/replicas.ts'
import { builtInTargets } from '../template/target-kind.ts'
import { render, type Rendering } from './render.ts'

const target = builtInTargets.find(({ kind }) => kind === 'Deployment')!, role = builtInTargets.find(({ kind }) => kind === 'ClusterRole')!
const cluster: Cluster = { metadata: { name: 'member1' }, spec: { syncMode: 'Push' } }
const federated: FederatedObject = {
  metadata: { namespace: 'shop', name: 'web', uid: 'u', generation: 4, resourceVersion: '9', finalizers: ['cluster.federation/copies'] },
  spec: { template: { metadata: { labels: { app: 'web' }, annotations: { note: 'x', 'argocd.argoproj.io/tracking-id': 'x' }, finalizers: ['mine'], ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: 'a' }] }, spec: { replicas: 9, selector: {} } } },
  status: { schedule: { observedGeneration: 4, decision: 7 }, aggregated: { readyReplicas: 3 } },
}
const rendering: Rendering = { pruned: prunedForPropagation, withReplicas: (object, replicas, { scale }) => withReplicas(object, replicas, { ...(scale && { scale }) }), overridden: (object) => ({ object }) }
const rendered = (more: Partial<Parameters<typeof render>[0]> = {}, how: Partial<Rendering> = {}) => render({ federated, target, cluster, replicas: undefined, fleetId: 'fleet', retained: undefined, ...more }, { ...rendering, ...how })

/** All of it: what is not here is not sent. */
const whole = (replicas: number) => ({
  apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas, selector: {} },
  metadata: { namespace: 'shop', name: 'web', labels: { app: 'web', 'cluster.federation/managed': 'fleet' }, annotations: { note: 'x', 'cluster.federation/template': 'u', 'cluster.federation/revision': '4.7' } },
})

describe('the object that a cluster is to have', () => {
  test('is the template and our marks, and nothing that is the store\'s or the status\'s', () => expect(rendered()).toEqual({ object: whole(9), whole: whole(9) }))
  test('with the replicas that were decided', () => expect(rendered({ replicas: 2 })).toEqual({ object: whole(2), whole: whole(2) }))
  test('with the labels that tell of the state of the copy it replaces', () => expect(rendered({ labels: { 'flink/job-id': 'a1', app: 'web' } })).toMatchObject({ object: { metadata: { labels: { app: 'web', 'flink/job-id': 'a1', 'cluster.federation/managed': 'fleet' } } } }))
  test('without what the member keeps, but for when it is created', () => expect(rendered({ retained: ['spec', 'replicas'] })).toEqual({ object: { ...whole(9), spec: { selector: {} } }, whole: whole(9) }))
  test('keeps what is retained only where it is there', () => expect(rendered({ retained: ['spec', 'parallelism'] })).toEqual({ object: whole(9), whole: whole(9) }))
  test('of a kind without namespaces has none', () => expect(rendered({ target: role, federated: { ...federated, metadata: { name: 'reader', uid: 'u', generation: 4 }, spec: { template: { rules: [] } } } })).toMatchObject({ object: { kind: 'ClusterRole', rules: [], metadata: { name: 'reader' } } }))
  test('overrides win over replicas', () => expect(rendered({ replicas: 2 }, { overridden: (object) => ({ object: { ...object, spec: { ...object['spec'] as object, replicas: 40 } } }) })).toMatchObject({ object: { spec: { replicas: 40 } } }))
  test('overrides reach neither identity nor marks', () => {
    const { object } = rendered({}, { overridden: (one) => ({ object: { ...one, metadata: { ...one.metadata, namespace: 'kube-system', name: 'other', labels: { 'cluster.federation/managed': 'mine' }, annotations: { 'cluster.federation/template': 'mine' }, finalizers: ['mine'], ownerReferences: [] } } }) }) as { object: object }
    expect(object).toMatchObject({ metadata: { namespace: 'shop', name: 'web', labels: { 'cluster.federation/managed': 'fleet' }, annotations: { 'cluster.federation/template': 'u' } } })
    expect((object as { metadata: object }).metadata).not.toHaveProperty('finalizers')
    expect((object as { metadata: object }).metadata).not.toHaveProperty('ownerReferences')
  })
  test('there is none where overrides fail', () => expect(rendered({}, { overridden: () => ({ error: 'shop/fix: /spec/x: no such path' }) })).toEqual({ problem: { state: 'ApplyOverridesFailed', message: 'shop/fix: /spec/x: no such path' } }))
})
