import type { Member } from '../federation/member/member.ts'
import { passThrough } from '../federation/member/pass-through.ts'
import type { Clock } from '../lib/clock.ts'
import type { DiscoveredKind } from '../federation/member/discovery.ts'
import type { MemberCacheState } from '../federation/member/member-caches.ts'
import type { CustomKind } from './custom-kinds.ts'
import type { FleetMember } from './fleet-member.ts'
import type { SourceState } from './view-source.ts'

/** A joined cluster as fleets read it; undefined until it was reached once: before, nothing is known of it, not even which cluster it is. */
export function fleetMember(member: Member, clock: Clock, customKind: (member: Member, kind: DiscoveredKind) => CustomKind | undefined): FleetMember | undefined {
  const { name, identity, discovery, cluster } = member
  if (identity === undefined || !discovery) return undefined
  return {
    cluster: name,
    source: { id: `${cluster.metadata.uid ?? ''}/${identity}` },
    kinds: discovery.kinds,
    isReporting: () => member.state.state === 'ready',
    lease: (kind) => {
      const use = member.caches.acquire(kind)
      return { cache: use.cache, state: () => sourceState(use.state(), member, clock.now()), reachBack: (position, signal) => use.reachBack(position, signal), release: () => use.release() }
    },
    setBack: () => member.caches.setBack,
    countSetBacks: (times) => member.caches.countSetBacks(times),
    handler: member.handler,
    pass: (path, request, signal) => passThrough(member, path, request, signal),
    customKind: (kind) => customKind(member, kind),
  }
}

/** A member that does not answer is waited for so long before lists go without it. */
const PATIENCE_MS = 10_000

/** Pure. `failed` is what lists do not wait for: a member that was never read and has not answered for a while. */
function sourceState(state: MemberCacheState, { state: member }: Member, now: number): SourceState {
  if (state.state === 'synced' || state.state === 'stale' || state.state === 'full') return state
  // Who answers with garbage is not waited for.
  if (state.state === 'failed' && state.garbled) return { state: 'failed', since: state.since, reason: state.reason, garbled: true }
  const silent = member.state === 'unreachable' ? { since: member.since, reason: member.reason } : state.state === 'failed' ? { since: state.since, reason: state.reason } : undefined
  if (member.state === 'refused') return { state: 'failed', since: now, reason: member.reason }
  return silent && now - silent.since >= PATIENCE_MS ? { state: 'failed', ...silent } : { state: 'syncing', since: silent?.since ?? now }
}
