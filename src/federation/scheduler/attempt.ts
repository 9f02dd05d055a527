import { divideReplicas } from './divide/divide.ts'
import { reject } from './filters/filters.ts'
import type { RejectedCluster, RejectReason } from './filters/filter.ts'
import { estimateReplicas, estimateSets } from './estimate.ts'
import type { PlacementRequest, PlacementTerm } from './placement-request.ts'
import type { Candidate } from './select/candidate.ts'
import { selectClusters } from './select/select-clusters.ts'
import type { ClusterFacts, SchedulingSnapshot, Target } from './snapshot.ts'

/** The condition Scheduled. */
export interface ScheduledCondition {
  readonly status: 'True' | 'False'
  readonly reason: 'Success' | 'Partial' | 'Nowhere' | 'NoClusterFits' | 'Unschedulable' | 'QuotaExceeded'
  readonly message: string
}

interface Success { readonly targets: readonly Target[]; readonly rejected: readonly RejectedCluster[]; readonly unplaced?: number; readonly scheduled: ScheduledCondition }
export interface Failure { readonly failure: 'NoClusterFits' | 'Unschedulable'; readonly message: string; readonly rejected: readonly RejectedCluster[] }

/** What one alternative of a placement comes to. */
export function attempt(snapshot: SchedulingSnapshot, request: PlacementRequest, term: PlacementTerm): Success | Failure {
  const { fit, rejected: filtered } = filter(snapshot, request, term), { clusters } = snapshot, { candidates, full } = withRoom(snapshot, request, rank(snapshot, request, term, fit)), rejected = byName([...filtered, ...full])
  if (candidates.length === 0) return { failure: 'NoClusterFits', message: `0 of ${clusters.length} clusters are fit${summary(rejected)}`, rejected }
  const demand = { duplicated: isDuplicated(snapshot, request), replicas: totalOf(snapshot), partial: request.partial }
  const selected = selectClusters(candidates, ignoresSpread(request) ? [] : request.spread, demand)
  if ('failure' in selected) return { failure: selected.failure === 'NotEnoughRoom' ? 'Unschedulable' : 'NoClusterFits', message: selected.message, rejected: byName([...rejected, ...notPlaced(candidates, selected.message)]) }
  const chosen = new Set(selected), beyond = candidates.filter((candidate) => !chosen.has(candidate)).map(({ name }): RejectedCluster => ({ cluster: name, reason: 'BeyondSpread', message: `is fit, but the spread is met by ${selected.length} others` }))
  const divided = divideReplicas(snapshot, request, term, selected)
  if ('failure' in divided) return { ...divided, rejected: byName([...rejected, ...beyond, ...notPlaced(selected, divided.message)]) }
  const all = byName([...rejected, ...beyond, ...divided.rejected])
  const { targets, unplaced } = divided, waiting = targets.reduce((sum, target) => sum + (target.waiting ?? 0), 0)
  return {
    targets: targets.toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1)), rejected: all, ...(unplaced > 0 && { unplaced }),
    scheduled: { status: 'True', reason: unplaced > 0 ? 'Partial' : 'Success', message: placedText(targets, clusters.length, { unplaced, waiting, all, ignored: ignoresSpread(request) && request.spread.length > 0 }) },
  }
}

/** What filters say against clusters, where nothing else is decided. */
export const explain = (snapshot: SchedulingSnapshot, request: PlacementRequest, term: PlacementTerm): readonly RejectedCluster[] => filter(snapshot, request, term).rejected

const notPlaced = (candidates: readonly Candidate[], why: string) => candidates.map(({ name }): RejectedCluster => ({ cluster: name, reason: 'NotPlaced', message: `is fit, but ${why}` }))

/** Fixed weights and preferences say themselves which clusters take part, as in Karmada; for kinds without replicas, too: a ConfigMap must be where its Deployment is. */
const ignoresSpread = ({ division: { algorithm } }: PlacementRequest) => algorithm === 'StaticWeight' || algorithm === 'Preferences'
const isDuplicated = ({ template }: SchedulingSnapshot, { division }: PlacementRequest) => division.algorithm === 'Duplicated' || template.replicas === undefined
const totalOf = ({ template, preference }: SchedulingSnapshot) => preference?.totalReplicas ?? template.replicas ?? 0
/** Workloads of several components are placed as a whole; where clusters are chosen among, one set must fit. */
const choosesForSets = ({ template: { components } }: SchedulingSnapshot, { spread }: PlacementRequest) => components !== undefined && spread.length > 0
const nameOf = ({ cluster }: ClusterFacts) => cluster.metadata.name ?? ''
const byName = (rejected: readonly RejectedCluster[]) => rejected.toSorted((a, b) => (a.cluster < b.cluster ? -1 : a.cluster > b.cluster ? 1 : 0))

function filter({ template, clusters, previous, namespaceClusters, peers = {}, evicted }: SchedulingSnapshot, request: PlacementRequest, term: PlacementTerm): { readonly fit: readonly ClusterFacts[]; readonly rejected: readonly RejectedCluster[] } {
  const targets = new Set(previous?.targets.map(({ cluster }) => cluster)), fit: ClusterFacts[] = [], rejected: RejectedCluster[] = []
  const kind = `${template.apiVersion} ${template.kind}`, spreadBy = ignoresSpread(request) ? [] : request.spread
  for (const facts of clusters) {
    const name = nameOf(facts), { cluster, state } = facts, rejection = reject({ cluster, state, isTarget: targets.has(name), kind, term, tolerations: request.tolerations, spread: spreadBy, peers, namespaceClusters, evicted: evicted?.get(name) })
    if (rejection) rejected.push({ cluster: name, reason: rejection.reason, message: rejection.message })
    else fit.push(facts)
  }
  const known = new Set(clusters.map(nameOf)), missing = term.named.filter((name) => !known.has(name))
  return { fit, rejected: byName([...rejected, ...missing.map((cluster): RejectedCluster => ({ cluster, reason: 'NotFound', message: 'is named by the placement, but is no cluster of the fleet' }))]) }
}

function rank(snapshot: SchedulingSnapshot, request: PlacementRequest, term: PlacementTerm, fit: readonly ClusterFacts[]): Candidate[] {
  const { template, previous } = snapshot, { algorithm } = request.division
  // A copy that has the template's own number is stored without one: it has its room all the same, and needs no more.
  const unsaid = isDuplicated(snapshot, request) ? totalOf(snapshot) : 0, held = new Map(previous?.targets.map(({ cluster, replicas = unsaid, waiting = 0 }) => [cluster, replicas - waiting]))
  const needsRoom = template.replicas !== undefined && (term.hasOverflow || algorithm === 'DynamicWeight' || algorithm === 'Aggregated' || (algorithm === 'Duplicated' && request.spread.length > 0))
  // What a target that does not answer has room for is not known; what it has, it keeps.
  const roomIn = (facts: ClusterFacts) => (facts.state.state === 'unreachable' || facts.state.state === 'refused' ? 0 : choosesForSets(snapshot, request) ? estimateSets(facts, template.components!) : needsRoom ? estimateReplicas(facts, template) : 0)
  return fit.map((facts) => {
    const name = nameOf(facts), limit = facts.capacity ?? Infinity, holds = Math.min(held.get(name) ?? 0, limit), allocatable = Math.min(roomIn(facts), limit - holds)
    return { name, cluster: facts.cluster, score: held.has(name) ? 100 : 0, allocatable, available: allocatable + holds, tier: term.tierOf(facts.cluster) ?? 0, ...(facts.capacity !== undefined && { limit }) }
  })
}

/** Targets have their set already. */
function withRoom(snapshot: SchedulingSnapshot, request: PlacementRequest, ranked: readonly Candidate[]): { readonly candidates: readonly Candidate[]; readonly full: readonly RejectedCluster[] } {
  if (!choosesForSets(snapshot, request)) return { candidates: ranked, full: [] }
  const { components = [] } = snapshot.template, pods = components.reduce((sum, { replicas }) => sum + replicas, 0), hasRoom = ({ score, allocatable }: Candidate) => score > 0 || allocatable > 0
  return { candidates: ranked.filter(hasRoom), full: ranked.filter((one) => !hasRoom(one)).map(({ name }) => ({ cluster: name, reason: 'NoRoom', message: `has no room for a set of ${pods} pods in ${components.length} components` })) }
}

function placedText(targets: readonly Target[], clusters: number, { unplaced, waiting, all, ignored }: { readonly unplaced: number; readonly waiting: number; readonly all: readonly RejectedCluster[]; readonly ignored: boolean }): string {
  return `placed in ${targets.length} of ${clusters} clusters${summary(all)}${unplaced > 0 ? `; ${unplaced} replicas have no place` : ''}${waiting > 0 ? `; ${waiting} replicas wait for room` : ''}${ignored ? '; spread constraints do not apply where weights are fixed' : ''}`
}

/** How often each reason occurs, the most frequent first. */
function summary(rejected: readonly RejectedCluster[]): string {
  if (rejected.length === 0) return ''
  const counts = new Map<RejectReason, number>()
  for (const { reason } of rejected) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return `: ${[...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([reason, count]) => `${count} ${reason}`).join(', ')}`
}
