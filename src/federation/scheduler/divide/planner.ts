import type { ClusterPreference } from '../../../apis/cluster.federation/v1alpha1/placement.ts'
import { fnv1 } from '../../../lib/fnv.ts'

export interface PlannerInput {
  readonly total: number
  /** Running replicas may be moved to come nearer to the preferences. */
  readonly rebalance: boolean
  /** By name of the cluster, or "*" for all others. */
  readonly preferences: Readonly<Record<string, ClusterPreference>>
  readonly clusters: readonly string[]
  /** Replicas that run in a cluster now. */
  readonly current: ReadonlyMap<string, number>
  /** Replicas that a cluster can hold, where that is known. */
  readonly capacity: ReadonlyMap<string, number>
  /** Namespace/name of the workload: decides who gets remainders. */
  readonly key: string
}

export interface Plan {
  /** Replicas of every cluster of the input. */
  readonly replicas: ReadonlyMap<string, number>
  /** Replicas that a cluster should get besides, although it has no room for them: they wait there, and show when there is room. */
  readonly overflow: ReadonlyMap<string, number>
  /** Replicas that no cluster may take. */
  readonly unplaced: number
}

interface Share { readonly cluster: string; readonly weight: number; readonly min: number; readonly max: number; readonly capacity: number; readonly current: number; replicas: number; preallocated: number }

/**
 * The planner of Federation v1 and KubeFed (planner.go), to the digit. Three passes over the clusters, in order of weight, then FNV-1 of name and key:
 * minimums; replicas that run already, unless they may be moved; the rest by weight.
 * What surprises is part of it: weights share only what the minimums leave, and on scaling down without `rebalance` the first cluster in order loses first.
 */
export function plan({ total, rebalance, preferences, clusters, current, capacity, key }: PlannerInput): Plan {
  const shares = inOrder(clusters, preferences, current, capacity, key)
  let remaining = total
  for (const share of shares) {
    share.replicas = Math.min(share.min, remaining, share.capacity)
    remaining -= share.replicas
  }
  if (!rebalance) {
    for (const share of shares) {
      const kept = Math.min(share.current, share.max, share.capacity)
      share.preallocated = share.current > share.replicas ? Math.min(Math.max(kept - share.replicas, 0), remaining) : 0
      share.replicas += share.preallocated
      remaining -= share.preallocated
    }
  }
  const { left, overflow } = byWeight(shares, remaining)
  const kept = rebalance ? overflow : new Map([...overflow].map(([cluster, value]) => [cluster, Math.min(value, left)] as const).filter(([, value]) => value > 0))
  const planned = new Map(shares.map(({ cluster, replicas }) => [cluster, replicas]))
  return { replicas: new Map(clusters.map((cluster) => [cluster, planned.get(cluster) ?? 0])), overflow: kept, unplaced: left }
}

export const preferenceOf = (preferences: PlannerInput['preferences'], cluster: string): ClusterPreference | undefined =>
  Object.hasOwn(preferences, cluster) ? preferences[cluster] : preferences['*']

function inOrder(clusters: readonly string[], preferences: PlannerInput['preferences'], current: PlannerInput['current'], capacity: PlannerInput['capacity'], key: string): Share[] {
  const ranked = clusters.flatMap((cluster) => {
    const preference = preferenceOf(preferences, cluster)
    if (!preference) return []
    const { weight = 0, minReplicas = 0, maxReplicas = Infinity } = preference
    // Schemas admit nothing below 0; less than nothing would be given to others.
    const share: Share = { cluster, weight: Math.max(weight, 0), min: Math.max(minReplicas, 0), max: Math.max(maxReplicas, 0), capacity: capacity.get(cluster) ?? Infinity, current: current.get(cluster) ?? 0, replicas: 0, preallocated: 0 }
    return [{ share, hash: fnv1(cluster + key) }]
  })
  return ranked.sort((a, b) => b.share.weight - a.share.weight || a.hash - b.hash).map(({ share }) => share)
}

/** Rounds of shares by weight, rounded up in favour of the first, until nothing moves; a cluster that is full leaves the next round. */
function byWeight(shares: readonly Share[], start: number): { left: number; overflow: Map<string, number> } {
  const overflow = new Map<string, number>()
  let left = start, inPlay = shares
  for (let moved = true; moved && left > 0;) {
    moved = false
    const weights = inPlay.reduce((sum, { weight }) => sum + weight, 0), toShare = left, staying: Share[] = []
    if (weights <= 0) break
    for (const share of inPlay) {
      let extra = Math.min(portion(toShare, share.weight, weights), left)
      const used = Math.min(extra, share.preallocated)
      share.preallocated -= used
      extra -= used
      const before = share.replicas, wanted = before + extra, allowed = Math.min(wanted, share.max), held = Math.min(allowed, share.capacity)
      if (allowed > held) overflow.set(share.cluster, allowed - held)
      share.replicas = held
      left -= held - before
      if (used > 0 || held > before) moved = true
      if (held === wanted) staying.push(share)
    }
    inPlay = staying
  }
  return { left, overflow }
}

/** Rounded up, exact where doubles are not. */
function portion(replicas: number, weight: number, weights: number): number {
  const product = replicas * weight
  if (Number.isSafeInteger(product + weights)) return Math.floor((product + weights - 1) / weights)
  return Number((BigInt(replicas) * BigInt(weight) + BigInt(weights) - 1n) / BigInt(weights))
}
