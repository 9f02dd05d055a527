import { describe, expect, test } from 'vitest'
import type { WriteOptions } from '../../../machinery/meta/core.ts'
import { applyDefaults } from '../../../machinery/schema/apply-defaults.ts'
import { prune } from '../../../machinery/schema/prune.ts'
import { validateSchema } from '../../../machinery/schema/validate-schema.ts'
import type { Cluster, ClusterSpec } from './cluster.ts'
import { ACCEPT_UID, clusterKind } from './cluster-kind.ts'
import { clusterSetKind, type ClusterSet } from './cluster-set.ts'

const NOW = Date.parse('2030-01-02T03:04:05.678Z')
const kind = clusterKind({ allowLoopback: false, secretNamespace: 'federation-system' }), { strategy } = kind
const cluster = (spec: Partial<ClusterSpec> & Record<string, unknown> = {}): Cluster => ({ metadata: { name: 'member1' }, spec: { syncMode: 'Push', apiEndpoint: 'https://10.0.0.1:6443', ...spec } })
const schema = await kind.schema(new AbortController().signal)

function errorsOf(given: Cluster, of = kind): string[] {
  const stored = of.strategy.prepareForCreate!(applyDefaults(schema, prune(schema, structuredClone(given))), NOW)
  return [...validateSchema(schema, stored), ...of.strategy.validate!(stored)].map(({ field, message }) => `${field}: ${message}`)
}
const grades = (...ranges: [string, string][]) => ranges.map(([min, max], grade) => ({ grade, ranges: [{ name: 'cpu', min, max }] }))
const MAX = '9223372036854775807'

describe('spec', () => {
  test.each<[string, Record<string, unknown>, string[]]>([
    ['the least', {}, []],
    ['everything', {
      id: 'x', secretRef: { name: 's' }, impersonatorSecretRef: { namespace: 'federation-system', name: 's' }, insecureSkipTLSVerification: true, disabledTLSValidations: ['SubjectName', 'ValidityPeriod'], proxyURL: 'socks5://p:1080',
      proxyHeader: { 'X-A': 'b,c' }, provider: 'aws', region: 'eu-west-1', zones: ['a', 'b'], taints: [{ key: 'a.io/b', effect: 'NoSchedule' }, { key: 'a.io/b', effect: 'NoExecute' }], resourceModels: grades(['0', '500m'], ['0.5', MAX]),
    }, []],
    ['no mode', { syncMode: undefined }, ['spec.syncMode: Required value']],
    ['an unknown mode', { syncMode: 'Drag' }, ['spec.syncMode: Unsupported value: "Drag": supported values: "Push", "Pull"']],
    ['Pull', { syncMode: 'Pull' }, ['spec.syncMode: Forbidden: Pull needs an agent in the cluster, which this version does not have yet; use Push']],
    ['Push without an endpoint', { apiEndpoint: undefined }, ['spec.apiEndpoint: Required value: Push needs the URL of the cluster, e.g. https://10.0.0.1:6443']],
    ['a CA that is no base64', { caBundle: '***' }, ['spec.caBundle: Invalid value: "***": spec.caBundle in body must be of type byte: "***"']],
    ['a CA that is no PEM', { caBundle: 'YQ==' }, ['spec.caBundle: Invalid value: "...": must be PEM certificates in base64']],
    ['a spec of the wrong shape', { taints: 'x', zones: [1] }, ['spec.taints: Invalid value: "string": spec.taints in body must be of type array: "string"', 'spec.zones[0]: Invalid value: "integer": spec.zones[0] in body must be of type string: "integer"']],
    ['a CA that is no certificate', { caBundle: Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----').toString('base64') }, [expect.stringMatching(/^spec\.caBundle: Invalid value: "\.\.\.": certificate 1 cannot be read: /)]],
    ['a Secret elsewhere', { secretRef: { namespace: 'kube-system', name: 's' } }, ["spec.secretRef.namespace: Invalid value: \"kube-system\": Secrets are read only in the server's own namespace, federation-system"]],
    ['a Secret without a name', { impersonatorSecretRef: { name: '' } }, ['spec.impersonatorSecretRef.name: Invalid value: "": spec.impersonatorSecretRef.name in body should be at least 1 chars long']],
    ['all validations and one', { disabledTLSValidations: ['*', 'SubjectName'] }, ['spec.disabledTLSValidations: Invalid value: ["*","SubjectName"]: "*" must stand alone']],
    ['an unknown validation', { disabledTLSValidations: ['Nothing'] }, ['spec.disabledTLSValidations[0]: Unsupported value: "Nothing": supported values: "SubjectName", "ValidityPeriod", "*"']],
    ['a proxy of another sort', { proxyURL: 'ftp://p' }, ['spec.proxyURL: Invalid value: "ftp://p": must be a URL that begins with http://, https:// or socks5://']],
    ['a header with a line break', { proxyHeader: { a: 'b\r\nc: d' } }, ['spec.proxyHeader[a]: Invalid value: "b\\r\\nc: d": must not contain control characters']],
    ['a zone twice', { zones: ['a', 'a'] }, ['spec.zones[1]: Duplicate value: "a"']],
    ['a taint twice', { taints: [{ key: 'a', effect: 'NoSchedule', value: 'x' }, { key: 'a', effect: 'NoSchedule' }] }, ['spec.taints[1]: Duplicate value: {"effect":"NoSchedule","key":"a"}']],
    ['an unknown effect', { taints: [{ key: 'a', effect: 'Explode' }] }, ['spec.taints[0].effect: Unsupported value: "Explode": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"']],
    ['no models', { resourceModels: [] }, []],
    ['a grade twice', { resourceModels: [{ grade: 0, ranges: [{ name: 'cpu', min: '0', max: '1' }] }, { grade: 0, ranges: [{ name: 'cpu', min: '1', max: MAX }] }] }, ['spec.resourceModels[1]: Duplicate value: {"grade":0}']],
    ['models with a gap', { resourceModels: grades(['0', '1'], ['2', MAX]) }, ['spec.resourceModels[1].ranges[0].min: Invalid value: "2": must be where the grade before ends']],
    ['models that begin late', { resourceModels: grades(['1', MAX]) }, ['spec.resourceModels[0].ranges[0].min: Invalid value: "1": must be 0 in the first grade']],
    ['models that end early', { resourceModels: grades(['0', '1Gi']) }, [`spec.resourceModels[0].ranges[0].max: Invalid value: "1Gi": must be ${MAX} in the last grade`]],
    ['a range upside down', { resourceModels: grades(['0', '0']) }, ['spec.resourceModels[0].ranges[0].max: Invalid value: "0": must be greater than min']],
    ['no quantity', { resourceModels: grades(['0', 'lots']) }, ['spec.resourceModels[0].ranges[0].max: Invalid value: "lots": must be a quantity, e.g. 500m or 4Gi']],
    ['models of different resources', { resourceModels: [...grades(['0', '1']), { grade: 1, ranges: [{ name: 'memory', min: '0', max: MAX }] }] }, ['spec.resourceModels[1].ranges: Invalid value: ["memory"]: must name the same resources as the other grades: cpu']],
  ])('%s', (_, spec, expected) => { expect(errorsOf(JSON.parse(JSON.stringify(cluster(spec))) as Cluster)).toEqual(expected) })

  test.each(['provider', 'region'])('%s is a label value', (field) => { expect(errorsOf(cluster({ [field]: 'no spaces' }))).toEqual([expect.stringContaining(`spec.${field}: Invalid value: "no spaces": a valid label must be`)]) })

  test.each<[string, string]>([
    ['http://10.0.0.1', 'must begin with https://'], ['https:10.0.0.1', 'must name a host'], ['https:///x', 'must name a host'], ['10.0.0.1:6443', 'must be a URL'], ['https://u:p@h', 'must not carry a user'], ['https://@h', 'must not carry a user'],
    ['https://h?', 'query'], ['https://h/#a', 'fragment'], ['https://localhost:6443', 'loopback'], ['https://a.localhost', 'loopback'], ['https://127.1', 'loopback'], ['https://2130706433', 'loopback'], ['https://[::1]', 'loopback'], ['https://[::ffff:127.0.0.1]', 'loopback'],
    ['https://169.254.169.254', 'link-local'], ['https://[fe80::1]', 'link-local'], ['https://0.0.0.0', 'loopback'], ['https://localhost.', 'loopback'],
  ])('endpoint %s is refused', (apiEndpoint, text) => { expect(errorsOf(cluster({ apiEndpoint })).join()).toContain(text) })
  test.each(['https://h', 'https://h:6443/k8s/clusters/c-1', 'https://[2001:db8::1]:6443', 'https://10.0.0.1'])('endpoint %s is accepted', (apiEndpoint) => { expect(errorsOf(cluster({ apiEndpoint }))).toEqual([]) })
  test('loopback can be allowed', () => { expect(errorsOf(cluster({ apiEndpoint: 'https://127.0.0.1:6443' }), clusterKind({ allowLoopback: true, secretNamespace: 'x' }))).toEqual([]) })

  test.each([['a'.repeat(48), 0], ['a'.repeat(49), 1], ['a.b', 1], ['A', 1]])('name %s', (name, errors) => { expect(strategy.validateName!(name)).toHaveLength(errors) })
})

describe('what the server sets', () => {
  test('nine grades, the namespace of Secrets and the time of NoExecute taints', () => {
    const { spec } = strategy.prepareForCreate!(cluster({ secretRef: { name: 's' }, taints: [{ key: 'a', effect: 'NoExecute' }, { key: 'a', effect: 'NoSchedule' }] }), NOW)
    expect(spec.resourceModels).toHaveLength(9)
    expect(spec.resourceModels![8]).toEqual({ grade: 8, ranges: [{ name: 'cpu', min: '128', max: MAX }, { name: 'memory', min: '1Ti', max: MAX }] })
    expect(spec.secretRef).toEqual({ namespace: 'federation-system', name: 's' })
    expect(spec.taints).toEqual([{ key: 'a', effect: 'NoExecute', timeAdded: '2030-01-02T03:04:05Z' }, { key: 'a', effect: 'NoSchedule' }])
    const later = strategy.prepareForUpdate!(cluster({ taints: [{ key: 'a', effect: 'NoExecute' }, { key: 'b', effect: 'NoExecute' }] }), cluster({ taints: spec.taints! }), NOW + 60_000)
    expect(later.spec.taints!.map(({ timeAdded }) => timeAdded)).toEqual(['2030-01-02T03:04:05Z', '2030-01-02T03:05:05Z'])
  })
})

describe('join', () => {
  const asked = async (given: Cluster | undefined, old: Cluster | undefined) => {
    const calls: unknown[] = []
    await strategy.authorize!(given, old, { authorize: (...call: unknown[]) => { calls.push(call); return Promise.resolve() } } as unknown as WriteOptions)
    return calls
  }
  const annotated: Cluster = { ...cluster(), metadata: { name: 'member1', annotations: { [ACCEPT_UID]: 'u' } } }
  test.each<[string, Cluster | undefined, Cluster | undefined, boolean]>([
    ['create', cluster(), undefined, true],
    ['delete', undefined, cluster(), false],
    ['endpoint', cluster({ apiEndpoint: 'https://h' }), cluster(), true],
    ['credential', cluster({ secretRef: { name: 's' } }), cluster(), true],
    ['proxy taken away', cluster(), cluster({ proxyURL: 'http://p' }), true],
    ['accepted identity', annotated, cluster(), true],
    ['free fields', cluster({ provider: 'a', region: 'b', zones: ['c'], taints: [{ key: 'a', effect: 'NoSchedule' }], resourceModels: [] }), cluster(), false],
    ['labels and status', { ...cluster(), metadata: { name: 'member1', labels: { a: 'b' } }, status: { kubernetesVersion: 'v1' } }, cluster(), false],
  ])('%s', async (_, given, old, expected) => {
    expect(await asked(given, old)).toEqual(expected ? [['join', { group: 'cluster.federation', resource: 'clusters', name: 'member1' }]] : [])
  })
})

describe('columns', () => {
  const row = (given: Cluster) => Object.fromEntries(kind.columns.map((column) => [column.name, column.cell(given)]))
  test('of a cluster', () => {
    const created = '2030-01-02T03:04:05Z', condition = { type: 'Ready', status: 'True' as const, lastTransitionTime: created, reason: 'ClusterReady', message: '' }
    expect(row({ ...cluster({ zones: ['a', 'b'] }), metadata: { name: 'member1', creationTimestamp: created }, status: { kubernetesVersion: 'v1.36.3', conditions: [condition] } })).toEqual({
      Name: 'member1', Version: 'v1.36.3', Mode: 'Push', Ready: 'True', Age: { since: Date.parse(created) }, APIEndpoint: 'https://10.0.0.1:6443', Provider: '', Region: '', Zones: 'a,b',
    })
    expect(row(cluster())).toMatchObject({ Version: '', Ready: 'Unknown', Age: '<unknown>' })
  })
})

describe('ClusterSet', () => {
  const validate = (spec: ClusterSet['spec']) => clusterSetKind.strategy.validate!({ metadata: { name: 's' }, ...(spec && { spec }) }).map(({ field, message }) => `${field}: ${message}`)
  test('may be empty', () => { expect(validate(undefined)).toEqual([]) })
  test('checks selectors and placement', () => {
    expect(validate({
      clusterAffinity: { labelSelector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } },
      namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] },
      defaultPlacement: { clusterAffinity: {}, clusterAffinities: [], spreadConstraints: [{ spreadByField: 'zone', minGroups: 3, maxGroups: 2 }], clusterTolerations: [{ key: 'a', operator: 'Lt', value: '1' }], replicaScheduling: { clusterPreferences: { a: { minReplicas: 3, maxReplicas: 2 } }, weightPreference: {} } },
    })).toEqual([
      expect.stringContaining('spec.clusterAffinity.labelSelector.matchExpressions[0].values: Forbidden'),
      "spec.namespaceSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      'spec.defaultPlacement: Invalid value: "clusterAffinities": clusterAffinities cannot co-exist with clusterAffinity',
      'spec.defaultPlacement.clusterTolerations[0].operator: Unsupported value: "Lt": supported values: "Equal", "Exists"',
      'spec.defaultPlacement.spreadConstraints[0]: Invalid value: 2: maxGroups must not be lower than minGroups',
      'spec.defaultPlacement.spreadConstraints: Invalid value: ["zone"]: one of the constraints must spread by cluster where any spreads by a field',
      'spec.defaultPlacement.replicaScheduling.clusterPreferences: Forbidden: may not be set with weightPreference',
      'spec.defaultPlacement.replicaScheduling.clusterPreferences[a].maxReplicas: Invalid value: 2: must not be lower than minReplicas',
    ])
  })
  test('the default one stays', async () => {
    const options = {} as WriteOptions, authorize = clusterSetKind.strategy.authorize!
    await expect(authorize(undefined, { metadata: { name: 'default' } }, options)).rejects.toMatchObject({ reason: 'Forbidden', message: 'clustersets.cluster.federation "default" is forbidden: the default cluster set always exists; narrow its spec.clusterAffinity or spec.namespaceSelector instead' })
    await expect(authorize(undefined, { metadata: { name: 'other' } }, options)).resolves.toBeUndefined()
    await expect(authorize({ metadata: { name: 'default' } }, { metadata: { name: 'default' } }, options)).resolves.toBeUndefined()
  })
})
