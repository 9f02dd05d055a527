import type { KubeObject } from '../../machinery/meta/core.ts'
import { isJsonObject } from '../../machinery/meta/json-value.ts'
import { groupOf } from '../interpreter/folded-uid.ts'

/** A workload as an autoscaler names it: in whatever version of its group. */
export interface ScaleTarget { readonly group: string; readonly kind: string; /** Namespace and name. */ readonly key: string }

/** What a HorizontalPodAutoscaler scales; undefined where it does not say. */
export function scaleTargetOf({ metadata: { namespace = '' }, spec }: KubeObject & { readonly spec?: unknown }): ScaleTarget | undefined {
  const reference = isJsonObject(spec) && isJsonObject(spec['scaleTargetRef']) ? spec['scaleTargetRef'] : {}, { apiVersion = '', kind, name } = reference
  return typeof apiVersion === 'string' && typeof kind === 'string' && typeof name === 'string' ? { group: groupOf(apiVersion), kind, key: `${namespace}/${name}` } : undefined
}
