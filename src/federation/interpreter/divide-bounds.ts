import { divide } from './divide.ts'

/** minReplicas and maxReplicas of a HorizontalPodAutoscaler. */
export interface Bounds { readonly min: number; readonly max: number }

/**
 * The bounds of each cluster's autoscaler, where the workload that it scales is divided by `shares`. Together they are those given, except that no cluster's may be below
 * what the API accepts: 1 (0 where the autoscaler may scale to nothing), and a maximum of at least 1 and the minimum. A cluster without a share gets undefined: no autoscaler.
 *
 *   min 3, max 10, shares 2 1 0   ⇒   2…7  1…3  –
 */
export function divideBounds({ min, max }: Bounds, shares: readonly number[]): (Bounds | undefined)[] {
  const least = Math.min(min, 1), mins = divide(min, shares), maxes = divide(max, shares)
  return shares.map((share, i) => {
    if (share === 0) return undefined
    const own = Math.max(mins[i]!, least)
    return { min: own, max: Math.max(maxes[i]!, own, 1) }
  })
}
