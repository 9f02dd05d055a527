/** One replica of the server: what it holds, and all that lies between it and the rest of the simulation. It can be killed, or stopped for a while as by SIGSTOP: then nothing of it moves, and what it had sent arrives all the same. */
import type { Cluster } from '../../src/apis/cluster.federation/v1alpha1/cluster.ts'
import { clusterSetKind } from '../../src/apis/cluster.federation/v1alpha1/cluster-set.ts'
import { namespaceKind } from '../../src/apis/core/v1/namespace.ts'
import { Member } from '../../src/federation/member/member.ts'
import { Members } from '../../src/federation/member/members.ts'
import type { FailoverOptions } from '../../src/federation/scheduler/evict/failover-options.ts'
import { ensureDefaultSet } from '../../src/fleet/membership.ts'
import type { Leadership } from '../../src/host/leases.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { Logger } from '../../src/lib/logger.ts'
import type { MemberConnection } from '../../src/machinery/client/connect.ts'
import type { Handler, Resource, Storage } from '../../src/machinery/meta/core.ts'
import { StatusError } from '../../src/machinery/meta/status-error.ts'
import { createStoredResource, type StoredResource } from '../../src/machinery/registry/stored-resource.ts'
import { builtInSelectedKinds } from '../../src/main/built-in-selected-kinds.ts'
import { type Distribution, startDistribution } from '../../src/main/distribution.ts'
import { fleetIdOf } from '../../src/main/fleet-id.ts'
import { policyGroup } from '../../src/main/policy-group.ts'
import type { StubMember } from './stub-member.ts'

export interface ServerOptions {
  readonly clock: Clock
  readonly random: () => number
  readonly uuid: () => string
  readonly logger: Logger
  readonly store: Storage
  /** The Lease that replicas agree by; undefined: there is but one. Its `run` ends with the signal. */
  readonly lease: ((server: { readonly clock: Clock; readonly passing: (handler: Handler) => Handler }) => Leadership & { run(signal: AbortSignal): Promise<void> }) | undefined
  readonly clusters: ReadonlyMap<string, Cluster>
  readonly stubs: ReadonlyMap<string, StubMember>
  /** What a request to a member meets on its way. */
  readonly network: (server: SimulatedServer, stub: StubMember) => Handler
  /** After every commit that was made. */
  readonly onCommit: (server: SimulatedServer, key: string, value: Uint8Array | undefined) => void
  readonly maxRemovalsPerMinute: number
  readonly failover: FailoverOptions
}

const DEAD = 'the server was killed'

export class SimulatedServer {
  readonly members = new Members()
  readonly clock: Clock
  readonly storage: Storage
  readonly stored: { readonly clock: Clock; readonly randomUuid: () => string; readonly randomSuffix: () => string; readonly logger: Logger }
  readonly clusterSets: StoredResource
  readonly namespaces: StoredResource
  policies: readonly Resource[] = []
  distribution!: Distribution
  fleetId = ''
  isDead = false
  /** It was stopped once, and may be about to do what it had decided before. */
  wasPaused = false
  readonly #options: ServerOptions
  readonly #stop = new AbortController()
  #leadership: Leadership = { isLeader: true, onLead: () => undefined }
  #paused: PromiseWithResolvers<void> | undefined
  #running: Promise<unknown> = Promise.resolve()

  private constructor(options: ServerOptions) {
    this.#options = options
    const { clock, uuid, logger } = options
    this.clock = { now: () => clock.now(), sleep: async (ms, signal) => { await clock.sleep(ms, signal); await this.awake() } }
    this.storage = this.#storage(options.store)
    this.stored = { clock: this.clock, randomUuid: uuid, randomSuffix: () => 'abcde', logger }
    this.clusterSets = createStoredResource(clusterSetKind, this.storage, this.stored, this.signal)
    this.namespaces = createStoredResource(namespaceKind, this.storage, this.stored, this.signal)
  }

  static async start(options: ServerOptions): Promise<SimulatedServer> {
    const server = new SimulatedServer(options), { clusters, maxRemovalsPerMinute, failover, lease, random, logger, uuid } = options, { signal, storage, stored, members, clock } = server
    server.policies = policyGroup(await builtInSelectedKinds(), storage, stored, signal).versions[0]!.resources
    await ensureDefaultSet(server.clusterSets, signal)
    server.fleetId = await fleetIdOf(storage, uuid, signal)
    for (const name of clusters.keys()) server.join(name)
    const { fleetId } = server, leased = lease?.({ clock, passing: (handler) => async (request, inner) => { await server.alive(); return handler(request, inner) } })
    if (leased) server.#leadership = leased
    server.distribution = await startDistribution({
      fleetId, storage, stored, members, leadership: server.#leadership, seen: Promise.resolve(), policies: server.policies, clusterSets: server.clusterSets.reader, namespaces: server.namespaces.reader, ownNamespace: 'federation', isStandalone: true,
      events: { sink: { create: () => Promise.resolve(), repeat: () => Promise.resolve() }, instance: 'simulation', fleetId, leads: () => server.leads, clock, random, logger }, maxRemovalsPerMinute, failover, clock, random, logger,
    }, signal)
    server.#running = Promise.all([server.distribution.run(signal), leased?.run(signal)])
    server.#running.catch((error: unknown) => { if (!server.isDead) throw error })
    return server
  }

  get signal(): AbortSignal { return this.#stop.signal }
  get leads(): boolean { return this.#leadership.isLeader }
  get isPaused(): boolean { return this.#paused !== undefined }

  pause(): void {
    this.#paused ??= Promise.withResolvers<void>()
    this.wasPaused = true
  }

  resume(): void {
    this.#paused?.resolve()
    this.#paused = undefined
  }

  kill(): void {
    this.isDead = true
    this.#stop.abort()
    this.resume()
  }

  /** Resolves when all that it did has ended. */
  async ended(): Promise<void> {
    await this.#running.catch(() => undefined)
    await Promise.all(this.members.list().map((member) => member.close()))
  }

  /** Waits while it is stopped. Throws once it is dead. */
  async alive(): Promise<void> {
    await this.awake()
    if (this.isDead) throw StatusError.unavailable(DEAD)
  }

  async awake(): Promise<void> { while (this.#paused) await this.#paused.promise }

  join(name: string): void {
    const { clusters, stubs, random, network } = this.#options, stub = stubs.get(name)!, handler = network(this, stub)
    const member = new Member({ cluster: clusters.get(name)!, verify: () => Promise.resolve(), onChange: () => this.members.changed(), clock: this.clock, random, idleMs: 600_000 })
    const connection: MemberConnection = { handler, upgrade: () => Promise.resolve(undefined), drain: () => Promise.resolve(), close: () => Promise.resolve() }
    member.setConnection(connection)
    member.setDiscovery(stub.discovery)
    member.setIdentity(name)
    this.members.add(member)
  }

  async leave(name: string): Promise<void> {
    const member = this.members.get(name)
    if (!member) return
    this.members.remove(member)
    await member.close()
  }

  #storage(store: Storage): Storage {
    const { onCommit } = this.#options, alive = () => this.alive()
    return {
      range: async (...range) => { await alive(); return store.range(...range) }, get: async (...get) => { await alive(); return store.get(...get) }, revision: async (...revision) => { await alive(); return store.revision(...revision) },
      watch: (...watch) => this.#heard(store.watch(...watch)), compact: (...compact) => store.compact(...compact), close: () => Promise.resolve(),
      commit: async (...commit) => {
        await alive()
        const done = await store.commit(...commit)
        if ('revision' in done) onCommit(this, commit[0], commit[1])
        await alive()
        return done
      },
    }
  }

  async *#heard<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const one of source) {
      await this.alive()
      yield one
    }
  }
}
