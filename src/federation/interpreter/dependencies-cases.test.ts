/** Replays what Karmada lets follow an object into its clusters. */
import { expect, test } from 'vitest'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { recordedCases } from '../../../test/suites/recorded-cases.ts'
import { dependenciesOf } from './dependencies.ts'
import type { Reference } from './pod-template.ts'

interface Case { name: string; object: KubeObject; expect?: Reference[]; expectFixed?: Reference[]; expectError?: boolean }
const sorted = (references: readonly Reference[]) => references.map((reference) => JSON.stringify(reference, ['apiVersion', 'kind', 'namespace', 'name'])).toSorted()

/** Where the recordings have an error, the kind has no rule: nothing is known to be needed. */
test.each(recordedCases<Case>('interpretation/dependencies.json'))('$name', ({ object, expect: expected, expectFixed, expectError }) => {
  expect(sorted(dependenciesOf(object))).toEqual(sorted(expectError ? [] : expectFixed ?? expected!))
})

test('what pods name in every place, once each', () => {
  const needed = dependenciesOf({
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'shop' },
    spec: {
      template: {
        spec: {
          serviceAccountName: 'default', ephemeralContainers: [{ envFrom: [{ configMapRef: { name: 'debug', optional: true } }] }], containers: [{ env: [{ valueFrom: { secretKeyRef: { name: 'a', key: 'k' } } }] }],
          volumes: [{ projected: { sources: [{ secret: { name: 'a' } }, { configMap: { name: 'b' } }, { serviceAccountToken: {} }] } }, { csi: { nodePublishSecretRef: { name: 'c' } } }, { rbd: { secretRef: { name: 'd' } } }, { secret: { secretName: '' } }],
        },
      },
    },
  })
  expect(needed.map(({ kind, namespace, name }) => `${kind} ${namespace!}/${name!}`).toSorted()).toEqual(['ConfigMap shop/b', 'ConfigMap shop/debug', 'Secret shop/a', 'Secret shop/c', 'Secret shop/d'])
})

test('an imported Service needs the one that it stands for, and its endpoints', () => {
  expect(dependenciesOf({ apiVersion: 'multicluster.x-k8s.io/v1alpha1', kind: 'ServiceImport', metadata: { name: 'web', namespace: 'shop' } })).toEqual([
    { namespace: 'shop', apiVersion: 'v1', kind: 'Service', name: 'derived-web' },
    { namespace: 'shop', apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', labelSelector: { matchLabels: { 'kubernetes.io/service-name': 'derived-web' } } },
  ])
})
