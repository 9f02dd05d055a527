/** Clusters of one region, zone, provider or label value, as a choice. */
export interface Group {
  readonly name: string
  /** Number of its clusters. */
  readonly value: number
  /** Score; see group-clusters.ts. */
  readonly weight: number
}

export interface GroupLimits {
  readonly min: number
  /** Infinity: no limit. */
  readonly max: number
  /** Clusters that the groups must have together. */
  readonly target: number
}

/** Trying all subsets of more groups takes too long. */
const MAX_EXHAUSTIVE = 12

/**
 * The best set of groups that is within the limits; empty where there is none (Karmada's select_groups.go).
 * Subsets are grown group by group in order of value, and no further once they suffice; the greatest sum of weights wins, unless a smaller set that it begins with suffices too.
 */
export function selectGroups<T extends Group>(groups: readonly T[], limits: GroupLimits): T[] {
  if (groups.length === 0 || groups.length < limits.min) return []
  if (groups.length > MAX_EXHAUSTIVE) return byWeightFirst(groups, limits)
  const paths = (groups.length === limits.min ? [[...groups]].filter((path) => suffices(path, limits)) : allPaths(groups.toSorted((a, b) => a.value - b.value || byWeight(a, b)), limits)).map((path) => path.toSorted(byWeight))
  const [best, ...others] = paths.sort((a, b) => sumOf(b, 'weight') - sumOf(a, 'weight') || sumOf(b, 'value') - sumOf(a, 'value'))
  return others.reduce((chosen, path) => (path.length < chosen.length && path.every((group, at) => group === chosen[at]) ? path : chosen), best ?? [])
}

const byWeight = (a: Group, b: Group) => b.weight - a.weight || (a.name < b.name ? -1 : 1)
const sumOf = (groups: readonly Group[], of: 'value' | 'weight') => groups.reduce((sum, group) => sum + group[of], 0)
const suffices = (groups: readonly Group[], { min, max, target }: GroupLimits) => groups.length >= min && groups.length <= max && sumOf(groups, 'value') >= target

function allPaths<T extends Group>(groups: readonly T[], limits: GroupLimits): T[][] {
  const paths: T[][] = []
  const grow = (path: readonly T[], from: number) => {
    for (let at = from; at < groups.length; at++) {
      const next = [...path, groups[at]!]
      if (suffices(next, limits)) paths.push(next)
      else if (next.length < limits.max) grow(next, at + 1)
    }
  }
  grow([], 0)
  return paths
}

/** For many groups: the best by weight, as many as suffice; where the limit is reached too soon, the lightest give way to the largest. */
function byWeightFirst<T extends Group>(groups: readonly T[], limits: GroupLimits): T[] {
  const ranked = groups.toSorted(byWeight), chosen = ranked.splice(0, limits.min)
  while (!suffices(chosen, limits) && chosen.length < limits.max && ranked.length > 0) chosen.push(ranked.shift()!)
  const larger = ranked.sort((a, b) => b.value - a.value || byWeight(a, b))
  for (let at = chosen.length - 1; at >= 0 && !suffices(chosen, limits) && larger.length > 0; at--) if (larger[0]!.value > chosen[at]!.value) chosen[at] = larger.shift()!
  return suffices(chosen, limits) ? chosen.sort(byWeight) : []
}
