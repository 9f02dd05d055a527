import { type NameOrder, webster } from './webster.ts'

/** How replicas are shared out by what clusters hold and can hold: over all that have room, or into as few as can hold them. */
type CapacityStrategy = 'DynamicWeight' | 'Aggregated'

/** A cluster that may get replicas, in the order of preference. */
export interface Holder {
  readonly name: string
  /** Replicas that would still fit. */
  readonly allocatable: number
  /** 0: first choice; above: overflow, used where the tiers below it lack room. */
  readonly tier: number
}

interface DivideInput {
  readonly replicas: number
  readonly holders: readonly Holder[]
  /** What was decided before; replicas stay where they are as far as possible. */
  readonly previous: ReadonlyMap<string, number>
  /** Divides as if nothing had been decided before. */
  readonly fresh: boolean
  readonly names: NameOrder
}

interface Division {
  /** Zero entries included. */
  readonly replicas: ReadonlyMap<string, number>
  /** Replicas for which there is no room. */
  readonly unplaced: number
}

/** By fixed weights: what was before and what fits are no input. Where no cluster has a weight all count the same; otherwise those without get nothing. */
export function divideByWeights(replicas: number, weights: ReadonlyMap<string, number>, names: NameOrder): Map<string, number> {
  const weighted = [...weights].filter(([, weight]) => weight > 0)
  return webster(replicas, new Map(weighted.length > 0 ? weighted : [...weights.keys()].map((name) => [name, 1])), { names })
}

/**
 * By fixed weights, but to no cluster more than it has room for: one replica at a time to whoever comes next by weight and has room, as `webster` would with those that are full out of the way.
 * Shares only grow when another cluster leaves, so that whoever is above its room in one round stays at it.
 */
export function divideByWeightsWithin(replicas: number, weights: ReadonlyMap<string, number>, rooms: ReadonlyMap<string, number>, names: NameOrder): Division {
  const weighted = [...weights].filter(([, weight]) => weight > 0), full = new Map<string, number>()
  let playing = weighted.length > 0 ? weighted : [...weights.keys()].map((name): [string, number] => [name, 1]), left = replicas
  while (playing.length > 0) {
    const shares = webster(left, new Map(playing), { names }), above = playing.filter(([name]) => shares.get(name)! > (rooms.get(name) ?? 0))
    if (above.length === 0) return { replicas: new Map([...full, ...shares]), unplaced: 0 }
    for (const [name] of above) {
      full.set(name, rooms.get(name) ?? 0)
      left -= full.get(name)!
    }
    playing = playing.filter(([name]) => !full.has(name))
  }
  return { replicas: full, unplaced: left }
}

/** Tier by tier, each gets what fits into it. */
export function divideByCapacity(strategy: CapacityStrategy, input: DivideInput): Division {
  const tiers = [...new Set(input.holders.map(({ tier }) => tier))].sort((a, b) => a - b)
  if (tiers.length <= 1) return divideTier(strategy, input)
  const shares = new Map<string, number>()
  let left = input.replicas
  for (const tier of tiers) {
    const holders = input.holders.filter((holder) => holder.tier === tier), room = holders.reduce((sum, { name, allocatable }) => sum + allocatable + (input.previous.get(name) ?? 0), 0)
    const share = Math.min(left, room), { replicas } = divideTier(strategy, { ...input, holders, replicas: share })
    for (const [name, count] of replicas) shares.set(name, count)
    left -= share
  }
  return { replicas: shares, unplaced: left }
}

function divideTier(strategy: CapacityStrategy, { replicas, holders, previous, fresh, names }: DivideInput): Division {
  const held = holders.map((holder) => ({ holder, count: previous.get(holder.name) ?? 0 })), has = new Map(held.filter(({ count }) => count > 0).map(({ holder, count }) => [holder.name, count]))
  const assigned = sum(has.values())
  if (fresh) return spread(strategy, replicas, held.map(({ holder, count }) => [holder.name, holder.allocatable + count]), { names })
  if (assigned === replicas) return { replicas: has, unplaced: 0 }
  if (assigned > replicas) return spread(strategy, replicas, [...has], { names })
  const room = held.map(({ holder }) => [holder.name, holder.allocatable] as const)
  return spread(strategy, replicas - assigned, room, { names, kept: has })
}

/** Votes are replicas that fit. What is placed comes on top of what clusters keep; those that keep some come first among the few of Aggregated. */
function spread(strategy: CapacityStrategy, replicas: number, votes: readonly (readonly [string, number])[], { names, kept = new Map() }: { readonly names: NameOrder; readonly kept?: ReadonlyMap<string, number> }): Division {
  const placed = Math.min(replicas, sum(votes.map(([, count]) => count)))
  const voters = strategy === 'Aggregated' ? fewest(votes.toSorted(([a, x], [b, y]) => Number(kept.has(b)) - Number(kept.has(a)) || y - x), placed) : votes, shares = placed === 0 ? [] : webster(placed, new Map(voters), { names })
  const total = new Map(kept)
  for (const [name, share] of shares) total.set(name, (kept.get(name) ?? 0) + share)
  return { replicas: total, unplaced: replicas - placed }
}

/** The shortest beginning that holds so many. */
function fewest(votes: readonly (readonly [string, number])[], replicas: number): readonly (readonly [string, number])[] {
  let room = 0
  const end = votes.findIndex(([, count]) => (room += count) >= replicas)
  return end < 0 ? votes : votes.slice(0, end + 1)
}

const sum = (numbers: Iterable<number>) => Array.from(numbers).reduce((total, count) => total + count, 0)
