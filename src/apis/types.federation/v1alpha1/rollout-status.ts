import type { ClusterOverrides } from './cluster-overrides.ts'

/** A change of a template on its way from wave to wave. */
export interface RolloutStatus {
  /** The generation that brought the change.
   * @isLong */
  generation: number
  /** What clusters have that the change has not reached: the first is what was complete before, and what clusters get that come meanwhile; others were superseded on their way.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["generation"]} */
  revisions: TemplateRevision[]
  /** Clusters that have another than the first revision.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["name"]} */
  clusters?: ClusterRevision[]
  /** The last wave in which all is healthy: its pause counts from then. */
  healthy?: HealthyWave
}

/** What a template said. */
export interface TemplateRevision {
  /** The last generation that said so.
   * @isLong */
  generation: number
  /** Absent: too large to be kept, and clusters that have it are left alone.
   * @extension {"x-kubernetes-preserve-unknown-fields": true} */
  template?: unknown
  /** Those of then. */
  overrides?: ClusterOverrides[]
}

export interface ClusterRevision {
  /** Name of the Cluster. */
  name: string
  /** That of its revision.
   * @isLong */
  generation: number
  /** When it was given to it. */
  since: string
}

export interface HealthyWave {
  /** From 1.
   * @isInt */
  wave: number
  /** Since when. */
  since: string
}
