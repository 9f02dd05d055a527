/**
 * A whole federation in memory: stub members, one store that survives, and replicas of the server that can be stopped, killed between two steps and started again.
 * Time, chance and the network are the simulation's; the stages from a template to its copies, and all below them, are the real ones.
 */
import type { Cluster } from '../../src/apis/cluster.federation/v1alpha1/cluster.ts'
import type { ClusterSet } from '../../src/apis/cluster.federation/v1alpha1/cluster-set.ts'
import type { FederatedObject } from '../../src/apis/types.federation/v1alpha1/federated-object.ts'
import { toApiEnablements } from '../../src/federation/member/api-enablements.ts'
import { defaultFailover } from '../../src/federation/scheduler/evict/failover-options.ts'
import type { TemplateStore } from '../../src/federation/template/templates.ts'
import { LeaseLeadership } from '../../src/host/leases.ts'
import { silentLogger, type Logger } from '../../src/lib/logger.ts'
import type { Handler, Resource, StoredRecord, WriteOptions } from '../../src/machinery/meta/core.ts'
import { StatusError } from '../../src/machinery/meta/status-error.ts'
import { MemoryStorage } from '../../src/machinery/storage/memory-storage.ts'
import { SimulatedClock } from '../../src/simulation/simulated-clock.ts'
import { Seeded } from '../suites/seeded.ts'
import { leasesOfHost } from './host-leases.ts'
import { MemberNetwork, type MemberRequest, type Trouble } from './member-network.ts'
import { SimulatedServer } from './simulated-server.ts'
import { StubMember, UNUSUAL } from './stub-member.ts'

/** Somebody who may do everything. */
export const author: WriteOptions = { user: { name: 'author', groups: ['system:masters'], extra: {} }, manager: 'kubectl', authorize: () => Promise.resolve(), warn: () => undefined }
const STEADY_MS = 30_000, TYPES = /^\/types\.(?:[^/]+\.)?federation\//

export class SimulatedFleet {
  readonly clock = new SimulatedClock()
  readonly random: Seeded
  store = new MemoryStorage()
  readonly stubs = new Map<string, StubMember>()
  /** Joined clusters, as their objects stand. */
  readonly clusters = new Map<string, Cluster>()
  readonly troubles = new Map<string, Trouble>()
  /** Members whose lists fail, or lie: by name. */
  readonly lists = new Map<string, 'fail' | 'empty'>()
  /** Writes that reached members; emptied by whoever counts. */
  readonly requests: MemberRequest[] = []
  /** Commits of the server in its store. */
  commits = 0
  /** Asked before a member is sent a write. */
  onRequest: (request: MemberRequest) => void | Promise<void> = () => undefined
  /** A write arrived that its sender had given up. */
  onLate: (request: MemberRequest) => void = () => undefined
  maxRemovalsPerMinute = 0
  failover = defaultFailover
  logger: Logger = silentLogger
  /** How many servers share the store; those beyond one agree by a Lease who leads. */
  replicas = 1
  /** After so many more commits, or writes to members, the server that made the last of them is gone. */
  killAfter: { commits?: number; writes?: number } = {}
  readonly #end = new AbortController()
  readonly #down = new Map<string, number>()
  readonly #refused = new Set<string>()
  readonly #network: MemberNetwork
  readonly #leases: Handler
  /** What the servers have stored last under each key. */
  readonly #stored = new Map<string, Uint8Array>()
  #servers: SimulatedServer[] = []
  #uuids = 0

  constructor(seed?: number) {
    this.random = new Seeded(seed)
    this.#network = new MemberNetwork({ clock: this.clock, random: this.random, troubles: this.troubles, lists: this.lists, sent: (request) => this.#sent(request), arrived: (server) => { if (this.killAfter.writes !== undefined && --this.killAfter.writes <= 0) this.#kill(server) }, late: (request) => this.onLate(request) }, this.#end.signal)
    this.#leases = leasesOfHost(this.clock, this.uuid, this.#end.signal)
  }

  /** A server that answers now. Throws where none does. */
  get server(): SimulatedServer {
    const found = this.#servers.find((server) => !server.isDead && !server.isPaused)
    if (!found) throw StatusError.unavailable('no server answers')
    return found
  }

  get servers(): readonly SimulatedServer[] { return this.#servers }
  get isUp(): boolean { return this.#servers.some((server) => !server.isDead && !server.isPaused) }

  readonly uuid = (): string => {
    const digits = (count: number) => Array.from({ length: count }, () => this.random.int(16).toString(16)).join('')
    return `${(++this.#uuids).toString(16).padStart(8, '0')}-${digits(4)}-4${digits(3)}-8${digits(3)}-${digits(12)}`
  }

  async addMember(name: string, labels: Record<string, string> = {}, lacks = UNUSUAL): Promise<StubMember> {
    const stub = this.stubs.get(name) ?? (await StubMember.start(name, { clock: this.clock, random: this.random, uuid: this.uuid, signal: this.#end.signal, lacks }))
    this.stubs.set(name, stub)
    this.clusters.set(name, {
      apiVersion: 'cluster.federation/v1alpha1', kind: 'Cluster', metadata: { name, uid: this.uuid(), labels }, spec: { syncMode: 'Push', apiEndpoint: `https://${name}.simulated` },
      status: { apiEnablements: toApiEnablements(stub.discovery), resourceSummary: { allocatable: { pods: 1000 } } },
    })
    for (const server of this.#living()) {
      server.join(name)
      this.#probe(server, name)
    }
    return stub
  }

  async removeMember(name: string): Promise<void> {
    this.clusters.delete(name)
    for (const server of this.#living()) await server.leave(name)
  }

  label(name: string, labels: Record<string, string>): void {
    const cluster = this.clusters.get(name)!
    this.clusters.set(name, { ...cluster, metadata: { ...cluster.metadata, labels } })
    for (const server of this.#living()) server.members.get(name)?.setCluster(this.clusters.get(name)!)
  }

  /** Starts servers until there are as many as there should be. */
  async start(): Promise<SimulatedServer> {
    const dead = this.#servers.filter(({ isDead }) => isDead)
    this.#servers = this.#living()
    for (const server of dead) await server.ended()
    while (this.#servers.length < this.replicas) this.#servers.push(await this.#startOne())
    return this.server
  }

  /** Ends all servers: in order, or (the same thing to everybody else) by a kill. */
  async stop(): Promise<void> {
    const ending = this.#servers
    this.#servers = []
    this.killAfter = {}
    for (const server of ending) server.kill()
    for (const server of ending) await server.ended()
  }

  async restart(): Promise<SimulatedServer> {
    await this.stop()
    return this.start()
  }

  /** Lets time pass; members are probed meanwhile. */
  async advance(ms: number): Promise<void> {
    for (let rest = ms; rest > 0; rest -= STEADY_MS / 3) {
      await this.clock.advance(Math.min(rest, STEADY_MS / 3))
      this.probe()
    }
  }

  /** Waits for what may take time, and lets it pass meanwhile. */
  async until<T>(done: Promise<T>): Promise<T> {
    const state = { isDone: false }, settled = done.finally(() => { state.isDone = true })
    settled.catch(() => undefined)
    for (await this.clock.advance(0); !state.isDone;) await this.clock.advance(100)
    return settled
  }

  /** What health checks would find. */
  probe(): void {
    for (const server of this.#living()) if (!server.isPaused) for (const { name } of server.members.list()) this.#probe(server, name)
  }

  /** Puts everything away. */
  async close(): Promise<void> {
    await this.stop()
    this.#end.abort()
    await this.clock.advance(0)
  }

  /** A template as the store has it. */
  async template(kind: string, key: string): Promise<FederatedObject | undefined> {
    const slash = key.indexOf('/'), [entry] = (await this.templates(kind).resource.reader.list(slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }, this.server.signal)).entries
    return entry?.parse() as FederatedObject | undefined
  }

  /** Of a uid, as of this very moment. */
  storedTemplate(uid: string): FederatedObject | undefined {
    for (const [key, value] of this.#stored) {
      if (!TYPES.test(key)) continue
      const object = JSON.parse(Buffer.from(value).toString()) as FederatedObject
      if (object.metadata.uid === uid) return object
    }
    return undefined
  }

  /** Everything in the store, to be put back later. */
  async backup(): Promise<readonly StoredRecord[]> { return (await this.store.range('', {}, this.#end.signal)).records }
  async useBackup(records: readonly StoredRecord[]): Promise<void> {
    this.store = new MemoryStorage()
    for (const { key, value } of records) await this.store.commit(key, value, 0, this.#end.signal)
  }

  async hostNamespace(name: string, labels: Record<string, string>): Promise<void> { await this.server.namespaces.writer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }, author, this.server.signal) }

  /** A member's watches tell nothing from now on, or do again; it answers as before. */
  silence(name: string, isSilent = true): void { if (isSilent) this.#network.silent.add(name); else this.#network.silent.delete(name) }

  /** `kind`: of what is distributed. Throws StatusError NotFound where that is not served. */
  templates(kind: string): TemplateStore {
    const found = this.server.distribution.templates.list().find(({ target }) => target.kind === kind)
    if (!found) throw StatusError.notFound({ group: '', resource: 'kinds' }, kind)
    return found
  }

  policies(kind: string): Resource { return this.server.policies.find((resource) => resource.kind.kind === kind)! }

  async changeSet(change: (set: ClusterSet) => ClusterSet): Promise<void> {
    await this.server.clusterSets.writer.update('default', (current) => change(current as ClusterSet), author, this.server.signal)
  }

  isReachable(name: string): boolean { return !this.#down.has(name) }
  /** Says that a member can, or cannot, be reached: its faults are set by whoever causes them. */
  setReachable(name: string, isReachable: boolean): void {
    if (isReachable) this.#down.delete(name)
    else if (!this.#down.has(name)) this.#down.set(name, this.clock.now())
  }

  /** Another cluster answers in a member's place, or the right one does again. */
  setRefused(name: string, isRefused: boolean): void {
    if (isRefused) this.#refused.add(name)
    else this.#refused.delete(name)
    this.probe()
  }

  #living(): SimulatedServer[] { return this.#servers.filter(({ isDead }) => !isDead) }

  async #startOne(): Promise<SimulatedServer> {
    const { clock, random, logger, uuid, store, clusters, stubs, maxRemovalsPerMinute, failover } = this
    const server = await SimulatedServer.start({
      clock, random: () => random.next(), logger, uuid, store, clusters, stubs, maxRemovalsPerMinute, failover, network: (of, stub) => this.#network.handler(of, stub),
      onCommit: (of, key, value) => this.#note(of, key, value),
      lease: this.replicas === 1 ? undefined : ({ clock: own, passing }) => new LeaseLeadership({ host: passing(this.#leases), namespace: 'federation', name: 'server', identity: uuid(), clock: own, random: () => random.next(), logger }),
    })
    for (const { name } of server.members.list()) this.#probe(server, name)
    return server
  }

  #probe(server: SimulatedServer, name: string): void {
    const since = this.#down.get(name), member = server.members.get(name)!
    if (this.#refused.has(name)) member.setState({ state: 'refused', reason: 'it is another cluster' })
    else if (since === undefined) member.setState({ state: 'ready' })
    else if (this.clock.now() - since >= STEADY_MS) member.setState({ state: 'unreachable', since: this.clock.now(), reason: 'connection refused' })
  }

  async #sent(request: MemberRequest): Promise<void> {
    await this.onRequest(request)
    this.requests.push(request)
  }

  #note(server: SimulatedServer, key: string, value: Uint8Array | undefined): void {
    this.commits++
    if (value) this.#stored.set(key, value)
    else this.#stored.delete(key)
    if (this.killAfter.commits !== undefined && --this.killAfter.commits <= 0) this.#kill(server)
  }

  #kill(server: SimulatedServer): void {
    this.killAfter = {}
    server.kill()
  }
}
