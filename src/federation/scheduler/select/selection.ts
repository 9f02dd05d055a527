import type { Ranked } from './candidate.ts'

/** At least and at most so many groups of one sort; `max` Infinity: no limit. `by`: region, zone, label rack. */
export interface GroupLimit { readonly by: string; readonly min: number; readonly max: number }

export interface SelectionLimits { readonly groups: readonly GroupLimit[]; readonly clusters: { readonly min: number; readonly max: number } }

/** A candidate as one of the clusters of these groups, one for each limit. A candidate in two zones is two items, of which one may be taken. */
export interface Item<T extends Ranked> { readonly candidate: T; /** Position in the order of preference. */ readonly rank: number; /** Number of the group, by limit. */ readonly groups: readonly number[] }

/** What a selection is worth, the weightier first: replicas that find room, targets that stay, clusters. */
export interface Worth { readonly placed: number; readonly kept: number; readonly size: number }

export const isWorthMore = (a: Worth, b: Worth): boolean => (a.placed !== b.placed ? a.placed > b.placed : a.kept !== b.kept ? a.kept > b.kept : a.size > b.size)

/** Some items, and how many of them each group has: whether another one may join costs a look at each limit. */
export class Selection<T extends Ranked> {
  readonly #limits: SelectionLimits
  readonly #replicas: number
  /** By limit, then by group. */
  readonly #counts: readonly Int32Array[]
  readonly #distinct: number[]
  readonly #taken = new Map<number, Item<T>>()
  #room = 0
  #kept = 0

  /** `groups`: how many there are, by limit. `replicas`: more room than these need is worth nothing. */
  constructor(limits: SelectionLimits, groups: readonly number[], replicas: number) {
    this.#limits = limits
    this.#replicas = replicas
    this.#counts = groups.map((count) => new Int32Array(count))
    this.#distinct = groups.map(() => 0)
  }

  get items(): readonly Item<T>[] { return [...this.#taken.values()] }
  get size(): number { return this.#taken.size }
  get room(): number { return this.#room }
  get worth(): Worth { return { placed: Math.min(this.#room, this.#replicas), kept: this.#kept, size: this.size } }
  /** How many groups a limit still needs. */
  lacks(limit: number): number { return Math.max(this.#limits.groups[limit]!.min - this.#distinct[limit]!, 0) }
  /** The greatest number of clusters that are still needed for the sake of one limit. */
  get lacking(): number { return this.#distinct.reduce((most, _, limit) => Math.max(most, this.lacks(limit)), Math.max(this.#limits.clusters.min - this.size, 0)) }
  get isWithin(): boolean { return this.lacking === 0 }

  has({ rank }: Item<T>): boolean { return this.#taken.has(rank) }

  mayAdd(item: Item<T>): boolean {
    if (this.#taken.has(item.rank) || this.size >= this.#limits.clusters.max) return false
    return item.groups.every((group, limit) => this.#counts[limit]![group]! > 0 || this.#distinct[limit]! < this.#limits.groups[limit]!.max)
  }

  /** How many limits the item brings nearer to their minimum. */
  gain({ groups }: Item<T>): number { return groups.reduce((sum, group, limit) => sum + (this.#counts[limit]![group] === 0 && this.lacks(limit) > 0 ? 1 : 0), 0) }

  add(item: Item<T>): void { this.#put(item, 1) }
  remove(item: Item<T>): void { this.#put(item, -1) }

  #put(item: Item<T>, by: 1 | -1): void {
    const { candidate, rank, groups } = item
    if (by > 0) this.#taken.set(rank, item)
    else this.#taken.delete(rank)
    this.#room += by * candidate.available
    this.#kept += by * Math.sign(candidate.score)
    for (const [limit, group] of groups.entries()) {
      const counts = this.#counts[limit]!, before = counts[group]!
      counts[group] = before + by
      if (before === 0 || before + by === 0) this.#distinct[limit]! += by
    }
  }
}
