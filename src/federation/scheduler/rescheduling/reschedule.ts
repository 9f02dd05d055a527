/**
 * A decision together with what is remembered for the next one: what clusters were seen to hold, when replicas moved last, and how many are still to move.
 *
 *   stuck pods ─▶ limits ─▶ trigger ─▶ divided within limits ─▶ as much of it as the budget allows ─▶ the rest after minInterval
 */
import type { ClusterLimit, ReschedulingStatus } from '../../../apis/types.federation/v1alpha1/rescheduling-status.ts'
import { timestamp } from '../../../machinery/meta/timestamp.ts'
import { placementRequest } from '../placement-request.ts'
import { type Schedule, schedule } from '../schedule.ts'
import type { SchedulingSnapshot } from '../snapshot.ts'
import { affinityIndex } from '../trigger.ts'
import { limitsOf } from './limits.ts'
import type { ReschedulingFacts } from './rescheduling-facts.ts'
import { areRelabelled, reschedulingTrigger, selectedBy } from './rescheduling-trigger.ts'
import { withinBudget } from './within-budget.ts'

export interface Rescheduled {
  readonly schedule: Schedule
  /** Undefined: nothing is to be remembered. */
  readonly rescheduling: ReschedulingStatus | undefined
  /** When to look again whatever happens. */
  readonly againMs?: number
}

/** A cluster that has just come tells later what it has. */
const awaitsSums = ({ clusters }: Pick<SchedulingSnapshot, 'clusters'>, { rule }: ReschedulingFacts): boolean => rule !== undefined && clusters.some(({ cluster, state }) => state.state === 'ready' && cluster.status?.resourceSummary === undefined)

/** Triggers that move replicas that could stay: what the budget is for. */
const MOVING: ReadonlySet<string> = new Set(['Requested', 'Unschedulable', 'CapacityReturned', 'ClusterJoined', 'ClusterLabelsChanged', 'Remaining'])
/** What clusters report of their room changes without a word. */
const LOOK_MS = 15_000

export function reschedule(given: Omit<SchedulingSnapshot, 'rescheduling' | 'fresh'>, facts: ReschedulingFacts): Rescheduled {
  const request = placementRequest(given.source, given.preference), { rule, before, requested } = facts, isRequested = requested !== undefined && requested !== before?.requested
  if (!rule && requested === undefined) return { schedule: schedule({ ...given, clusters: withLive(given, facts) }), rescheduling: undefined }
  const found = limitsOf(given, facts), isFresh = isRequested && given.previous !== undefined, isDue = !before || facts.now >= Date.parse(before.at) + (rule?.minIntervalMs ?? 0)
  const returns = rule?.triggers.has('CapacityReturned') ?? false, limits = isFresh ? [] : found.held.filter(({ cluster }) => !found.lifted.has(cluster) || (returns && !isDue)), capacity = new Map(limits.map((limit) => [limit.cluster, limit.replicas]))
  const clusters = request.division.algorithm === 'Preferences' ? withLive(given, facts) : given.clusters.map((one) => { const limit = capacity.get(one.cluster.metadata.name ?? ''); return limit === undefined ? one : { ...one, capacity: limit } })
  const made = schedule({ ...given, clusters, rescheduling: facts, ...(isFresh && { fresh: true }) }), isMade = made.trigger !== undefined && made.scheduled.status === 'True', isMove = isMade && MOVING.has(made.trigger)
  const { targets, remaining } = isMove && rule && made.algorithm !== 'Preferences' ? withinBudget(given.previous?.targets ?? [], made.targets, rule.maxMoves) : { targets: made.targets, remaining: 0 }
  const isNew = !before || isMove || (isMade && (made.trigger === 'PlacementChanged' || made.trigger === 'FirstPlacement'))
  const term = request.terms[affinityIndex(request.terms, given.previous?.affinity)], waits = term && reschedulingTrigger({ ...given, rescheduling: facts }, request, term)
  const rescheduling = remembered(given, facts, { isNew, selected: made, ...(requested !== undefined && { requested: isFresh && !isMade ? before?.requested : requested }), remaining: isNew ? remaining : before.remaining ?? 0, limits: isMade || !returns ? limits : found.held })
  // Of limits and of sums that are still to come nobody tells; what is only too early is due at a known time.
  const againMs = rescheduling.remaining !== undefined || (waits && waits.waitMs > 0) ? Math.max(1000, isNew ? rule?.minIntervalMs ?? LOOK_MS : waits?.waitMs ?? LOOK_MS) : rescheduling.limits !== undefined || awaitsSums(given, facts) ? LOOK_MS : undefined
  return { schedule: remaining > 0 ? { ...made, targets, scheduled: { ...made.scheduled, message: `${made.scheduled.message}; ${remaining} replicas are still to move` } } : made, rescheduling, ...(againMs !== undefined && { againMs }) }
}

interface News { readonly isNew: boolean; readonly selected: Pick<Schedule, 'affinity'>; readonly requested?: string | undefined; readonly remaining: number; readonly limits: readonly ClusterLimit[] }

function remembered({ source, preference, clusters }: Omit<SchedulingSnapshot, 'rescheduling'>, { rule, before, now }: ReschedulingFacts, { isNew, selected, requested, remaining, limits }: News): ReschedulingStatus {
  const request = placementRequest(source, preference), term = request.terms[affinityIndex(request.terms, selected.affinity)], watchesLabels = rule?.triggers.has('ClusterLabelsChanged') ?? false
  const found = watchesLabels && term ? selectedBy(clusters, request, term, isNew ? now : Date.parse(before!.at)) : undefined
  // Replicas are still to move for labels that changed. A cluster that left is forgotten.
  const known = found !== undefined && !isNew && before?.selected !== undefined && areRelabelled(before.selected, found) ? before.selected : found
  return {
    at: isNew ? timestamp(now) : before!.at, ...(known !== undefined && { selected: known }), ...(requested !== undefined && { requested }),
    ...(remaining > 0 && { remaining }), ...(limits.length > 0 && { limits: [...limits] }),
  }
}

/**
 * The planner of preferences goes by what clusters hold now, whether the policy says so or not: what finds no node overflows to others. Where replicas may be rebalanced it stays asked for besides,
 * so that it shows when there is room (Federation v1's planner, KubeFed's pod analyzer).
 */
function withLive({ clusters, source, preference }: Omit<SchedulingSnapshot, 'rescheduling'>, { stuck }: ReschedulingFacts): SchedulingSnapshot['clusters'] {
  if (stuck.size === 0 || placementRequest(source, preference).division.algorithm !== 'Preferences') return clusters
  return clusters.map((one) => { const seen = stuck.get(one.cluster.metadata.name ?? ''); return seen ? { ...one, capacity: Math.max(0, seen.replicas - seen.unschedulable) } : one })
}
