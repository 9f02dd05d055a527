import type { Cluster } from '../../../apis/cluster.federation/v1alpha1/cluster.ts'
import { fingerprint } from '../fingerprint.ts'
import type { PlacementRequest, PlacementTerm } from '../placement-request.ts'
import type { ClusterFacts, SchedulingSnapshot } from '../snapshot.ts'
import { type Limits, limitsOf } from './limits.ts'
import type { ReschedulingTrigger } from './rescheduling-facts.ts'

/** What makes replicas move that are placed. `Remaining`: a move that was more than the budget allowed goes on. */
export type MovingTrigger = ReschedulingTrigger | 'Remaining'

/** A cluster that is ready may not have told what it has; it is waited for so long. */
const SUMS_MS = 60_000

/** Undefined: nothing moves. Karmada moves nothing by itself but for its descheduler; here each trigger is asked for by name. `waitMs` above 0: not before. */
export function reschedulingTrigger(snapshot: SchedulingSnapshot, request: PlacementRequest, term: PlacementTerm): { readonly trigger: MovingTrigger; readonly waitMs: number } | undefined {
  const { rule, before, now } = snapshot.rescheduling ?? {}, trigger = moves(snapshot, request, term)
  return trigger && { trigger, waitMs: Date.parse(before!.at) + rule!.minIntervalMs - now! }
}

function moves(snapshot: SchedulingSnapshot, request: PlacementRequest, term: PlacementTerm): MovingTrigger | undefined {
  const { rescheduling, previous, clusters } = snapshot, { rule, before, now } = rescheduling ?? {}
  if (!rule || !before || !previous || now === undefined) return undefined
  const at = Date.parse(before.at), targets = new Map(previous.targets.map(({ cluster, replicas = 0 }) => [cluster, replicas])), { held, lifted }: Limits = limitsOf(snapshot, rescheduling!)
  if (held.some(({ cluster, replicas }) => !lifted.has(cluster) && (targets.get(cluster) ?? 0) > replicas)) return 'Unschedulable'
  const others = clusters.filter(({ cluster, state }) => state.state === 'ready' && !targets.has(nameOf(cluster)) && cluster.metadata.deletionTimestamp === undefined && term.tierOf(cluster) !== undefined)
  if (rule.triggers.has('CapacityReturned') && (lifted.size > 0 || clusters.some(({ cluster }) => term.tierOf(cluster) !== undefined && createdAt(cluster) < at && readySince(cluster) > at && hasSums(cluster, now)))) return 'CapacityReturned'
  if (rule.triggers.has('ClusterJoined') && others.some(({ cluster }) => Math.max(createdAt(cluster), readySince(cluster)) >= at && hasSums(cluster, now))) return 'ClusterJoined'
  if (rule.triggers.has('ClusterLabelsChanged') && before.selected !== undefined && areRelabelled(before.selected, selectedBy(clusters, request, term, at))) return 'ClusterLabelsChanged'
  return before.remaining ? 'Remaining' : undefined
}

/**
 * Two fingerprints with a dot between them: of which clusters there are, and of which of these a placement selects, with what, and where they lie. Those that came after `at` are left out.
 * Where the first one changes, clusters left, or another alternative is used: the second one says nothing about labels then.
 */
export function selectedBy(clusters: readonly ClusterFacts[], { division }: PlacementRequest, term: PlacementTerm, at: number): string {
  const there = clusters.filter(({ cluster }) => createdAt(cluster) <= at).toSorted((a, b) => (nameOf(a.cluster) < nameOf(b.cluster) ? -1 : 1)), selected = there.flatMap(({ cluster }) => {
    const tier = term.tierOf(cluster), { provider, region, zones } = cluster.spec
    return tier === undefined ? [] : [[nameOf(cluster), tier, cluster.metadata.labels ?? {}, provider, region, zones, division.algorithm === 'StaticWeight' ? division.weightOf(cluster) : undefined].map((value) => value ?? null)]
  })
  return `${fingerprint([term.fingerprint, ...there.map(({ cluster }) => nameOf(cluster))])}.${fingerprint(selected)}`
}

export function areRelabelled(before: string, now: string): boolean { return before !== now && before.split('.')[0] === now.split('.')[0] }

const nameOf = ({ metadata }: Cluster) => metadata.name ?? ''
const createdAt = ({ metadata: { creationTimestamp } }: Cluster): number => (creationTimestamp === undefined ? 0 : Date.parse(creationTimestamp))

function readySince({ status }: Cluster): number {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status === 'True' && ready.lastTransitionTime ? Date.parse(ready.lastTransitionTime) : 0
}

const hasSums = (cluster: Cluster, now: number) => cluster.status?.resourceSummary !== undefined || now - readySince(cluster) >= SUMS_MS
