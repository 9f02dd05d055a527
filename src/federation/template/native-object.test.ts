import { describe, expect, test } from 'vitest'
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { fromNative, toNative } from './native-object.ts'

const target = { group: 'apps', version: 'v1', kind: 'Deployment' }, hub = { group: 'types.federation', version: 'v1alpha1', kind: 'FederatedDeployment' }
const owns = (manager: string, apiVersion: string, fieldsV1: object) => ({ manager, operation: 'Update', apiVersion, time: '2030-01-01T00:00:00Z', fieldsType: 'FieldsV1', fieldsV1 })

const federated: FederatedObject = {
  apiVersion: 'types.federation/v1alpha1', kind: 'FederatedDeployment',
  metadata: {
    namespace: 'shop', name: 'web', uid: 'hub', generation: 3, resourceVersion: '9', creationTimestamp: '2030-01-01T00:00:00Z', labels: { hub: 'only' }, finalizers: ['cluster.federation/copies'],
    managedFields: [owns('kubectl', 'types.federation/v1alpha1', { 'f:spec': { 'f:placement': {}, 'f:template': { 'f:metadata': { 'f:labels': { 'f:app': {} } }, 'f:spec': { 'f:replicas': {} } } } })],
  },
  spec: { placement: { clusters: [{ name: 'member1' }] }, overrides: [{ clusterName: 'member1', clusterOverrides: [] }], template: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { labels: { app: 'web' }, finalizers: ['mine'] }, spec: { replicas: 3 } } },
  status: { schedule: { targets: [{ cluster: 'member1' }] }, aggregated: { readyReplicas: 2 } },
}
const native: KubeObject = {
  apiVersion: 'apps/v1', kind: 'Deployment',
  metadata: {
    namespace: 'shop', name: 'web', uid: 'fleet', generation: 3, resourceVersion: '9', creationTimestamp: '2030-01-01T00:00:00Z', labels: { app: 'web' }, finalizers: ['mine'],
    managedFields: [owns('kubectl', 'apps/v1', { 'f:metadata': { 'f:labels': { 'f:app': {} } }, 'f:spec': { 'f:replicas': {} } })],
  },
  spec: { replicas: 3 }, status: { readyReplicas: 2 },
}

describe('a template as the object that it stands for', () => {
  test('has the template\'s body and labels, the fleet\'s uid, and the status of all copies', () => expect(toNative(federated, target, hub, 'fleet')).toEqual(native))
  test.each<[string, Partial<FederatedObject>, object]>([
    ['without a status of copies it has none', { status: {} }, { status: undefined }],
    ['kinds without a spec have what they have', { spec: { template: { data: { a: '1' } } } }, { data: { a: '1' }, spec: undefined }],
    ['it is being deleted when the federated object is', { metadata: { ...federated.metadata, deletionTimestamp: '2030-01-02T00:00:00Z', deletionGracePeriodSeconds: 0 } }, { metadata: { deletionTimestamp: '2030-01-02T00:00:00Z', deletionGracePeriodSeconds: 0 } }],
  ])('%s', (_name, change, shown) => { const { status, spec, ...rest } = toNative({ ...federated, ...change }, target, hub, 'fleet'); expect({ ...rest, status, spec }).toMatchObject(shown) })
})

test('labels and finalizers of the federated object are not the native one\'s', () => {
  const { metadata } = toNative({ ...federated, spec: { template: { spec: {} } } }, target, hub, 'fleet')
  expect([metadata.labels, metadata.finalizers]).toEqual([undefined, undefined])
})

describe('and back', () => {
  test('nothing is lost either way', () => expect(fromNative(toNative(federated, target, hub, 'fleet'), federated, target, hub)).toEqual(federated))
  test('what its author changes is the template\'s; placement, overrides and status stay', () => {
    const { labels: _labels, ...metadata } = native.metadata, changed = fromNative({ ...native, metadata: { ...metadata, annotations: { note: 'x' } }, spec: { replicas: 5 }, status: { readyReplicas: 99 } }, federated, target, hub)
    expect(changed.spec).toEqual({ ...federated.spec, template: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { annotations: { note: 'x' }, finalizers: ['mine'] }, spec: { replicas: 5 } } })
    expect([changed.status, changed.metadata.uid, changed.metadata.labels, changed.metadata.finalizers]).toEqual([federated.status, 'hub', { hub: 'only' }, ['cluster.federation/copies']])
  })
  test('a new one is kept by its copies, and its finalizers are the template\'s', () => {
    const { managedFields: _managed, ...metadata } = native.metadata
    expect(fromNative({ ...native, metadata }, undefined, target, hub)).toEqual({
      apiVersion: 'types.federation/v1alpha1', kind: 'FederatedDeployment',
      metadata: { namespace: 'shop', name: 'web', uid: 'fleet', generation: 3, resourceVersion: '9', creationTimestamp: '2030-01-01T00:00:00Z', finalizers: ['cluster.federation/copies'] },
      spec: { template: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { labels: { app: 'web' }, finalizers: ['mine'] }, spec: { replicas: 3 } } },
    })
  })
})

describe('the generation grows with whatever a template says', () => {
  const after = (change: (object: KubeObject) => KubeObject) => fromNative(change(toNative(federated, target, hub, 'fleet')), federated, target, hub).metadata.generation
  const labels = (object: KubeObject, added: object) => ({ ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...added } } })
  test.each<[string, number, (object: KubeObject) => KubeObject]>([
    ['nothing', 3, (object) => object],
    ['a label, which does not count for the native object', 4, (object) => labels(object, { tier: 'front' })],
    ['the spec, which was counted already', 4, (object) => ({ ...labels(object, { tier: 'front' }), metadata: { ...object.metadata, generation: 4 }, spec: { replicas: 4 } })],
    ['the status alone', 3, (object) => ({ ...object, status: { readyReplicas: 3 } })],
  ])('%s', (_, expected, change) => { expect(after(change)).toBe(expected) })
})
