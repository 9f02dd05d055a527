/** What becomes of evictions that were decided before. Pure. */
import type { ClusterState, Eviction, ScheduledTarget } from '../../../apis/types.federation/v1alpha1/federated-object.ts'
import type { MemberState } from '../../member/member.ts'
import type { Cause } from './cause.ts'

export interface StandingInput {
  readonly standing: readonly Eviction[]
  readonly targets: readonly ScheduledTarget[]
  /** What is known of the copies: status.clusters. */
  readonly copies: readonly ClusterState[]
  /** The template has not changed since the last decision. */
  readonly isSame: boolean
  readonly stateOf: (cluster: string) => MemberState | undefined
  /** What drives the template out of a cluster now, or will. */
  readonly causeOf: (cluster: string) => Cause | undefined
  /** What the policy says now; undefined: it says nothing. */
  readonly purgeModeOf: (eviction: Eviction) => Eviction['purgeMode'] | undefined
}

export interface Standing {
  readonly kept: readonly Eviction[]
  /** The cause went before others could do without the copy: all is as it was before. */
  readonly cancelled: readonly Eviction[]
  readonly targets: readonly ScheduledTarget[]
}

/**
 * An eviction ends when the copy is gone, or with its cause, as long as nothing has taken the copy's place yet, and the cluster answers: what comes back to one that is down runs nowhere. A restarted server knows of no cause before it reached the cluster, either.
 * Where an application failed is remembered until it works somewhere, or changes: one that is broken would wander from cluster to cluster for ever.
 */
export function standingEvictions({ standing, targets, copies, isSame, stateOf, causeOf, purgeModeOf }: StandingInput): Standing {
  const isBroken = isSame && !targets.some(({ cluster }) => copies.find(({ name }) => name === cluster)?.health === 'Healthy')
  const there = standing.filter(({ cluster, reason }) => stateOf(cluster) !== undefined && (hasCopy(cluster, copies) || (reason === 'ApplicationFailure' && isBroken)))
  const isReplaced = targets.every(({ cluster }) => works(copies.find(({ name }) => name === cluster), stateOf(cluster)))
  const cancelled = there.filter((eviction) => stateOf(eviction.cluster)?.state === 'ready' && isOver(eviction, causeOf(eviction.cluster), copies.find(({ name }) => name === eviction.cluster)) && (!isReplaced || eviction.movedTo?.length === undefined))
  const kept = there.filter((eviction) => !cancelled.includes(eviction)).map((eviction): Eviction => {
    const purgeMode = purgeModeOf(eviction) ?? eviction.purgeMode
    return purgeMode === eviction.purgeMode ? eviction : { ...eviction, purgeMode }
  })
  return { kept, cancelled, targets: cancelled.reduce(takeBack, targets) }
}

/** For a failed application: it works again. */
const isOver = ({ reason }: Eviction, cause: Cause | undefined, copy: ClusterState | undefined): boolean => (reason === 'ApplicationFailure' ? copy?.health === 'Healthy' : cause === undefined)

const hasCopy = (cluster: string, copies: readonly ClusterState[]): boolean => copies.some(({ name }) => name === cluster)

/** Known to have what the decision wants there, and to work. */
const works = (copy: ClusterState | undefined, state: MemberState | undefined): boolean => state?.state === 'ready' && copy?.state === 'OK' && copy.health !== 'Unhealthy'

/** The replicas come back from where they went. */
function takeBack(targets: readonly ScheduledTarget[], { cluster, replicas, movedTo = [] }: Eviction): readonly ScheduledTarget[] {
  const moved = new Map(movedTo.map((one) => [one.cluster, one.replicas]))
  const others = targets.filter((target) => target.cluster !== cluster).flatMap((target) => {
    if (!moved.has(target.cluster)) return [target]
    const left = (target.replicas ?? 0) - (moved.get(target.cluster) ?? target.replicas ?? 0)
    return left > 0 ? [{ ...target, replicas: left }] : []
  })
  return [...others, { cluster, ...(replicas !== undefined && { replicas }) }].toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1))
}

/** Clusters that a template still occupies: what it needs must be there too. Of those that are left Directly nothing is needed any more. */
export const clustersInUse = (targets: readonly { readonly cluster: string }[], evictions: readonly Pick<Eviction, 'cluster' | 'purgeMode'>[], copies: readonly Pick<ClusterState, 'name'>[]): readonly string[] =>
  [...new Set([...targets.map(({ cluster }) => cluster), ...evictions.filter(({ cluster, purgeMode }) => purgeMode !== 'Directly' && copies.some(({ name }) => name === cluster)).map(({ cluster }) => cluster)])]
