import { collectDefaultMetrics, Counter, Gauge, Histogram } from 'prom-client'
import type { Members } from '../federation/member/members.ts'
import type { Kind, Storage } from '../machinery/meta/core.ts'
import type { ApiGroup } from '../machinery/server/catalog.ts'
import type { ServerMetrics } from '../machinery/server/metrics.ts'
import { keyPrefix } from '../machinery/storage/storage-key.ts'

const STATES = ['connecting', 'ready', 'unreachable', 'refused'] as const
const MERGE_BUCKETS = [0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1]

interface Measured { readonly members: Members; readonly storage: Storage; readonly eventsDropped: () => number; /** Of the stored kinds. */ readonly groups: () => readonly ApiGroup[]; readonly signal: AbortSignal }

/** Adds what only this server has: members, caches, merges; and the process. Answers the timer of merges. */
export function measureFederation(metrics: ServerMetrics, { members, storage, eventsDropped, groups, signal }: Measured): <T>(kind: Kind, merge: () => T) => T {
  const register = metrics.registry, registers = [register]
  collectDefaultMetrics({ register })
  metrics.storedObjects(() => Promise.all(groups().flatMap(({ versions }) => versions.flatMap(({ resources }) => resources.map(async ({ kind }) => ({ group: kind.group, resource: kind.plural, objects: await count(storage, kind, signal) }))))))
  register.registerMetric(new Gauge({
    name: 'federation_member_state', help: 'State of a member: 1 for the one it is in.', labelNames: ['cluster', 'state'], registers: [],
    collect() {
      this.reset()
      for (const { name, state } of members.list()) for (const one of STATES) this.set({ cluster: name, state: one }, state.state === one ? 1 : 0)
    },
  }))
  register.registerMetric(new Gauge({ name: 'federation_cache_objects', help: 'Objects of a member that are held in memory.', labelNames: ['cluster'], registers: [], collect() { this.reset(); for (const { name, caches } of members.list()) this.set({ cluster: name }, caches.held().objects) } }))
  register.registerMetric(new Gauge({ name: 'federation_cache_bytes', help: 'Bytes of JSON of a member that are held in memory.', labelNames: ['cluster'], registers: [], collect() { this.reset(); for (const { name, caches } of members.list()) this.set({ cluster: name }, caches.held().bytes) } }))
  register.registerMetric(new Counter({ name: 'federation_events_dropped_total', help: 'Events about templates that were not written: too many waited, or the host refused them.', registers: [], collect() { this.reset(); this.inc(eventsDropped()) } }))
  register.registerMetric(new Counter({ name: 'federation_cache_relists_total', help: 'Times that the objects of a kind of a member were all read again, because its changes since were not to be had.', labelNames: ['cluster'], registers: [], collect() { this.reset(); for (const { name, caches } of members.list()) this.inc({ cluster: name }, caches.relists) } }))
  const merges = new Histogram({ name: 'federation_merge_duration_seconds', help: 'Time to merge the copies of one object.', labelNames: ['group', 'resource'], buckets: MERGE_BUCKETS, registers }), ofKind = new WeakMap<Kind, { observe(seconds: number): void }>()
  return (kind, merge) => {
    let merged = ofKind.get(kind)
    if (!merged) ofKind.set(kind, (merged = merges.labels({ group: kind.group, resource: kind.plural })))
    const start = performance.now(), result = merge()
    merged.observe((performance.now() - start) / 1000)
    return result
  }
}

async function count(storage: Storage, kind: Kind, signal: AbortSignal): Promise<number> {
  try {
    return (await storage.range(keyPrefix(kind), { limit: 1 }, signal)).total
  } catch {
    // Upstream's value for what cannot be counted: the rest of the page is still wanted.
    return -1
  }
}
