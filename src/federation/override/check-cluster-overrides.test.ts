import { expect, test } from 'vitest'
import type { ClusterOverrides } from '../../apis/types.federation/v1alpha1/cluster-overrides.ts'
import { checkClusterOverrides } from './check-cluster-overrides.ts'

const kind = { apiVersion: 'apps/v1', kind: 'Deployment', schema: { type: 'object' as const, properties: { spec: { type: 'object' as const, properties: { replicas: { type: 'integer' as const }, paused: { type: 'boolean' as const } } } } } }
const told = (...overrides: ClusterOverrides[]) => checkClusterOverrides(overrides, kind, 'spec.overrides').map(({ field, message }) => `${field}: ${message}`)

test('a list that fits, in both forms of path', () => {
  expect(told({ clusterName: 'a', clusterOverrides: [{ path: '/spec/replicas', value: 5 }, { path: 'spec.paused', op: 'add', value: true }] }, { clusterName: 'b' })).toEqual([])
})

test('every mistake is told with its place', () => {
  expect(told(
    { clusterName: 'a', clusterOverrides: [{ path: '/spec/replicas', value: '5' }, { path: 'spec.replicas', op: 'merge' }, { path: '/metadata/name', value: 'x' }] },
    { clusterName: 'a', clusterOverrides: [{ path: 'spec.replica', value: 5 }] },
  )).toEqual([
    'spec.overrides[0].clusterOverrides[1].path: Duplicate value: "spec.replicas"',
    'spec.overrides[0].clusterOverrides[1].op: Unsupported value: "merge": supported values: "add", "remove", "replace"',
    'spec.overrides[0].clusterOverrides[2].path: Forbidden: identity and ownership of an object cannot be overridden; of metadata only labels and annotations can',
    'spec.overrides[1].clusterName: Duplicate value: "a"',
    'spec.overrides[0].clusterOverrides[0].value: Invalid value: "string": spec.overrides[0].clusterOverrides[0].value in body must be of type integer: "string"',
    'spec.overrides[1].clusterOverrides[0].path: Invalid value: "/spec/replica": spec has no field "replica" in apps/v1 Deployment',
  ])
})
