import type { Cluster } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import { ACCEPT_UID } from '../../apis/cluster.federation/v1alpha1/cluster-kind.ts'
import type { Turn } from '../../lib/turns.ts'
import { equalJson } from '../../machinery/meta/json-value.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'
import { fromApiEnablements } from './api-enablements.ts'
import { Connections } from './connections.ts'
import type { ControllerContext } from './controller-context.ts'
import { nextStatus, urgency } from './cluster-status.ts'
import { discover } from './discovery.ts'
import { FollowedSummary } from './follow-summary.ts'
import { collectionFailed, nextHealth, probe, type Health, type Observation } from './health.ts'
import { readClusterProperty, readIdentity, refusal } from './identity.ts'
import { Member } from './member.ts'
import { readVersion } from './version.ts'

/** How long one look at the identity is good for, when streams of many kinds begin at once. */
const IDENTITY_MS = 5000, SUMMARY_MS = 30_000, POSITIONS_MS = 300_000

/** Looks after one Cluster from the moment it is seen until it is gone: connects, probes, discovers, reports. */
export class ClusterSession {
  readonly member: Member
  readonly #context: ControllerContext
  readonly #connections: Connections
  readonly #stop = new AbortController()
  #kicked = Promise.withResolvers<void>()
  #health: Health | undefined
  #version: string | undefined
  #refused: string | undefined
  #verified: { readonly at: number; readonly uid: Promise<string> } | undefined
  #summary: { readonly followed: FollowedSummary; readonly stop: AbortController } | undefined
  #writtenAt = 0

  constructor(cluster: Cluster, context: ControllerContext) {
    this.#context = context
    const { members, clock, random, idleMs, pinned, cacheBytesMax, streamsLists = false, turns } = context
    this.member = new Member({ cluster, verify: (signal) => this.#verify(signal), onChange: () => members.changed(this.member), clock, random, idleMs, streamsLists, turns: turns.states, ...(pinned && { pinned }), ...(cacheBytesMax !== undefined && { cacheBytesMax }) })
    this.#connections = new Connections(this.member, context)
    const known = fromApiEnablements(cluster.status)
    if (known) this.member.setDiscovery(known)
    if (cluster.status?.id) this.member.setIdentity(cluster.status.id)
  }

  /** The Cluster object changed. What others of us wrote there is no reason to look again. */
  update(cluster: Cluster): void {
    const before = this.member.cluster, asked = ({ spec, metadata }: Cluster) => ({ spec, accepted: metadata.annotations?.[ACCEPT_UID] })
    this.member.setCluster(cluster)
    const pinned = this.#pin(cluster)
    if (pinned || !equalJson(asked(before), asked(cluster))) this.kick()
  }

  /** The replica that leads has found out which cluster this is. */
  #pin({ status }: Cluster): boolean {
    if (!status?.id || this.member.identity !== undefined) return false
    this.#context.claims.claim(this.member.name, status.id)
    this.member.setIdentity(status.id)
    return true
  }

  usesSecret(name: string): boolean {
    const { secretRef, impersonatorSecretRef } = this.member.cluster.spec
    return secretRef?.name === name || impersonatorSecretRef?.name === name
  }

  /** Looks again at once. */
  kick(): void { this.#kicked.resolve() }

  async run(): Promise<void> {
    const { clock, probeMs, logger, turns } = this.#context, { signal } = this.#stop
    let turn: Turn | undefined = await turns.connecting.take(signal)
    while (!signal.aborted) {
      this.#kicked = Promise.withResolvers<void>()
      try {
        await this.#round(signal)
      } catch (error) {
        if (!signal.aborted) logger.warn({ cluster: this.member.name, error }, `cluster ${this.member.name}: ${error instanceof Error ? error.message : String(error)}`)
      }
      turn?.end()
      turn = undefined
      const rest = new AbortController(), end = () => rest.abort()
      signal.addEventListener('abort', end)
      void this.#kicked.promise.then(end)
      if (!signal.aborted) await clock.sleep(probeMs, rest.signal)
      signal.removeEventListener('abort', end)
    }
  }

  /** Leaves the member as it is, and ends every stream. */
  async stop(): Promise<void> {
    this.#stop.abort()
    this.#summary?.stop.abort()
    await this.#connections.close()
    await this.member.close()
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { clock, thresholds } = this.#context, change = await this.#connections.refresh(signal)
    if (change === 'changed') {
      // What is new answers for itself at once, good or bad.
      this.#health = undefined
      this.#verified = undefined
      this.#endSummary()
    }
    // Two replicas that decided for themselves might see different Clusters as the first of two that name one member.
    if (!this.#context.leadership.isLeader && this.member.identity === undefined) return
    const observation = await this.#observe(signal)
    signal.throwIfAborted()
    this.#health = nextHealth(this.#health, observation, clock.now(), thresholds)
    this.#show()
    await this.#report(signal)
  }

  async #observe(signal: AbortSignal): Promise<Observation> {
    const { probeTimeoutMs } = this.#context, { problem, connection } = this.#connections
    if (!connection) return collectionFailed(problem)
    const observation = await probe(connection.handler, probeTimeoutMs, signal)
    if (observation.status !== 'True') return observation
    const limit = AbortSignal.any([signal, AbortSignal.timeout(probeTimeoutMs * 3)])
    try {
      this.#refused = await this.#identify(limit)
      if (this.#refused !== undefined) return { status: 'False', reason: 'StatusCollectionFailed', message: this.#refused }
      this.#version = await readVersion(connection.handler, limit)
      this.member.setDiscovery(await discover(connection.handler, this.member.discovery, limit))
      return observation
    } catch (error) {
      signal.throwIfAborted()
      return collectionFailed(limit.aborted ? new Error(`discovery took longer than ${(probeTimeoutMs * 3) / 1000} s: check that the server is not overloaded`) : error)
    }
  }

  /** Why the member is refused, or undefined. */
  async #identify(signal: AbortSignal): Promise<string | undefined> {
    const { cluster, identity: pinned, name } = this.member, { connection } = this.#connections, { claims } = this.#context, accepted = cluster.metadata.annotations?.[ACCEPT_UID]
    const uid = await readIdentity(connection!.handler, signal), property = cluster.spec.id && cluster.spec.id !== uid ? await readClusterProperty(connection!.handler, signal) : undefined
    const refused = refusal({ cluster, uid, property, pinned, accepted, other: claims.other(uid, name) })
    if (refused !== undefined) return refused
    claims.claim(name, uid)
    this.member.setIdentity(uid)
    return undefined
  }

  /** Streams begin only at the cluster that joined: after a cut, the address may lead to another one. */
  async #verify(signal: AbortSignal): Promise<void> {
    const { clock, probeTimeoutMs } = this.#context, { connection } = this.#connections, { identity, name } = this.member
    if (this.#refused !== undefined) throw StatusError.unavailable(`cluster ${name} is refused: ${this.#refused}`)
    if (!connection || identity === undefined) throw StatusError.unavailable(`cluster ${name} is not connected yet`, 1)
    if (!this.#verified || clock.now() - this.#verified.at > IDENTITY_MS) {
      const uid = readIdentity(connection.handler, AbortSignal.any([this.#stop.signal, AbortSignal.timeout(probeTimeoutMs)]))
      const verified = (this.#verified = { at: clock.now(), uid })
      uid.catch(() => { if (this.#verified === verified) this.#verified = undefined })
    }
    const uid = await this.#verified.uid
    signal.throwIfAborted()
    if (uid === identity) return
    this.kick()
    throw StatusError.unavailable(`cluster ${name}: another cluster answers at its endpoint`)
  }

  #show(): void {
    const { counted, since } = this.#health!, { member } = this
    if (this.#refused !== undefined) member.setState({ state: 'refused', reason: this.#refused })
    else if (counted.status === 'True') member.setState({ state: 'ready' })
    else member.setState({ state: 'unreachable', since, reason: counted.message })
    if (member.state.state === 'refused') this.#endSummary()
    else if (member.state.state === 'ready' && !this.#summary && this.#context.summaries) {
      const stop = new AbortController(), { clock, random, turns } = this.#context
      const followed = new FollowedSummary({ handler: member.handler, unschedulable: member.unschedulable, onComplete: () => this.kick(), turns: turns.states, clock, random }, stop.signal)
      this.#summary = { stop, followed }
      member.setNodes(() => followed.current?.nodeRooms())
    }
  }

  #endSummary(): void {
    this.#summary?.stop.abort()
    this.#summary = undefined
    this.member.unschedulable.clear()
    this.member.setNodes(undefined)
  }

  async #report(signal: AbortSignal): Promise<void> {
    const { clock, write, leadership } = this.#context, { member } = this, { cluster } = member, sums = this.#summary?.followed.current, now = clock.now()
    const counted = this.#refused === undefined ? this.#health!.counted : { status: 'False' as const, reason: 'ClusterRefused', message: this.#refused }
    const report = {
      ready: counted, id: member.identity, kubernetesVersion: this.#version, discovery: member.discovery, remoteResourceVersions: member.caches.positions(),
      summary: sums && { nodeSummary: sums.nodeSummary(), resourceSummary: sums.resourceSummary(cluster.spec.resourceModels ?? []) },
    }
    const how = urgency(cluster.status, nextStatus(cluster, report, now)), age = now - this.#writtenAt
    // The first sums are not held back: a cluster that has just joined is looked at.
    const isDue = how === 'now' || (how === 'later' && (age >= SUMMARY_MS || cluster.status?.nodeSummary === undefined)) || (how === 'piggyback' && age >= POSITIONS_MS)
    if (!isDue || !leadership.isLeader) return
    this.#writtenAt = now
    const stored = await write(member.name, (current) => ({ ...current, status: nextStatus(current, report, now) }), signal)
    if (stored) member.setCluster(stored)
  }
}
