import type { KubeObject } from '../../machinery/meta/core.ts'
import { interpretationOf } from './interpretation-of.ts'

export type Health = 'Healthy' | 'Unhealthy' | 'Unknown'

/** Of a copy, from its status. Unknown: no rule says what a healthy object of the kind is like. */
export function healthOf(object: KubeObject): Health {
  const { isHealthy } = interpretationOf(object)
  return isHealthy ? (isHealthy(object) ? 'Healthy' : 'Unhealthy') : 'Unknown'
}
