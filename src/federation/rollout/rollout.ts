/**
 * How far a change of a template may go, wave by wave. Pure: who has which revision follows from what is stored, and from what the copies that have the change are like.
 *
 *   a wave      ── some have not got it ─▶ as many as may be changing at a time get it, reachable ones first
 *               ── some are not healthy ─▶ it waits; after a minute it is said to have stopped
 *               ── all are healthy ─────▶ its pause, then the next wave
 *   all waves   ── all are healthy ─────▶ complete: what was before is forgotten
 */
import type { Cluster } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import { compileClusterAffinity } from '../../apis/cluster.federation/v1alpha1/cluster-affinity.ts'
import type { RolloutWave } from '../../apis/policy.federation/v1alpha1/rollout.ts'
import type { RolloutStatus } from '../../apis/types.federation/v1alpha1/rollout-status.ts'
import { listed } from '../../lib/listed.ts'
import { timestamp } from '../../machinery/meta/timestamp.ts'
import { generationOf } from '../template/revisions.ts'

/** A target of the template, and its copy. */
export interface RolloutTarget {
  readonly cluster: Pick<Cluster, 'metadata' | 'spec'>
  readonly reachable: boolean
  /** Why a copy that was given the change does not have it yet, or does not work with it; undefined: it does. */
  readonly problem: string | undefined
  /** It will not pass by waiting. */
  readonly failed: boolean
}

export interface RolloutSnapshot {
  readonly waves: readonly RolloutWave[]
  readonly status: RolloutStatus
  readonly targets: readonly RolloutTarget[]
  /** Milliseconds since the epoch. */
  readonly now: number
}

export interface RolloutDecision {
  /** What is stored from now on; undefined: every cluster is to have the latest. The same object where nothing changed. */
  readonly rollout: RolloutStatus | undefined
  readonly status: 'True' | 'False'
  readonly reason: 'Complete' | 'WaveInProgress' | 'WaveStopped' | 'WavePaused'
  readonly message: string
  /** When to look again whatever happens. */
  readonly againMs?: number
}

interface Wave { readonly number: number; readonly rule: RolloutWave; readonly left: readonly RolloutTarget[]; readonly begun: readonly RolloutTarget[] }

/** A copy that has had a change for so long, and is not healthy with it, stops its wave. */
const STOPPED_MS = 60_000, NAMED = 3

export function rollout({ waves, status, targets, now }: RolloutSnapshot): RolloutDecision {
  const groups = grouped(waves, targets, status), total = groups.at(-1)?.number ?? 0
  for (const [at, wave] of groups.entries()) {
    const busy = wave.begun.filter(({ problem }) => problem !== undefined)
    if (wave.left.length > 0 || busy.length > 0) return inWave(wave, busy, { status, now, total })
    const next = groups.slice(at + 1).find(({ left, begun }) => left.length + begun.length > 0), pauseMs = (wave.rule.pauseSeconds ?? 0) * 1000
    if (!next || next.begun.length > 0 || pauseMs === 0) continue
    const healthy = status.healthy?.wave === wave.number ? status.healthy : { wave: wave.number, since: timestamp(now) }, leftMs = Date.parse(healthy.since) + pauseMs - now
    if (leftMs > 0) return { rollout: healthy === status.healthy ? status : { ...status, healthy }, status: 'False', reason: 'WavePaused', message: `wave ${wave.number} of ${total} is healthy; the next one begins ${timestamp(now + leftMs)}`, againMs: leftMs }
  }
  return { rollout: undefined, status: 'True', reason: 'Complete', message: `${targets.length} of ${targets.length} clusters have the change` }
}

/** A target belongs to the first wave that names it; those in none come last. */
function grouped(waves: readonly RolloutWave[], targets: readonly RolloutTarget[], status: RolloutStatus): Wave[] {
  const rest = new Set(targets), all: readonly RolloutWave[] = [...waves, {}]
  return all.flatMap((rule, at): Wave[] => {
    const admits = compileClusterAffinity(rule.clusterAffinity ?? {}), own = [...rest].filter(({ cluster }) => admits(cluster)), isBegun = (target: RolloutTarget) => generationOf(status, nameOf(target)) === status.generation
    for (const target of own) rest.delete(target)
    if (own.length === 0 && at === waves.length) return []
    return [{ number: at + 1, rule, left: own.filter((target) => !isBegun(target)), begun: own.filter(isBegun) }]
  })
}

function inWave({ number, rule, left, begun }: Wave, busy: readonly RolloutTarget[], { status, now, total }: { readonly status: RolloutStatus; readonly now: number; readonly total: number }): RolloutDecision {
  const room = Math.max(0, (rule.maxUnavailable ?? Infinity) - busy.length), next = left.filter(({ reachable }) => reachable).toSorted(byName).slice(0, room)
  const since = new Map(status.clusters?.map((one) => [one.name, Date.parse(one.since)])), stopped = busy.filter((target) => target.failed || now - (since.get(nameOf(target)) ?? now) >= STOPPED_MS)
  const lost = left.filter(({ reachable }) => !reachable), size = left.length + begun.length, waits = [...busy.map((target) => `${nameOf(target)} (${target.problem})`), ...lost.map((target) => `${nameOf(target)} (not reachable)`)]
  const isStopped = next.length === 0 && (stopped.length > 0 || busy.length === 0)
  return {
    rollout: next.length > 0 ? withGiven(status, next.map(nameOf), now) : settled(status), status: 'False', reason: isStopped ? 'WaveStopped' : 'WaveInProgress',
    message: `wave ${number} of ${total}: ${begun.length + next.length} of ${size} clusters were given the change${waits.length > 0 ? `; it waits for ${listed(waits, NAMED)}` : ''}`,
  }
}

/** A pause counts again from when all is healthy again. */
function settled(status: RolloutStatus): RolloutStatus {
  if (!status.healthy) return status
  const { healthy: _, ...rest } = status
  return rest
}

/** Revisions that no cluster has any more are forgotten, but for what was complete. */
function withGiven(status: RolloutStatus, names: readonly string[], now: number): RolloutStatus {
  const { generation, revisions } = status, given = new Set(names), clusters = [...(status.clusters ?? []).filter(({ name }) => !given.has(name)), ...names.map((name) => ({ name, generation, since: timestamp(now) }))].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return { generation, revisions: revisions.filter((revision, at) => at === 0 || clusters.some((one) => one.generation === revision.generation)), clusters }
}

const nameOf = ({ cluster }: RolloutTarget) => cluster.metadata.name ?? ''
const byName = (a: RolloutTarget, b: RolloutTarget) => (nameOf(a) < nameOf(b) ? -1 : 1)
