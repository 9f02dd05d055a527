import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { isJsonObject } from '../../machinery/meta/json-value.ts'
import { nameOrderOf, webster } from '../scheduler/divide/webster.ts'

/**
 * The completions of one cluster's share of a Job, by Webster with the shares of parallelism as votes, as Karmada does; undefined: the Job asks for none, or is none.
 *
 *     completions 10, parallelism member1 3, member2 1   ⇒   member1 7, member2 3
 */
export function jobCompletions({ kind, spec }: KubeObject & { readonly spec?: unknown }, { metadata, status }: FederatedObject, cluster: string): number | undefined {
  const completions = kind === 'Job' && isJsonObject(spec) ? spec['completions'] : undefined, votes = new Map(status?.schedule?.targets?.map((target) => [target.cluster, target.replicas ?? 0]))
  if (typeof completions !== 'number' || !votes.has(cluster)) return undefined
  return webster(completions, votes, { names: nameOrderOf(metadata.uid ?? '') }).get(cluster)
}
