/** Templates before they are stored: what a real member says of them, the rights that they take, and namespaces, which are the host's. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deployment, describeFleet, eventually, kubectl, MEMBERS, tryKubectl } from './fleet-bed.ts'

const NAMESPACE = 'e2e-templates', RBAC = 'rbac.authorization.k8s.io'
interface Body { readonly spec: { readonly selector: object; readonly template: { readonly spec: { readonly containers: readonly object[] } } } }
const container = (more: object) => { const { spec, ...rest } = deployment('web', 1) as Body, [first] = spec.template.spec.containers; return { ...rest, spec: { ...spec, template: { ...spec.template, spec: { containers: [{ ...first, ...more }] } } } } }
const federated = (kind: string, template: object, spec: object = {}) => ({ apiVersion: 'types.federation/v1alpha1', kind: `Federated${kind}`, metadata: { name: 'web', namespace: NAMESPACE }, spec: { template, ...spec } })
const create = (object: object, { context = 'fleet', dryRun = true } = {}) => tryKubectl(context, `-n ${NAMESPACE} create ${dryRun ? '--dry-run=server ' : ''}-f -`, { input: object })

describeFleet('templates', () => {
  beforeAll(async () => {
    await kubectl('fleet', `create namespace ${NAMESPACE}`)
    await eventually(async () => { expect((await create(deployment('web', 1))).code).toBe(0) })
  })
  afterAll(async () => {
    await kubectl('host', `delete --ignore-not-found clusterrole/e2e-templates clusterrolebinding/e2e-templates namespace/${NAMESPACE} --wait=false`)
    await Promise.all(MEMBERS.map((member) => kubectl(member, `delete --ignore-not-found namespace/${NAMESPACE} --wait=false`)))
  })

  describe('a member refuses', () => {
    const mismatch = { ...deployment('web', 1), spec: { ...(deployment('web', 1) as Body).spec, selector: { matchLabels: { app: 'other' } } } }
    test.each<[string, object, string]>([
      ['a pull policy that there is not', container({ imagePullPolicy: 'Sometimes' }), 'spec.template.spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes"'],
      ['ports twice', container({ ports: [{ containerPort: 80 }, { containerPort: 80 }] }), 'spec.template.spec.containers[0].ports[1]: Duplicate value'],
      ['a selector that selects others', mismatch, 'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`'],
    ])('%s', async (_, object, text) => {
      expect((await create(object)).stderr).toContain(`The Deployment "web" is invalid: ${text}`)
      expect((await create(federated('Deployment', object), {})).stderr).toContain(`The FederatedDeployment "web" is invalid: spec.template.${text}`)
    })
    test('quantities that are none, as it would itself', async () => { expect((await create(container({ resources: { limits: { cpu: 'much' } } }))).stderr).toContain('Deployment in version "v1" cannot be handled as a Deployment: quantities must match') })
  })

  test('what only members have against it is warned of', async () => {
    await Promise.all(MEMBERS.map(async (member) => {
      await kubectl(member, `create namespace ${NAMESPACE}`)
      await kubectl(member, `-n ${NAMESPACE} create quota none --hard=count/configmaps=0`)
    }))
    const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' } }
    // For ten seconds a namespace that a member did not have is not tried again there.
    await eventually(async () => { expect((await create(settings)).stderr).toMatch(/Warning: cluster member\d: it would be refused: configmaps "settings" is forbidden: exceeded quota: none/) }, 20_000)
  }, 60_000)

  test('nothing of what members were asked is left in them', async () => {
    expect(await Promise.all(MEMBERS.map((member) => kubectl(member, 'get deploy,cm -A -o name')))).not.toContainEqual(expect.stringContaining('/review-'))
  })

  describe('whoever administers a namespace of the fleet', () => {
    const binding = { apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata: { name: 'hers' }, roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'edit' }, subjects: [{ kind: 'User', apiGroup: RBAC, name: 'bob' }] }
    const role = (resource: string) => ({ apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: { name: 'hers' }, rules: [{ apiGroups: [''], resources: [resource], verbs: ['get'] }] })
    beforeAll(async () => {
      // Federated kinds, but no mirrored rights beyond those of admin.
      await kubectl('host', 'create clusterrole e2e-templates --verb=* --resource=*.types.federation')
      await kubectl('host', 'create clusterrolebinding e2e-templates --clusterrole=e2e-templates --user=alice')
      await kubectl('host', `-n ${NAMESPACE} create rolebinding alice --clusterrole=admin --user=alice`)
      await eventually(async () => { expect((await create(role('pods'), { context: 'fleet-alice' })).code).toBe(0) })
    })
    test.each<[string, object]>([['roles that grant what she may', role('pods')], ['federated roles too', federated('Role', role('pods'))], ['federated objects of the namespace', federated('Deployment', deployment('web', 1))]])('writes %s', async (_, object) => {
      expect(await create(object, { context: 'fleet-alice' })).toMatchObject({ code: 0 })
    })
    test.each<[string, object, string]>([
      ['roles that grant more', role('nodes'), `cannot escalate resource "roles" in API group "${RBAC}.federation"`], ['bindings of roles', binding, `cannot bind resource "clusterroles" in API group "${RBAC}.federation"`],
      ['federated bindings of roles', federated('RoleBinding', binding), `cannot bind resource "clusterroles" in API group "${RBAC}.federation"`],
      ['federated objects of whole clusters', { ...federated('ClusterRole', { rules: [] }), metadata: { name: 'web' } }, `cannot create resource "clusterroles" in API group "${RBAC}.federation" at the cluster scope`],
      ['what adopts', federated('ConfigMap', {}, { conflictResolution: 'Overwrite' }), 'cannot adopt resource "configmaps" in API group "core.federation"'],
      ['namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'e2e-hers' } }, 'cannot create resource "namespaces" in API group "core.federation"'],
    ])('but no %s', async (_, object, text) => { expect((await create(object, { context: 'fleet-alice' })).stderr).toContain(text) })
  })

  describe('namespaces', () => {
    const namespace = (labels: object) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'e2e-own', labels } })
    test('are applied, labelled, replaced and deleted on the host', async () => {
      await kubectl('fleet', 'apply -f -', { input: namespace({ a: '1' }) })
      await kubectl('fleet', 'apply -f -', { input: namespace({ a: '2' }) })
      expect(await kubectl('fleet', 'apply -f -', { input: namespace({ a: '2' }) })).toContain('unchanged')
      await kubectl('fleet', 'apply --server-side --force-conflicts -f -', { input: namespace({ a: '3' }) })
      await kubectl('fleet', 'label namespace e2e-own b=4 --dry-run=server')
      await kubectl('fleet', 'label namespace e2e-own c=5')
      const read = JSON.parse(await kubectl('fleet', 'get namespace e2e-own -o json')) as { metadata: { labels: Record<string, string> } }
      await kubectl('fleet', 'replace -f -', { input: { ...read, metadata: { ...read.metadata, labels: { ...read.metadata.labels, d: '6' } } } })
      expect(JSON.parse(await kubectl('host', 'get namespace e2e-own -o jsonpath={.metadata.labels}'))).toEqual({ a: '3', c: '5', d: '6', 'kubernetes.io/metadata.name': 'e2e-own' })
      expect((await tryKubectl('fleet', 'replace -f -', { input: { ...read, metadata: { ...read.metadata, labels: { e: '7' } } } })).stderr).toContain('the object has been modified')
      await kubectl('fleet', 'delete namespace e2e-own', { timeoutMs: 60_000 })
      expect((await tryKubectl('host', 'get namespace e2e-own')).stderr).toContain('not found')
    }, 90_000)
    test('are not waited for where members have them too', async () => {
      await kubectl('member1', 'create namespace e2e-both')
      await kubectl('fleet', 'create namespace e2e-both')
      await eventually(async () => { expect(await kubectl('fleet', 'get namespace e2e-both -o jsonpath={.metadata.annotations}')).toContain('member1') })
      const { code, stderr } = await tryKubectl('fleet', 'delete namespace e2e-both', { timeoutMs: 60_000 })
      expect([code, stderr]).toEqual([0, expect.stringContaining('is deleted on the host only; it is in member1 too')])
      await kubectl('member1', 'delete namespace e2e-both --wait=false')
    }, 90_000)
    test('of Kubernetes and of this server are left alone', async () => {
      for (const name of ['kube-system', 'federation-system']) expect((await tryKubectl('fleet', `delete namespace ${name}`)).stderr).toContain('is not changed through a fleet')
    })
  })
})
