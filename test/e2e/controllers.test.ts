/** Controllers of the host and objects that this server keeps: garbage collection in both directions, namespaces that end, and what waits while a server is away. */
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createNamespace, describeFleet, eventually, kubectl, raw, testbed, tryKubectl } from './fleet-bed.ts'
import { KindsServer } from './kinds-server.ts'

const NAMESPACE = 'e2e-controllers', FLUNDERS = 'flunders.wardle.example.com', SERVICE = 'e2e-kinds', AGGREGATED = 'application/json;v=v2;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList'
const OURS = ['v1alpha1.wardle.example.com', 'v1alpha1.cluster.federation']
/** The collector looks for new kinds every thirty seconds, and the host for servers that have gone or come as often. */
const SLOW_MS = 100_000, TEST_MS = 240_000

interface Owner { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid: string }
const owned = (owner: Owner) => ({ ownerReferences: [{ ...owner, blockOwnerDeletion: true }] })
const configMap = (name: string, metadata: object = {}, namespace = NAMESPACE) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, ...metadata } })
const flunder = (name: string, metadata: object = {}, namespace = NAMESPACE) => ({ apiVersion: 'wardle.example.com/v1alpha1', kind: 'Flunder', metadata: { name, namespace, ...metadata }, spec: {} })
const clusterSet = (name: string, metadata: object = {}) => ({ apiVersion: 'cluster.federation/v1alpha1', kind: 'ClusterSet', metadata: { name, ...metadata }, spec: {} })
const cluster = (name: string, metadata: object = {}) => ({ apiVersion: 'cluster.federation/v1alpha1', kind: 'Cluster', metadata: { name, ...metadata }, spec: { syncMode: 'Push', apiEndpoint: 'https://127.0.0.1:1' } })
const clusterRole = (name: string) => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules: [] })

async function create(object: object): Promise<Owner> {
  const { apiVersion, kind, metadata } = JSON.parse(await kubectl('host', 'create -o json -f -', { input: object })) as { apiVersion: string; kind: string; metadata: { name: string; uid: string } }
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid }
}

const exists = async (what: string, namespace = NAMESPACE) => (await kubectl('host', `-n ${namespace} get ${what} --ignore-not-found -o name`)) !== ''
/** Answers what is still there after a long time, that is: nothing. */
async function left(whats: readonly string[], namespace = NAMESPACE): Promise<string[]> {
  const remaining = async () => { const found = await Promise.all(whats.map((what) => exists(what, namespace))); return whats.filter((_, i) => found[i]) }
  for (const started = performance.now(); performance.now() - started < SLOW_MS && (await remaining()).length > 0;) await sleep(500)
  return remaining()
}
const available = (name: string) => kubectl('host', `get apiservice ${name} -o jsonpath={.status.conditions[?(@.type=="Available")].status}`)

describeFleet('controllers of the host', () => {
  let server: KindsServer
  beforeAll(async () => {
    const bed = await testbed()
    server = new KindsServer(bed, { name: SERVICE, portOffset: 2, crds: [path.resolve(import.meta.dirname, '../cases/rest/fixtures/flunder-crd.yaml')] })
    await server.start()
    await createNamespace(NAMESPACE, ['host'])
    const service = { namespace: 'federation-system', name: SERVICE }
    await kubectl('host', 'apply -f -', { input: { apiVersion: 'v1', kind: 'Service', metadata: service, spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ name: 'https', port: server.port }] } } })
    await kubectl('host', 'apply -f -', { input: { apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: OURS[0] }, spec: { group: 'wardle.example.com', version: 'v1alpha1', service: { ...service, port: server.port }, insecureSkipTLSVerify: true, groupPriorityMinimum: 1000, versionPriority: 15 } } })
    await eventually(async () => { expect(await available(OURS[0]!)).toBe('True') }, 60_000)
  }, TEST_MS)
  afterAll(async () => {
    const bed = await testbed()
    await bed.server.start()
    await kubectl('host', `delete ns ${NAMESPACE} --ignore-not-found`, { timeoutMs: SLOW_MS })
    await kubectl('host', `delete apiservice ${OURS[0]} --ignore-not-found`)
    await kubectl('host', `-n federation-system delete service ${SERVICE} --ignore-not-found`)
    await server.stop()
  }, TEST_MS)

  describe.concurrent('garbage', () => {
    test('of ours goes with its owner on the host', async () => {
      const role = await create(clusterRole('e2e-owner')), map = await create(configMap('owner-map'))
      await Promise.all([create(clusterSet('e2e-owned', owned(role))), create(cluster('e2e-owned', owned(role))), create(flunder('owned-by-map', owned(map)))])
      await kubectl('host', 'delete clusterrole e2e-owner')
      await kubectl('host', `-n ${NAMESPACE} delete configmap owner-map`)
      expect(await left(['clusterset e2e-owned', 'cluster e2e-owned', `${FLUNDERS} owned-by-map`])).toEqual([])
    }, TEST_MS)

    test('of the host goes with its owner of ours', async () => {
      const set = await create(clusterSet('e2e-owner')), owner = await create(flunder('owner'))
      await Promise.all([create(configMap('owned-by-set', owned(set))), create(configMap('owned-by-flunder', owned(owner))), create(flunder('owned-by-flunder', owned(owner)))])
      await kubectl('host', 'delete clusterset e2e-owner')
      await kubectl('host', `-n ${NAMESPACE} delete ${FLUNDERS} owner`)
      expect(await left(['configmap owned-by-set', 'configmap owned-by-flunder', `${FLUNDERS} owned-by-flunder`])).toEqual([])
    }, TEST_MS)

    test('is what never had an owner, and not what has one', async () => {
      const owner = await create(flunder('stays'))
      await Promise.all([create(flunder('without-owner', owned({ ...owner, uid: '11111111-1111-1111-1111-111111111111' }))), create(configMap('with-owner', owned(owner))), create(flunder('with-owner', owned(owner)))])
      expect(await left([`${FLUNDERS} without-owner`])).toEqual([])
      expect([await exists('configmap with-owner'), await exists(`${FLUNDERS} with-owner`)]).toEqual([true, true])
    }, TEST_MS)

    /** An owner, dependents of both kinds, and `kubectl delete`, which waits until the owner has gone. */
    async function cascade(way: string): Promise<string[]> {
      const owner = await create(flunder(way))
      await create(configMap(`${way}-map`, owned(owner)))
      await create(flunder(`${way}-flunder`, owned(owner)))
      await kubectl('host', `-n ${NAMESPACE} delete ${FLUNDERS} ${way} --cascade=${way} --timeout=100s`, { timeoutMs: SLOW_MS + 10_000 })
      return [`configmap ${way}-map`, `${FLUNDERS} ${way}-flunder`]
    }
    test('kubectl delete --cascade=background', async () => { expect(await left(await cascade('background'))).toEqual([]) }, TEST_MS)
    test('kubectl delete --cascade=foreground: the dependents go first', async () => {
      const dependents = await cascade('foreground')
      expect(await Promise.all(dependents.map((dependent) => exists(dependent)))).toEqual([false, false])
    }, TEST_MS)
    test('kubectl delete --cascade=orphan: the dependents stay, without an owner', async () => {
      const dependents = await cascade('orphan')
      expect(await Promise.all(dependents.map((dependent) => kubectl('host', `-n ${NAMESPACE} get ${dependent} -o jsonpath={.metadata.name}{.metadata.ownerReferences}`)))).toEqual(['orphan-map', 'orphan-flunder'])
    }, TEST_MS)
  })

  test('a namespace takes what we keep in it along', async () => {
    await createNamespace('e2e-ending', ['host'])
    await create(flunder('plain', {}, 'e2e-ending'))
    await create(flunder('held', { finalizers: ['example.com/held'] }, 'e2e-ending'))
    await kubectl('host', 'delete ns e2e-ending --wait=false')
    expect(await left([`${FLUNDERS} plain`], 'e2e-ending')).toEqual([])
    await eventually(async () => { expect(await kubectl('host', 'get ns e2e-ending -o jsonpath={.status.conditions[?(@.type=="NamespaceFinalizersRemaining")].message}')).toContain('example.com/held in 1 resource instances') }, SLOW_MS)
    const { stderr } = await tryKubectl('host', '-n e2e-ending create -f -', { input: flunder('late', {}, 'e2e-ending') })
    expect(stderr).toContain('unable to create new content in namespace e2e-ending because it is being terminated')
    await kubectl('host', ['-n', 'e2e-ending', 'patch', FLUNDERS, 'held', '--type=merge', '-p', '{"metadata":{"finalizers":null}}'])
    expect(await left(['ns e2e-ending'])).toEqual([])
  }, TEST_MS)

  test('while a server is away nothing that depends on it goes, and nothing is collected by mistake', async () => {
    const bed = await testbed(), owner = await create(flunder('away')), set = await create(clusterSet('e2e-away')), conditions = async () => JSON.parse(await kubectl('host', 'get ns e2e-waiting -o jsonpath={.status.conditions}') || '[]') as { type: string; status: string; message: string }[]
    await Promise.all([create(configMap('owned-away', owned(owner))), create(configMap('owned-by-set-away', owned(set))), createNamespace('e2e-waiting', ['host'])])
    await create(flunder('inside', {}, 'e2e-waiting'))
    await Promise.all([server.stop(), bed.server.kill('SIGTERM')])
    for (const name of OURS) await eventually(async () => { expect(await available(name), name).toBe('False') }, SLOW_MS)
    const host = await raw(), freshness = async () => {
      const { items = [] } = (await host.get('/apis', { accept: AGGREGATED })).body as { items?: readonly { metadata?: { name?: string }; versions?: readonly { version: string; freshness: string }[] }[] }
      return OURS.map((name) => { const [version, ...group] = name.split('.'); return items.find(({ metadata }) => metadata?.name === group.join('.'))?.versions?.find((one) => one.version === version)?.freshness })
    }
    await eventually(async () => { expect(await freshness()).toEqual(['Stale', 'Stale']) }, SLOW_MS)
    await kubectl('host', 'delete ns e2e-waiting --wait=false')
    await eventually(async () => {
      const failure = (await conditions()).find(({ type }) => type === 'NamespaceDeletionDiscoveryFailure')
      expect([failure?.status, failure?.message]).toEqual(['True', expect.stringMatching(/wardle\.example\.com\/v1alpha1: stale GroupVersion discovery/)])
      expect(failure!.message).toContain('cluster.federation/v1alpha1: stale GroupVersion discovery')
    }, SLOW_MS)
    expect([await exists('configmap owned-away'), await exists('configmap owned-by-set-away'), await exists('ns e2e-waiting')]).toEqual([true, true, true])
    await Promise.all([server.start(), bed.server.start()])
    for (const name of OURS) await eventually(async () => { expect(await available(name), name).toBe('True') }, SLOW_MS)
    expect(await left(['ns e2e-waiting'])).toEqual([])
    await eventually(async () => { expect(await freshness()).toEqual(['Current', 'Current']) }, SLOW_MS)
    expect([await exists('configmap owned-away'), await exists('configmap owned-by-set-away')]).toEqual([true, true])
    await kubectl('host', `-n ${NAMESPACE} delete ${FLUNDERS} away`)
    await kubectl('host', 'delete clusterset e2e-away')
    expect(await left(['configmap owned-away', 'configmap owned-by-set-away'])).toEqual([])
  }, 2 * TEST_MS)
})
