/** One replica at a time writes what only one should: agreed on by a coordination.k8s.io/v1 Lease, in the way and with the figures of client-go's leader election. */
import { microTimestamp } from '../machinery/meta/timestamp.ts'
import type { Lease } from '../apis/coordination.k8s.io/v1/lease.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { getJson, postJson, putJson } from '../machinery/client/json-client.ts'
import type { Handler } from '../machinery/meta/core.ts'
import { isReason } from '../machinery/meta/status-error.ts'

export interface Leadership {
  /** As of now: it ends by itself where the lease could not be renewed in time. */
  readonly isLeader: boolean
  /** Called when this replica begins to lead, until the signal aborts. */
  onLead(listener: () => void, signal: AbortSignal): void
}

/** For a server that has no replicas. */
export const alwaysLeader: Leadership = { isLeader: true, onLead: () => undefined }

interface LeaseOptions {
  readonly host: Handler
  readonly namespace: string
  readonly name: string
  /** Of this process, another one after a restart. */
  readonly identity: string
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}

/** Others take over a lease that was not renewed for so long; who holds it stops sooner, so that two never lead. */
const LEASE_SECONDS = 15, RENEW_DEADLINE_MS = 10_000, RETRY_MS = 2000, CALL_MS = 5000

export class LeaseLeadership implements Leadership {
  readonly #options: LeaseOptions
  readonly #path: string
  readonly #listeners = new Set<() => void>()
  /** When the last renewal that succeeded was begun. */
  #renewedAt = -Infinity
  /** The lease of another as last seen to change, by our clock: clocks of other machines are not compared. */
  #seen: { readonly version: string; readonly at: number } | undefined

  constructor(options: LeaseOptions) {
    this.#options = options
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(options.namespace)}/leases`
  }

  get isLeader(): boolean { return this.#options.clock.now() - this.#renewedAt < RENEW_DEADLINE_MS }

  onLead(listener: () => void, signal: AbortSignal): void {
    this.#listeners.add(listener)
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true })
  }

  /** Tries to lead until the signal aborts, then gives the lease back. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, logger, identity } = this.#options
    let led = false
    const tell = () => {
      const { isLeader } = this
      if (isLeader && !led) for (const listener of this.#listeners) listener()
      if (isLeader !== led) logger.info({ identity }, isLeader ? 'this replica leads' : 'this replica no longer leads')
      led = isLeader
    }
    while (!signal.aborted) {
      try {
        const at = clock.now()
        const isHeld = await this.#hold(AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]))
        // It may have run out before it was renewed: whoever asked in between was told that this replica does not lead, and begins anew.
        tell()
        this.#renewedAt = isHeld ? at : -Infinity
      } catch (error) {
        if (!signal.aborted) logger.warn({ error: error instanceof Error ? error.message : error }, 'the lease of this server cannot be renewed; trying again')
      }
      tell()
      await clock.sleep(RETRY_MS * (1 + random() * 0.2), signal)
    }
    if (!this.isLeader) return
    this.#renewedAt = -Infinity
    try {
      await this.#release(AbortSignal.timeout(CALL_MS))
    } catch (error) {
      logger.warn({ error: error instanceof Error ? error.message : error }, 'the lease of this server could not be given back; another replica waits until it has run out')
    }
  }

  /** One look at the lease; true: it is ours from now on. */
  async #hold(signal: AbortSignal): Promise<boolean> {
    const { host, namespace, name, identity, clock } = this.#options, now = microTimestamp(clock.now()), fresh = { holderIdentity: identity, leaseDurationSeconds: LEASE_SECONDS, renewTime: now }
    try {
      const lease = await this.#read(signal)
      if (!lease) {
        await postJson(host, this.#path, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace }, spec: { ...fresh, acquireTime: now, leaseTransitions: 0 } }, signal)
        return true
      }
      const { spec = {}, metadata: { resourceVersion = '' } } = lease, holder = spec.holderIdentity ?? ''
      if (holder === identity) await putJson(host, `${this.#path}/${name}`, { ...lease, spec: { ...spec, ...fresh } }, signal)
      else {
        if (this.#seen?.version !== resourceVersion) this.#seen = { version: resourceVersion, at: clock.now() }
        if (holder !== '' && clock.now() - this.#seen.at < (spec.leaseDurationSeconds ?? LEASE_SECONDS) * 1000) return false
        await putJson(host, `${this.#path}/${name}`, { ...lease, spec: { ...spec, ...fresh, acquireTime: now, leaseTransitions: (spec.leaseTransitions ?? 0) + 1 } }, signal)
      }
      return true
    } catch (error) {
      // Another replica was faster.
      if (isReason(error, 'Conflict', 'AlreadyExists')) return false
      throw error
    }
  }

  async #release(signal: AbortSignal): Promise<void> {
    const { host, name, identity, clock } = this.#options, lease = await this.#read(signal)
    if (lease?.spec?.holderIdentity !== identity) return
    const now = microTimestamp(clock.now())
    await putJson(host, `${this.#path}/${name}`, { ...lease, spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now, acquireTime: now } }, signal)
  }

  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    try {
      return await getJson<Lease>(this.#options.host, `${this.#path}/${this.#options.name}`, signal)
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined
      throw error
    }
  }
}

/** RFC 3339 with microseconds, as `MicroTime` is written. */
