import type { SpreadConstraint } from '../../../apis/cluster.federation/v1alpha1/placement.ts'
import type { Candidate, Ranked } from './candidate.ts'
import type { Group } from './select-groups.ts'

/** What clusters are spread by, beyond the clusters themselves. */
export type GroupConstraint = SpreadConstraint & ({ readonly spreadByField: 'region' | 'zone' | 'provider' } | { readonly spreadByLabel: string })

export interface ClusterGroup<T extends Ranked = Candidate> extends Group { readonly clusters: readonly T[] }

/** How much a group is worth: see `groupScore`. */
interface ScoreInput {
  readonly duplicated: boolean
  readonly replicas: number
  /** Of the constraint by which is grouped. */
  readonly minGroups: number
  /** Of the constraint on clusters. */
  readonly minClusters: number
}

/** The groups that a cluster belongs to: one, but for zones; none where it lacks the property. */
export function groupsOf({ metadata, spec }: Pick<Candidate['cluster'], 'metadata' | 'spec'>, { spreadByField, spreadByLabel }: SpreadConstraint): readonly string[] {
  const one = (value: string | undefined) => (value ? [value] : [])
  switch (spreadByField) {
    case 'region': return one(spec.region)
    case 'provider': return one(spec.provider)
    case 'zone': return spec.zones ?? []
    default: return spreadByLabel && metadata.labels && Object.hasOwn(metadata.labels, spreadByLabel) ? [metadata.labels[spreadByLabel]!] : []
  }
}

/** `candidates` in order of preference, which the groups keep. */
export function groupClusters(candidates: readonly Candidate[], constraint: GroupConstraint, input: ScoreInput): ClusterGroup[] {
  const groups = new Map<string, Candidate[]>()
  for (const candidate of candidates) {
    for (const name of groupsOf(candidate.cluster, constraint)) {
      const group = groups.get(name)
      if (group) group.push(candidate)
      else groups.set(name, [candidate])
    }
  }
  return [...groups].map(([name, clusters]) => ({ name, clusters, value: clusters.length, weight: groupScore(clusters, input) }))
}

/**
 * Karmada's score of a group. Duplicated: 1000 for each cluster that can hold all replicas, plus the mean score.
 * Divided: 1000 for each replica of the group's share that the clusters hold, walking them until there are enough of both, plus the mean score of those.
 */
export function groupScore(clusters: readonly Ranked[], { duplicated, replicas, minGroups, minClusters }: ScoreInput): number {
  const scores = (of: readonly Ranked[]) => of.reduce((sum, { score }) => sum + score, 0)
  if (duplicated) {
    const fitting = clusters.filter(({ available }) => available >= replicas)
    return fitting.length === 0 ? 0 : 1000 * fitting.length + Math.floor(scores(fitting) / fitting.length)
  }
  if (clusters.length === 0) return 0
  const share = Math.ceil(replicas / Math.max(minGroups, 1)), enough = Math.max(minClusters, minGroups)
  let room = 0, seen = 0
  for (; seen < clusters.length && (seen < enough || room < share); seen++) room += clusters[seen]!.available
  if (room < share) return 1000 * room + Math.floor(scores(clusters) / clusters.length)
  return 1000 * share + (seen === 0 ? 0 : Math.floor(scores(clusters.slice(0, seen)) / seen))
}
