/** FederatedTypeConfigs on real Kubernetes: a kind of its own is switched off and on, and one of a CustomResourceDefinition is distributed, written both ways, and withdrawn. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeFleet, eventually, kubectl, MEMBERS, tryKubectl } from './fleet-bed.ts'

const NAMESPACE = 'e2e-types', BOUNDED = 'e2e-bounded', EVERYWHERE = { placement: { clusterSelector: {} } }
const config = (name: string, targetType: object, propagation = 'Enabled') => ({ apiVersion: 'policy.federation/v1alpha1', kind: 'FederatedTypeConfig', metadata: { name }, spec: { propagation, targetType: { scope: 'Namespaced', version: 'v1', ...targetType } } })
const CONFIG_MAPS = { kind: 'ConfigMap', pluralName: 'configmaps' }, GEARS = { group: 'example.com', kind: 'Gear', pluralName: 'gears' }
const federated = (kind: string, apiVersion: string, name: string, template: object) => ({ apiVersion, kind, metadata: { name, namespace: NAMESPACE }, spec: { template, ...EVERYWHERE } })
const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: NAMESPACE }, data: { a: 'b' } })
const gears = {
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'gears.example.com' },
  spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'gears', kind: 'Gear' }, versions: [{
    name: 'v1', served: true, storage: true, subresources: { status: {}, scale: { specReplicasPath: '.spec.count', statusReplicasPath: '.status.count' } },
    schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { count: { type: 'integer', format: 'int32' }, teeth: { type: 'integer', minimum: 3 } } }, status: { type: 'object', properties: { count: { type: 'integer' } } } } } },
  }] },
}
const served = (name: string) => kubectl('host', `get ftc ${name} -o jsonpath={.status.propagationController}`)
const counts = (name: string) => Promise.all(MEMBERS.map((member) => kubectl(member, `get gear ${name} -n ${NAMESPACE} -o jsonpath={.spec.count}`)))

describeFleet('kinds that are distributed', () => {
  beforeAll(async () => {
    await kubectl('host', `create namespace ${NAMESPACE}`)
    await Promise.all(MEMBERS.map((member) => kubectl(member, 'apply -f -', { input: gears })))
  })
  afterAll(async () => {
    await kubectl('host', `delete --ignore-not-found --wait=false namespace/${NAMESPACE} namespace/${BOUNDED} ftc/configmaps ftc/gears.example.com`)
    await Promise.all(MEMBERS.map((member) => kubectl(member, `delete --ignore-not-found --wait=false namespace/${NAMESPACE} namespace/${BOUNDED} crd/gears.example.com`)))
  })

  test('a kind of Kubernetes is switched off, and on again; what is there stays', async () => {
    await kubectl('fleet', 'create -f -', { input: federated('FederatedConfigMap', 'types.federation/v1alpha1', 'kept', { data: { a: 'b' } }) })
    await eventually(() => kubectl('member1', `get cm kept -n ${NAMESPACE}`))
    await kubectl('host', 'apply -f -', { input: config('configmaps', CONFIG_MAPS, 'Disabled') })
    await eventually(async () => { expect(await served('configmaps')).toBe('NotRunning') })
    const hub = await tryKubectl('fleet', 'create -f -', { input: federated('FederatedConfigMap', 'types.federation/v1alpha1', 'late', {}) }), native = await tryKubectl('fleet', 'create -f -', { input: configMap('late') })
    expect(hub.stderr).toContain('federatedconfigmaps.types.federation "late" is forbidden: the kind is not distributed: to distribute it set spec.propagation of the FederatedTypeConfig configmaps to Enabled')
    expect(native.stderr).toContain('MethodNotAllowed')
    expect(await kubectl('fleet', `get cm kept -n ${NAMESPACE} -o jsonpath={.data.a}`)).toBe('b')
    expect(await kubectl('member1', `get cm kept -n ${NAMESPACE} -o name`)).toBe('configmap/kept\n')
    await kubectl('host', 'apply -f -', { input: config('configmaps', CONFIG_MAPS) })
    await eventually(async () => { expect(await served('configmaps')).toBe('Running') })
    await kubectl('fleet', 'create -f -', { input: configMap('late') })
  })

  test('a kind of a CustomResourceDefinition is served once a config names it', async () => {
    expect((await tryKubectl('fleet', 'create -f -', { input: { apiVersion: 'example.com/v1', kind: 'Gear', metadata: { name: 'early', namespace: NAMESPACE } } })).stderr).toContain('MethodNotAllowed')
    await kubectl('host', 'apply -f -', { input: config('gears.example.com', GEARS) })
    await eventually(async () => { expect(await kubectl('host', 'get apiservice v1.types.example.com.federation -o jsonpath={.status.conditions[0].status}')).toBe('True') }, 30_000)
    await eventually(() => kubectl('host', 'create -f -', { input: federated('FederatedGear', 'types.example.com.federation/v1', 'hub', { spec: { count: 2, teeth: 5 } }) }))
    await eventually(async () => { expect(await counts('hub')).toEqual(['2', '2', '2']) })
    expect(await kubectl('host', 'explain federatedgears.spec.template.spec')).toContain('teeth')
    expect((await tryKubectl('host', 'create -f -', { input: federated('FederatedGear', 'types.example.com.federation/v1', 'bad', { spec: { teeth: 1 } }) })).stderr).toContain('spec.template.spec.teeth: Invalid value: 1')
  })

  test('its objects are written natively, too, and scaled', async () => {
    await kubectl('host', 'apply -f -', { input: { apiVersion: 'policy.federation/v1alpha1', kind: 'PropagationPolicy', metadata: { name: 'gears', namespace: NAMESPACE }, spec: { resourceSelectors: [{ apiVersion: 'example.com/v1', kind: 'Gear' }], placement: { replicaScheduling: { replicaSchedulingType: 'Divided' } } } } })
    await kubectl('fleet', 'apply -f -', { input: { apiVersion: 'example.com/v1', kind: 'Gear', metadata: { name: 'native', namespace: NAMESPACE }, spec: { count: 6, teeth: 7 } } })
    await eventually(async () => { expect(await counts('native')).toEqual(['2', '2', '2']) })
    await kubectl('fleet', `scale gear native --replicas 9 -n ${NAMESPACE}`)
    await eventually(async () => { expect(await counts('native')).toEqual(['3', '3', '3']) })
  })

  test('replicas that an autoscaler of a member sets are left, and set again once it is gone', async () => {
    const web = { spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } } }, replicas = (member: string) => kubectl(member, `get deploy web -n ${NAMESPACE} -o jsonpath={.spec.replicas}`)
    await kubectl('fleet', 'create -f -', { input: federated('FederatedDeployment', 'types.federation/v1alpha1', 'web', web) })
    await eventually(async () => { expect(await Promise.all(MEMBERS.map(replicas))).toEqual(['1', '1', '1']) })
    await kubectl('member1', `autoscale deploy web --min 1 --max 5 -n ${NAMESPACE}`)
    await eventually(async () => { expect(await kubectl('member1', `get deploy web --show-managed-fields -n ${NAMESPACE} -o jsonpath={.metadata.managedFields[*].manager}`)).toContain('federation-retained') })
    await Promise.all(['member1', 'member2'].map((member) => kubectl(member, `scale deploy web --replicas 3 -n ${NAMESPACE}`)))
    await eventually(async () => { expect(await replicas('member2')).toBe('1') })
    await kubectl('fleet', `annotate deploy web changed=yes -n ${NAMESPACE}`)
    await eventually(async () => { expect(await kubectl('member1', `get deploy web -n ${NAMESPACE} -o jsonpath={.metadata.annotations.changed}`)).toBe('yes') })
    expect(await replicas('member1')).toBe('3')
    await kubectl('member1', `delete hpa web -n ${NAMESPACE}`)
    await eventually(async () => { expect(await replicas('member1')).toBe('1') })
  })

  test('a namespace goes where its FederatedNamespace is placed, and what lies in it, too', async () => {
    const there = (what: string) => Promise.all(MEMBERS.map(async (member) => (await tryKubectl(member, what)).code === 0)), hub = (placement: object) => ({ apiVersion: 'types.federation/v1alpha1', kind: 'FederatedNamespace', metadata: { name: BOUNDED, namespace: BOUNDED }, spec: { template: { metadata: { labels: { team: 'a' } } }, placement } })
    await kubectl('host', `create namespace ${BOUNDED}`)
    await kubectl('member3', `create namespace ${BOUNDED}`)
    await eventually(() => kubectl('fleet', 'create -f -', { input: hub({ clusters: [{ name: 'member1' }, { name: 'member3' }] }) }))
    await kubectl('fleet', 'create -f -', { input: { ...federated('FederatedConfigMap', 'types.federation/v1alpha1', 'settings', {}), metadata: { name: 'settings', namespace: BOUNDED } } })
    await eventually(async () => { expect(await there(`get cm settings -n ${BOUNDED}`)).toEqual([true, false, true]) })
    // What lies in it may come first: the namespace is made for whichever needs it.
    await eventually(async () => {
      expect(await Promise.all(['member1', 'member3'].map((member) => kubectl(member, `get namespace ${BOUNDED} -o jsonpath={.metadata.labels.team}`)))).toEqual(['a', ''])
      expect(await kubectl('fleet', `get federatednamespace ${BOUNDED} -n ${BOUNDED} -o jsonpath={.status.clusters[?(@.name=='member3')].state}`)).toBe('AlreadyExists')
    })
    await kubectl('fleet', `delete federatedconfigmaps,federatednamespaces --all -n ${BOUNDED}`)
    await eventually(async () => { expect(await there(`get namespace ${BOUNDED}`)).toEqual([false, false, true]) }, 30_000)
  })

  test('without its config it is served until the last object is gone', async () => {
    await kubectl('host', 'delete ftc gears.example.com')
    await eventually(async () => { expect((await tryKubectl('host', 'create --dry-run=server -f -', { input: federated('FederatedGear', 'types.example.com.federation/v1', 'late', {}) })).stderr).toContain('the kind is being withdrawn: to distribute it create a FederatedTypeConfig named gears.example.com') })
    await kubectl('host', `delete federatedgears --all -n ${NAMESPACE}`)
    await eventually(async () => { expect((await tryKubectl('host', 'get apiservice v1.types.example.com.federation')).stderr).toContain('NotFound') })
    expect(await kubectl('member1', `get gears -n ${NAMESPACE} -o name`)).toBe('')
  })
})
