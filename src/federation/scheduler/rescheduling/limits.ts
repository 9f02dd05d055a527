import type { ClusterLimit } from '../../../apis/types.federation/v1alpha1/rescheduling-status.ts'
import { timestamp } from '../../../machinery/meta/timestamp.ts'
import { estimateReplicas } from '../estimate.ts'
import type { ClusterFacts, SchedulingSnapshot } from '../snapshot.ts'
import type { ReschedulingFacts } from './rescheduling-facts.ts'

export interface Limits {
  readonly held: readonly ClusterLimit[]
  /** Clusters whose limit is over: they have more room than when it was met. */
  readonly lifted: ReadonlySet<string>
}

const NONE: Limits = { held: [], lifted: new Set() }

/** What clusters were seen to hold of a template. A limit is met where replicas found no node for a while, and lasts until the cluster is estimated to have more room: that what was pending there is gone is no reason. */
export function limitsOf({ template, clusters, previous }: Pick<SchedulingSnapshot, 'template' | 'clusters' | 'previous'>, { rule, before, stuck, now }: ReschedulingFacts): Limits {
  if (!rule?.triggers.has('Unschedulable') || !previous || (stuck.size === 0 && !before?.limits?.length)) return NONE
  const targets = new Map(previous.targets.map(({ cluster, replicas = 0 }) => [cluster, replicas])), known = new Map(before?.limits?.map((limit) => [limit.cluster, limit])), held: ClusterLimit[] = [], lifted = new Set<string>()
  for (const facts of clusters) {
    const cluster = facts.cluster.metadata.name ?? '', seen = stuck.get(cluster), limit = known.get(cluster), found = seen && Math.max(0, seen.replicas - seen.unschedulable)
    if (found !== undefined && found < Math.min(targets.get(cluster) ?? 0, limit?.replicas ?? Infinity)) held.push({ cluster, replicas: found, since: timestamp(now), room: roomIn(facts, template) + seen!.unschedulable, ...(facts.nodes && { onNodes: true }) })
    else if (limit) {
      held.push(limit)
      // Nodes are not known for a while after a restart, and whenever a connection changes.
      if ((facts.nodes || !limit.onNodes) && roomIn(facts, template) > limit.room) lifted.add(cluster)
    }
  }
  return { held, lifted }
}

const roomIn = (facts: ClusterFacts, template: SchedulingSnapshot['template']): number => estimateReplicas(facts, template)
