import type { RejectedCluster, Rejection } from '../filters/filter.ts'
import type { PlacementRequest } from '../placement-request.ts'
import type { Candidate } from '../select/candidate.ts'
import type { ClusterFacts, SchedulingSnapshot, Target } from '../snapshot.ts'
import { divideByCapacity, divideByWeights } from './divide-replicas.ts'
import { plan, preferenceOf } from './planner.ts'
import { nameOrderOf } from './webster.ts'

interface Targets { readonly targets: readonly Target[]; readonly unplaced: number; readonly rejected: readonly RejectedCluster[] }
type Divided = Targets | { readonly failure: 'NoClusterFits' | 'Unschedulable'; readonly message: string }

/** Shares before empty ones are dropped; a candidate without an entry takes no part. */
interface Shares { readonly replicas: ReadonlyMap<string, number>; readonly waiting?: ReadonlyMap<string, number>; readonly unplaced: number; readonly outside?: Rejection }

/** `selected` in order of preference. */
export function divideReplicas(snapshot: SchedulingSnapshot, request: PlacementRequest, selected: readonly Candidate[]): Divided {
  const { replicas: own } = snapshot.template, total = snapshot.preference?.totalReplicas ?? own
  if (total === undefined) return { targets: selected.map(({ name }) => ({ cluster: name })), unplaced: 0, rejected: [] }
  if (request.division.algorithm === 'Duplicated') return { targets: selected.map(({ name }) => ({ cluster: name, replicas: total })), unplaced: 0, rejected: [] }
  const shares = sharesOf(snapshot, request, selected, total)
  if (shares.replicas.size === 0) return { failure: 'NoClusterFits', message: `none of the ${selected.length} clusters that are fit takes part in the division` }
  if (shares.unplaced > 0 && isAllOrNothing(request)) return { failure: 'Unschedulable', message: `${selected.length} clusters have room for ${total - shares.unplaced} of ${total} replicas` }
  const divided = dropEmpty(snapshot, request, selected, shares, total)
  return divided.targets.length > 0 ? divided : { failure: 'Unschedulable', message: `none of the ${selected.length} clusters that are fit may take any of the ${total} replicas` }
}

/** The planner places what it can, as it always did. */
const isAllOrNothing = ({ partial, division: { algorithm } }: PlacementRequest) => !partial && algorithm !== 'Preferences'

function sharesOf(snapshot: SchedulingSnapshot, { division }: PlacementRequest, selected: readonly Candidate[], total: number): Shares {
  const names = nameOrderOf(snapshot.template.uid), before = new Map(snapshot.previous?.targets.map(({ cluster, replicas = 0, waiting = 0 }) => [cluster, replicas - waiting]))
  switch (division.algorithm) {
    case 'Duplicated': throw new Error('replicas that are duplicated are not divided')
    case 'StaticWeight':
      return { replicas: divideByWeights(total, new Map(selected.map(({ name, cluster }) => [name, division.weightOf(cluster)])), names), unplaced: 0, outside: { reason: 'NoWeight', message: 'is fit, but no weight names it' } }
    case 'Preferences': {
      const { namespace, name } = snapshot.template, facts = new Map(snapshot.clusters.map((it) => [it.cluster.metadata.name, it]))
      const clusters = selected.map((it) => it.name).filter((cluster) => preferenceOf(division.preferences, cluster))
      const known = (read: (facts: ClusterFacts) => number | undefined) => new Map(clusters.flatMap((cluster) => { const value = read(facts.get(cluster)!); return value === undefined ? [] : [[cluster, value] as const] }))
      const { replicas, overflow, unplaced } = plan({ total, rebalance: division.rebalance, preferences: division.preferences, clusters, current: new Map([...known(({ current }) => current), ...before]), capacity: known(({ capacity }) => capacity), key: namespace ? `${namespace}/${name}` : name })
      return { replicas: new Map([...replicas].map(([cluster, count]) => [cluster, count + (overflow.get(cluster) ?? 0)])), waiting: overflow, unplaced, outside: { reason: 'NoPreference', message: 'is fit, but no preference names it' } }
    }
    default: {
      const { replicas, unplaced } = divideByCapacity(division.algorithm, { replicas: total, holders: selected, previous: before, fresh: snapshot.fresh ?? false, names })
      return { replicas: new Map(selected.map(({ name }) => [name, replicas.get(name) ?? 0])), unplaced }
    }
  }
}

/** Copies without replicas go, unless they are wanted, or all are empty: scaling to zero takes no copy away. */
function dropEmpty({ previous }: SchedulingSnapshot, { keepEmpty }: PlacementRequest, selected: readonly Candidate[], { replicas, waiting, unplaced, outside }: Shares, total: number): Targets {
  const targets: Target[] = [], rejected: RejectedCluster[] = [], before = new Set(previous?.targets.map(({ cluster }) => cluster)), isScaledToZero = total === 0, hasTargets = selected.some(({ name }) => before.has(name))
  for (const { name: cluster } of selected) {
    const count = replicas.get(cluster), waits = waiting?.get(cluster) ?? 0
    if (count === undefined) rejected.push({ cluster, ...outside! })
    else if (count > 0 || keepEmpty || (isScaledToZero && (!hasTargets || before.has(cluster)))) targets.push({ cluster, replicas: count, ...(waits > 0 && { waiting: waits }) })
    else rejected.push({ cluster, reason: 'NoReplicas', message: `is fit, but its share of ${total} replicas is 0` })
  }
  return { targets, unplaced, rejected }
}
