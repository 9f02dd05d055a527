/** Writes of what lives in one member, through the whole server: two simulated members, standalone. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { namespaceKind } from '../apis/core/v1/namespace.ts'
import { secretKind } from '../apis/core/v1/secret.ts'
import { holds } from '../federation/interpreter/checks.ts'
import { alwaysLeader } from '../host/leases.ts'
import { standaloneHost } from '../host/standalone.ts'
import { systemClock } from '../lib/clock.ts'
import { silentLogger } from '../lib/logger.ts'
import { denyAll } from '../machinery/auth/authorizer.ts'
import { deleteJson, getJson, patchJson, postJson, putJson } from '../machinery/client/json-client.ts'
import type { Handler, KubeObject } from '../machinery/meta/core.ts'
import { createStoredResource } from '../machinery/registry/stored-resource.ts'
import { resourceHandler } from '../machinery/server/resource-handler.ts'
import { MemoryStorage } from '../machinery/storage/memory-storage.ts'
import { startFederation } from './federation.ts'
import { hostMember } from './host-member.ts'
import { defaultOperation } from './operation-options.ts'
import { joinPresets, simulatedMembers } from './preset-members.ts'

const clock = systemClock, random = Math.random, logger = silentLogger, user = { name: 'admin', groups: ['system:masters', 'system:authenticated'], extra: {} }
const FLEET = '/apis/cluster.federation/v1alpha1/clustersets/default/proxy', BY_CLUSTER = `${FLEET}/by-cluster`, CORE = '/api/v1/namespaces/default', APPS = '/apis/apps/v1/namespaces/default', LABEL = 'cluster.federation/name'
const stop = new AbortController(), { signal } = stop
let server: Handler, member: Handler, done: Promise<void>

interface Listed { readonly items: readonly KubeObject[] }
const get = <T = KubeObject>(path: string) => getJson<T>(server, path, signal)
const pods = async () => (await get<Listed>(`${FLEET}${CORE}/pods`)).items.map(({ metadata: { name = '' } }) => name)

beforeAll(async () => {
  const storage = new MemoryStorage(), stored = { clock, randomUuid: randomUUID, randomSuffix: () => 'abcde', logger }, namespaces = createStoredResource(namespaceKind, storage, stored, signal), secrets = createStoredResource(secretKind, storage, stored, signal)
  const groups = [{ name: '', versions: [{ version: 'v1', resources: [namespaces, secrets] }] }], local = resourceHandler({ groups: () => groups }, { clock, random, authorizer: denyAll })
  const standalone = standaloneHost({ authority: () => '', namespaces: namespaces.reader, secrets: secrets.reader, namespace: 'ours', clock, random }, signal)
  const { presets, members } = await simulatedMembers(2, { clock, logger }, signal), connections = new Map(presets.map(({ name, connection }) => [name, connection]))
  const federation = await startFederation({
    storage, leadership: alwaysLeader, host: standalone, hostMember: hostMember(standalone, (request, inner) => local({ ...request, user }, inner), { clock, random, idleMs: 60_000 }, signal), instance: 'test', ownGroups: groups, secretNamespace: 'ours', mirroredVersions: [], allowLocalMembers: true, endpointOf: (set) => set,
    idleMs: 60_000, graceMs: 5000, clock, random, randomUuid: randomUUID, logger, operation: defaultOperation, thresholds: { successMs: 100, failureMs: 100 }, probeMs: 50, preset: (cluster) => connections.get(cluster.metadata.name ?? ''),
  }, signal)
  await federation.ready
  await joinPresets(federation.clusters, presets, signal)
  server = (request, inner) => federation.inProcess({ ...request, user }, inner)
  member = members[0]!.handler
  done = federation.done
  await vi.waitUntil(async () => (await pods()).some((name) => name.endsWith('@member1')), { timeout: 5000 })
})
afterAll(async () => {
  stop.abort()
  await done
})

describe('a pod of one member', () => {
  const create = (metadata: object) => postJson<KubeObject>(server, `${FLEET}${CORE}/pods`, { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'c', image: 'i' }] } }, signal)
  const ofMember = (name: string) => getJson<KubeObject>(member, `${CORE}/pods/${name}`, signal)

  test('is created by label, changed and deleted', async () => {
    expect(await create({ name: 'one', labels: { [LABEL]: 'member1', a: 'b' } })).toMatchObject({ kind: 'Pod', metadata: { name: 'one@member1', labels: { [LABEL]: 'member1', a: 'b' } } })
    expect((await ofMember('one')).metadata.labels).toEqual({ a: 'b' })
    expect(await patchJson(server, `${FLEET}${CORE}/pods/one@member1`, { metadata: { annotations: { x: 'y' } } }, signal)).toMatchObject({ metadata: { name: 'one@member1', annotations: { x: 'y' } } })
    await deleteJson(server, `${FLEET}${CORE}/pods/one@member1`, {}, signal)
    await expect(ofMember('one')).rejects.toMatchObject({ reason: 'NotFound' })
    await expect(create({ name: 'two' })).rejects.toMatchObject({ reason: 'BadRequest' })
  })

  test('goes with a collection, as others of other members do, and what is not meant stays', async () => {
    for (const [name, cluster, group] of [['c1', 'member1', 'g'], ['c2', 'member1', 'g'], ['c3', 'member2', 'g'], ['c4', 'member2', 'h']]) await create({ name: `${name}@${cluster}`, labels: { group } })
    const remove = (selector: string, more = {}) => deleteJson<KubeObject & { items: KubeObject[] }>(server, `${FLEET}${CORE}/pods?labelSelector=${selector}`, { kind: 'DeleteOptions', apiVersion: 'v1', ...more }, signal), left = async () => (await pods()).filter((name) => /^c\d@/.test(name)).toSorted()
    await vi.waitUntil(async () => (await left()).length === 4, { timeout: 5000 })
    expect((await remove('group%3Dg', { dryRun: ['All'] })).items).toHaveLength(3)
    expect(await left()).toHaveLength(4)
    expect((await remove(`group%3Dg,${LABEL}%3Dmember1`)).items.map(({ metadata }) => metadata.name)).toEqual(['c1@member1', 'c2@member1'])
    await vi.waitUntil(async () => (await left()).length === 2, { timeout: 5000 })
    expect(await remove('group')).toMatchObject({ kind: 'PodList', items: [{ metadata: { name: 'c3@member2' } }, { metadata: { name: 'c4@member2' } }] })
    await vi.waitUntil(async () => (await left()).length === 0, { timeout: 5000 })
    expect((await pods()).length).toBeGreaterThan(0)
  })

  test.each(['while the kind is read', 'by cluster'])('is replaced as it was read, and not over what the client has not seen (%s)', async (how) => {
    const root = how === 'by cluster' ? BY_CLUSTER : FLEET, [path] = (await pods()).flatMap((name) => (name.endsWith('@member1') ? [`${root}${CORE}/pods/${name}`] : []))
    // Whoever runs it says so soon, and must not come between.
    await vi.waitUntil(async () => holds('Ready')(await get(path!)), { timeout: 5000 })
    const read = await get(path!), own = await ofMember(read.metadata.name!.replace('@member1', ''))
    const written = await putJson<KubeObject>(server, path!, { ...read, metadata: { ...read.metadata, labels: { ...read.metadata.labels, how: how.replaceAll(' ', '-') } } }, signal)
    expect(BigInt(written.metadata.resourceVersion!)).toBeGreaterThan(BigInt(read.metadata.resourceVersion!))
    expect((await ofMember(own.metadata.name!)).metadata.ownerReferences, 'the owner is the member\'s again').toEqual(own.metadata.ownerReferences)
    expect(read.metadata.ownerReferences?.[0]?.uid === own.metadata.ownerReferences?.[0]?.uid).toBe(how === 'by cluster')
    await expect(putJson(server, path!, { ...read, metadata: { ...read.metadata, annotations: { late: 'yes' } } }, signal)).rejects.toMatchObject({ reason: 'Conflict', message: expect.stringContaining(`"${read.metadata.name!}"`) })
    await expect(deleteJson(server, path!, { preconditions: { resourceVersion: read.metadata.resourceVersion } }, signal)).rejects.toMatchObject({ reason: 'Conflict' })
    expect(await putJson(server, path!, { ...written, metadata: { ...written.metadata, annotations: { now: 'yes' } } }, signal)).toMatchObject({ metadata: { annotations: { now: 'yes' } } })
  })

  test('discovery says what can be done, Events of members included', async () => {
    const { resources } = await get<{ resources: { name: string; verbs: string[]; kind: string }[] }>(`${FLEET}/api/v1`), verbs = Object.fromEntries(resources.map(({ name, verbs }) => [name, verbs.join()]))
    expect(verbs).toMatchObject({ pods: 'create,delete,deletecollection,get,list,patch,update,watch', events: 'create,delete,deletecollection,get,list,patch,update,watch', nodes: 'create,delete,deletecollection,get,list,patch,update,watch' })
    expect(verbs).not.toHaveProperty('services/proxy')
    await expect(get(`${FLEET}${CORE}/services/web/proxy/`)).rejects.toMatchObject({ code: 405, message: 'a service of several clusters cannot be connected to: below /by-cluster each has its own, as services/NAME@CLUSTER/proxy' })
  })
})

describe('by cluster every kind is written to', () => {
  test('a Deployment of one member', async () => {
    const web = `${BY_CLUSTER}${APPS}/deployments/web@member1`, spec = { replicas: 4 }
    expect(await patchJson(server, web, { spec }, signal)).toMatchObject({ metadata: { name: 'web@member1' }, spec })
    expect(await getJson<KubeObject>(member, `${APPS}/deployments/web`, signal)).toMatchObject({ spec })
    expect(await patchJson(server, `${web}/scale`, { spec: { replicas: 2 } }, signal)).toMatchObject({ kind: 'Scale', metadata: { name: 'web@member1' }, spec: { replicas: 2 } })
    await expect.poll(async () => (await get(`${BY_CLUSTER}${APPS}/deployments/web@member1`))['spec']).toMatchObject({ replicas: 2 })
    expect((await get(`${BY_CLUSTER}${APPS}/deployments/web@member2`))['spec'], 'and of no other').not.toMatchObject({ replicas: 2 })
  })
  test('a ConfigMap that is new', async () => {
    const configMaps = `${BY_CLUSTER}${CORE}/configmaps`
    expect(await postJson(server, configMaps, { metadata: { name: 'made@member1' }, data: { a: '1' } }, signal)).toMatchObject({ metadata: { name: 'made@member1' }, data: { a: '1' } })
    expect(await getJson(member, `${CORE}/configmaps/made`, signal)).toMatchObject({ data: { a: '1' } })
    await deleteJson(server, `${configMaps}/made@member1`, {}, signal)
    await expect(get(`${configMaps}/made@member1`)).rejects.toMatchObject({ reason: 'NotFound' })
  })
})
