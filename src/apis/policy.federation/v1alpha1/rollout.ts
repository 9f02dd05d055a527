import type { FieldError } from '../../../machinery/meta/status-error.ts'
import { type ClusterAffinity, validateClusterAffinity } from '../../cluster.federation/v1alpha1/cluster-affinity.ts'

/** In which order clusters get a change. */
export interface Rollout {
  /** One after the other; clusters in none of them come last.
   * @minItems 1 */
  waves: RolloutWave[]
}

export interface RolloutWave {
  /** The clusters of the wave, of those that are targets; empty: all that are left. */
  clusterAffinity?: ClusterAffinity
  /** How many of them may be changing at a time; absent: all.
   * @isInt
   * @minimum 1 */
  maxUnavailable?: number
  /** Seconds to wait after the wave.
   * @isInt
   * @minimum 0
   * @default 0 */
  pauseSeconds?: number
  /** What the wave waits for before the next begins.
   * @default "Healthy" */
  until?: 'Healthy'
}

/** Selectors in it. */
export const validateRollout = ({ waves }: Rollout, path: string): FieldError[] =>
  waves.flatMap(({ clusterAffinity }, index) => (clusterAffinity ? validateClusterAffinity(clusterAffinity, `${path}.waves[${index}].clusterAffinity`) : []))
