/**
 * Members follow Cluster objects: one `ClusterSession` per Cluster, which owns its `Member`, its connections and its part of the status.
 * Reading goes Cluster → Secret → connection → probe → identity → version, discovery, sums → status.
 */
import type { Cluster } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { KubeObject, User, Writer } from '../../machinery/meta/core.ts'
import { Turns } from '../../lib/turns.ts'
import { isReason, StatusError } from '../../machinery/meta/status-error.ts'
import { Claims } from './claims.ts'
import { ClusterSession } from './cluster-session.ts'
import type { ClusterControllerOptions, ControllerContext } from './controller-context.ts'

export type { ClusterControllerOptions } from './controller-context.ts'

/** A thousand clusters that are all begun with would answer too late, all of them: requests have ten seconds, and what they bring is read on one thread. */
const CONNECTING_MAX = 32, STATES_MAX = 16, PATIENCE_MS = 10_000
const SERVER: User = { name: 'system:federation-apiserver', groups: ['system:masters'], extra: {} }

/** Runs until the signal aborts; then every member's streams have ended. `onSeen`: `members` holds every Cluster there was at the start. */
export async function runClusterController(options: ClusterControllerOptions, onSeen: () => void, signal: AbortSignal): Promise<void> {
  const { clusters, members, secrets, clock } = options, claims = new Claims(), turnsOf = (max: number) => new Turns({ max, patienceMs: PATIENCE_MS, clock })
  const context: ControllerContext = { ...options, claims, turns: { connecting: turnsOf(CONNECTING_MAX), states: turnsOf(STATES_MAX) }, write: writer(options.writer) }, sessions = new Map<string, ClusterSession>()
  options.leadership.onLead(() => { for (const session of sessions.values()) session.kick() }, signal)
  secrets.onChange((name) => { for (const session of sessions.values()) if (session.usesSecret(name)) session.kick() }, signal)

  const see = (cluster: Cluster) => {
    const name = cluster.metadata.name ?? '', session = sessions.get(name)
    // Deleted and created again between two looks: it may be quite another cluster.
    if (session && session.member.cluster.metadata.uid === cluster.metadata.uid) { session.update(cluster); return }
    if (session) leave(name)
    const fresh = new ClusterSession(cluster, context)
    if (cluster.status?.id) claims.claim(name, cluster.status.id)
    sessions.set(name, fresh)
    members.add(fresh.member)
    void fresh.run()
  }
  const leave = (name: string) => {
    const session = sessions.get(name)
    if (!session) return
    sessions.delete(name)
    claims.release(name)
    members.remove(session.member)
    void session.stop()
    // Another Cluster may have been refused because of this one.
    for (const other of sessions.values()) if (other.member.state.state === 'refused') other.kick()
  }

  while (!signal.aborted) {
    // The watch of a cache ends when it falls off the history: the state is then looked at anew.
    const present = new Set<string>()
    for await (const batch of clusters.watch({ initial: true }, signal)) {
      for (const change of batch) {
        if (change.type === 'BOOKMARK') {
          if (!change.initial) continue
          for (const name of sessions.keys()) if (!present.has(name)) leave(name)
          onSeen()
        } else if (change.type === 'DELETED') leave(change.entry.key)
        else {
          present.add(change.entry.key)
          see(change.entry.parse() as Cluster)
        }
      }
    }
    if (!signal.aborted) await clock.sleep(100, signal)
  }
  await Promise.all([...sessions.values()].map(async (session) => session.stop()))
}

const writer = (clusters: Writer): ControllerContext['write'] => async (name, change, signal) => {
  const update = (current: KubeObject | undefined): KubeObject => {
    if (!current) throw StatusError.notFound({ group: 'cluster.federation', resource: 'clusters' }, name)
    return change(current as Cluster)
  }
  try {
    const { entry } = await clusters.update(name, update, { user: SERVER, manager: 'federation-apiserver', subresource: 'status', authorize: () => Promise.resolve(), warn: () => undefined }, signal)
    return entry.parse() as Cluster
  } catch (error) {
    if (isReason(error, 'NotFound')) return undefined
    throw error
  }
}
