import type { Candidate } from '../../apis/cluster.federation/v1alpha1/cluster-affinity.ts'
import { CLUSTER_VARIABLE } from '../../apis/policy.federation/v1alpha1/overriders.ts'
import { isJsonObject } from '../../machinery/meta/json-value.ts'
import { OverrideFailure } from './override-failure.ts'

/**
 * The value with `${cluster.name}`, `${cluster.region}` and `${cluster.labels['x']}` of every string inside (not of keys) looked up in the cluster; what is found is not looked at again.
 * Throws OverrideFailure UnknownVariable where the cluster has no such label or region: an empty text in its place would be worse.
 */
export function fillIn<T>(value: T, cluster: Candidate): T {
  if (typeof value === 'string') return value.replaceAll(CLUSTER_VARIABLE, (_, field: string | undefined, label: string | undefined) => lookUp(cluster, field, label)) as T
  if (Array.isArray(value)) return value.map((item: unknown) => fillIn(item, cluster)) as T
  if (!isJsonObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, fillIn(member, cluster)])) as T
}

function lookUp({ metadata: { name = '', labels = {} }, spec }: Candidate, field: string | undefined, label = ''): string {
  const found = field === 'name' ? name : field === 'region' ? spec.region : Object.hasOwn(labels, label) ? labels[label] : undefined
  if (found) return found
  // A label may be empty on purpose.
  if (found === '' && field === undefined) return found
  throw new OverrideFailure('UnknownVariable', `cluster ${name} has no ${field ?? `label ${JSON.stringify(label)}`}`)
}
