/** The kinds of policy.federation through the host: written, listed, explained, refused with the field's path, and the rights that writing needs. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeFleet, eventually, KUBECTLS, kubectl, rows, tryKubectl } from './fleet-bed.ts'

const NAMESPACE = 'e2e-policies'
const policy = (kind: string, spec: object, { name = 'web', namespace = NAMESPACE }: { name?: string; namespace?: string } = {}) => ({ apiVersion: 'policy.federation/v1alpha1', kind, metadata: { name, ...(!kind.startsWith('Cluster') && kind !== 'FederatedTypeConfig' && { namespace }) }, spec })
const DEPLOYMENTS = [{ apiVersion: 'apps/v1', kind: 'Deployment' }], labels = { labelsOverrider: [{ operator: 'add', value: { at: '${cluster.name}' } }] }
const all = { apiVersion: 'v1', kind: 'List', items: [
  policy('PropagationPolicy', { resourceSelectors: [{ ...DEPLOYMENTS[0], name: 'web' }], priority: 5, placement: { clusterAffinity: { clusterNames: ['member1'] } } }), policy('ClusterPropagationPolicy', { resourceSelectors: DEPLOYMENTS }, { name: 'e2e-all' }),
  policy('OverridePolicy', { resourceSelectors: DEPLOYMENTS, overrideRules: [{ overriders: { ...labels, plaintext: [{ path: '/spec/template/spec/containers/-', operator: 'add', value: { name: 'side', image: 'busybox' } }] } }] }), policy('ClusterOverridePolicy', { overrideRules: [{ overriders: labels }] }, { name: 'e2e-all' }),
  policy('ReplicaSchedulingPreference', { targetKind: 'FederatedDeployment', totalReplicas: 9 }), policy('FederatedTypeConfig', { targetType: { group: 'apps', version: 'v1', kind: 'Deployment', pluralName: 'deployments', scope: 'Namespaced' } }, { name: 'deployments.apps' }),
] }

describeFleet('policies', () => {
  beforeAll(async () => {
    await kubectl('host', `create namespace ${NAMESPACE}`)
    // Our server follows namespaces.
    await eventually(async () => { await kubectl('host', 'create --dry-run=server -f -', { input: policy('PropagationPolicy', { resourceSelectors: DEPLOYMENTS }) }) })
  })
  afterAll(async () => { await kubectl('host', `delete --ignore-not-found namespace/${NAMESPACE} cpp/e2e-all cop/e2e-all ftc/deployments.apps`) })

  describe.each(KUBECTLS)('with kubectl (%s)', (version) => {
    test('are applied twice, and nothing changes the second time', async () => {
      await kubectl('host', 'apply --server-side -f -', { version, input: all })
      await kubectl('host', 'apply --server-side -f -', { version, input: all })
      expect(await kubectl('host', `get pp,op web -n ${NAMESPACE} -o jsonpath={.items[*].metadata.generation}`, { version })).toBe('1 1')
    })
    test.each([
      ['pp', ['NAME', 'PRIORITY', 'CLAIMED', 'AGE'], ['web', '5']], ['op', ['NAME', 'RULES', 'AGE'], ['web', '1']], ['rsp', ['NAME', 'TARGET', 'REPLICAS', 'AGE'], ['web', 'FederatedDeployment', '9']],
      ['cpp', ['NAME', 'PRIORITY', 'CLAIMED', 'AGE'], ['e2e-all', '0']], ['cop', ['NAME', 'RULES', 'AGE'], ['e2e-all', '1']], ['ftc', ['NAME', 'KIND', 'PROPAGATION', 'AGE'], ['deployments.apps', 'Deployment', 'Enabled']],
    ])('get %s', async (name, header, cells) => {
      const [first, ...rest] = rows(await kubectl('host', `get ${name} -n ${NAMESPACE}`, { version }))
      expect(first).toEqual(header)
      expect(rest.map((row) => row.slice(0, cells.length))).toContainEqual(cells)
    })
    test('explain knows the fields', async () => {
      expect(await kubectl('host', 'explain pp.spec.placement.replicaScheduling', { version })).toMatch(/clusterPreferences\s+<map\[string\]ClusterPreference>/)
      expect(await kubectl('host', 'explain cop.spec.overrideRules.overriders.plaintext.operator', { version })).toContain('replace and remove need that it is there')
    })
    test('what makes no sense is refused with the path of each field', async () => {
      const { code, stderr } = await tryKubectl('host', 'create -f -', { version, input: policy('OverridePolicy', { resourceSelectors: DEPLOYMENTS, overrideRules: [{ overriders: { plaintext: [{ path: '/spec/replica', operator: 'replace', value: 3 }, { path: '/spec/replicas', operator: 'replace', value: 'many' }, { path: '/metadata/name', operator: 'replace', value: 'x' }] } }] }, { name: 'bad' }) })
      expect(code).toBe(1)
      expect(stderr).toContain('* spec.overrideRules[0].overriders.plaintext[0].path: Invalid value: "/spec/replica": spec has no field "replica" in apps/v1 Deployment')
      expect(stderr).toContain('* spec.overrideRules[0].overriders.plaintext[1].value: Invalid value: "string": ')
      expect(stderr).toContain('* spec.overrideRules[0].overriders.plaintext[2].path: Forbidden: identity and ownership')
    })
    test('what nothing acts on yet is refused by name', async () => {
      const { stderr } = await tryKubectl('host', 'create -f -', { version, input: policy('PropagationPolicy', { resourceSelectors: DEPLOYMENTS, schedulerName: 'mine' }, { name: 'bad' }) })
      expect(stderr).toContain('is invalid: spec.schedulerName: Forbidden: not supported by this release')
    })
    test('a fleet shows them too', async () => { expect(rows(await kubectl('fleet', `get pp -n ${NAMESPACE}`, { version }))[1]?.[0]).toBe('web') })
  })

  test('need a namespace that there is', async () => {
    const { stderr } = await tryKubectl('host', 'create -f -', { input: policy('PropagationPolicy', { resourceSelectors: DEPLOYMENTS }, { namespace: 'e2e-nowhere' }) })
    expect(stderr).toContain('namespaces "e2e-nowhere" not found')
  })

  describe('whoever may edit a namespace', () => {
    beforeAll(async () => {
      await kubectl('host', `create rolebinding alice-edits --clusterrole=edit --user=alice -n ${NAMESPACE}`)
      await eventually(async () => { await kubectl('host-alice', `get pp -n ${NAMESPACE}`) })
    })
    const create = (object: object) => tryKubectl('host-alice', 'create --dry-run=server -f -', { input: object })
    const rules = { overrideRules: [{ overriders: labels }] }, RBAC = 'rbac.authorization.k8s.io/v1'
    test.each<[string, object]>([
      ['policies there', policy('PropagationPolicy', { resourceSelectors: DEPLOYMENTS }, { name: 'hers' })], ['overrides of what may be edited', policy('OverridePolicy', { ...rules, resourceSelectors: DEPLOYMENTS }, { name: 'hers' })],
    ])('writes %s', async (_, object) => { expect(await create(object)).toMatchObject({ code: 0 }) })
    test.each<[string, object, string]>([
      ['overrides of other kinds', policy('OverridePolicy', { ...rules, resourceSelectors: [{ apiVersion: 'v1', kind: 'ResourceQuota' }] }, { name: 'hers' }), 'cannot update resource "resourcequotas" in API group "core.federation" in the namespace'],
      ['overrides of RBAC', policy('OverridePolicy', { ...rules, resourceSelectors: [{ apiVersion: RBAC, kind: 'Role' }] }, { name: 'hers' }), 'cannot update resource "roles" in API group "rbac.authorization.k8s.io.federation"'],
      ['overrides of everything', policy('OverridePolicy', rules, { name: 'hers' }), 'cannot update resource "*" in API group "*"'],
      ['policies that adopt', policy('PropagationPolicy', { resourceSelectors: DEPLOYMENTS, conflictResolution: 'Overwrite' }, { name: 'hers' }), 'cannot adopt resource "deployments" in API group "apps.federation"'],
      ['policies of the cluster', policy('ClusterPropagationPolicy', { resourceSelectors: DEPLOYMENTS }, { name: 'hers' }), 'cannot create resource "clusterpropagationpolicies"'],
    ])('but no %s', async (_, object, text) => { expect((await create(object)).stderr).toContain(text) })
  })

  test('go with their namespace', async () => {
    await kubectl('host', `delete namespace ${NAMESPACE}`, { timeoutMs: 60_000 })
    expect(rows(await kubectl('host', 'get pp,op,rsp -A -o name --ignore-not-found')).flat().filter((name) => name.includes('/web'))).toEqual([])
  })
})
