import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { namespaceKind } from '../apis/core/v1/namespace.ts'
import { secretKind } from '../apis/core/v1/secret.ts'
import type { Leadership } from '../host/leases.ts'
import { standaloneHost } from '../host/standalone.ts'
import { systemClock } from '../lib/clock.ts'
import { silentLogger } from '../lib/logger.ts'
import { denyAll } from '../machinery/auth/authorizer.ts'
import { getJson, postJson } from '../machinery/client/json-client.ts'
import type { Handler, KubeObject, Storage } from '../machinery/meta/core.ts'
import { createStoredResource } from '../machinery/registry/stored-resource.ts'
import { resourceHandler } from '../machinery/server/resource-handler.ts'
import { MemoryStorage } from '../machinery/storage/memory-storage.ts'
import { startFederation } from './federation.ts'
import { hostMember } from './host-member.ts'
import { defaultOperation } from './operation-options.ts'
import { joinPresets, simulatedMembers, type PresetMember } from './preset-members.ts'

const clock = systemClock, random = Math.random, logger = silentLogger, user = { name: 'admin', groups: ['system:masters', 'system:authenticated'], extra: {} }
const FLEET = '/apis/cluster.federation/v1alpha1/clustersets/default/proxy', DEPLOYMENTS = `${FLEET}/apis/apps/v1/deployments`
const stops: (() => Promise<void>)[] = []
afterEach(async () => { for (const stop of stops.splice(0)) await stop() })

/** Leads when told to. */
class Told implements Leadership {
  isLeader = false
  readonly #listeners = new Set<() => void>()
  onLead(listener: () => void): void { this.#listeners.add(listener) }
  lead(): void {
    this.isLeader = true
    for (const listener of this.#listeners) listener()
  }
}

async function replica(storage: Storage, presets: readonly PresetMember[]) {
  const stop = new AbortController(), { signal } = stop, leadership = new Told(), stored = { clock, randomUuid: randomUUID, randomSuffix: () => 'abcde', logger }
  const namespaces = createStoredResource(namespaceKind, storage, stored, signal), secrets = createStoredResource(secretKind, storage, stored, signal), groups = [{ name: '', versions: [{ version: 'v1', resources: [namespaces, secrets] }] }]
  const host = standaloneHost({ authority: () => '', namespaces: namespaces.reader, secrets: secrets.reader, namespace: 'ours', clock, random }, signal), local = resourceHandler({ groups: () => groups }, { clock, random, authorizer: denyAll })
  const connections = new Map(presets.map(({ name, connection }) => [name, connection]))
  const federation = await startFederation({
    storage, leadership, host, hostMember: hostMember(host, (request, inner) => local({ ...request, user }, inner), { clock, random, idleMs: 60_000 }, signal), instance: 'test', ownGroups: groups, secretNamespace: 'ours', mirroredVersions: [], allowLocalMembers: true, endpointOf: (set) => set,
    idleMs: 60_000, graceMs: 5000, clock, random, randomUuid: randomUUID, logger, operation: defaultOperation, thresholds: { successMs: 100, failureMs: 100 }, probeMs: 50, preset: (cluster) => connections.get(cluster.metadata.name ?? ''),
  }, signal)
  stops.push(async () => { stop.abort(); await federation.done })
  const handler: Handler = (request, inner) => federation.inProcess({ ...request, user }, inner)
  await federation.ready
  return { federation, leadership, handler, list: () => getJson<{ metadata: { resourceVersion: string }; items: KubeObject[] }>(handler, DEPLOYMENTS, signal), signal }
}

const statuses = async ({ handler, signal }: Awaited<ReturnType<typeof replica>>) => (await getJson<{ items: KubeObject[] }>(handler, '/apis/cluster.federation/v1alpha1/clusters', signal)).items.map(({ status }) => (status as { conditions?: { type: string; status: string }[] } | undefined)?.conditions?.find(({ type }) => type === 'Ready')?.status)

/** Names told by a watch that resumes at a position, until one that is waited for. */
async function told({ handler, signal }: Awaited<ReturnType<typeof replica>>, position: string, until: string): Promise<string[]> {
  const response = await handler({ method: 'GET', path: DEPLOYMENTS, query: new URLSearchParams({ watch: '1', resourceVersion: position }), headers: [['accept', 'application/json']] }, signal), names: string[] = []
  let text = ''
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString()
    const lines = text.split('\n')
    text = lines.pop()!
    for (const line of lines) {
      const { type, object } = JSON.parse(line) as { type: string; object: KubeObject }
      names.push(`${type} ${object.metadata.name ?? ''}`)
    }
    if (names.some((name) => name.endsWith(` ${until}`))) break
  }
  return names
}

test('two servers on one store: one writes, both answer alike, and a watch goes on with the other', async () => {
  const storage = new MemoryStorage(), end = new AbortController(), { presets, members } = await simulatedMembers(2, { clock, logger }, end.signal), one = await replica(storage, presets), two = await replica(storage, presets)
  stops.push(async () => { end.abort(); await Promise.resolve() })
  await joinPresets(one.federation.clusters, presets, one.signal)
  await clock.sleep(300)
  expect(await statuses(one), 'nobody leads: nothing is written').toEqual([undefined, undefined])

  one.leadership.lead()
  await expect.poll(() => statuses(two), { timeout: 5000 }).toEqual(['True', 'True'])
  await expect.poll(async () => (await one.list()).items.length, { timeout: 5000 }).toBeGreaterThan(0)
  const names = (list: Awaited<ReturnType<typeof one.list>>) => list.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
  await expect.poll(async () => names(await two.list()), { timeout: 5000 }).toEqual(names(await one.list()))
  const create = (member: number, name: string) => postJson(members[member]!.handler, '/apis/apps/v1/namespaces/default/deployments', { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'default' }, spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'i' }] } } } }, end.signal)
  // A cache begins where its member is then; what the other replica saw before is 410 there. From this change on both have the same history.
  await Promise.all([create(0, 'known'), create(1, 'known')])
  for (const { list } of [one, two]) await expect.poll(async () => (await list()).items.find(({ metadata }) => metadata.name === 'known')?.metadata.annotations?.['cluster.federation/clusters'], { timeout: 5000 }).toBe('member1,member2')
  // How far a store has come without a change for the view is told when it has been quiet for a second.
  await expect.poll(async () => { const [a, b] = [await one.list(), await two.list()]; return a.metadata.resourceVersion === b.metadata.resourceVersion }, { timeout: 10_000 }).toBe(true)
  const [first, second] = [await one.list(), await two.list()]
  expect(second.metadata.resourceVersion.length, 'of one epoch, with the same slots').toBe(first.metadata.resourceVersion.length)
  await create(1, 'fresh')
  expect(await told(two, first.metadata.resourceVersion, 'fresh')).toContain('ADDED fresh')
  expect(await told(one, second.metadata.resourceVersion, 'fresh')).toContain('ADDED fresh')

  one.leadership.isLeader = false
  two.leadership.lead()
  const epoch = (await storage.get('/federation/epochs', end.signal)).record!.revision
  await clock.sleep(300)
  expect((await storage.get('/federation/epochs', end.signal)).record!.revision, 'the new leader sees the same members and begins no epoch').toBe(epoch)
  expect(await statuses(one)).toEqual(['True', 'True'])
})
