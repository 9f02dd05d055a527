import { describe, expect, test } from 'vitest'
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { fromNative, toNative } from './native-object.ts'

const target = { group: 'apps', version: 'v1', kind: 'Deployment' }, hub = { group: 'types.federation', version: 'v1alpha1', kind: 'FederatedDeployment' }
const federated: FederatedObject = {
  apiVersion: 'types.federation/v1alpha1', kind: 'FederatedDeployment', metadata: { name: 'web', namespace: 'shop', uid: 'hub', generation: 3, finalizers: ['cluster.federation/copies'] },
  spec: { template: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { labels: { app: 'web' }, finalizers: ['example.com/own'] }, spec: { replicas: 3 } }, placement: { clusters: [{ name: 'member1' }] }, retainReplicas: true },
  status: { aggregated: { readyReplicas: 2 } },
}
const native = () => toNative(federated, target, hub, 'fleet')

test('a template is seen as the object it stands for, with the statuses of its copies', () => {
  expect(native()).toEqual({
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'shop', uid: 'fleet', generation: 3, labels: { app: 'web' }, finalizers: ['example.com/own'] }, spec: { replicas: 3 }, status: { readyReplicas: 2 },
  })
})

test('and back: nothing is lost', () => { expect(fromNative(native(), federated, target, hub)).toEqual(federated) })

describe('the generation grows with whatever a template says', () => {
  const after = (change: (object: KubeObject) => KubeObject) => fromNative(change(native()), federated, target, hub).metadata.generation
  const labels = (object: KubeObject, added: object) => ({ ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...added } } })
  test.each<[string, number, (object: KubeObject) => KubeObject]>([
    ['nothing', 3, (object) => object],
    ['a label, which does not count for the native object', 4, (object) => labels(object, { tier: 'front' })],
    ['the spec, which was counted already', 4, (object) => ({ ...labels(object, { tier: 'front' }), metadata: { ...object.metadata, generation: 4 }, spec: { replicas: 4 } })],
    ['the status alone', 3, (object) => ({ ...object, status: { readyReplicas: 3 } })],
  ])('%s', (_, expected, change) => { expect(after(change)).toBe(expected) })
})
