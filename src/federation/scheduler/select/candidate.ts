import type { Cluster } from '../../../apis/cluster.federation/v1alpha1/cluster.ts'

/** A cluster that passed the filters. */
export interface Candidate {
  readonly name: string
  readonly cluster: Cluster
  /** 100: a target already, so that targets stay where they are. */
  readonly score: number
  /** Replicas that would still fit. */
  readonly allocatable: number
  /** Those, and the replicas that it has of this template. */
  readonly available: number
  /** 0: first choice; above: overflow. */
  readonly tier: number
  /** Replicas of this template that it was seen to hold at most; absent: no limit was met. */
  readonly limit?: number
}

/** What selection looks at. */
export type Ranked = Pick<Candidate, 'name' | 'score' | 'available' | 'tier'>

/** The best first: tier, score, room, name. */
export const byPreference = (a: Ranked, b: Ranked): number => a.tier - b.tier || b.score - a.score || b.available - a.available || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
