import { describe, expect, test } from 'vitest'
import type { FederatedObject, FederatedSpec } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject, WriteOptions } from '../../machinery/meta/core.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'
import { builtInTargets } from './target-kind.ts'
import { authorizeFederated, authorizeTemplate } from './template-rights.ts'

const target = (kind: string) => builtInTargets.find((one) => one.kind === kind)!
/** A user who has these rights: what was asked, and whether it was enough. */
function user(has: readonly string[] = []) {
  const asked: string[] = []
  const authorize: WriteOptions['authorize'] = (verb, { group, resource, subresource, namespace = '*', name = '*' }) => {
    const text = `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}.${group} ${namespace}/${name}`
    asked.push(text)
    return has.includes(text) || has.includes('*') ? Promise.resolve() : Promise.reject(new StatusError('Forbidden', text))
  }
  return { authorize, asked }
}
const told = (work: Promise<void>) => work.then(() => 'allowed', (error: unknown) => (error as Error).message)

const named = (metadata: KubeObject['metadata'], body: object): KubeObject => ({ metadata, ...body })
const role = (rules: object[], metadata: KubeObject['metadata'] = { namespace: 'shop', name: 'reader' }) => named(metadata, { rules })
const READ = { apiGroups: ['', 'apps'], resources: ['pods', 'pods/log'], verbs: ['get'] }
const READ_RIGHTS = ['get pods.core.federation shop/*', 'get pods/log.core.federation shop/*', 'get pods.apps.federation shop/*', 'get pods/log.apps.federation shop/*']
const ESCALATE = 'escalate roles.rbac.authorization.k8s.io.federation shop/reader'

describe('a role', () => {
  test('is for those who may escalate', async () => {
    const { authorize, asked } = user([ESCALATE])
    expect(await told(authorizeTemplate(target('Role'), role([READ]), undefined, { authorize }))).toBe('allowed')
    expect(asked).toEqual([ESCALATE])
  })
  test.each<[string, KubeObject, readonly string[], string]>([
    ['who may do all of it', role([READ]), READ_RIGHTS, 'allowed'],
    ['who may do nearly all of it', role([READ]), READ_RIGHTS.slice(1), ESCALATE],
    ['who may do nothing, where it grants nothing', role([]), [], 'allowed'],
    ['who may see one', role([{ apiGroups: [''], resources: ['secrets'], resourceNames: ['a'], verbs: ['get'] }]), ['get secrets.core.federation shop/a'], 'allowed'],
    ['who may do everything there is, where it grants that', role([{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]), ['* *.* shop/*'], 'allowed'],
    // This server's own kinds are not those of a member that federates too.
    ['who may write policies here', role([{ apiGroups: ['policy.federation'], resources: ['propagationpolicies'], verbs: ['create'] }]), ['create propagationpolicies.policy.federation shop/*'], ESCALATE],
    ['who may do very much', role([{ apiGroups: Array.from({ length: 10 }, (_, i) => `g${i}`), resources: Array.from({ length: 10 }, (_, i) => `r${i}`), verbs: ['get', 'list', 'watch'] }]), [], ESCALATE],
    ['who may do all of it, where it grants paths besides', role([READ, { nonResourceURLs: ['/metrics'], verbs: ['get'] }]), READ_RIGHTS, ESCALATE],
  ])('and for those %s', async (_, object, has, expected) => { expect(await told(authorizeTemplate(target('Role'), object, undefined, user(has)))).toBe(expected) })

  test('that gathers others is for those who may escalate only', async () => {
    const gathering = named({ name: 'all' }, { rules: [], aggregationRule: { clusterRoleSelectors: [{}] } })
    expect(await told(authorizeTemplate(target('ClusterRole'), gathering, undefined, user()))).toBe('escalate clusterroles.rbac.authorization.k8s.io.federation */all')
  })
  test('that stays as it is asks nothing, unless its labels make it part of others, or annotations place it elsewhere', async () => {
    const old = role([READ]), annotated = role([READ], { ...old.metadata, annotations: { a: 'b' }, finalizers: ['x/y'] }), labelled = role([READ], { ...old.metadata, labels: { 'rbac.authorization.k8s.io/aggregate-to-edit': 'true' } })
    expect(await told(authorizeTemplate(target('Role'), annotated, old, user()))).toBe('allowed')
    expect(await told(authorizeTemplate(target('Role'), labelled, old, user()))).toBe(ESCALATE)
    expect(await told(authorizeTemplate(target('Role'), role([READ], { ...old.metadata, annotations: { 'federation.alpha.kubernetes.io/cluster-selector': '[]' } }), old, user()))).toBe(ESCALATE)
    expect(await told(authorizeTemplate(target('Role'), undefined, old, user()))).toBe('allowed')
  })
  test('what fails is not taken for a refusal', async () => {
    const authorize = () => Promise.reject(StatusError.unavailable('no host'))
    expect(await told(authorizeTemplate(target('Role'), role([]), undefined, { authorize }))).toBe('no host')
  })
})

test.each<[string, KubeObject, string[]]>([
  ['RoleBinding', named({ namespace: 'shop', name: 'b' }, { roleRef: { kind: 'ClusterRole', name: 'edit' } }), ['bind clusterroles.rbac.authorization.k8s.io.federation shop/edit']],
  ['RoleBinding', named({ namespace: 'shop', name: 'b' }, { roleRef: { kind: 'Role', name: 'mine' } }), ['bind roles.rbac.authorization.k8s.io.federation shop/mine']],
  ['ClusterRoleBinding', named({ name: 'b' }, { roleRef: { kind: 'ClusterRole', name: 'edit' } }), ['bind clusterroles.rbac.authorization.k8s.io.federation */edit']],
  ['RoleBinding', named({ namespace: 'shop', name: 'b' }, {}), ['bind roles.rbac.authorization.k8s.io.federation shop/*', 'bind clusterroles.rbac.authorization.k8s.io.federation shop/*']],
  ['ConfigMap', named({ namespace: 'shop', name: 'b' }, { data: {} }), []],
])('a %s: %j', async (kind, object, expected) => {
  const { authorize, asked } = user(['*'])
  await authorizeTemplate(target(kind), object, undefined, { authorize })
  expect(asked).toEqual(expected)
})

describe('a federated object', () => {
  const federated = (spec: Partial<FederatedSpec> = {}, metadata = { namespace: 'shop', name: 'web' } as FederatedObject['metadata']): FederatedObject => ({ metadata, spec: { template: {}, ...spec } })
  const placed = { placement: { clusters: [{ name: 'member1' }] } }, changed = { template: { spec: {} } }, adopting = { conflictResolution: 'Overwrite' as const }
  test.each<[string, string, FederatedObject | undefined, FederatedObject | undefined, string[]]>([
    ['of a namespace', 'Deployment', federated(), undefined, []],
    ['of the whole cluster', 'ClusterRole', federated({}, { name: 'web' }), undefined, ['create clusterroles.rbac.authorization.k8s.io.federation */*']],
    ['of the whole cluster, changed', 'CustomResourceDefinition', federated(changed, { name: 'web' }), federated({}, { name: 'web' }), ['update customresourcedefinitions.apiextensions.k8s.io.federation */web']],
    ['of a namespace itself', 'Namespace', federated({}, { namespace: 'web', name: 'web' }), undefined, ['create namespaces.core.federation */*']],
    ['that stays as it is', 'ClusterRole', federated({}, { name: 'web', labels: { a: 'b' } }), federated({}, { name: 'web' }), []],
    ['that is deleted', 'ClusterRole', undefined, federated({}, { name: 'web' }), []],
    ['that adopts', 'Deployment', federated(adopting), federated(), ['adopt deployments.apps.federation shop/web']],
    ['that adopts elsewhere', 'Deployment', federated({ ...adopting, ...placed }), federated(adopting), ['adopt deployments.apps.federation shop/web']],
    ['that adopted, with a new template', 'Deployment', federated({ ...adopting, ...changed }), federated(adopting), []],
    ['that adopts no more', 'Deployment', federated(), federated(adopting), []],
    ['of RBAC', 'RoleBinding', federated(placed), undefined, []],
    ['of RBAC, moved', 'RoleBinding', federated(placed), federated(), ['bind roles.rbac.authorization.k8s.io.federation shop/*', 'bind clusterroles.rbac.authorization.k8s.io.federation shop/*']],
    ['of RBAC, overridden', 'Role', federated({ overrides: [{ clusterName: 'member1' }] }), undefined, ['escalate roles.rbac.authorization.k8s.io.federation shop/*']],
  ])('%s', async (_, kind, now, old, expected) => {
    const { authorize, asked } = user(['*'])
    await authorizeFederated(target(kind), now, old, { authorize })
    expect(asked).toEqual(expected)
  })
})
