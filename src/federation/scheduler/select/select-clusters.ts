import type { SpreadConstraint } from '../../../apis/cluster.federation/v1alpha1/placement.ts'
import { byPreference, type Candidate, type Ranked } from './candidate.ts'
import { type ClusterGroup, groupClusters, type GroupConstraint, groupsOf } from './group-clusters.ts'
import { selectGroups } from './select-groups.ts'
import { selectWithinLimits } from './select-within-limits.ts'

/** Why no clusters could be selected; the text is a sentence without its full stop. */
export interface SelectFailure { readonly failure: 'TooFewClusters' | 'TooFewGroups' | 'NoGroupSet' | 'NotEnoughRoom'; readonly message: string }

export interface Demand {
  /** Every cluster gets all replicas: room does not matter. */
  readonly duplicated: boolean
  readonly replicas: number
  /** Takes clusters even where they have too little room together. */
  readonly partial: boolean
}

interface Limits { readonly min: number; readonly max: number }

/** The candidates that get copies, the best first. Without constraints all do. */
export function selectClusters(candidates: readonly Candidate[], constraints: readonly SpreadConstraint[], demand: Demand): readonly Candidate[] | SelectFailure {
  const ordered = candidates.toSorted(byPreference), ofClusters = constraints.find((constraint) => !isGroupConstraint(constraint)), ofGroups = constraints.filter(isGroupConstraint)
  const clusters = limitsOf(ofClusters ?? { minGroups: 0 }), [first] = ofGroups, contradictory = constraints.map((constraint) => ({ constraint, ...limitsOf(constraint) })).find(({ min, max }) => min > max)
  if (contradictory) return { failure: 'NoGroupSet', message: `the spread needs ${contradictory.min} ${isGroupConstraint(contradictory.constraint) ? `groups by ${nameOf(contradictory.constraint)}` : 'clusters'}, and allows ${contradictory.max}` }
  if (!first) return ofClusters ? selectBest(ordered, clusters, demand) : ordered
  if (ofGroups.length > 1) return selectByLimits(ordered, ofGroups, clusters, demand)
  // One sort of groups is chosen as Karmada does, by their scores. Where these do not lead to clusters with room, or away from present targets for nothing, others may do better.
  const selected = selectByGroups(ordered, first, clusters, demand)
  if (!('failure' in selected) && targetsIn(selected) === targetsIn(ordered)) return selected
  const other = selectByLimits(ordered, ofGroups, clusters, demand)
  return 'failure' in other || (!('failure' in selected) && targetsIn(other) <= targetsIn(selected)) ? selected : other
}

const targetsIn = (candidates: readonly Ranked[]) => candidates.filter(({ score }) => score > 0).length
const isGroupConstraint = (constraint: SpreadConstraint): constraint is GroupConstraint => constraint.spreadByLabel !== undefined || (constraint.spreadByField !== undefined && constraint.spreadByField !== 'cluster')
const nameOf = ({ spreadByField, spreadByLabel }: GroupConstraint) => spreadByField ?? `label ${spreadByLabel}`
const limitsOf = ({ minGroups = 1, maxGroups = 0 }: SpreadConstraint): Limits => ({ min: minGroups, max: maxGroups === 0 ? Infinity : maxGroups })

function selectBest(ordered: readonly Candidate[], { min, max }: Limits, demand: Demand): readonly Candidate[] | SelectFailure {
  if (ordered.length < min) return { failure: 'TooFewClusters', message: `${ordered.length} clusters are fit, the spread needs ${min}` }
  const taken = ordered.slice(0, max), rest = ordered.slice(max)
  return makeRoom(taken, demand, () => rest, () => true)
}

/**
 * Where the taken clusters have too little room, the last ones are exchanged for roomier ones. Changes `taken`.
 * `poolOf`: what is not taken; what is exchanged joins it. `mayReplace`: whether a cluster of the pool may stand in that place.
 */
function makeRoom<T extends Ranked>(taken: T[], { duplicated, replicas, partial }: Demand, poolOf: () => T[], mayReplace: (at: number, by: T) => boolean): readonly T[] | SelectFailure {
  if (duplicated) return taken
  let room = taken.reduce((sum, { available }) => sum + available, 0)
  for (let at = taken.length - 1; at >= 0 && room < replicas; at--) {
    const pool = poolOf(), best = pool.reduce((found, it, index) => (mayReplace(at, it) && it.available > (found < 0 ? taken[at]!.available : pool[found]!.available) ? index : found), -1)
    if (best < 0) continue
    const [swapped, replacement] = [taken[at]!, pool[best]!]
    room += replacement.available - swapped.available
    taken[at] = replacement
    pool[best] = swapped
  }
  return room >= replicas || partial ? taken : tooLittleRoom(taken, room, replicas)
}

const tooLittleRoom = (taken: readonly Ranked[], room: number, replicas: number): SelectFailure => ({ failure: 'NotEnoughRoom', message: `the ${taken.length} clusters that the spread allows have room for ${room} of ${replicas} replicas` })

function selectByGroups(ordered: readonly Candidate[], constraint: GroupConstraint, clusters: Limits, demand: Demand): readonly Candidate[] | SelectFailure {
  const { min, max } = limitsOf(constraint), by = nameOf(constraint)
  return takeFromGroups(groupClusters(ordered, constraint, { duplicated: demand.duplicated, replicas: demand.replicas, minGroups: min, minClusters: clusters.min }), { by, groups: { min, max }, clusters }, demand)
}

/** Several sorts of groups at once. */
function selectByLimits(ordered: readonly Candidate[], constraints: readonly GroupConstraint[], clusters: Limits, { duplicated, replicas, partial }: Demand): readonly Candidate[] | SelectFailure {
  const groups = constraints.map((constraint) => ({ by: nameOf(constraint), ...limitsOf(constraint) })), namesOf = (candidate: Candidate) => constraints.map((constraint) => groupsOf(candidate.cluster, constraint))
  if (ordered.length < clusters.min) return { failure: 'TooFewClusters', message: `${ordered.length} clusters are fit, the spread needs ${clusters.min}` }
  for (const [at, { by, min }] of groups.entries()) {
    const found = new Set(ordered.flatMap((candidate) => groupsOf(candidate.cluster, constraints[at]!))).size
    if (found < min) return { failure: 'TooFewGroups', message: `fit clusters lie in ${found} groups by ${by}, the spread needs ${min}` }
    if (min > clusters.max) return { failure: 'NoGroupSet', message: `the spread needs ${min} groups by ${by}, and allows ${clusters.max} clusters` }
  }
  const { taken, room, isProven } = selectWithinLimits({ ordered, groupsOf: namesOf, limits: { groups, clusters }, replicas: duplicated ? 0 : replicas })
  if (!taken) return { failure: 'NoGroupSet', message: `${isProven ? 'no choice' : 'no choice that was tried'} of the ${ordered.length} fit clusters has ${[...groups.map(({ by, ...limits }) => `${range(limits)} groups by ${by}`), `${range(clusters)} clusters`].join(', ')}` }
  return duplicated || partial || room >= replicas ? taken : tooLittleRoom(taken, room, replicas)
}

const range = ({ min, max }: Limits) => (max === Infinity ? `at least ${min}` : min === max ? `${min}` : `${min} to ${max}`)

/** The best cluster of every chosen group, then the best of all of them up to the limit. */
export function takeFromGroups<T extends Ranked>(groups: readonly ClusterGroup<T>[], { by, groups: { min, max }, clusters }: { readonly by: string; readonly groups: Limits; readonly clusters: Limits }, demand: Demand): readonly T[] | SelectFailure {
  if (groups.length < min) return { failure: 'TooFewGroups', message: `fit clusters lie in ${groups.length} groups by ${by}, the spread needs ${min}` }
  // More groups than clusters could not all get one.
  const chosen = selectGroups(groups, { min, max: Math.min(max, clusters.max), target: clusters.min })
  if (chosen.length === 0) return { failure: 'NoGroupSet', message: `no ${min === max ? min : `${min} to ${max}`} groups by ${by} have the ${clusters.min} clusters that the spread needs` }
  const first = new Map<T, ClusterGroup<T>>()
  for (const group of chosen) {
    const best = group.clusters.find((cluster) => !first.has(cluster))
    if (best) first.set(best, group)
  }
  const rest = [...new Set(chosen.flatMap((group) => group.clusters))].filter((cluster) => !first.has(cluster)).sort(byPreference)
  const taken = [...first.keys(), ...rest.splice(0, Math.max(clusters.max - first.size, 0))], places = [...first.values()]
  if (taken.length < clusters.min) return { failure: 'TooFewClusters', message: `the groups by ${by} have ${taken.length} clusters, the spread needs ${clusters.min}` }
  return makeRoom(taken, demand, () => rest, (at, cluster) => at >= places.length || places[at]!.clusters.includes(cluster))
}
