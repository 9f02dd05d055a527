/** The taints that a cluster is to have: what people set, what its health asks for, what ClusterTaintPolicies say. Pure. */
import type { Cluster } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import { matchesClusterAffinity } from '../../apis/cluster.federation/v1alpha1/cluster-affinity.ts'
import type { Taint } from '../../apis/cluster.federation/v1alpha1/taint.ts'
import type { Condition } from '../../apis/meta/v1/condition.ts'
import type { ClusterTaintPolicy, MatchCondition } from '../../apis/policy.federation/v1alpha1/cluster-taint-policy.ts'
import { equalJson } from '../../machinery/meta/json-value.ts'
import { changeTaints, healthTaints } from './health-taints.ts'

/** `policies` in any order. `lookAgainAt`: when there will be more to do. */
export function nextTaints({ metadata, spec, status }: Cluster, policies: readonly ClusterTaintPolicy[], now: number, evictionTimeoutMs: number): { readonly taints: readonly Taint[]; readonly isChanged: boolean; readonly lookAgainAt: number | undefined } {
  const conditions = status?.conditions ?? [], own = spec.taints ?? [], health = healthTaints(conditions, own, now, evictionTimeoutMs)
  const taints = policies.toSorted(byAge).reduce((so, { spec: { targetClusters, addOnConditions, removeOnConditions, taints: own } }) => {
    if (targetClusters && !matchesClusterAffinity(targetClusters, { metadata, spec })) return so
    const added = allHold(addOnConditions, conditions) ? changeTaints(so, { add: own, remove: [] }) : so
    return allHold(removeOnConditions, conditions) ? changeTaints(added, { add: [], remove: own }) : added
  }, changeTaints(own, health))
  return { taints, isChanged: !equalJson(taints, own), lookAgainAt: health.lookAgainAt }
}

/** None given: they never hold. */
const allHold = (wanted: readonly MatchCondition[] = [], conditions: readonly Condition[]): boolean => wanted.length > 0 && wanted.every(({ conditionType, operator, statusValues }) => {
  const found = conditions.find(({ type }) => type === conditionType)
  return found !== undefined && statusValues.includes(found.status) === (operator === 'In')
})

/** Two policies that contradict each other do so in the same order every time. */
function byAge({ metadata: a }: ClusterTaintPolicy, { metadata: b }: ClusterTaintPolicy): number {
  const [older, younger] = [a.creationTimestamp ?? '', b.creationTimestamp ?? '']
  return older === younger ? ((a.name ?? '') < (b.name ?? '') ? -1 : 1) : older < younger ? -1 : 1
}
