import { expect, test } from 'vitest'
import type { FederatedObject, FederatedSpec } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { resolveSchema } from '../../machinery/schema/resolve-schema.ts'
import { builtInTargets } from '../template/target-kind.ts'
import { validateFederated, validateV1Annotations } from './validate-template.ts'

const target = (kind: string) => builtInTargets.find((one) => one.kind === kind)!, deployment = resolveSchema(target('Deployment').definitions, target('Deployment').definition)
const federated = (spec: Partial<FederatedSpec>, metadata = { namespace: 'shop', name: 'web' }): FederatedObject => ({ metadata, spec: { template: {}, ...spec } })
const told = (spec: Partial<FederatedSpec>) => validateFederated(federated(spec), target('Deployment'), deployment).map(({ field, message }) => `${field}: ${message}`)
const annotated = (annotations: Record<string, string>): Partial<FederatedSpec> => ({ template: { metadata: { annotations } } })
const PREFERENCES = 'federation.kubernetes.io/deployment-preferences', SELECTOR = 'federation.alpha.kubernetes.io/cluster-selector'

test.each<[string, Partial<FederatedSpec>, string[]]>([
  ['nothing', {}, []],
  ['all clusters, as KubeFed says it', { placement: { clusterSelector: {} } }, []],
  ['clusters by name, and a selector that is not asked', { placement: { clusters: [{ name: 'member1' }], clusterSelector: { matchLabels: { a: 'b' } } } }, []],
  ['no cluster', { placement: { clusters: [] } }, []],
  ['replicas divided among clusters by name', { placement: { clusters: [{ name: 'member1' }], replicaScheduling: { clusterPreferences: { '*': { weight: 1 } } } } }, []],
  ['a name that no cluster can have', { placement: { clusters: [{ name: 'member1' }, { name: 'A_b' }] } }, [expect.stringMatching(/^spec\.placement\.clusters\[1\]\.name: Invalid value: "A_b": /)]],
  ['a selector that makes no sense', { placement: { clusterSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } } }, [expect.stringMatching(/^spec\.placement\.clusterSelector\.matchExpressions\[0\]\.values: Required value/)]],
  ['two ways to choose', { placement: { clusterSelector: {}, clusterAffinity: { clusterNames: ['a'] } } }, ['spec.placement.clusterAffinity: Forbidden: may not be set with clusters or clusterSelector, which choose the clusters']],
  ['two affinities', { placement: { clusterAffinity: {}, clusterAffinities: [{ affinityName: 'a' }] } }, [expect.stringMatching(/^spec\.placement: .*clusterAffinities cannot co-exist/)]],
  ['overrides that fit', { overrides: [{ clusterName: 'member1', clusterOverrides: [{ path: 'spec.replicas', value: 5 }] }] }, []],
  ['overrides that do not', { overrides: [{ clusterName: 'member1', clusterOverrides: [{ path: '/spec/replica', value: 5 }, { path: '/metadata/uid', value: 'x' }] }] }, [
    expect.stringMatching(/^spec\.overrides\[0\]\.clusterOverrides\[1\]\.path: Forbidden: /), 'spec.overrides[0].clusterOverrides[0].path: Invalid value: "/spec/replica": spec has no field "replica" in apps/v1 Deployment',
  ]],
  ['preferences of Federation v1', annotated({ [PREFERENCES]: '{"rebalance": true, "clusters": {"*": {"weight": 1}}}' }), []],
  ['preferences that are none', annotated({ [PREFERENCES]: '{"rebalance": "yes"}', [SELECTOR]: '[' }), [
    expect.stringMatching(/^spec\.template\.metadata\.annotations\[federation\.alpha\.kubernetes\.io\/cluster-selector\]: Invalid value: "\[": must be JSON/), expect.stringMatching(/^spec\.template\.metadata\.annotations\[federation\.kubernetes\.io\/deployment-preferences\]: .*boolean rebalance/),
  ]],
])('%s', (_, spec, expected) => { expect(told(spec)).toEqual(expected) })

test('of a native object the annotations are where they are', () => {
  expect(validateV1Annotations('Deployment', { [PREFERENCES]: '1' }).map(({ field }) => field)).toEqual([`metadata.annotations[${PREFERENCES}]`])
  expect(validateV1Annotations('ConfigMap', { [PREFERENCES]: '1' })).toEqual([])
  expect(validateV1Annotations('ConfigMap', undefined)).toEqual([])
})

test('a FederatedNamespace places the namespace that it lies in', () => {
  const of = (name: string) => validateFederated(federated({}, { namespace: 'shop', name }), target('Namespace'), {}).map(({ field }) => field)
  expect([of('shop'), of('bank')]).toEqual([[], ['metadata.name']])
})
