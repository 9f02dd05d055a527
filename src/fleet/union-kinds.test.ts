import { expect, test } from 'vitest'
import type { DiscoveredKind } from '../federation/member/discovery.ts'
import { compareVersions } from '../machinery/meta/version-order.ts'
import { unionKinds } from './union-kinds.ts'

const kind = (group: string, version: string, plural: string, more: Partial<DiscoveredKind> = {}): DiscoveredKind => ({
  group, version, kind: plural, plural, singular: plural, shortNames: [], categories: [], namespaced: true, verbs: ['get', 'list', 'watch'], subresources: [], preferred: true, ...more,
})
const chosen = (...members: DiscoveredKind[][]) => unionKinds(members.map((kinds, i) => ({ cluster: `m${i + 1}`, kinds }))).map(({ group, plural, version, clusters, otherVersions }) => [`${plural}.${group}`, version, clusters.join(), otherVersions.join()])

test.each([
  ['kinds of any member are there', [[kind('apps', 'v1', 'deployments')], [kind('example.com', 'v1', 'gadgets')]], [['deployments.apps', 'v1', 'm1', ''], ['gadgets.example.com', 'v1', 'm2', '']]],
  ['the preferred version wins', [[kind('autoscaling', 'v1', 'horizontalpodautoscalers', { preferred: false }), kind('autoscaling', 'v2', 'horizontalpodautoscalers')]], [['horizontalpodautoscalers.autoscaling', 'v2', 'm1', '']]],
  ['a common version beats a preferred one', [[kind('x.io', 'v2', 'xs'), kind('x.io', 'v1', 'xs', { preferred: false })], [kind('x.io', 'v1', 'xs')]], [['xs.x.io', 'v1', 'm1,m2', '']]],
  ['without a common version most members decide', [[kind('x.io', 'v1', 'xs')], [kind('x.io', 'v2', 'xs')], [kind('x.io', 'v2', 'xs')]], [['xs.x.io', 'v2', 'm2,m3', 'm1']]],
  ['our own groups and reviews are left out', [[kind('cluster.federation', 'v1', 'clusters'), kind('apps.federation', 'v1', 'deployments'), kind('authorization.k8s.io', 'v1', 'subjectaccessreviews', { verbs: ['create'] })]], []],
] as const)('%s', (_, members, expected) => expect(chosen(...(members as unknown as DiscoveredKind[][]))).toEqual(expected))

test('what some member can do besides reading is offered, in whatever order members come', () => {
  const [union] = unionKinds([{ cluster: '', kinds: [kind('', 'v1', 'events')] }, { cluster: 'm1', kinds: [kind('', 'v1', 'events', { verbs: ['delete', 'get', 'list', 'patch', 'watch', 'deletecollection'], subresources: ['status'] })] }, { cluster: 'm2', kinds: [kind('', 'v1', 'events', { verbs: ['get', 'create', 'patch'], subresources: ['status', 'resize'] })] }])
  expect([union?.verbs, union?.subresources]).toEqual([['get', 'list', 'watch', 'delete', 'patch', 'deletecollection', 'create'], ['status', 'resize']])
})

test('versions sort as Kubernetes sorts them', () => {
  expect(['v1alpha1', 'foo', 'v2', 'v1beta2', 'v1', 'v1beta1', 'v10'].toSorted(compareVersions)).toEqual(['v10', 'v2', 'v1', 'v1beta2', 'v1beta1', 'v1alpha1', 'foo'])
})
