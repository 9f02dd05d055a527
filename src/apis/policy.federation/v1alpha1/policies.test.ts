/** What the recorded cases of others do not know: fields of our own, fields that are refused by name, what the server sets, and the rights that writing needs. */
import { describe, expect, test } from 'vitest'
import type { KubeObject, WriteOptions } from '../../../machinery/meta/core.ts'
import type { StoredKind } from '../../../machinery/meta/strategy.ts'
import { applyDefaults } from '../../../machinery/schema/apply-defaults.ts'
import { prune } from '../../../machinery/schema/prune.ts'
import { validateSchema } from '../../../machinery/schema/validate-schema.ts'
import { fieldError } from '../../../machinery/meta/status-error.ts'
import { federatedTypeConfigKind } from './federated-type-config.ts'
import { clusterOverridePolicyKind, overridePolicyKind } from './override-policy-kinds.ts'
import { clusterPropagationPolicyKind, propagationPolicyKind } from './propagation-policy-kinds.ts'
import { clusterTaintPolicyKind } from './cluster-taint-policy.ts'
import { replicaSchedulingPreferenceKind } from './replica-scheduling-preference.ts'
import type { SelectedKinds } from './selected-kinds.ts'

const kinds: SelectedKinds = {
  resourceOf: (apiVersion, kind) => ({ group: `${apiVersion.includes('/') ? apiVersion.split('/')[0]! : 'core'}.federation`, resource: `${kind.toLowerCase()}s` }),
  check: (apiVersion, kind, { plaintext = [] }, path) => (plaintext.some((operation) => operation.path === '/spec/nope') && kind === 'Deployment' ? [fieldError.invalid(path, '/spec/nope', `${apiVersion} ${kind}`)] : []),
}
const pp = propagationPolicyKind(kinds), cpp = clusterPropagationPolicyKind(kinds), op = overridePolicyKind(kinds), cop = clusterOverridePolicyKind(kinds)

async function made<T extends KubeObject>(kind: StoredKind<T>, given: KubeObject): Promise<T> {
  const schema = await kind.schema(new AbortController().signal), object = applyDefaults(schema, prune(schema, structuredClone(given))) as T
  return kind.strategy.prepareForCreate?.(object, 0) ?? object
}
async function mistakes<T extends KubeObject>(kind: StoredKind<T>, given: KubeObject): Promise<string[]> {
  const object = await made(kind, given)
  return [...validateSchema(await kind.schema(new AbortController().signal), object), ...(kind.strategy.validate?.(object) ?? [])].map(({ field, message }) => `${field}: ${message}`)
}
const DEPLOYMENTS = [{ apiVersion: 'apps/v1', kind: 'Deployment' }]
const inShop = (spec: object): KubeObject => ({ metadata: { namespace: 'shop', name: 'web' }, spec: { resourceSelectors: DEPLOYMENTS, ...spec } })

describe('a PropagationPolicy', () => {
  test('gets its defaults, and its namespace in every selector', async () => {
    expect((await made(pp, inShop({ placement: {} }))).spec).toEqual({
      resourceSelectors: [{ ...DEPLOYMENTS[0], namespace: 'shop' }], propagateDeps: false, priority: 0, preemption: 'Never', schedulerName: 'default-scheduler', conflictResolution: 'Abort', preserveResourcesOnDeletion: false, placement: { partial: false },
    })
    expect((await made(cpp, { metadata: { name: 'web' }, spec: { resourceSelectors: DEPLOYMENTS } })).spec.resourceSelectors).toEqual(DEPLOYMENTS)
  })
  test.each<[string, object, string[]]>([
    ['the least', {}, []],
    ['waves, and when to move', { rollout: { waves: [{ clusterAffinity: { clusterNames: ['a'] }, maxUnavailable: 1, pauseSeconds: 60 }, {}] }, rescheduling: { triggers: ['ClusterJoined'], minInterval: '10m', maxMoves: 3 } }, []],
    ['no selector', { resourceSelectors: [] }, ['spec.resourceSelectors: Invalid value: 0: spec.resourceSelectors in body should have at least 1 items']],
    ['a selector without a kind', { resourceSelectors: [{ apiVersion: 'v1' }] }, ['spec.resourceSelectors[0].kind: Required value']],
    ['a selector elsewhere', { resourceSelectors: [{ ...DEPLOYMENTS[0], namespace: 'other' }] }, ['spec.resourceSelectors[0].namespace: Invalid value: "other": must be the namespace of the policy, shop']],
    ['labels that are none', { resourceSelectors: [{ ...DEPLOYMENTS[0], labelSelector: { matchExpressions: [{ key: 'a', operator: 'Near' }] } }] }, ['spec.resourceSelectors[0].labelSelector.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator']],
    ['the first planner', { placement: { replicaScheduling: { replicaSchedulingType: 'Divided', clusterPreferences: { a: { minReplicas: 1, maxReplicas: 3 }, '*': { weight: 1 } }, rebalance: true, keepEmpty: true } } }, []],
    ['two ways to weigh', { placement: { replicaScheduling: { clusterPreferences: {}, weightPreference: {} } } }, ['spec.placement.replicaScheduling.clusterPreferences: Forbidden: may not be set with weightPreference']],
    ['bounds upside down', { placement: { replicaScheduling: { clusterPreferences: { a: { minReplicas: 2, maxReplicas: 1 } } } } }, ['spec.placement.replicaScheduling.clusterPreferences[a].maxReplicas: Invalid value: 1: must not be lower than minReplicas']],
    ['a priority beyond 32 bits', { priority: 2 ** 31 }, [expect.stringContaining('integer with format int32')]],
    ['an unknown resolution', { conflictResolution: 'Ask' }, ['spec.conflictResolution: Unsupported value: "Ask": supported values: "Abort", "Overwrite"']],
    ['what becomes of copies in clusters that fail', { propagateDeps: true, failover: { cluster: { purgeMode: 'Directly', statePreservation: { rules: [{ aliasLabelName: 'a/b', jsonPath: '{ .jobStatus.jobID }' }] } }, application: { decisionConditions: { tolerationSeconds: 0 }, purgeMode: 'Never' } } }, []],
    ['a cluster that is never left', { failover: { cluster: { purgeMode: 'Never' } } }, ['spec.failover.cluster.purgeMode: Unsupported value: "Never": supported values: "Directly", "Gracefully"']],
    ['preemption of whatever is there', { preemption: 'Always' }, ['spec.resourceSelectors[0].name: Invalid value: "": must be set with preemption Always']],
  ])('%s', async (_, spec, expected) => { expect(await mistakes(pp, inShop(spec))).toEqual(expected) })

  test.each<[string, object, string]>([
    ['association', { association: true }, 'it is superseded by propagateDeps'],
    ['schedulerName', { schedulerName: 'mine' }, 'there is only default-scheduler'],
  ])('%s is refused by name: %j', async (field, spec, instead) => {
    expect(await mistakes(cpp, { metadata: { name: 'web' }, spec: { resourceSelectors: DEPLOYMENTS, ...spec } })).toEqual([`spec.${field}: Forbidden: not supported by this release${instead && `; ${instead}`}`])
  })
  test('what asks for nothing is accepted', async () => {
    expect(await mistakes(pp, inShop({ association: false, dependentOverrides: [], suspension: { dispatching: false, dispatchingOnClusters: {} }, activationPreference: 'Lazy' }))).toEqual([])
  })
  test.each<[string, object, string[]]>([
    ['clusters of a wave', { rollout: { waves: [{ clusterAffinity: { labelSelector: { matchLabels: { 'a b': 'c' } } } }] } }, ['spec.rollout.waves[0].clusterAffinity.labelSelector.matchLabels: Invalid value: "a b": ']],
    ['a path to a state', { propagateDeps: true, failover: { application: { decisionConditions: {}, statePreservation: { rules: [{ aliasLabelName: 'a', jsonPath: 'jobId' }] } } } }, ['spec.failover.application.statePreservation.rules[0].jsonPath: Invalid value: "jobId": must be one path into the status, e.g. {.jobStatus.jobID}']],
    ['an interval', { rescheduling: { minInterval: 'soon' } }, ['spec.rescheduling.minInterval: Invalid value: "soon": ']],
  ])('%s that make no sense are told besides', async (_, spec, texts) => {
    const found = await mistakes(pp, inShop(spec))
    for (const text of texts) expect(found).toContainEqual(expect.stringContaining(text))
  })
})

describe('an OverridePolicy', () => {
  const rule = (overriders: object) => inShop({ overrideRules: [{ overriders }] }), plaintext = (path: string, operator = 'replace', value: unknown = 1) => rule({ plaintext: [{ path, operator, ...(value !== undefined && { value }) }] })
  const AT = 'spec.overrideRules[0].overriders.plaintext[0]', STAYS = 'Forbidden: identity and ownership of an object cannot be overridden; of metadata only labels and annotations can'
  test.each<[string, KubeObject, string[]]>([
    ['a value of any type', rule({ plaintext: [{ path: '/spec/a', operator: 'add', value: { b: [1, { c: null }] } }] }), []],
    ['a path with an escape that is none', plaintext('/spec/a~2'), [`${AT}.path: Invalid value: "/spec/a~2": in a JSON pointer ~ is written ~0, and / inside a key ~1`]],
    ['a value that is removed', plaintext('/spec/a', 'remove'), [`${AT}.value: Invalid value: 1: may not be set with operator remove`]],
    ...['', '/metadata', '/metadata/name', '/metadata/ownerReferences/0', '/kind', '/apiVersion', '/metadata/labelsx'].map((path): [string, KubeObject, string[]] => [`the identity at "${path}"`, plaintext(path), [`${AT}.path: ${STAYS}`]]),
    ...['/metadata/labels', '/metadata/annotations/a~1b', '/spec/metadata/name', '/kinds'].map((path): [string, KubeObject, string[]] => [`no identity at "${path}"`, plaintext(path), []]),
    ['labels with variables', rule({ labelsOverrider: [{ operator: 'add', value: { at: "${cluster.region}-${cluster.labels['a/b']}", odd: '${other}' } }] }), [expect.stringContaining('labelsOverrider[0].value: Invalid value: "${other}": ')]],
    ['no such component', rule({ imageOverrider: [{ component: 'Host', operator: 'replace' }] }), ['spec.overrideRules[0].overriders.imageOverrider[0].component: Unsupported value: "Host": supported values: "Registry", "Repository", "Tag"']],
    ['a path that fits the kind in no object', plaintext('/spec/nope'), ['spec.overrideRules[0].overriders: Invalid value: "/spec/nope": apps/v1 Deployment']],
    ['a cluster selector that makes no sense', inShop({ overrideRules: [{ targetCluster: { labelSelector: { matchLabels: { '': 'a' } } }, overriders: {} }] }), [expect.stringContaining('spec.overrideRules[0].targetCluster.labelSelector.matchLabels'), expect.stringContaining('spec.overrideRules[0].targetCluster.labelSelector.matchLabels')]],
  ])('%s', async (_, given, expected) => { expect(await mistakes(op, given)).toEqual(expected) })
  test('keeps a value of any type', async () => {
    const value = { a: [1, 'x', { b: null }], c: false }, { spec } = await made(op, plaintext('/spec/a', 'add', value))
    expect(spec.overrideRules![0]!.overriders.plaintext![0]!.value).toEqual(value)
  })
})

describe('a ClusterTaintPolicy', () => {
  const ctp = (spec: object): KubeObject => ({ metadata: { name: 'dns' }, spec: { taints: [{ key: 'dns', effect: 'NoSchedule' }], ...spec } }), condition = { conditionType: 'Ready', operator: 'In', statusValues: ['False', 'Unknown'] }
  test.each<[string, object, string[]]>([
    ['the least', {}, []],
    ['all of it', { targetClusters: { labelSelector: { matchLabels: { env: 'prod' } }, exclude: ['a'] }, addOnConditions: [condition], removeOnConditions: [{ ...condition, operator: 'NotIn' }], taints: [{ key: 'a', value: 'b', effect: 'NoExecute' }, { key: 'a', effect: 'NoSchedule' }] }, []],
    ['no taint', { taints: [] }, ['spec.taints: Invalid value: 0: spec.taints in body should have at least 1 items']],
    ['one taint twice', { taints: [{ key: 'a', value: 'b', effect: 'NoExecute' }, { key: 'a', effect: 'NoExecute' }] }, ['spec.taints[1]: Duplicate value: {"effect":"NoExecute","key":"a"}']],
    ['a taint that is none', { taints: [{ key: '-', value: '?', effect: 'NoSchedule' }] }, [expect.stringContaining('spec.taints[0].key: Invalid value: "-": '), expect.stringContaining('spec.taints[0].value: Invalid value: "?": ')]],
    ['an unknown effect', { taints: [{ key: 'a', effect: 'Evict' }] }, ['spec.taints[0].effect: Unsupported value: "Evict": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"']],
    ['an unknown status', { addOnConditions: [{ ...condition, statusValues: ['Maybe'] }] }, ['spec.addOnConditions[0].statusValues[0]: Unsupported value: "Maybe": supported values: "True", "False", "Unknown"']],
    ['an unknown operator, and nothing to compare with', { removeOnConditions: [{ ...condition, operator: 'Exists', statusValues: [] }] }, ['spec.removeOnConditions[0].operator: Unsupported value: "Exists": supported values: "In", "NotIn"', 'spec.removeOnConditions[0].statusValues: Invalid value: 0: spec.removeOnConditions[0].statusValues in body should have at least 1 items']],
    ['clusters that make no sense', { targetClusters: { labelSelector: { matchLabels: { 'a b': 'c' } } } }, [expect.stringContaining('spec.targetClusters.labelSelector.matchLabels: Invalid value: "a b": ')]],
  ])('%s', async (_, spec, expected) => { expect(await mistakes(clusterTaintPolicyKind, ctp(spec))).toEqual(expected) })
})

describe('rights', () => {
  const asked = async <T extends KubeObject>(kind: StoredKind<T>, given: KubeObject | undefined, old?: KubeObject) => {
    const calls: string[] = []
    const authorize: WriteOptions['authorize'] = (verb, { group, resource, namespace = '*', name = '*' }) => { calls.push(`${verb} ${resource}.${group} ${namespace}/${name}`); return Promise.resolve() }
    await kind.strategy.authorize!(given && (await made(kind, given)), old && (await made(kind, old)), { authorize } as WriteOptions)
    return calls
  }
  const rules = (...selectors: object[]): KubeObject => ({ metadata: { namespace: 'shop', name: 'web' }, spec: { ...(selectors.length > 0 && { resourceSelectors: selectors }), overrideRules: [{ overriders: { labelsOverrider: [{ operator: 'add', value: { a: 'b' } }] } }] } })
  const clusterWide = (policy: KubeObject): KubeObject => ({ ...policy, metadata: { name: 'web' } }), PODS = { apiVersion: 'v1', kind: 'Pod', name: 'one' }
  test('an override needs update on every kind that it selects, once each', async () => {
    expect(await asked(op, rules(DEPLOYMENTS[0]!, PODS, { ...DEPLOYMENTS[0], labelSelector: {} }))).toEqual(['update deployments.apps.federation shop/*', 'update pods.core.federation shop/one'])
    expect(await asked(cop, clusterWide(rules(DEPLOYMENTS[0]!)))).toEqual(['update deployments.apps.federation */*'])
  })
  test('an override of everything needs update on everything, and what RBAC asks for', async () => {
    expect(await asked(op, rules())).toEqual(['update *.* shop/*', 'escalate roles.rbac.authorization.k8s.io.federation shop/*', 'escalate clusterroles.rbac.authorization.k8s.io.federation shop/*', 'bind roles.rbac.authorization.k8s.io.federation shop/*', 'bind clusterroles.rbac.authorization.k8s.io.federation shop/*'])
  })
  test('an override of roles needs escalate, one of bindings bind', async () => {
    const rbac = (kind: string) => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind })
    expect(await asked(cop, clusterWide(rules(rbac('ClusterRole'), rbac('RoleBinding'))))).toEqual([
      'update clusterroles.rbac.authorization.k8s.io.federation */*', 'escalate clusterroles.rbac.authorization.k8s.io.federation */*', 'update rolebindings.rbac.authorization.k8s.io.federation */*', 'bind roles.rbac.authorization.k8s.io.federation */*', 'bind clusterroles.rbac.authorization.k8s.io.federation */*',
    ])
  })
  test('a deletion, and a write that leaves the spec as it is, need no more', async () => {
    expect(await asked(op, undefined, rules())).toEqual([])
    expect(await asked(op, { ...rules(), metadata: { ...rules().metadata, labels: { a: 'b' } } }, rules())).toEqual([])
  })
  test('a policy needs adopt where it takes over what is in clusters already', async () => {
    expect(await asked(pp, inShop({}))).toEqual([])
    expect(await asked(pp, inShop({ conflictResolution: 'Overwrite' }), inShop({}))).toEqual(['adopt deployments.apps.federation shop/*'])
  })
})

describe('KubeFed\'s kinds', () => {
  const rsp = (spec: object): KubeObject => ({ metadata: { namespace: 'shop', name: 'web' }, spec: { targetKind: 'FederatedDeployment', totalReplicas: 9, ...spec } })
  test.each<[string, object, string[]]>([
    ['bounds and weights', { rebalance: true, clusters: { '*': { weight: 1 }, a: { minReplicas: 1, maxReplicas: 2 } } }, []],
    ['another kind', { targetKind: 'FederatedJob' }, ['spec.targetKind: Unsupported value: "FederatedJob": supported values: "FederatedDeployment", "FederatedReplicaSet"']],
    ['less than nothing', { totalReplicas: -1 }, ['spec.totalReplicas: Invalid value: -1: spec.totalReplicas in body should be greater than or equal to 0']],
    ['bounds upside down', { clusters: { a: { minReplicas: 2, maxReplicas: 1 } } }, ['spec.clusters[a].maxReplicas: Invalid value: 1: must not be lower than minReplicas']],
    ['whatever the placement says', { intersectWithClusterSelector: false }, ['spec.intersectWithClusterSelector: Forbidden: false is not supported: replicas are shared out among the clusters that the placement chose']],
  ])('a ReplicaSchedulingPreference: %s', async (_, spec, expected) => { expect(await mistakes(replicaSchedulingPreferenceKind, rsp(spec))).toEqual(expected) })

  const target = { group: 'example.io', version: 'v1', kind: 'Widget', pluralName: 'widgets', scope: 'Namespaced' }, federated = { group: 'types.example.io.federation', version: 'v1', kind: 'FederatedWidget', pluralName: 'federatedwidgets', scope: 'Namespaced' }
  const ftc = (spec: object): KubeObject => ({ metadata: { name: 'widgets.example.io' }, spec: { targetType: target, ...spec } })
  test.each<[string, object, string[]]>([
    ['the least', {}, []],
    ['the federated kind that there is', { federatedType: federated }, []],
    ['another one', { federatedType: { ...federated, kind: 'Spread', scope: 'Cluster' } }, ['spec.federatedType.kind: Invalid value: "Spread": must be FederatedWidget, or federatedType absent', 'spec.federatedType.scope: Invalid value: "Cluster": must be Namespaced, or federatedType absent']],
    ['no statuses', { statusCollection: 'Disabled' }, ['spec.statusCollection: Forbidden: Disabled is not supported: the status of copies is always collected']],
  ])('a FederatedTypeConfig: %s', async (_, spec, expected) => { expect(await mistakes(federatedTypeConfigKind, ftc(spec))).toEqual(expected) })
  test('a status kind has no effect, and that is said', async () => {
    expect(federatedTypeConfigKind.strategy.warnings!(await made(federatedTypeConfigKind, ftc({ statusType: federated })), undefined)).toEqual(['spec.statusType has no effect: the status of every cluster is in the status of the federated object'])
  })
})

test('columns', async () => {
  const cells = <T extends KubeObject>({ columns }: StoredKind<T>, object: T) => Object.fromEntries(columns.filter(({ name }) => name !== 'Age').map(({ name, cell }) => [name, cell(object)]))
  expect(cells(pp, { ...(await made(pp, inShop({ priority: 3 }))), status: { claimed: 2 } })).toEqual({ Name: 'web', Priority: 3, Claimed: 2, 'Conflict-Resolution': 'Abort', Selects: 'Deployment' })
  expect(cells(cop, await made(cop, { metadata: { name: 'all' }, spec: { overriders: { labelsOverrider: [] } } }))).toEqual({ Name: 'all', Rules: 1, Selects: '<all>' })
})
