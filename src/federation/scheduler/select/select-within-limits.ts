import type { Ranked } from './candidate.ts'
import { isWorthMore, type Item, Selection, type SelectionLimits, type Worth } from './selection.ts'

/** Selections are begun by taking another group first until so many items were ordered for it, and so many steps a search for a better one may take. */
const STARTED_MAX = 20_000, STEPS_MAX = 10_000

export interface LimitedInput<T extends Ranked> {
  /** In order of preference. */
  readonly ordered: readonly T[]
  /** Names of the groups of a candidate, for each limit; one, or for zones several. */
  readonly groupsOf: (candidate: T) => readonly (readonly string[])[]
  readonly limits: SelectionLimits
  /** That need room; 0: room does not matter. */
  readonly replicas: number
}

/** `taken` in order of preference; undefined: none was found, and where `isProven`, there is none. */
interface Limited<T> { readonly taken: readonly T[] | undefined; readonly room: number; readonly isProven: boolean }

/**
 * Clusters that keep several limits on groups at once: such that the most replicas find room, then the most targets stay, then the most clusters are taken.
 * To find the best is as hard as covering sets, so time is bounded instead: for n clusters and k limits, each start (a selection grown greedily, then exchanged for room) costs O(n·k·(minimums + exchanges)),
 * there are at most 5 + 20,000/n of them, and a search through subsets, best first, ends after 10,000 steps of O(k). What could not be better by the sums over the best groups is not searched for.
 * On inputs of a dozen clusters the search ends by itself, and the answer is the best.
 */
export function selectWithinLimits<T extends Ranked>(input: LimitedInput<T>): Limited<T> {
  const { limits, replicas } = input, { items, groups } = itemsOf(input), ceiling = ceilingOf(items, input), blank = () => new Selection<T>(limits, groups, replicas)
  let best: { readonly worth: Worth; readonly room: number; readonly items: readonly Item<T>[] } | undefined
  const offer = (selection: Selection<T>) => { if (!best || isWorthMore(selection.worth, best.worth)) best = { worth: selection.worth, room: selection.room, items: selection.items } }
  for (const order of starts(items, input)) {
    const grown = grow(blank(), order, limits)
    if (!grown) continue
    makeRoom(grown, items, replicas)
    offer(grown)
    if (!isWorthMore(ceiling, best!.worth)) break
  }
  const isProven = (best && !isWorthMore(ceiling, best.worth)) || search(blank(), items, { limits, replicas, isWanted: (worth) => !best || isWorthMore(worth, best.worth), offer })
  return { taken: best?.items.toSorted((a, b) => a.rank - b.rank).map(({ candidate }) => candidate), room: best?.room ?? 0, isProven }
}

/** Groups get numbers in the order in which they are met. */
function itemsOf<T extends Ranked>({ ordered, groupsOf, limits }: LimitedInput<T>): { readonly items: readonly Item<T>[]; readonly groups: readonly number[] } {
  const numbers = limits.groups.map(() => new Map<string, number>())
  const numberOf = (limit: number, name: string) => {
    const known = numbers[limit]!
    if (!known.has(name)) known.set(name, known.size)
    return known.get(name)!
  }
  const items = ordered.flatMap((candidate, rank) => groupsOf(candidate).reduce<number[][]>((made, names, limit) => made.flatMap((before) => names.map((name) => [...before, numberOf(limit, name)])), [[]]).map((groups): Item<T> => ({ candidate, rank, groups })))
  return { items, groups: numbers.map(({ size }) => size) }
}

/** By the sum over the clusters of a group, for each limit. */
function sumsOf<T extends Ranked>(items: readonly Item<T>[], limit: number, of: (candidate: T) => number): Map<number, number> {
  const sums = new Map<number, number>()
  for (const { candidate, groups } of items) sums.set(groups[limit]!, (sums.get(groups[limit]!) ?? 0) + of(candidate))
  return sums
}

const room = ({ available }: Ranked) => available, kept = ({ score }: Ranked) => Math.sign(score), one = () => 1

/** What no selection can be worth more than: each limit alone, and the number of clusters alone. */
function ceilingOf<T extends Ranked>(items: readonly Item<T>[], { ordered, limits, replicas }: LimitedInput<T>): Worth {
  const most = (values: Iterable<number>, count: number) => [...values].sort((a, b) => b - a).slice(0, count).reduce((sum, value) => sum + value, 0)
  const bound = (of: (candidate: T) => number) => Math.min(most(ordered.map(of), limits.clusters.max), ...limits.groups.map(({ max }, limit) => (max === Infinity ? Infinity : most(sumsOf(items, limit, of).values(), max))))
  return { placed: Math.min(replicas, bound(room)), kept: bound(kept), size: bound(one) }
}

/** Orders to take items in: by preference, by room, by what the groups have together, then each group of a limit first. */
function* starts<T extends Ranked>(items: readonly Item<T>[], { limits }: LimitedInput<T>): Generator<readonly Item<T>[]> {
  yield items
  const limited = limits.groups.flatMap(({ max }, limit) => (max === Infinity ? [] : [limit]))
  for (const amount of [room, kept, one]) {
    const sums = limited.map((limit) => ({ limit, of: sumsOf(items, limit, amount) })), weight = ({ groups }: Item<T>) => sums.reduce((sum, { limit, of: by }) => sum + by.get(groups[limit]!)!, 0)
    yield items.toSorted((a, b) => weight(b) - weight(a) || a.rank - b.rank)
  }
  yield items.toSorted((a, b) => b.candidate.available - a.candidate.available || a.rank - b.rank)
  let begun = 0
  for (const limit of limited) {
    for (const group of new Set(items.map(({ groups }) => groups[limit]!))) {
      if ((begun += items.length) > STARTED_MAX) return
      const isIn = ({ groups }: Item<T>) => groups[limit] === group
      yield [...items.filter(isIn), ...items.filter((item) => !isIn(item))]
    }
  }
}

/** First what brings the most limits to their minimum, then all that may join. Undefined: it did not come to all minimums. */
function grow<T extends Ranked>(selection: Selection<T>, order: readonly Item<T>[], { groups }: SelectionLimits): Selection<T> | undefined {
  while (groups.some((_, limit) => selection.lacks(limit) > 0)) {
    let best: Item<T> | undefined, gain = 0
    for (const item of order) {
      const gains = selection.gain(item)
      if (gains > gain && selection.mayAdd(item)) { best = item; gain = gains }
    }
    if (!best) return undefined
    selection.add(best)
  }
  for (const item of order) if (selection.mayAdd(item)) selection.add(item)
  return selection.isWithin ? selection : undefined
}

/** Exchanges the least preferred for roomier ones, where all limits still hold, until there is room for all replicas. */
function makeRoom<T extends Ranked>(selection: Selection<T>, items: readonly Item<T>[], replicas: number): void {
  for (const old of selection.items.toSorted((a, b) => b.rank - a.rank)) {
    if (selection.room >= replicas) return
    selection.remove(old)
    let best = old
    for (const item of items) {
      if (item.candidate.available <= best.candidate.available || !selection.mayAdd(item)) continue
      selection.add(item)
      if (selection.isWithin) best = item
      selection.remove(item)
    }
    selection.add(best)
  }
}

interface Search<T extends Ranked> { readonly limits: SelectionLimits; readonly replicas: number; readonly isWanted: (worth: Worth) => boolean; readonly offer: (selection: Selection<T>) => void }

/** What is still ahead from a position on. */
interface Ahead { readonly room: number; readonly kept: number; readonly size: number; /** By limit. */ readonly groups: readonly number[] }

/** With and without each item in turn, passing over what cannot become better than what was found. Answers whether it came to the end. */
function search<T extends Ranked>(selection: Selection<T>, items: readonly Item<T>[], { limits, replicas, isWanted, offer }: Search<T>): boolean {
  const ahead = aheadOf(items, limits)
  let steps = 0
  const mayBecomeWanted = (at: number): boolean => {
    const { worth, size } = selection, rest = ahead[at]!, slots = limits.clusters.max - size
    return selection.lacking <= Math.min(slots, rest.size) && rest.groups.every((groups, limit) => selection.lacks(limit) <= groups)
      && isWanted({ placed: Math.min(replicas, selection.room + rest.room), kept: worth.kept + Math.min(slots, rest.kept), size: size + Math.min(slots, rest.size) })
  }
  const visit = (at: number): boolean => {
    if (++steps > STEPS_MAX) return false
    if (selection.isWithin && isWanted(selection.worth)) offer(selection)
    if (at === items.length || !mayBecomeWanted(at)) return true
    const item = items[at]!
    if (selection.mayAdd(item)) {
      selection.add(item)
      const isDone = visit(at + 1)
      selection.remove(item)
      if (!isDone) return false
    }
    return visit(at + 1)
  }
  return visit(0)
}

/** Items of one candidate count one by one: too much, never too little. */
function aheadOf<T extends Ranked>(items: readonly Item<T>[], { groups }: SelectionLimits): readonly Ahead[] {
  const seen = groups.map(() => new Set<number>()), ahead: Ahead[] = [{ room: 0, kept: 0, size: 0, groups: groups.map(() => 0) }]
  for (const { candidate, groups: of } of items.toReversed()) {
    const { room: more, kept: stay, size } = ahead.at(-1)!
    for (const [limit, group] of of.entries()) seen[limit]!.add(group)
    ahead.push({ room: more + candidate.available, kept: stay + kept(candidate), size: size + 1, groups: seen.map(({ size: distinct }) => distinct) })
  }
  return ahead.reverse()
}
