import type { Host } from '../host/host.ts'
import { Backoff } from '../lib/backoff.ts'
import type { Clock } from '../lib/clock.ts'
import { Cache } from '../machinery/cache/cache.ts'
import { reflect } from '../machinery/cache/reflect.ts'
import type { Handler } from '../machinery/meta/core.ts'
import { HOST_SOURCE } from '../fleet/fleet-catalog.ts'
import type { FleetMember } from '../fleet/fleet-member.ts'
import type { SourceState } from '../fleet/view-source.ts'

/** The host as fleets read it: its Namespaces are folded with those of the members. */
export function hostMember(host: Host, handler: Handler, { clock, random }: { clock: Clock; random: () => number }, signal: AbortSignal): FleetMember {
  const { kind } = host.namespaces, cache = new Cache(kind, { clock }), started = clock.now()
  let state: SourceState = { state: 'syncing', since: started }
  void reflect(host.namespaces, cache, {
    signal, clock, backoff: new Backoff({ initialMs: 200, maxMs: 15_000, random }),
    onState: (it) => { state = it.state === 'synced' ? it : { state: cache.isReady ? 'stale' : 'failed', since: it.since, reason: it.error instanceof Error ? it.error.message : String(it.error) } },
  })
  const { group, version, plural, singular, shortNames, categories } = kind
  return {
    cluster: '', source: { id: HOST_SOURCE }, isReporting: () => state.state === 'synced', handler, customColumns: () => undefined,
    kinds: [{ group, version, kind: kind.kind, plural, singular, shortNames, categories, namespaced: false, verbs: ['get', 'list', 'watch'], subresources: [], preferred: true }],
    lease: () => ({ cache, state: () => state, release: () => undefined }),
  }
}
