import type { Cluster, ClusterStatus } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import { nextCondition } from '../../apis/meta/v1/condition.ts'
import { equalJson } from '../../machinery/meta/json-value.ts'
import { completeness, toApiEnablements } from './api-enablements.ts'
import type { Discovery } from './discovery.ts'
import type { ConditionStatus } from './health.ts'

/** What is known of a member now; undefined: nothing new, what is stored stays. */
export interface ClusterReport {
  readonly ready: { readonly status: ConditionStatus; readonly reason: string; readonly message: string }
  readonly id: string | undefined
  readonly kubernetesVersion: string | undefined
  readonly discovery: Discovery | undefined
  readonly summary: Pick<ClusterStatus, 'nodeSummary' | 'resourceSummary'> | undefined
  readonly remoteResourceVersions: Readonly<Record<string, string>>
}

/** The status to store; what others wrote there stays. */
export function nextStatus(cluster: Cluster, report: ClusterReport, now: number): ClusterStatus {
  const { status = {} } = cluster, { ready, id, kubernetesVersion, discovery, summary, remoteResourceVersions } = report
  const conditions = [nextCondition(cluster, { type: 'Ready', ...ready }, now), ...(discovery ? [nextCondition(cluster, { type: 'CompleteAPIEnablements', ...completeness(discovery) }, now)] : [])]
  const rest = (status.conditions ?? []).filter(({ type }) => !conditions.some((it) => it.type === type))
  return {
    ...status, ...(id !== undefined && { id }), ...(kubernetesVersion !== undefined && { kubernetesVersion }), ...(discovery && { apiEnablements: toApiEnablements(discovery) }), ...summary,
    ...(Object.keys(remoteResourceVersions).length && { remoteResourceVersions }), conditions: [...conditions, ...rest],
  }
}

/**
 * How soon a status is worth a write. Numbers that move all the time can wait: every write stores the whole object and wakes every reader of Clusters.
 * `now`: something that people or controllers act on changed. `later`: sums did. `piggyback`: nothing but positions.
 */
export function urgency(old: ClusterStatus | undefined, next: ClusterStatus): 'now' | 'later' | 'piggyback' | 'none' {
  if (equalJson(old, next)) return 'none'
  const { nodeSummary: _n, resourceSummary: _r, remoteResourceVersions: _v, ...act } = next, { nodeSummary, resourceSummary, remoteResourceVersions: _o, ...acted } = old ?? {}
  if (!equalJson(act, acted)) return 'now'
  return equalJson({ nodeSummary, resourceSummary }, { nodeSummary: next.nodeSummary, resourceSummary: next.resourceSummary }) ? 'piggyback' : 'later'
}
