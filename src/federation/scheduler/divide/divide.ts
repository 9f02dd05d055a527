import type { RejectedCluster, Rejection } from '../filters/filter.ts'
import type { DivisionRule, PlacementRequest, PlacementTerm } from '../placement-request.ts'
import type { Candidate } from '../select/candidate.ts'
import type { SchedulingSnapshot, Target } from '../snapshot.ts'
import { explainShares } from './explain-share.ts'
import { divideByCapacity, divideByWeights, divideByWeightsWithin } from './divide-replicas.ts'
import { plan, preferenceOf } from './planner.ts'
import { nameOrderOf } from './webster.ts'

interface Targets { readonly targets: readonly Target[]; readonly unplaced: number; readonly rejected: readonly RejectedCluster[] }
type Divided = Targets | { readonly failure: 'NoClusterFits' | 'Unschedulable'; readonly message: string }

/** Shares before empty ones are dropped; a candidate without an entry takes no part. */
interface Shares { readonly replicas: ReadonlyMap<string, number>; readonly waiting?: ReadonlyMap<string, number>; readonly unplaced: number; readonly outside?: Rejection }

/** `selected` in order of preference. */
export function divideReplicas(snapshot: SchedulingSnapshot, request: PlacementRequest, term: PlacementTerm, selected: readonly Candidate[]): Divided {
  const { replicas: own } = snapshot.template, total = snapshot.preference?.totalReplicas ?? own
  if (total === undefined) return { targets: selected.map(({ name }) => ({ cluster: name, ...(snapshot.template.components && { message: 'is fit, and gets the whole workload' }) })), unplaced: 0, rejected: [] }
  const why = explainShares(request.division, { selected, total })
  if (request.division.algorithm === 'Duplicated') return { targets: selected.map((one) => ({ cluster: one.name, replicas: total, ...why(one, total) })), unplaced: 0, rejected: [] }
  const shares = sharesOf(snapshot, request, term, { selected, total })
  if (shares.replicas.size === 0) return { failure: 'NoClusterFits', message: `none of the ${selected.length} clusters that are fit takes part in the division` }
  if (shares.unplaced > 0 && isAllOrNothing(request)) return { failure: 'Unschedulable', message: `${selected.length} clusters have room for ${total - shares.unplaced} of ${total} replicas` }
  const divided = dropEmpty(snapshot, request, { selected, total, why }, shares)
  return divided.targets.length > 0 ? divided : { failure: 'Unschedulable', message: `none of the ${selected.length} clusters that are fit may take any of the ${total} replicas` }
}

/** The planner places what it can, as it always did. */
const isAllOrNothing = ({ partial, division: { algorithm } }: PlacementRequest) => !partial && algorithm !== 'Preferences'

/** What there is to share out, and among whom. */
interface Sharing { readonly selected: readonly Candidate[]; readonly total: number }

function sharesOf(snapshot: SchedulingSnapshot, { division }: PlacementRequest, { hasOverflow }: PlacementTerm, { selected, total }: Sharing): Shares {
  const names = nameOrderOf(snapshot.template.uid), limits = new Map(selected.map(({ name, limit = Infinity }) => [name, limit])), before = new Map(snapshot.previous?.targets.map(({ cluster, replicas = 0, waiting = 0 }) => [cluster, Math.min(replicas - waiting, limits.get(cluster) ?? Infinity)]))
  switch (division.algorithm) {
    case 'Duplicated': throw new Error('replicas that are duplicated are not divided')
    case 'StaticWeight': {
      const weights = (of: readonly Candidate[]) => new Map(of.map(({ name, cluster }) => [name, division.weightOf(cluster)])), outside: Rejection = { reason: 'NoWeight', message: 'is fit, but no weight names it' }
      if (!hasOverflow && selected.every(({ limit }) => limit === undefined)) return { replicas: divideByWeights(total, weights(selected), names), unplaced: 0, outside }
      if (!hasOverflow) return { ...divideByWeightsWithin(total, weights(selected), limits, names), outside }
      const divided = tierByTier({ selected, total }, (tier, left) => divideByWeightsWithin(left, weights(tier), new Map(tier.map(({ name, available }) => [name, available])), names))
      return { ...divided, outside }
    }
    case 'Preferences': {
      const shares = hasOverflow ? tierByTier({ selected, total }, (tier, left, above) => plannedIn(snapshot, division, { selected: tier, total: forTier(left, division, { tier, above, before }), isLimited: true })) : plannedIn(snapshot, division, { selected, total, isLimited: false })
      return { ...shares, outside: { reason: 'NoPreference', message: 'is fit, but no preference names it' } }
    }
    default: {
      const { replicas, unplaced } = divideByCapacity(division.algorithm, { replicas: total, holders: selected, previous: before, fresh: snapshot.fresh ?? false, names })
      return { replicas: new Map(selected.map(({ name }) => [name, replicas.get(name) ?? 0])), unplaced }
    }
  }
}

/** Each tier gets what those below it leave; `above`: the candidates of the tiers beyond. Only what is left at the end waits. */
function tierByTier({ selected, total }: Sharing, divide: (tier: readonly Candidate[], left: number, above: readonly Candidate[]) => Shares): Shares {
  const replicas = new Map<string, number>()
  let left = total, last: Shares | undefined
  for (const tier of [...new Set(selected.map((it) => it.tier))].sort((a, b) => a - b)) {
    last = divide(selected.filter((it) => it.tier === tier), left, selected.filter((it) => it.tier > tier))
    for (const [name, count] of last.replicas) {
      const placed = count - (last.waiting?.get(name) ?? 0)
      replicas.set(name, placed)
      left -= placed
    }
  }
  const waiting = new Map([...(last?.waiting ?? [])].map(([name, count]) => [name, Math.min(count, left)] as const).filter(([, count]) => count > 0))
  for (const [name, count] of waiting) replicas.set(name, replicas.get(name)! + count)
  return { replicas, waiting, unplaced: left }
}

type Preferences = Extract<DivisionRule, { readonly algorithm: 'Preferences' }>

/** Replicas that run in a tier beyond stay there as long as there are enough, unless they may be moved. */
function forTier(left: number, { rebalance }: Preferences, { tier, above, before }: { readonly tier: readonly Candidate[]; readonly above: readonly Candidate[]; readonly before: ReadonlyMap<string, number> }): number {
  const held = (of: readonly Candidate[]) => of.reduce((sum, { name }) => sum + (before.get(name) ?? 0), 0)
  return rebalance ? left : Math.min(left, Math.max(held(tier), left - held(above)))
}

/** By the planner of Federation v1. A limit counts where one was met; `isLimited`: so does what is estimated. */
function plannedIn(snapshot: SchedulingSnapshot, { preferences, rebalance }: Preferences, { selected, total, isLimited }: Sharing & { readonly isLimited: boolean }): Shares {
  const { namespace, name } = snapshot.template, facts = new Map(snapshot.clusters.map((it) => [it.cluster.metadata.name, it])), before = new Map(snapshot.previous?.targets.map(({ cluster, replicas = 0, waiting = 0 }) => [cluster, replicas - waiting]))
  const taking = selected.filter((it) => preferenceOf(preferences, it.name)), current = new Map<string, number>(), capacity = new Map<string, number>()
  for (const { name: cluster, available } of taking) {
    const { current: runs, capacity: met } = facts.get(cluster)!, limit = Math.min(met ?? Infinity, isLimited ? available : Infinity)
    if (before.has(cluster) || runs !== undefined) current.set(cluster, before.get(cluster) ?? runs!)
    if (limit !== Infinity) capacity.set(cluster, limit)
  }
  const { replicas, overflow, unplaced } = plan({ total, rebalance, preferences, clusters: taking.map((it) => it.name), current, capacity, key: namespace ? `${namespace}/${name}` : name })
  return { replicas: new Map([...replicas].map(([cluster, count]) => [cluster, count + (overflow.get(cluster) ?? 0)])), waiting: overflow, unplaced }
}

/** Copies without replicas go, unless they are wanted, or all are empty: scaling to zero takes no copy away. */
function dropEmpty({ previous }: SchedulingSnapshot, { keepEmpty }: PlacementRequest, { selected, total, why }: Sharing & { readonly why: ReturnType<typeof explainShares> }, { replicas, waiting, unplaced, outside }: Shares): Targets {
  const targets: Target[] = [], rejected: RejectedCluster[] = [], before = new Set(previous?.targets.map(({ cluster }) => cluster)), isScaledToZero = total === 0, hasTargets = selected.some(({ name }) => before.has(name))
  for (const one of selected) {
    const { name: cluster } = one, count = replicas.get(cluster), waits = waiting?.get(cluster) ?? 0
    if (count === undefined) rejected.push({ cluster, ...outside! })
    else if (count > 0 || keepEmpty || (isScaledToZero && (!hasTargets || before.has(cluster)))) targets.push({ cluster, replicas: count, ...(waits > 0 && { waiting: waits }), ...why(one, count, waits) })
    else rejected.push({ cluster, reason: 'NoReplicas', message: `is fit, but its share of ${total} replicas is 0` })
  }
  return { targets, unplaced, rejected }
}
