import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { eventKind, type Event } from '../apis/core/v1/event.ts'
import { namespaceKind } from '../apis/core/v1/namespace.ts'
import { secretKind } from '../apis/core/v1/secret.ts'
import { builtInTargets } from '../federation/template/target-kind.ts'
import { createRecorder } from '../federation/template/template-events.ts'
import { alwaysLeader } from '../host/leases.ts'
import { eventSink } from '../host/event-sink.ts'
import { standaloneHost } from '../host/standalone.ts'
import { systemClock } from '../lib/clock.ts'
import { silentLogger } from '../lib/logger.ts'
import { denyAll } from '../machinery/auth/authorizer.ts'
import { deleteJson, getJson, postJson, putJson } from '../machinery/client/json-client.ts'
import type { Handler, KubeObject } from '../machinery/meta/core.ts'
import { createStoredResource } from '../machinery/registry/stored-resource.ts'
import { resourceHandler } from '../machinery/server/resource-handler.ts'
import { MemoryStorage } from '../machinery/storage/memory-storage.ts'
import { startFederation } from './federation.ts'
import { hostMember } from './host-member.ts'
import { defaultOperation } from './operation-options.ts'
import { joinPresets, simulatedMembers } from './preset-members.ts'

const clock = systemClock, random = Math.random, logger = silentLogger, user = { name: 'admin', groups: ['system:masters', 'system:authenticated'], extra: {} }
const SETS = '/apis/cluster.federation/v1alpha1/clustersets', FLEET = `${SETS}/default/proxy`, EVENTS = '/api/v1/namespaces/default/events', WEB = '/apis/apps/v1/namespaces/default/deployments/web'
const stops: (() => Promise<void>)[] = []
afterEach(async () => { for (const stop of stops.splice(0)) await stop() })

/** A fleet of one simulated member, and a host whose Events can be made to hang. */
async function bed() {
  const stop = new AbortController(), { signal } = stop, storage = new MemoryStorage(), stored = { clock, randomUuid: randomUUID, randomSuffix: () => 'abcde', logger }, state = { hangs: false }
  const namespaces = createStoredResource(namespaceKind, storage, stored, signal), secrets = createStoredResource(secretKind, storage, stored, signal), events = createStoredResource(eventKind, storage, stored, signal)
  const groups = [{ name: '', versions: [{ version: 'v1', resources: [namespaces, secrets, events] }] }], local = resourceHandler({ groups: () => groups }, { clock, random, authorizer: denyAll })
  const host: Handler = (request, inner) => (state.hangs && request.path.includes('/events') ? new Promise((_, reject) => { inner.addEventListener('abort', () => reject(new Error('aborted')), { once: true }) }) : local({ ...request, user }, inner))
  const standalone = standaloneHost({ authority: () => '', namespaces: namespaces.reader, secrets: secrets.reader, namespace: 'ours', clock, random }, signal)
  const { presets, members } = await simulatedMembers(1, { clock, logger }, signal), connections = new Map(presets.map(({ name, connection }) => [name, connection]))
  const federation = await startFederation({
    storage, leadership: alwaysLeader, host: standalone, hostMember: hostMember(standalone, host, { clock, random, idleMs: 60_000 }, signal), instance: 'test', ownGroups: groups, secretNamespace: 'ours', mirroredVersions: [], allowLocalMembers: true, endpointOf: (set) => set,
    idleMs: 60_000, graceMs: 5000, clock, random, randomUuid: randomUUID, logger, operation: defaultOperation, thresholds: { successMs: 100, failureMs: 100 }, probeMs: 50, preset: (cluster) => connections.get(cluster.metadata.name ?? ''),
  }, signal)
  stops.push(async () => { stop.abort(); await federation.done })
  await federation.ready
  await joinPresets(federation.clusters, presets, signal)
  const server: Handler = (request, inner) => federation.inProcess({ ...request, user }, inner), get = <T = Event>(path: string, root = FLEET) => getJson<T>(server, `${root}${path}`, signal)
  const { record } = createRecorder({ sink: eventSink(host), instance: 'test', fleetId: randomUUID(), leads: () => true, clock, random, logger }, signal), target = builtInTargets.find(({ kind }) => kind === 'Deployment')!
  const tell = (message: string) => record({ target, kind: { group: 'types.federation', version: 'v1alpha1', kind: 'FederatedDeployment' } as never }, { metadata: { namespace: 'default', name: 'web', uid: 'u1', resourceVersion: '7' }, spec: { template: {} } }, { type: 'Normal', reason: 'Created', message })
  await expect.poll(() => get(WEB), { timeout: 5000 }).toMatchObject({ kind: 'Deployment' })
  return { state, server, host, member: members[0]!.handler, signal, get, tell, list: async (query = '', root = FLEET) => (await get<{ items: Event[] }>(`${EVENTS}?${query}`, root)).items }
}

const reasons = (events: readonly Event[]) => events.map(({ metadata: { name = '' }, reason = '' }) => `${reason}${name.includes('@') ? ` ${name.slice(name.indexOf('@'))}` : ''}`)
const foreign = { apiVersion: 'v1', kind: 'Event', metadata: { name: 'foreign.1', namespace: 'default' }, involvedObject: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'web', uid: 'its-own' }, reason: 'Foreign', message: 'of the host alone', type: 'Normal' }

test('a fleet shows what was recorded of its templates beside what members say, under one uid', async () => {
  const { host, signal, get, tell, list } = await bed(), { metadata: { uid } } = await get<KubeObject>(WEB)
  await postJson(host, EVENTS, foreign, signal)
  tell('cluster member1: created')
  const about = () => list(`fieldSelector=involvedObject.uid=${uid}`)
  await expect.poll(async () => reasons(await about()), { timeout: 5000 }).toContain('Created')
  const events = await about(), ours = events.find(({ reason }) => reason === 'Created')!
  expect(reasons(events), 'the members\' Events about their copies, too').toContain('ScalingReplicaSet @member1')
  expect(ours).toMatchObject({ involvedObject: { kind: 'Deployment', name: 'web', uid }, metadata: { labels: { 'cluster.federation/fleet': 'default' } } })
  expect(ours.metadata.labels).not.toHaveProperty('cluster.federation/name')
  expect(await get(`${EVENTS}/${ours.metadata.name}`)).toMatchObject({ reason: 'Created', metadata: { name: ours.metadata.name } })
  expect(reasons(await list('labelSelector=cluster.federation/name%3Dmember1'))).not.toContain('Created')
  expect(reasons(await list('', `${FLEET}/by-cluster`)), 'by cluster there is no host').not.toContain('Created')
  // The other face is the host's.
  expect((await getJson<{ items: Event[] }>(host, EVENTS, signal)).items.map(({ reason, involvedObject: { kind } }) => `${reason} ${kind}`).toSorted()).toEqual(['Created Deployment', 'Created FederatedDeployment', 'Foreign Deployment'])
})

test('no other Event of the host is shown, however it is asked for', async () => {
  const { host, signal, get, list } = await bed()
  await postJson(host, EVENTS, foreign, signal)
  // First by name, while nobody has the kind open: the members and the host are asked directly.
  await expect(get(`${EVENTS}/foreign.1`)).rejects.toMatchObject({ reason: 'NotFound' })
  expect(reasons(await list())).not.toContain('Foreign')
  await expect(get(`${EVENTS}/foreign.1`)).rejects.toMatchObject({ reason: 'NotFound' })
  expect(await list('fieldSelector=reason=Foreign')).toEqual([])
})

test('an Event that is written through a fleet without a cluster is kept by the host, for every fleet', async () => {
  const { server, host, signal, get, list } = await bed(), own = { ...foreign, metadata: { name: 'own.1', namespace: 'default' }, reason: 'Own' }
  await postJson(host, EVENTS, foreign, signal)
  expect(await postJson<Event>(server, `${FLEET}${EVENTS}`, own, signal)).toMatchObject({ metadata: { name: 'own.1', labels: { 'cluster.federation/fleet': 'default' } }, reason: 'Own' })
  await expect.poll(async () => reasons(await list())).toContain('Own')
  const read = await get(`${EVENTS}/own.1`)
  expect(await putJson<Event>(server, `${FLEET}${EVENTS}/own.1`, { ...read, count: 2 }, signal)).toMatchObject({ count: 2 })
  await expect(putJson(server, `${FLEET}${EVENTS}/own.1`, { ...read, count: 3 }, signal)).rejects.toMatchObject({ reason: 'Conflict' })
  await deleteJson(server, `${FLEET}${EVENTS}/own.1`, {}, signal)
  await expect(deleteJson(server, `${FLEET}${EVENTS}/foreign.1`, {}, signal)).rejects.toMatchObject({ reason: 'NotFound' })
  expect((await getJson<{ items: Event[] }>(host, EVENTS, signal)).items.map(({ reason }) => reason)).toEqual(['Foreign'])
})

test('a watch is told of it, repeats included', async () => {
  const { server, signal, tell, get } = await bed(), { metadata: { resourceVersion } } = await get<{ metadata: { resourceVersion: string } }>(EVENTS), cut = new AbortController(), told: string[] = []
  const response = await server({ method: 'GET', path: `${FLEET}${EVENTS}`, query: new URLSearchParams({ watch: '1', resourceVersion, fieldSelector: 'reason=Created' }), headers: [['accept', 'application/json']] }, AbortSignal.any([cut.signal, signal]))
  const reading = (async () => { for await (const chunk of response.body as AsyncIterable<Uint8Array>) told.push(Buffer.from(chunk).toString()) })()
  const seen = () => told.join('').split('\n').filter(Boolean).map((line) => JSON.parse(line) as { type: string; object: Event }).map(({ type, object }) => `${type} ×${object.count}`)
  tell('cluster member1: created')
  await expect.poll(seen, { timeout: 5000 }).toEqual(['ADDED ×1'])
  tell('cluster member1: created')
  await expect.poll(seen, { timeout: 5000 }).toEqual(['ADDED ×1', 'MODIFIED ×2'])
  cut.abort()
  await reading
})

test('a host that does not answer is a warning, and no reason to keep back what members say', async () => {
  const { state, server, signal, list, get } = await bed()
  state.hangs = true
  const response = await server({ method: 'GET', path: `${FLEET}${EVENTS}`, query: new URLSearchParams(), headers: [['accept', 'application/json']] }, signal)
  expect([response.status, response.headers.find(([name]) => name === 'warning')?.[1]]).toEqual([200, expect.stringMatching(/^299 - "the host cluster unreachable for \ds: its objects are unknown"$/)])
  expect(reasons(await list())).toContain('ScalingReplicaSet @member1')
  expect(await get('/api/v1/namespaces/default')).toMatchObject({ kind: 'Namespace' })
})
