import { expect, test } from 'vitest'
import { systemClock } from '../lib/clock.ts'
import { silentLogger } from '../lib/logger.ts'
import { Cache } from '../machinery/cache/cache.ts'
import { SlabEntry } from '../machinery/cache/slab-entry.ts'
import type { Change, Kind, Page } from '../machinery/meta/core.ts'
import { compileSelector } from '../machinery/meta/selector.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import { MemoryStorage } from '../machinery/storage/memory-storage.ts'
import { identityBound } from './combine.ts'
import { Epochs } from './epochs.ts'
import type { FleetMember } from './fleet-member.ts'
import { FleetReader } from './fleet-reader.ts'
import { Views } from './views.ts'
import type { SourceState } from './view-source.ts'

const kind: Kind = { group: '', version: 'v1', kind: 'Pod', listKind: 'PodList', plural: 'pods', singular: 'pod', shortNames: [], categories: [], namespaced: true, columns: [], fields: {} }
const { signal } = new AbortController(), FULL = { state: 'full', reason: 'pods of cluster a are more than 10 bytes' } satisfies SourceState, direct: Page = { entries: [], position: '1', warnings: [] }

/** Members a and b with a pod each; what a's cache is can be changed. */
async function bed({ restrictsClusters = false, otherVersions = [] as readonly string[] } = {}) {
  const epochs = await Epochs.open(new MemoryStorage(), signal), caches = new Map<string, { cache: Cache; state: SourceState }>()
  const synced = (cluster: string) => {
    const cache = new Cache(kind), entry = SlabEntry.of({ metadata: { name: 'web', namespace: 'shop', resourceVersion: '4' } })
    cache.accept([{ type: 'ADDED', entry, position: '4' } satisfies Change, { type: 'BOOKMARK', position: '5', initial: true }])
    caches.set(cluster, { cache, state: { state: 'synced' } })
  }
  const members = ['a', 'b'].map((cluster): FleetMember => ({
    cluster, source: { id: cluster }, kinds: [], isReporting: () => true, handler: () => Promise.reject(new Error('not used')), customKind: () => undefined,
    lease: () => { const held = caches.get(cluster)!; return { cache: held.cache, state: () => held.state, release: () => undefined } },
  }))
  await epochs.use(members.map(({ source }) => source), signal)
  const views = new Views({ kind, combine: identityBound('Pod', undefined), epochs, clock: systemClock, logger: silentLogger, idleMs: 60_000 })
  views.use(epochs.current, members)
  const reader = new FleetReader({ kind, clock: systemClock, graceMs: 5_000, restrictsClusters, clusters: () => ['a', 'b'], otherVersions: () => otherVersions, open: (clusters) => views.open(clusters), isOpen: () => views.isOpen, isUnwatchable: false, direct: () => Promise.resolve(direct) })
  const fill = (cluster: string) => {
    const held = caches.get(cluster)!, full = new Cache(kind)
    full.close(StatusError.unavailable(FULL.reason))
    caches.set(cluster, { cache: full, state: FULL })
    held.state = FULL
    held.cache.close(StatusError.unavailable(FULL.reason))
  }
  for (const cluster of ['a', 'b']) synced(cluster)
  return { reader, fill, synced, views, become: (cluster: string, state: SourceState) => { caches.get(cluster)!.state = state }, warnings: async () => (await reader.list({}, signal)).warnings, names: async () => Array.from((await reader.list({}, signal)).entries, ({ key }) => key) }
}
const refused = { code: 503, message: FULL.reason }

test('while a cluster has more than may be held, lists and watches are refused rather than shown without it; one object is asked for directly', async () => {
  const it = await bed()
  it.fill('a')
  await expect(it.reader.list({}, signal)).rejects.toMatchObject(refused)
  await expect(it.reader.watch({}, signal).next()).rejects.toMatchObject(refused)
  expect(await it.reader.list({ namespace: 'shop', name: 'web@b' }, signal)).toBe(direct)
  it.synced('a')
  expect(await it.names(), 'and when it has become smaller, all is as before').toEqual(['shop/web@a', 'shop/web@b'])
  it.views.close()
})

test('watches that are open when it grows too large end with the reason; nothing is told to be deleted', async () => {
  const it = await bed(), told: string[] = []
  expect(await it.names()).toHaveLength(2)
  const watching = (async () => { for await (const batch of it.reader.watch({}, signal)) told.push(...batch.map(({ type }) => type)) })()
  await new Promise((resolve) => { setTimeout(resolve, 20) })
  it.fill('a')
  await expect(watching).rejects.toMatchObject(refused)
  expect(told.filter((type) => type !== 'BOOKMARK')).toEqual([])
  await expect(it.reader.list({}, signal)).rejects.toMatchObject(refused)
  it.views.close()
})

test('a list says of each cluster that its objects may be out of date, since when, and how many they are', async () => {
  const it = await bed(), since = systemClock.now() - 65_000
  expect([await it.names(), await it.warnings()]).toEqual([['shop/web@a', 'shop/web@b'], []])
  it.become('a', { state: 'stale', since, reason: 'connection refused' })
  expect([await it.names(), await it.warnings()]).toEqual([['shop/web@a', 'shop/web@b'], ['cluster a unreachable for 65s: 1 objects may be stale']])
  it.become('b', { state: 'stale', since, reason: '"..", no name', garbled: true })
  expect(await it.warnings()).toEqual(['cluster a unreachable for 65s: 1 objects may be stale', 'cluster b has sent what cannot be read ("..", no name) for 65s: 1 objects may be stale'])
  it.become('a', { state: 'failed', since, reason: 'connection refused' })
  expect((await it.warnings())[0]).toBe('cluster a unreachable for 65s: its objects are unknown')
  it.views.close()
})

test('lists say which clusters are left out, because they have the kind in other versions only; not to who asks for others', async () => {
  const { reader, views } = await bed({ restrictsClusters: true, otherVersions: ['c', 'd'] }), warnings = async (labels = '') => (await reader.list(labels ? { where: compileSelector({ labels, fields: '' }, kind) } : {}, signal)).warnings
  expect(await warnings()).toEqual(['c', 'd'].map((cluster) => `cluster ${cluster} does not serve version v1 of pods: its objects are left out`))
  expect(await warnings('cluster.federation/name in (a,b)')).toEqual([])
  views.close()
})
