import type { DiscoveredKind } from '../federation/member/discovery.ts'
import { MemberCaches } from '../federation/member/member-caches.ts'
import { FLEET_LABEL } from '../federation/template/marks.ts'
import { asServer } from '../fleet/as-server.ts'
import type { CacheLease, FleetMember } from '../fleet/fleet-member.ts'
import type { SourceState } from '../fleet/view-source.ts'
import type { Host } from '../host/host.ts'
import { Backoff } from '../lib/backoff.ts'
import type { Clock } from '../lib/clock.ts'
import { Cache } from '../machinery/cache/cache.ts'
import { reflect } from '../machinery/cache/reflect.ts'
import { bytesOf } from '../machinery/client/failure.ts'
import { RemoteReader } from '../machinery/client/remote-reader.ts'
import type { Handler, Kind } from '../machinery/meta/core.ts'
import { header } from '../machinery/meta/headers.ts'
import { HOST_SOURCE } from '../fleet/fleet-catalog.ts'

interface HostMemberOptions {
  readonly clock: Clock
  readonly random: () => number
  /** How long kinds are followed that nobody reads. */
  readonly idleMs: number
}

const READ_ONLY = ['get', 'list', 'watch'], ALL = [...READ_ONLY, 'create', 'delete', 'patch', 'update']
const EVENTS: DiscoveredKind = { group: '', version: 'v1', kind: 'Event', plural: 'events', singular: 'event', shortNames: ['ev'], categories: [], namespaced: true, verbs: ALL, subresources: [], preferred: true }
const LEASES: DiscoveredKind = { ...EVENTS, group: 'coordination.k8s.io', kind: 'Lease', plural: 'leases', singular: 'lease', shortNames: [] }

/** The host as fleets read it: its Namespaces are folded with those of the members; the Events and Leases that it keeps for the fleet are listed beside theirs. */
export function hostMember(host: Host, handler: Handler, options: HostMemberOptions, signal: AbortSignal): FleetMember {
  const { group, version, kind, plural, singular, shortNames, categories } = host.namespaces.kind, namespaces = followNamespaces(host, options, signal), labelled = followLabelled(handler, options, signal)
  return {
    cluster: '', source: { id: HOST_SOURCE }, isReporting: () => namespaces.state().state === 'synced', handler, customKind: () => undefined,
    pass: async (path, { body, ...request }, inner) => handler(asServer({ ...request, path }, { bytes: body ? Buffer.from(await bytesOf({ status: 200, headers: [], body })) : Buffer.alloc(0), type: header(request.headers, 'content-type') ?? '' }), inner),
    kinds: [
      { group, version, kind, plural, singular, shortNames, categories, namespaced: false, verbs: READ_ONLY, subresources: [], preferred: true },
      // A host's Events are served in two groups; our own core group has one.
      EVENTS, LEASES, ...(host.kind === 'kubernetes' ? [{ ...EVENTS, group: 'events.k8s.io' }] : []),
    ],
    lease: (wanted) => (wanted.plural === plural ? namespaces : labelled(wanted)),
    read: (query, inner, wanted) => (wanted.plural === plural ? host.namespaces : new RemoteReader(wanted, handler, { labelSelector: FLEET_LABEL })).list(query, inner),
  }
}

function followNamespaces({ namespaces }: Host, { clock, random }: HostMemberOptions, signal: AbortSignal): CacheLease {
  const cache = new Cache(namespaces.kind, { clock })
  let state: SourceState = { state: 'syncing', since: clock.now() }
  void reflect(namespaces, cache, {
    signal, clock, backoff: new Backoff({ initialMs: 200, maxMs: 15_000, random }),
    onState: (it) => { state = it.state === 'synced' ? it : { state: cache.isReady ? 'stale' : 'failed', since: it.since, reason: it.error instanceof Error ? it.error.message : String(it.error) } },
  })
  return { cache, state: () => state, release: () => undefined }
}

/** Lists of these kinds wait for so long for what the host has, then go without: what members say must not depend on it. */
const PATIENCE_MS = 2000

/** Only what carries the fleet's label: nothing else of the host's is any fleet's business. Followed while somebody reads the kind. */
function followLabelled(handler: Handler, { clock, random, idleMs }: HostMemberOptions, signal: AbortSignal): (kind: Kind) => CacheLease {
  const caches = new MemberCaches({ handler, admit: () => Promise.resolve(), clock, random, idleMs })
  signal.addEventListener('abort', () => caches.clear(), { once: true })
  return (kind) => {
    const use = caches.acquire(kind, FLEET_LABEL), since = clock.now()
    return {
      cache: use.cache, release: () => use.release(),
      state: () => {
        const state = use.state()
        if (state.state === 'synced' || state.state === 'stale') return state
        const reason = state.state === 'failed' ? state.reason : 'it does not answer'
        return clock.now() - since < PATIENCE_MS ? { state: 'syncing', since } : { state: 'failed', since, reason }
      },
    }
  }
}
