import { type Candidate, matchesClusterAffinity } from '../../apis/cluster.federation/v1alpha1/cluster-affinity.ts'
import { overrideRules } from '../../apis/policy.federation/v1alpha1/override-policy.ts'
import type { AnyOverridePolicy } from '../../apis/policy.federation/v1alpha1/override-policy-kinds.ts'
import type { OverrideRule } from '../../apis/policy.federation/v1alpha1/overriders.ts'
import { SPECIFICITY, specificityFor, type Specificity } from '../../apis/policy.federation/v1alpha1/resource-selector.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'

export interface MatchingRule { readonly policy: AnyOverridePolicy; readonly rule: OverrideRule; /** Of the rule inside the policy. */ readonly path: string }

/** The rules for this template and this cluster, in the order in which they apply, so that the last wins. */
export const matchingRules = (template: KubeObject, cluster: Candidate, policies: readonly AnyOverridePolicy[]): MatchingRule[] =>
  matchingPolicies(template, policies).flatMap((policy) =>
    overrideRules(policy.spec).filter(({ rule: { targetCluster } }) => !targetCluster || matchesClusterAffinity(targetCluster, cluster)).map((rule) => ({ policy, ...rule })))

/**
 * The policies for this template, whatever the cluster: whoever renders it for many clusters asks once. First those of the whole cluster, then those of the template's namespace;
 * in each less specific selectors first (a policy without any selects all), then by name. Karmada: pkg/util/overridemanager/overridemanager.go.
 */
export function matchingPolicies(template: KubeObject, policies: readonly AnyOverridePolicy[]): AnyOverridePolicy[] {
  const ranked = policies.flatMap((policy) => {
    const specificity = inScope(policy, template) ? specificityOf(policy, template) : SPECIFICITY.none
    return specificity === SPECIFICITY.none ? [] : [{ policy, specificity, namespaced: Number(policy.metadata.namespace !== undefined) }]
  })
  return ranked.toSorted((a, b) => a.namespaced - b.namespaced || a.specificity - b.specificity || compare(a.policy.metadata.name, b.policy.metadata.name)).map(({ policy }) => policy)
}

const inScope = ({ metadata: { namespace } }: AnyOverridePolicy, template: KubeObject) => namespace === undefined || namespace === template.metadata.namespace
const specificityOf = ({ spec: { resourceSelectors } }: AnyOverridePolicy, template: KubeObject): Specificity => (resourceSelectors?.length ? specificityFor(resourceSelectors, template) : SPECIFICITY.kind)
const compare = (a = '', b = '') => (a < b ? -1 : a > b ? 1 : 0)
