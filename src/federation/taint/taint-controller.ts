/** Keeps the taints of Clusters to what their health and the ClusterTaintPolicies ask for. What people set is left as it is. */
import type { Cluster } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import { taintText } from '../../apis/cluster.federation/v1alpha1/taint.ts'
import type { ClusterTaintPolicy } from '../../apis/policy.federation/v1alpha1/cluster-taint-policy.ts'
import type { Leadership } from '../../host/leases.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { Queue } from '../../lib/queue.ts'
import { runController } from '../../machinery/controller/controller.ts'
import { follow } from '../../machinery/controller/follow.ts'
import type { ListerWatcher, Resource } from '../../machinery/meta/core.ts'
import { isReason, StatusError } from '../../machinery/meta/status-error.ts'
import { SERVER } from '../template/server-user.ts'
import { nextTaints } from './next-taints.ts'

export interface TaintControllerOptions {
  readonly clusters: Resource
  /** ClusterTaintPolicies. */
  readonly policies: ListerWatcher
  /** Only the replica that leads writes. */
  readonly leadership: Leadership
  /** How long a cluster is not ready before what is there is driven out; 0: it never is. */
  readonly evictionTimeoutMs: number
  /** Told of every change, for people. */
  readonly onChange: (cluster: Cluster, message: string) => void
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}

/** Until the signal aborts. */
export async function runTaintController({ clusters, policies, leadership, evictionTimeoutMs, onChange, clock, random, logger }: TaintControllerOptions, signal: AbortSignal): Promise<void> {
  const known = new Map<string, Cluster>(), rules = new Map<string, ClusterTaintPolicy>(), queue = new Queue({ clock, random }), kickAll = () => { for (const name of known.keys()) queue.add(name) }
  const decide = (cluster: Cluster) => nextTaints(cluster, [...rules.values()], clock.now(), evictionTimeoutMs)
  leadership.onLead(kickAll, signal)
  const following = [
    follow(policies, (name, policy) => { if (policy) rules.set(name, policy as ClusterTaintPolicy); else rules.delete(name); kickAll() }, { clock, logger }, signal),
    follow(clusters.reader, (name, cluster) => { if (cluster) known.set(name, cluster as Cluster); else known.delete(name); queue.add(name) }, { clock, logger }, signal),
  ]
  await runController({ name: 'taints', queue, sources: [], reconcile, concurrency: 1, logger }, signal)
  await Promise.all(following.map(({ done }) => done))

  async function reconcile(name: string, inner: AbortSignal): Promise<{ readonly requeueAfterMs?: number }> {
    const cluster = known.get(name)
    if (!cluster || !leadership.isLeader || cluster.metadata.deletionTimestamp !== undefined) return {}
    const { isChanged, lookAgainAt } = decide(cluster)
    if (isChanged) await write(name, inner)
    return lookAgainAt === undefined ? {} : { requeueAfterMs: Math.max(0, lookAgainAt - clock.now()) }
  }

  async function write(name: string, inner: AbortSignal): Promise<void> {
    let before: Cluster | undefined
    try {
      const { entry } = await clusters.writer!.update(name, (current) => {
        if (!current) throw StatusError.notFound({ group: 'cluster.federation', resource: 'clusters' }, name)
        before = current as Cluster
        return { ...before, spec: { ...before.spec, taints: [...decide(before).taints] } }
      }, SERVER, inner)
      const now = entry.parse() as Cluster, told = difference(before!, now)
      if (told) onChange(now, told)
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error
    }
  }
}

/** `cluster.federation/not-ready:NoSchedule was set`. Empty: nothing changed. */
function difference({ spec: { taints: before = [] } }: Cluster, { spec: { taints: after = [] } }: Cluster): string {
  const old = before.map(taintText), now = after.map(taintText)
  const set = now.filter((one) => !old.includes(one)), gone = old.filter((one) => !now.includes(one))
  return [...(set.length > 0 ? [`set ${set.join(', ')}`] : []), ...(gone.length > 0 ? [`took away ${gone.join(', ')}`] : [])].join('; ')
}
