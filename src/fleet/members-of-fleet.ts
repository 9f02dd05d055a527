import type { Member } from '../federation/member/member.ts'
import type { Column } from '../machinery/meta/core.ts'
import type { DiscoveredKind } from '../federation/member/discovery.ts'
import type { MemberCacheState } from '../federation/member/member-caches.ts'
import type { FleetMember } from './fleet-member.ts'
import type { SourceState } from './view-source.ts'

/** A joined cluster as fleets read it; undefined until it was reached once: before, nothing is known of it, not even which cluster it is. */
export function fleetMember(member: Member, customColumns: (member: Member, kind: DiscoveredKind) => readonly Column[] | undefined): FleetMember | undefined {
  const { name, identity, discovery, cluster } = member
  if (identity === undefined || !discovery) return undefined
  return {
    cluster: name,
    labels: cluster.metadata.labels ?? {},
    source: { id: `${cluster.metadata.uid ?? ''}/${identity}` },
    kinds: discovery.kinds,
    isReporting: () => member.state.state === 'ready',
    lease: (kind) => {
      const use = member.caches.acquire(kind)
      return { cache: use.cache, state: () => sourceState(use.state(), member), release: () => use.release() }
    },
    handler: member.handler,
    customColumns: (kind) => customColumns(member, kind),
  }
}

function sourceState(state: MemberCacheState, { state: member }: Member): SourceState {
  if (state.state === 'starting') return member.state === 'unreachable' ? { state: 'failed', since: member.since, reason: member.reason } : { state: 'syncing', since: 0 }
  return state.state === 'failed' ? { state: 'failed', since: state.since, reason: state.reason } : state
}
