/** Distribution as a whole: a standalone server over simulated members. */
import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { namespaceKind } from '../apis/core/v1/namespace.ts'
import { secretKind } from '../apis/core/v1/secret.ts'
import { standaloneHost } from '../host/standalone.ts'
import { systemClock as clock } from '../lib/clock.ts'
import { silentLogger as logger } from '../lib/logger.ts'
import { denyAll } from '../machinery/auth/authorizer.ts'
import { deleteJson, getJson, patchJson, postJson } from '../machinery/client/json-client.ts'
import { RemoteReader } from '../machinery/client/remote-reader.ts'
import type { Handler, KubeObject } from '../machinery/meta/core.ts'
import { createStoredResource } from '../machinery/registry/stored-resource.ts'
import { resourceHandler } from '../machinery/server/resource-handler.ts'
import { MemoryStorage } from '../machinery/storage/memory-storage.ts'
import { startFederation } from './federation.ts'
import { hostMember } from './host-member.ts'
import { defaultOperation } from './operation-options.ts'
import { createSimulatedMember, type SimulatedMember } from '../simulation/simulated-member.ts'
import { joinPresets } from './preset-members.ts'

const random = Math.random, user = { name: 'admin', groups: ['system:masters', 'system:authenticated'], extra: {} }, TYPES = '/apis/types.federation/v1alpha1/namespaces/default'
const stops: (() => Promise<void>)[] = []
afterEach(async () => { for (const stop of stops.splice(0)) await stop() })

/** A server with two members, and ways to ask each of them. `through`: what its requests to members meet on their way. */
async function fleet(through: (handler: Handler) => Handler = (handler) => handler) {
  const stop = new AbortController(), { signal } = stop, storage = new MemoryStorage(), stored = { clock, randomUuid: randomUUID, randomSuffix: () => 'abcde', logger }
  const [one, two] = await Promise.all([1, 2].map((at) => createSimulatedMember({ name: `member${at}`, nodes: 3, clock, seed: 'distribution', logger }, signal))) as [SimulatedMember, SimulatedMember]
  const presets = [one, two].map(({ name, handler: own }) => ({ name, spec: { apiEndpoint: `https://${name}.simulated` }, connection: { handler: through(own), upgrade: () => Promise.reject(new Error('not here')), drain: () => Promise.resolve(), close: () => Promise.resolve() } }))
  const namespaces = createStoredResource(namespaceKind, storage, stored, signal), secrets = createStoredResource(secretKind, storage, stored, signal), groups = [{ name: '', versions: [{ version: 'v1', resources: [namespaces, secrets] }] }]
  const host = standaloneHost({ authority: () => '', namespaces: namespaces.reader, secrets: secrets.reader, namespace: 'ours', clock, random }, signal), local = resourceHandler({ groups: () => groups }, { clock, random, authorizer: denyAll })
  const federation = await startFederation({
    instance: 'this', storage, host, hostMember: hostMember(host, (request, inner) => local({ ...request, user }, inner), { clock, random, idleMs: 60_000 }, signal), ownGroups: groups, secretNamespace: 'ours', mirroredVersions: [], allowLocalMembers: true, endpointOf: (set) => set,
    idleMs: 60_000, graceMs: 5000, clock, random, randomUuid: randomUUID, logger, operation: defaultOperation, thresholds: { successMs: 100, failureMs: 100 }, probeMs: 50, preset: (cluster) => presets.find(({ name }) => name === cluster.metadata.name)?.connection,
  }, signal)
  stops.push(async () => { stop.abort(); await federation.done })
  await joinPresets(federation.clusters, presets, signal)
  await federation.ready
  const handler: Handler = (request, inner) => federation.inProcess({ ...request, user }, inner)
  const asking = (of: Handler) => ({
    get: (path: string) => getJson<KubeObject & { spec: Record<string, unknown> }>(of, path, signal), post: (path: string, object: object) => postJson<KubeObject>(of, path, object, signal),
    patch: (path: string, object: object) => patchJson<KubeObject>(of, path, object, signal), remove: (path: string) => deleteJson<KubeObject>(of, path, { kind: 'DeleteOptions', apiVersion: 'v1' }, signal),
  })
  return { hub: asking(handler), handler, one: asking(one.handler), two: asking(two.handler), storage, signal }
}

type Asking = Awaited<ReturnType<typeof fleet>>['one']
const EVERYWHERE = { clusterSelector: {} }, WEB = '/apis/apps/v1/namespaces/default/deployments/web', AUTOSCALERS = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers'
const federated = (kind: string, name: string, template: object, rest: object = { placement: EVERYWHERE }) => ({ metadata: { name }, kind, apiVersion: 'types.federation/v1alpha1', spec: { template, ...rest } })
const webOf = (replicas: number) => ({ spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } } })
const autoscaler = (minReplicas: number, maxReplicas: number) => ({ spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas, maxReplicas } })
const replicas = async ({ get }: Asking) => (await get(WEB)).spec['replicas'], bounds = async ({ get }: Asking) => { const { spec } = await get(`${AUTOSCALERS}/web`); return [spec['minReplicas'], spec['maxReplicas']] }
const inTime = { timeout: 8000 }

test('labels that are written through the fleet arrive in members', async () => {
  const { hub, one } = await fleet(), FLEET = '/apis/cluster.federation/v1alpha1/clustersets/default/proxy'
  await hub.post(`${TYPES}/federateddeployments`, federated('FederatedDeployment', 'web', webOf(2)))
  await expect.poll(() => replicas(one), inTime).toBe(2)
  await hub.patch(FLEET + WEB, { metadata: { labels: { team: 'a' } } })
  await expect.poll(async () => (await one.get(WEB)).metadata.labels, inTime).toMatchObject({ team: 'a' })
  await expect.poll(async () => (await hub.get(`${TYPES}/federateddeployments/web`))['status'], inTime).toMatchObject({ clusters: [{ state: 'OK', appliedGeneration: 2 }, { state: 'OK', appliedGeneration: 2 }] })
})

describe('writes through the fleet', () => {
  const FLEET = '/apis/cluster.federation/v1alpha1/clustersets/default/proxy', MAPS = `${FLEET}/api/v1/namespaces/default/configmaps`, map = (name: string, labels: Record<string, string> = {}) => ({ metadata: { name, labels }, data: { a: '1' } })
  const placed = async () => {
    const all = await fleet()
    await all.hub.patch('/apis/cluster.federation/v1alpha1/clustersets/default', { spec: { defaultPlacement: {} } })
    return all
  }
  const arrived = async ({ get }: Asking, name: string) => { await expect.poll(() => get(`/api/v1/namespaces/default/configmaps/${name}`), inTime).toMatchObject({ data: { a: '1' } }) }

  test('a name that a member has given without a template is taken, and nothing is stored', async () => {
    const { hub, one } = await placed()
    await expect.poll(async () => (await hub.get(`${FLEET}/api/v1/nodes`))['items'], inTime).toHaveLength(6)
    await one.post('/api/v1/namespaces/default/configmaps', { ...map('taken'), kind: 'ConfigMap', apiVersion: 'v1' })
    await expect(hub.post(MAPS, map('taken'))).rejects.toMatchObject({ reason: 'AlreadyExists', message: expect.stringContaining('"taken" already exists: it was made in member1 directly') as string })
    await expect(hub.get(`${TYPES}/federatedconfigmaps/taken`)).rejects.toMatchObject({ reason: 'NotFound' })
  })

  test('what was deleted is gone for whoever reads next, and its name is free', async () => {
    const { hub, one, two } = await placed()
    await hub.post(MAPS, map('settings'))
    await arrived(one, 'settings')
    await arrived(two, 'settings')
    await hub.remove(`${MAPS}/settings`)
    await expect(hub.get(`${MAPS}/settings`)).rejects.toMatchObject({ reason: 'NotFound' })
    expect(await hub.post(MAPS, map('settings'))).toMatchObject({ data: { a: '1' } })
  })

  test('one that its author keeps is not waited for', async () => {
    const { hub, one } = await placed()
    await hub.post(MAPS, { ...map('kept'), metadata: { name: 'kept', finalizers: ['example.com/mine'] } })
    await arrived(one, 'kept')
    expect(await hub.remove(`${MAPS}/kept`)).toMatchObject({ metadata: { finalizers: ['example.com/mine'] } })
    await expect(hub.post(MAPS, map('kept'))).rejects.toMatchObject({ reason: 'AlreadyExists', message: expect.stringMatching(/^object is being deleted: /) })
    await hub.patch(`${MAPS}/kept`, { metadata: { finalizers: null } })
  })

  test('a collection goes by its labels', async () => {
    const { hub, one } = await placed()
    for (const [name, app] of [['a', 'x'], ['b', 'x'], ['c', 'y']] as const) await hub.post(MAPS, map(name, { app }))
    for (const name of ['a', 'b', 'c']) await arrived(one, name)
    expect((await hub.remove(`${MAPS}?labelSelector=app%3Dx`) as unknown as { items: KubeObject[] }).items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b'])
    const { items } = await hub.get(`${MAPS}?labelSelector=app`) as unknown as { items: KubeObject[] }
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['c'])
    expect(await one.get('/api/v1/namespaces/default/configmaps/c')).toMatchObject({ data: { a: '1' } })
  })
})

describe('a watch from the version that a write through the fleet answered, while nobody reads the kind', () => {
  const FLEET = '/apis/cluster.federation/v1alpha1/clustersets/default/proxy', MAPS = `${FLEET}/api/v1/namespaces/default/configmaps`
  const placed = async () => {
    const all = await fleet()
    await all.hub.patch('/apis/cluster.federation/v1alpha1/clustersets/default', { spec: { defaultPlacement: {} } })
    // Until members are followed.
    await all.hub.post(`${TYPES}/federatedconfigmaps`, federated('FederatedConfigMap', 'first', { data: { a: 'b' } }))
    await expect.poll(async () => (await all.hub.get(`${TYPES}/federatedconfigmaps/first`))['status'], inTime).toMatchObject({ clusters: [{ state: 'OK' }, { state: 'OK' }] })
    return all
  }
  /** What is told of the object until `last`. */
  async function watched(handler: Handler, kind: { group: string; version: string; plural: string }, { metadata: { name = '', resourceVersion = '' } }: KubeObject, last: (type: string, object: KubeObject) => boolean): Promise<readonly (readonly [string, KubeObject])[]> {
    const seen: (readonly [string, KubeObject])[] = [], reader = new RemoteReader(kind, (request, inner) => handler({ ...request, path: FLEET + request.path }, inner), { namespace: 'default', fieldSelector: `metadata.name=${name}` })
    for await (const batch of reader.watch({ at: { position: resourceVersion, match: 'notOlder' } }, AbortSignal.timeout(8000))) for (const change of batch) if (change.type !== 'BOOKMARK') {
      seen.push([change.type, change.entry.parse()])
      if (last(...seen.at(-1)!)) return seen
    }
    throw new Error(`ended after ${JSON.stringify(seen.map(([type, { status }]) => [type, status]))}`)
  }

  test('sees the object become ready', async () => {
    const { hub, handler } = await placed(), created = await hub.post(`${FLEET}/apis/apps/v1/namespaces/default/deployments`, { ...webOf(2), apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } })
    expect(BigInt(created.metadata.resourceVersion!)).toBeLessThan(2n ** 128n)
    const seen = await watched(handler, { group: 'apps', version: 'v1', plural: 'deployments' }, created, (_, { status }) => (status as { readyReplicas?: number } | undefined)?.readyReplicas === 4), versions = seen.map(([, { metadata }]) => BigInt(metadata.resourceVersion!))
    expect(new Set(seen.map(([type]) => type))).toEqual(new Set(['MODIFIED']))
    expect(versions.every((version, i) => version > (versions[i - 1] ?? BigInt(created.metadata.resourceVersion!)))).toBe(true)
  })

  test('sees each write after it, as the write answered, and the deletion', async () => {
    const { hub, handler } = await placed()
    await hub.post(MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { step: '0' } })
    const [first, second] = [await hub.patch(`${MAPS}/settings`, { data: { step: '1' } }), await hub.patch(`${MAPS}/settings`, { data: { step: '2' } })]
    await hub.remove(`${MAPS}/settings`)
    const seen = await watched(handler, { group: '', version: 'v1', plural: 'configmaps' }, first, (type) => type === 'DELETED')
    expect(seen.map(([type, { data, metadata: { resourceVersion } }]) => [type, data, resourceVersion])).toContainEqual(['MODIFIED', { step: '2' }, second.metadata.resourceVersion])
  })
})

test('a template is written three times: as it came, with its decision, and with what became of it in all clusters', async () => {
  const { hub, storage, signal } = await fleet(), written: KubeObject[] = [], path = `${TYPES}/federatedconfigmaps`, statusOf = async (name: string) => (await hub.get(`${path}/${name}`))['status'], told = { clusters: [{ state: 'OK' }, { state: 'OK' }] }
  // Until all members are there and followed.
  await hub.post(path, federated('FederatedConfigMap', 'first', { data: { a: 'b' } }))
  await expect.poll(() => statusOf('first'), inTime).toMatchObject(told)
  const after = await storage.revision(signal)
  void (async () => { for await (const { lines } of storage.watch('/types.federation/federatedconfigmaps/', after, signal)) for (const { now } of lines) if (now?.key.endsWith('/one')) written.push(JSON.parse(Buffer.from(now.value).toString()) as KubeObject) })()
  await hub.post(path, federated('FederatedConfigMap', 'one', { data: { a: 'b' } }))
  await expect.poll(() => statusOf('one'), inTime).toMatchObject(told)
  await clock.sleep(1500, signal)
  expect(written.map(({ status }) => Object.keys(status ?? {}).toSorted())).toEqual([[], ['conditions', 'schedule'], ['clusters', 'conditions', 'schedule']])
  // Who writes a status owns it as a whole: a path for each of its fields would be longer than what is wanted in members.
  const own = (written.at(-1)!.metadata.managedFields as { manager: string; fieldsV1: object }[]).filter(({ manager }) => manager === 'federation-apiserver')
  expect(own).toEqual([expect.objectContaining({ subresource: 'status', fieldsV1: { 'f:status': {} } })])
})

describe('autoscalers', () => {
  test('replicas are the member\'s as long as an autoscaler there scales them, and the template\'s again afterwards', async () => {
    const { hub, one, two } = await fleet()
    await hub.post(`${TYPES}/federateddeployments`, federated('FederatedDeployment', 'web', webOf(2)))
    await expect.poll(() => Promise.all([one, two].map(replicas)), inTime).toEqual([2, 2])
    await one.post(AUTOSCALERS, { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'any' }, ...autoscaler(1, 9) })
    const owner = async () => ((await one.get(WEB)).metadata.managedFields as { manager: string; fieldsV1: { 'f:spec'?: object } }[]).filter(({ fieldsV1 }) => 'f:replicas' in (fieldsV1['f:spec'] ?? {})).map(({ manager }) => manager)
    await expect.poll(owner, inTime).toEqual(['federation-retained'])
    await Promise.all([one, two].map(({ patch }) => patch(WEB, { spec: { replicas: 5 } })))
    await expect.poll(() => replicas(two), inTime).toBe(2)
    await hub.patch(`${TYPES}/federateddeployments/web`, { spec: { template: { spec: { replicas: 3, paused: true } } } })
    await expect.poll(async () => (await one.get(WEB)).spec['paused'], inTime).toBe(true)
    await expect.poll(() => Promise.all([one, two].map(replicas)), inTime).toEqual([5, 3])
    await one.remove(`${AUTOSCALERS}/any`)
    await expect.poll(() => replicas(one), inTime).toBe(3)
  })

  test('until it is known whether one scales a copy, its replicas are left as they are', async () => {
    const known = Promise.withResolvers<void>(), { hub, one } = await fleet((handler) => async (request, signal) => {
      if (request.path.includes('horizontalpodautoscalers')) await known.promise
      return handler(request, signal)
    })
    await hub.post(`${TYPES}/federateddeployments`, federated('FederatedDeployment', 'web', webOf(2)))
    await expect.poll(() => replicas(one), inTime).toBe(2)
    await one.post(AUTOSCALERS, { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'any' }, ...autoscaler(1, 9) })
    await one.patch(WEB, { spec: { replicas: 5 } })
    await hub.patch(`${TYPES}/federateddeployments/web`, { spec: { template: { spec: { paused: true } } } })
    // By then the workers of the member have had a look.
    for (const name of ['a', 'b']) {
      await hub.post(`${TYPES}/federatedconfigmaps`, federated('FederatedConfigMap', name, { data: { a: 'b' } }))
      await expect.poll(() => one.get(`/api/v1/namespaces/default/configmaps/${name}`), inTime).toMatchObject({ data: { a: 'b' } })
    }
    expect((await one.get(WEB)).spec).toMatchObject({ replicas: 5 })
    known.resolve()
    await expect.poll(async () => (await one.get(WEB)).spec, inTime).toMatchObject({ replicas: 5, paused: true })
  })

  test('the bounds of one that follows a divided workload are divided by the same shares, and follow these', async () => {
    const { hub, one, two } = await fleet(), weighed = (weights: Record<string, number>) => ({ replicaScheduling: { replicaSchedulingType: 'Divided', weightPreference: { staticWeightList: Object.entries(weights).map(([name, weight]) => ({ targetCluster: { clusterNames: [name] }, weight })) } } })
    await hub.post(`${TYPES}/federatedhorizontalpodautoscalers`, federated('FederatedHorizontalPodAutoscaler', 'web', autoscaler(3, 12)))
    await expect.poll(() => Promise.all([one, two].map(bounds)), inTime).toEqual([[3, 12], [3, 12]])
    await hub.post(`${TYPES}/federateddeployments`, federated('FederatedDeployment', 'web', webOf(6), { placement: weighed({ member1: 2, member2: 1 }) }))
    await expect.poll(() => Promise.all([one, two].map(bounds)), inTime).toEqual([[2, 8], [1, 4]])
    await hub.patch(`${TYPES}/federateddeployments/web`, { spec: { placement: weighed({ member1: 1, member2: 1 }) } })
    await expect.poll(() => Promise.all([one, two].map(bounds)), inTime).toEqual([[2, 6], [1, 6]])
    await hub.patch(`${TYPES}/federateddeployments/web`, { spec: { placement: weighed({ member2: 1 }) } })
    await expect.poll(() => Promise.all([one, two].map(bounds)), inTime).toEqual([[1, 1], [3, 12]])
  })

  test('a divided Job has its completions divided', async () => {
    const { hub, one, two } = await fleet(), JOB = '/apis/batch/v1/namespaces/default/jobs/sum'
    // Shares of a Job that has begun do not move, so both clusters have to be known before.
    await expect.poll(async () => (await hub.get('/apis/cluster.federation/v1alpha1/clusters')) as unknown, inTime).toMatchObject({ items: [1, 2].map(() => ({ status: { apiEnablements: expect.any(Array) as unknown } })) })
    await hub.post(`${TYPES}/federatedjobs`, federated('FederatedJob', 'sum', { spec: { parallelism: 4, completions: 9, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } } }, { placement: { replicaScheduling: { replicaSchedulingType: 'Divided' } } }))
    await expect.poll(async () => (await Promise.all([one, two].map(({ get }) => get(JOB)))).reduce((sum, { spec }) => sum + Number(spec['completions']), 0), inTime).toBe(9)
  })
})

describe('namespaces', () => {
  const SHOP = TYPES.replace('/default', '/shop'), NAMESPACE = '/api/v1/namespaces/shop', CONFIG = `${NAMESPACE}/configmaps/settings`, FEDERATED = `${SHOP}/federatednamespaces`
  const within = (...clusters: string[]) => ({ placement: { clusters: clusters.map((name) => ({ name })) } }), team = { metadata: { labels: { team: 'a' } } }
  const there = ({ get }: Asking, path: string) => get(path).then(({ metadata: { labels, deletionTimestamp } }) => (deletionTimestamp === undefined ? labels?.['team'] ?? 'there' : 'going'), () => 'absent'), everywhere = ({ one, two }: { one: Asking; two: Asking }, path: string) => Promise.all([one, two].map((member) => there(member, path)))

  test('a FederatedNamespace makes its namespace, bounds what lies in it, and takes it away with what is in it', async () => {
    const bed = await fleet(), { hub } = bed
    await hub.post(FEDERATED, federated('FederatedNamespace', 'shop', team, within('member1')))
    await hub.post(`${SHOP}/federatedconfigmaps`, federated('FederatedConfigMap', 'settings', { data: { a: 'b' } }))
    await expect.poll(() => everywhere(bed, NAMESPACE), inTime).toEqual(['a', 'absent'])
    await expect.poll(() => everywhere(bed, CONFIG), inTime).toEqual(['there', 'absent'])
    expect((await hub.get(`${SHOP}/federatedconfigmaps/settings`))['status']).toMatchObject({ schedule: { rejected: [{ cluster: 'member2', reason: 'NamespaceNotPlaced' }] } })
    await hub.patch(`${FEDERATED}/shop`, { spec: within('member1', 'member2') })
    await expect.poll(() => everywhere(bed, CONFIG), inTime).toEqual(['there', 'there'])
    await hub.patch(`${FEDERATED}/shop`, { spec: within('member2') })
    await expect.poll(() => everywhere(bed, NAMESPACE), inTime).toEqual(['absent', 'a'])
    await hub.remove(`${SHOP}/federatedconfigmaps/settings`)
    await hub.remove(`${FEDERATED}/shop`)
    await expect.poll(() => everywhere(bed, NAMESPACE), inTime).toEqual(['absent', 'absent'])
    await expect.poll(() => there(hub, `${FEDERATED}/shop`), inTime).toBe('absent')
  })

  test('one that was there before is adopted only if that is said, and stays', async () => {
    const bed = await fleet(), { hub, two } = bed
    await two.post('/api/v1/namespaces', { metadata: { name: 'shop' } })
    await hub.post(FEDERATED, federated('FederatedNamespace', 'shop', team))
    await expect.poll(async () => (await hub.get(`${FEDERATED}/shop`))['status'], inTime).toMatchObject({ clusters: [{ name: 'member1', state: 'OK' }, { name: 'member2', state: 'AlreadyExists' }] })
    await hub.patch(`${FEDERATED}/shop`, { spec: { conflictResolution: 'Overwrite' }, metadata: { labels: { touched: 'yes' } } })
    await expect.poll(() => everywhere(bed, NAMESPACE), inTime).toEqual(['a', 'a'])
    await hub.remove(`${FEDERATED}/shop`)
    await expect.poll(() => there(hub, `${FEDERATED}/shop`), inTime).toBe('absent')
    await expect.poll(() => everywhere(bed, NAMESPACE), inTime).toEqual(['absent', 'a'])
    expect((await two.get(NAMESPACE)).metadata.labels).not.toHaveProperty('cluster.federation/managed')
  })

  test('one that holds what others made stays, with it', async () => {
    const bed = await fleet(), { hub, one } = bed
    await hub.post(FEDERATED, federated('FederatedNamespace', 'shop', team))
    await expect.poll(() => everywhere(bed, NAMESPACE), inTime).toEqual(['a', 'a'])
    await one.post(`${NAMESPACE}/configmaps`, { metadata: { name: 'theirs' } })
    await hub.remove(`${FEDERATED}/shop`)
    await expect.poll(() => there(hub, `${FEDERATED}/shop`), inTime).toBe('absent')
    expect(await everywhere(bed, NAMESPACE)).toEqual(['a', 'absent'])
    expect(await there(one, `${NAMESPACE}/configmaps/theirs`)).toBe('there')
  })

  test('of another name than their own, and those that every cluster has, are refused', async () => {
    const { hub } = await fleet(), create = (namespace: string, name: string) => hub.post(`/apis/types.federation/v1alpha1/namespaces/${namespace}/federatednamespaces`, federated('FederatedNamespace', name, {}))
    await expect(create('shop', 'other')).rejects.toThrow('metadata.name: Invalid value: "other": must be the name of its namespace, shop')
    await expect(create('ours', 'ours')).rejects.toThrow('metadata.name: Forbidden: ours is the namespace of this server, and not distributed')
  })
})
