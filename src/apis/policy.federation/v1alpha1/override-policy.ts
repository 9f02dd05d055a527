import type { KubeObject, ObjectMeta } from '../../../machinery/meta/core.ts'
import type { ClusterAffinity } from '../../cluster.federation/v1alpha1/cluster-affinity.ts'
import type { OverrideRule, Overriders } from './overriders.ts'
import type { ResourceSelector } from './resource-selector.ts'

/** Changes what clusters get of templates of its namespace. Whoever writes it needs the verb update on every kind that it selects. */
export interface OverridePolicy extends KubeObject {
  /** Version of the schema of this object. */
  apiVersion?: string
  /** Kind of this object. */
  kind?: string
  /** Kubernetes' own metadata. */
  metadata: ObjectMeta
  /** Which templates, and what is changed. */
  spec: OverridePolicySpec
}

export interface OverridePolicySpec {
  /** The templates that it is for: those that any of these selects; absent: all. */
  resourceSelectors?: ResourceSelector[]
  /** What is changed for which clusters; all rules that match a cluster apply, in this order. */
  overrideRules?: OverrideRule[]
  /** Superseded by overrideRules, and excluded by them: clusters of the one rule that is meant. */
  targetCluster?: ClusterAffinity
  /** Superseded by overrideRules, and excluded by them: what the one rule that is meant changes. */
  overriders?: Overriders
}

/** The rules of a policy, whichever way they are written, with the path of each. */
export function overrideRules({ overrideRules: rules, targetCluster, overriders }: OverridePolicySpec): { readonly rule: OverrideRule; readonly path: string }[] {
  if (rules) return rules.map((rule, index) => ({ rule, path: `spec.overrideRules[${index}]` }))
  return overriders ? [{ rule: { overriders, ...(targetCluster && { targetCluster }) }, path: 'spec' }] : []
}
