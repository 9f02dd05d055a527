/** Overrides beyond what Karmada and KubeFed have: all containers, variables of the cluster, order over all sources, identity. */
import { describe, expect, test } from 'vitest'
import type { Candidate } from '../../apis/cluster.federation/v1alpha1/cluster-affinity.ts'
import type { AnyOverridePolicy } from '../../apis/policy.federation/v1alpha1/override-policy-kinds.ts'
import type { Overriders } from '../../apis/policy.federation/v1alpha1/overriders.ts'
import type { ResourceSelector } from '../../apis/policy.federation/v1alpha1/resource-selector.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { applyOverrides, type OverrideError, type OverrideInput } from './apply-overrides.ts'
import { matchingPolicies } from './matching-rules.ts'

const member1: Candidate = { metadata: { name: 'member1', labels: { 'example.io/tier': 'gold', empty: '' } }, spec: { region: 'eu-west-1' } }
const containers = (...images: string[]) => images.map((image, index) => ({ name: `c${index}`, image }))
const deployment = (): KubeObject => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace: 'shop', name: 'web', labels: { app: 'web' }, annotations: { 'cluster.federation/template': 'uid-1' } },
  spec: { replicas: 3, template: { spec: { initContainers: [{ name: 'setup', image: 'tools:1' }], containers: containers('web:1') } } },
})
const policy = (name: string, overriders: Overriders, { namespace, selector, clusters }: { namespace?: string; selector?: Partial<ResourceSelector>; clusters?: string[] } = {}): AnyOverridePolicy => ({
  kind: namespace === undefined ? 'ClusterOverridePolicy' : 'OverridePolicy', metadata: { name, ...(namespace !== undefined && { namespace }) },
  spec: { ...(selector && { resourceSelectors: [{ apiVersion: 'apps/v1', kind: 'Deployment', ...selector }] }), overrideRules: [{ overriders, ...(clusters && { targetCluster: { clusterNames: clusters } }) }] },
})
const rendered = (object: KubeObject, input: Partial<OverrideInput>) => {
  const result = applyOverrides(object, { cluster: member1, policies: [], ...input })
  return 'object' in result ? result.object : result.errors
}
const overridden = (overriders: Overriders, object = deployment()) => rendered(object, { policies: [policy('p', overriders)] })
const failures = (overriders: Overriders) => (overridden(overriders) as readonly OverrideError[]).map(({ reason, message }) => `${reason}: ${message}`)

describe('containers', () => {
  const mirror: Overriders = { imageOverrider: [{ component: 'Registry', operator: 'replace', value: 'r.io' }], argsOverrider: [{ containerName: 'setup', operator: 'add', value: ['-v'] }] }, pods = { initContainers: [{ name: 'setup', image: 'tools:1' }], containers: containers('web:1') }
  const expected = { initContainers: [{ name: 'setup', image: 'r.io/tools:1', args: ['-v'] }], containers: containers('r.io/web:1') }
  test.each<[string, string, (spec: object) => object]>([
    ['v1', 'Pod', (spec) => ({ spec })], ['v1', 'PodTemplate', (spec) => ({ template: { spec } })], ['v1', 'ReplicationController', (spec) => ({ spec: { template: { spec } } })],
    ...['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'].map((kind): [string, string, (spec: object) => object] => ['apps/v1', kind, (spec) => ({ spec: { template: { spec } } })]),
    ['batch/v1', 'Job', (spec) => ({ spec: { template: { spec } } })], ['batch/v1', 'CronJob', (spec) => ({ spec: { jobTemplate: { spec: { template: { spec } } } } })],
  ])('of %s %s, init containers too', (apiVersion, kind, body) => {
    expect(overridden(mirror, { apiVersion, kind, metadata: { name: 'x' }, ...body(pods) })).toEqual({ apiVersion, kind, metadata: { name: 'x' }, ...body(expected) })
  })
  test('a kind of the same name in another group is left alone', () => {
    const other = { apiVersion: 'example.io/v1', kind: 'Deployment', metadata: { name: 'x' }, spec: { template: { spec: pods } } }
    expect(overridden(mirror, other)).toEqual(other)
  })
  test.each([
    ['a digest in place of a tag', 'web:1', `sha256:${'a'.repeat(64)}`, `web@sha256:${'a'.repeat(64)}`], ['a tag in place of a digest', `web@sha256:${'b'.repeat(64)}`, '2', 'web:2'],
  ])('%s', (_, image, value, expectedImage) => {
    expect(overridden({ imageOverrider: [{ component: 'Tag', operator: 'replace', value }] }, { apiVersion: 'v1', kind: 'Pod', metadata: {}, spec: { containers: containers(image) } })).toMatchObject({ spec: { containers: containers(expectedImage) } })
  })
  test('a long name that is no image is refused at once', () => {
    const started = performance.now(), image = `${'a'.repeat(200_000)}!`
    expect(overridden({ imageOverrider: [{ component: 'Tag', operator: 'replace', value: '2' }] }, { apiVersion: 'v1', kind: 'Pod', metadata: {}, spec: { containers: containers(image, `${'a'.repeat(1000)}!`) } })).toMatchObject([{ reason: 'PatchFailed' }])
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

describe('variables', () => {
  test('are looked up in every string, and others are left alone', () => {
    const overriders: Overriders = {
      plaintext: [{ path: '/spec/template/spec/containers/0/env', operator: 'add', value: [{ name: 'WHERE', value: '${cluster.name} in ${cluster.region}' }, { name: 'KEEP', value: '$(POD) ${HOME} ${cluster.provider} ${cluster.labels.x}' }] }],
      imageOverrider: [{ component: 'Registry', operator: 'replace', value: '${cluster.region}.r.io' }],
      labelsOverrider: [{ operator: 'add', value: { tier: "${cluster.labels['example.io/tier']}", none: "${cluster.labels['empty']}" } }],
    }
    expect(overridden(overriders)).toMatchObject({
      metadata: { labels: { app: 'web', tier: 'gold', none: '' } },
      spec: { template: { spec: { containers: [{ image: 'eu-west-1.r.io/web:1', env: [{ value: 'member1 in eu-west-1' }, { value: '$(POD) ${HOME} ${cluster.provider} ${cluster.labels.x}' }] }] } } },
    })
  })
  test('what is filled in is not looked at again', () => {
    const cluster: Candidate = { metadata: { name: 'm', labels: { a: '${cluster.name}' } }, spec: {} }
    expect(rendered(deployment(), { cluster, policies: [policy('p', { annotationsOverrider: [{ operator: 'add', value: { a: "${cluster.labels['a']}" } }] })] })).toMatchObject({ metadata: { annotations: { a: '${cluster.name}' } } })
  })
  test('a label that the cluster has not got is an error for that cluster', () => {
    expect(failures({ labelsOverrider: [{ operator: 'add', value: { a: "${cluster.labels['toString']}" } }] })).toEqual(['UnknownVariable: cluster member1 has no label "toString"'])
    expect(rendered(deployment(), { cluster: { metadata: { name: 'bare' }, spec: {} }, inline: [{ clusterName: 'bare', clusterOverrides: [{ path: '/spec/x', op: 'add', value: '${cluster.region}' }] }] }))
      .toEqual([{ reason: 'UnknownVariable', source: 'the template', field: 'spec.overrides', message: 'cluster bare has no region' }])
  })
})

describe('the last wins', () => {
  const label = (value: string): Overriders => ({ labelsOverrider: [{ operator: 'add', value: { by: value } }] })
  const policies = [
    policy('named', label('named'), { namespace: 'shop', selector: { name: 'web' } }), policy('labels', label('labels'), { namespace: 'shop', selector: { labelSelector: { matchLabels: { app: 'web' } } } }),
    policy('all', label('all'), { namespace: 'shop' }), policy('whole', label('whole'), { selector: { name: 'web' } }), policy('elsewhere', label('elsewhere'), { namespace: 'other' }), policy('other-cluster', label('x'), { namespace: 'shop', clusters: ['member2'] }),
  ]
  const by = (chosen: readonly AnyOverridePolicy[], inline?: OverrideInput['inline']) => (rendered(deployment(), { policies: chosen, inline }) as KubeObject).metadata.labels!['by']
  test.each([['named', 0], ['labels', 1], ['all', 2], ['whole', 3], [undefined, 4]] as const)('%s', (expected, from) => { expect(by(policies.slice(from).toReversed())).toBe(expected) })
  test('what is chosen once for a template does for every cluster', () => {
    const chosen = matchingPolicies(deployment(), policies.toReversed())
    expect(chosen.map(({ metadata }) => metadata.name)).toEqual(['whole', 'all', 'other-cluster', 'labels', 'named'])
    expect(by(chosen)).toBe('named')
  })
  test('inline overrides come last, in either form of path', () => {
    expect(by(policies, [{ clusterName: 'member1', clusterOverrides: [{ path: '/metadata/labels/by', value: 'inline' }] }, { clusterName: 'member2', clusterOverrides: [{ path: '/metadata/labels/by', value: 'other' }] }])).toBe('inline')
    expect(rendered(deployment(), { inline: [{ clusterName: 'member1', clusterOverrides: [{ path: 'spec.replicas', value: 9 }] }] })).toMatchObject({ spec: { replicas: 9 } })
  })
  test('a path in both forms is the same path', () => {
    expect(rendered(deployment(), { inline: [{ clusterName: 'member1', clusterOverrides: [{ path: 'spec.replicas', value: 9 }, { path: '/spec/replicas', value: 8 }] }] })).toMatchObject([{ reason: 'DuplicatePath', field: 'spec.overrides[0].clusterOverrides[1].path' }])
  })
})

describe('identity', () => {
  test('stays the template\'s, and so do our own marks', () => {
    const overriders: Overriders = { plaintext: [
      { path: '/metadata', operator: 'replace', value: { name: 'x', uid: 'y', ownerReferences: [], labels: { mine: '1', 'cluster.federation/managed': 'forged' }, annotations: { 'cluster.federation/template': 'forged' } } },
      { path: '/kind', operator: 'replace', value: 'Pod' }, { path: '/apiVersion', operator: 'remove' },
    ] }
    expect(overridden(overriders)).toEqual({ ...deployment(), metadata: { namespace: 'shop', name: 'web', labels: { mine: '1' }, annotations: { 'cluster.federation/template': 'uid-1' } } })
  })
  test('labels that are no labels any more are refused', () => {
    expect(overridden({ plaintext: [{ path: '/metadata/labels', operator: 'replace', value: { a: 1 } }] })).toEqual([{ reason: 'PatchFailed', source: 'Deployment shop/web', field: 'metadata', message: 'metadata.labels must hold texts by key' }])
    const policies = [policy('a', { plaintext: [{ path: '/metadata/labels', operator: 'add', value: 'ab' }] }), policy('b', { labelsOverrider: [{ operator: 'add', value: { a: 'b' } }] })]
    expect(rendered(deployment(), { policies })).toEqual([{ reason: 'PatchFailed', source: 'ClusterOverridePolicy b', field: 'spec.overrideRules[0].overriders', message: 'metadata.labels must hold texts by key' }])
  })
  test('a member called __proto__ is data', () => {
    const result = overridden({ plaintext: [{ path: '/spec/__proto__', operator: 'add', value: { polluted: true } }] }) as KubeObject
    expect(Object.getPrototypeOf(result['spec'])).toBe(Object.prototype)
    expect(JSON.stringify(result['spec'])).toContain('"__proto__":{"polluted":true}')
  })
})

test('nothing applies: the template itself is answered', () => {
  const template = deployment()
  expect(rendered(template, { policies: [policy('p', {}, { namespace: 'other' })] })).toBe(template)
})

test('every rule that fails is told, and nothing is rendered', () => {
  const broken: Overriders = { plaintext: [{ path: '/spec/nope/deeper', operator: 'add', value: 1 }] }
  expect(rendered(deployment(), { policies: [policy('a', broken), policy('b', { fieldOverrider: [{ fieldPath: '/kind', json: [{ subPath: '/a', operator: 'remove' }] }] }), policy('c', { labelsOverrider: [{ operator: 'add', value: { a: 'b' } }] })] })).toEqual([
    { reason: 'PatchFailed', source: 'ClusterOverridePolicy a', field: 'spec.overrideRules[0].overriders', message: 'the object has no /spec/nope' },
    { reason: 'PatchFailed', source: 'ClusterOverridePolicy b', field: 'spec.overrideRules[0].overriders', message: expect.stringMatching(/^\/kind holds no JSON/) },
  ])
})

test("the guide's example: annotations added, one of them removed again", () => {
  const clusterOverrides = [{ path: '/metadata/annotations', op: 'add', value: { keep: '1', foo: 'bar' } }, { path: '/metadata/annotations/foo', op: 'remove' }]
  expect(rendered(deployment(), { inline: [{ clusterName: 'member1', clusterOverrides }] })).toMatchObject({ metadata: { annotations: { keep: '1' } } })
  expect(clusterOverrides[0]!.value).toEqual({ keep: '1', foo: 'bar' })
})
