import type { Target } from '../snapshot.ts'

export interface Moved { readonly targets: readonly Target[]; /** Replicas that are still to move. */ readonly remaining: number }

/** As much of a move as the budget allows: the largest shares first. Replicas that were nowhere before, or are to be nowhere, are not moved by that. */
export function withinBudget(before: readonly Target[], next: readonly Target[], maxMoves: number): Moved {
  const was = new Map(before.map(({ cluster, replicas = 0 }) => [cluster, replicas])), wanted = new Map(next.map((target) => [target.cluster, target]))
  const changes = [...new Set([...was.keys(), ...wanted.keys()])].map((cluster) => ({ cluster, change: (wanted.get(cluster)?.replicas ?? 0) - (was.get(cluster) ?? 0) }))
  const sumOf = (sign: 1 | -1) => changes.reduce((sum, { change }) => sum + Math.max(0, change * sign), 0), gains = sumOf(1), losses = sumOf(-1), moves = Math.min(gains, losses)
  if (moves <= maxMoves) return { targets: next, remaining: 0 }
  const shares = new Map(was)
  for (const [sign, total] of [[1, gains], [-1, losses]] as const) {
    let left = maxMoves + total - moves
    for (const { cluster, change } of changes.filter((one) => one.change * sign > 0).toSorted((a, b) => (b.change - a.change) * sign || (a.cluster < b.cluster ? -1 : 1))) {
      const part = Math.min(left, change * sign)
      left -= part
      shares.set(cluster, (shares.get(cluster) ?? 0) + part * sign)
    }
  }
  const targets = [...shares].filter(([cluster, replicas]) => replicas > 0 || wanted.has(cluster)).map(([cluster, replicas]): Target => ({ ...wanted.get(cluster), cluster, replicas })).toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1))
  return { targets, remaining: moves - maxMoves }
}
