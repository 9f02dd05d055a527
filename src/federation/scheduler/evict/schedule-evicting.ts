/**
 * A decision that leaves clusters: those of before that still are left, and those that drive the template out now. Pure, but for asking whether one more may leave now.
 *
 *   standing evictions ─▶ over? cancelled, and its replicas back where they were
 *   taints, health     ─▶ due?  without that cluster the template still has a place for all ─▶ may it, now? ─▶ left, and the reason stored
 *                                                                                  else ─▶ it stays, and says why
 */
import type { Failover, StatePreservation } from '../../../apis/policy.federation/v1alpha1/failover.ts'
import type { ClusterState, Eviction, ScheduledTarget } from '../../../apis/types.federation/v1alpha1/federated-object.ts'
import { timestamp } from '../../../machinery/meta/timestamp.ts'
import { placementRequest } from '../placement-request.ts'
import type { Schedule } from '../schedule.ts'
import type { ClusterFacts, PreviousSchedule, SchedulingSnapshot, Target } from '../snapshot.ts'
import { applicationCause, taintCause, type Cause, type Rules } from './cause.ts'
import type { FailoverOptions } from './failover-options.ts'
import { preservedLabels } from './preserved-labels.ts'
import { standingEvictions } from './standing-evictions.ts'

export interface EvictingInput {
  readonly options: FailoverOptions
  /** Whether one more template may leave a cluster now. Asked last, and once for each cluster. */
  readonly mayLeave: (cause: Cause) => boolean
  readonly standing: readonly Eviction[]
  /** What is known of the copies: status.clusters. */
  readonly copies: readonly ClusterState[]
  /** The template has not changed since the last decision. */
  readonly isSame: boolean
  /** Of the policy. */
  readonly failover: Failover | undefined
  /** The template leaves no cluster, whatever happens there. */
  readonly isBound: boolean
  readonly now: number
}

/** A cluster that should be left, and is not. */
interface Held { readonly cluster: string; readonly message: string }

/** What decides where a template goes: `schedule`, or more that comes with it. */
interface Made { readonly schedule: Schedule }

export interface Evicting<M extends Made = Made> {
  readonly made: M
  readonly evictions: readonly Eviction[]
  readonly cancelled: readonly Eviction[]
  /** By cluster, of copies that come to be now. */
  readonly labels: ReadonlyMap<string, Readonly<Record<string, string>>>
  readonly held: readonly Held[]
  /** When a cluster will have to be left; undefined: none, as things stand. */
  readonly lookAgainAt: number | undefined
}

/** `decide` is asked for every set of clusters to go by. */
export function scheduleEvicting<M extends Made>(snapshot: SchedulingSnapshot, input: EvictingInput, decide: (snapshot: SchedulingSnapshot) => M): Evicting<M> {
  const { options, standing, copies, failover, now } = input, { facts, areTainted } = clustersOf(snapshot.clusters), before = snapshot.previous?.targets ?? []
  if (standing.length === 0 && !areTainted && !failover?.application) return { made: decide(snapshot), evictions: [], cancelled: [], labels: new Map(), held: [], lookAgainAt: undefined }
  const rules: Rules = { tolerations: placementRequest(snapshot.source, snapshot.preference).tolerations, failover, ...options }
  const tainted = (cluster: string) => { const found = facts.get(cluster); return found && taintCause(found, rules, now) }
  const stood = standingEvictions({ standing, targets: before, copies, isSame: input.isSame, stateOf: (cluster) => facts.get(cluster)?.state, causeOf: tainted, purgeModeOf: ({ reason }) => (reason === 'ApplicationFailure' ? failover?.application?.purgeMode : failover?.cluster?.purgeMode) })
  const base = withTargets(snapshot, stood.targets, stood.kept)
  const causes = input.isBound ? [] : causesOf(base.previous?.targets ?? [], input, tainted, (cluster) => facts.get(cluster)), left = leave(base, causes.filter(({ dueAt }) => dueAt <= now), stood.kept, input, decide)
  // What has no place now may have one later, and room comes without a word.
  const pending = [...causes.filter(({ dueAt }) => dueAt > now).map(({ dueAt }) => dueAt), ...(left.held.length > 0 ? [now + HELD_MS] : [])]
  return { ...left, cancelled: stood.cancelled, lookAgainAt: pending.length > 0 ? Math.min(...pending) : undefined }
}

const HELD_MS = 30_000

/** Snapshots of many templates hold the same clusters. */
const memo = new WeakMap<readonly ClusterFacts[], { readonly facts: ReadonlyMap<string, ClusterFacts>; readonly areTainted: boolean }>()

function clustersOf(clusters: readonly ClusterFacts[]) {
  let known = memo.get(clusters)
  if (!known) memo.set(clusters, (known = { facts: new Map(clusters.map((one) => [one.cluster.metadata.name ?? '', one])), areTainted: clusters.some(({ cluster: { spec } }) => spec.taints?.some(({ effect }) => effect === 'NoExecute')) }))
  return known
}

function causesOf(targets: readonly Target[], { copies, failover }: EvictingInput, tainted: (cluster: string) => Cause | undefined, factsOf: (cluster: string) => ClusterFacts | undefined): readonly Cause[] {
  const byName = new Map(copies.map((copy) => [copy.name, copy]))
  // What works nowhere is likelier broken itself than every cluster it is in.
  const isBroken = targets.length > 1 && targets.every(({ cluster }) => byName.get(cluster)?.health === 'Unhealthy')
  return targets.flatMap(({ cluster }) => {
    const facts = factsOf(cluster)
    return [tainted(cluster), facts && !isBroken ? applicationCause(facts, byName.get(cluster), failover) : undefined].filter((cause) => cause !== undefined)
  }).toSorted((a, b) => a.dueAt - b.dueAt)
}

/** One cluster after the other, so that one that has to be kept does not keep the others. */
function leave<M extends Made>(base: SchedulingSnapshot, due: readonly Cause[], kept: readonly Eviction[], input: EvictingInput, decide: (snapshot: SchedulingSnapshot) => M): Omit<Evicting<M>, 'cancelled' | 'lookAgainAt'> {
  const held: Held[] = [], labels = new Map<string, Readonly<Record<string, string>>>(), { now } = input
  let snapshot = base, evictions = kept, made = decide(base)
  for (const cause of due) {
    const { cluster } = cause
    if (evictions.some((one) => one.cluster === cluster) || held.some((one) => one.cluster === cluster)) continue
    const copy = input.copies.find(({ name }) => name === cluster), preservation = preservationOf(cause, input.failover), preserved = preservation && preservedLabels(preservation, copy?.status)
    const last = made.schedule.targets, eviction = evictionOf(cause, last.find((target) => target.cluster === cluster), input, now), without = withTargets(snapshot, last, [...evictions, eviction]), trial = decide(without)
    const why = preserved && 'problem' in preserved ? preserved.problem : refusal(made.schedule, trial.schedule, cause)
    if (why !== undefined) held.push({ cluster, message: `${cause.message}, but it is not left: ${why}` })
    else if (input.mayLeave(cause)) {
      const movedTo = moved(last, trial.schedule.targets)
      evictions = [...evictions, { ...eviction, ...(movedTo.length > 0 && { movedTo }) }]
      if (preserved && 'labels' in preserved) for (const target of trial.schedule.targets) if (!last.some((one) => one.cluster === target.cluster)) labels.set(target.cluster, { ...labels.get(target.cluster), ...preserved.labels })
      made = trial
      snapshot = without
    }
  }
  return { made, evictions, held, labels }
}

/** Why a decision without the cluster is no good; undefined: it is. The present targets stay rather than that anything has no place. */
function refusal(now: Schedule, without: Schedule, { byHealth }: Cause): string | undefined {
  const lacking = (of: Schedule) => (of.unplaced ?? 0) + of.targets.reduce((sum, { waiting = 0 }) => sum + waiting, 0)
  if (without.scheduled.status !== 'True') return `elsewhere ${without.scheduled.message}`
  if (without.targets.length === 0) return 'there is no other place'
  if (lacking(without) > lacking(now)) return `elsewhere ${lacking(without)} replicas would have no room`
  return byHealth && moved(now.targets, without.targets).length === 0 ? 'nothing would take its place elsewhere' : undefined
}

/** What came to be, or grew, from one decision to the next. */
function moved(from: readonly Target[], to: readonly Target[]): { cluster: string; replicas?: number }[] {
  const before = new Map(from.map((target) => [target.cluster, target]))
  return to.flatMap(({ cluster, replicas }) => {
    const old = before.get(cluster), grown = (replicas ?? 0) - (old?.replicas ?? 0)
    if (!old) return [{ cluster, ...(replicas !== undefined && { replicas }) }]
    return grown > 0 ? [{ cluster, replicas: grown }] : []
  })
}

function evictionOf({ cluster, reason, message }: Cause, target: Target | undefined, { failover, options }: EvictingInput, now: number): Eviction {
  const isApplication = reason === 'ApplicationFailure', purgeMode = (isApplication ? failover?.application?.purgeMode : failover?.cluster?.purgeMode) ?? 'Gracefully'
  return {
    cluster, reason, message, producer: isApplication ? 'ApplicationFailover' : 'TaintManager', purgeMode, creationTimestamp: timestamp(now),
    ...(purgeMode === 'Gracefully' && { gracePeriodSeconds: (isApplication ? failover?.application?.gracePeriodSeconds : undefined) ?? options.gracefulEvictionSeconds }),
    ...(target?.replicas !== undefined && { replicas: target.replicas }),
  }
}

const preservationOf = ({ reason }: Cause, failover: Failover | undefined): StatePreservation | undefined => (reason === 'ApplicationFailure' ? failover?.application : failover?.cluster)?.statePreservation

/** The snapshot with these targets of before, and without the clusters that are left. */
function withTargets(snapshot: SchedulingSnapshot, targets: readonly (Target | ScheduledTarget)[], evictions: readonly Eviction[]): SchedulingSnapshot {
  const evicted = new Map(evictions.map(({ cluster, message }) => [cluster, message])), { previous } = snapshot
  const next: PreviousSchedule | undefined = previous && { ...previous, targets: targets.filter(({ cluster }) => !evicted.has(cluster)) }
  return { ...snapshot, evicted, ...(next && { previous: next }) }
}
