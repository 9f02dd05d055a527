/**
 * A whole federation in memory: stub members, one store that survives, and a server that can be stopped, killed between two steps and started again.
 * Time, chance and the network are the simulation's; the stages from a template to its copies, and all below them, are the real ones.
 */
import type { Cluster } from '../../src/apis/cluster.federation/v1alpha1/cluster.ts'
import { type ClusterSet, clusterSetKind } from '../../src/apis/cluster.federation/v1alpha1/cluster-set.ts'
import { namespaceKind } from '../../src/apis/core/v1/namespace.ts'
import type { FederatedObject } from '../../src/apis/types.federation/v1alpha1/federated-object.ts'
import { toApiEnablements } from '../../src/federation/member/api-enablements.ts'
import { Member } from '../../src/federation/member/member.ts'
import { Members } from '../../src/federation/member/members.ts'
import { ensureDefaultSet } from '../../src/fleet/membership.ts'
import { alwaysLeader } from '../../src/host/leases.ts'
import { silentLogger, type Logger } from '../../src/lib/logger.ts'
import type { MemberConnection } from '../../src/machinery/client/connect.ts'
import type { Handler, KubeObject, Resource, Response, Storage, StoredRecord, WriteOptions } from '../../src/machinery/meta/core.ts'
import { StatusError } from '../../src/machinery/meta/status-error.ts'
import { createStoredResource, type StoredResource } from '../../src/machinery/registry/stored-resource.ts'
import { MemoryStorage } from '../../src/machinery/storage/memory-storage.ts'
import { builtInSelectedKinds } from '../../src/main/built-in-selected-kinds.ts'
import { type Distribution, startDistribution } from '../../src/main/distribution.ts'
import { fleetIdOf } from '../../src/main/fleet-id.ts'
import { policyGroup } from '../../src/main/policy-group.ts'
import { SimulatedClock } from '../../src/simulation/simulated-clock.ts'
import { Seeded } from '../suites/seeded.ts'
import { StubMember } from './stub-member.ts'

/** Somebody who may do everything. */
export const author: WriteOptions = { user: { name: 'author', groups: ['system:masters'], extra: {} }, manager: 'kubectl', authorize: () => Promise.resolve(), warn: () => undefined }
const REQUEST_TIMEOUT_MS = 10_000, STEADY_MS = 30_000, DEAD = 'the server was killed'

/** What goes wrong between the server and one member, by chance. */
export interface Trouble { readonly errors: number; readonly lost: number }
/** A request that reached a member. */
export interface MemberRequest { readonly cluster: string; readonly method: string; readonly path: string; readonly body: KubeObject | undefined }

export interface Server {
  readonly distribution: Distribution
  readonly policies: readonly Resource[]
  readonly clusterSets: StoredResource
  readonly namespaces: StoredResource
  readonly storage: Storage
  readonly stored: { readonly clock: SimulatedClock; readonly randomUuid: () => string; readonly randomSuffix: () => string; readonly logger: Logger }
  readonly members: Members
  readonly fleetId: string
  readonly signal: AbortSignal
}
interface Process extends Server { isDead: boolean; readonly stop: AbortController; running: Promise<void> }

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
  onRequest: (request: MemberRequest) => void = () => undefined
  maxRemovalsPerMinute = 0
  logger: Logger = silentLogger
  /** After so many more commits, or writes to members, the server is gone. */
  killAfter: { commits?: number; writes?: number } = {}
  readonly #end = new AbortController()
  readonly #down = new Map<string, number>()
  readonly #silent = new Set<string>()
  /** What the server has stored last under each key. */
  readonly #stored = new Map<string, Uint8Array>()
  #process: Process | undefined
  #uuids = 0

  constructor(seed?: number) { this.random = new Seeded(seed) }

  /** The server that runs now. Throws where none does. */
  get server(): Server {
    if (!this.isUp) throw StatusError.unavailable(DEAD)
    return this.#process!
  }

  get isUp(): boolean { return this.#process !== undefined && !this.#process.isDead }

  readonly uuid = (): string => {
    const digits = (count: number) => Array.from({ length: count }, () => this.random.int(16).toString(16)).join('')
    return `${(++this.#uuids).toString(16).padStart(8, '0')}-${digits(4)}-4${digits(3)}-8${digits(3)}-${digits(12)}`
  }

  async addMember(name: string, labels: Record<string, string> = {}): Promise<StubMember> {
    const stub = this.stubs.get(name) ?? (await StubMember.start(name, { clock: this.clock, random: this.random, uuid: this.uuid, signal: this.#end.signal }))
    this.stubs.set(name, stub)
    this.clusters.set(name, {
      apiVersion: 'cluster.federation/v1alpha1', kind: 'Cluster', metadata: { name, uid: this.uuid(), labels }, spec: { syncMode: 'Push', apiEndpoint: `https://${name}.simulated` },
      status: { apiEnablements: toApiEnablements(stub.discovery), resourceSummary: { allocatable: { pods: 1000 } } },
    })
    if (this.isUp) this.#join(this.#process!, name)
    return stub
  }

  async removeMember(name: string): Promise<void> {
    this.clusters.delete(name)
    const member = this.isUp ? this.#process!.members.get(name) : undefined
    if (!member) return
    this.#process!.members.remove(member)
    await member.close()
  }

  label(name: string, labels: Record<string, string>): void {
    const cluster = this.clusters.get(name)!
    this.clusters.set(name, { ...cluster, metadata: { ...cluster.metadata, labels } })
    if (this.isUp) this.#process!.members.get(name)?.setCluster(this.clusters.get(name)!)
  }

  async start(): Promise<Server> {
    const stop = new AbortController(), { signal } = stop, { clock, random, logger } = this, process = { isDead: false, stop, signal, running: Promise.resolve() } as Process
    const storage = this.#storageOf(process), stored = { clock, randomUuid: this.uuid, randomSuffix: () => 'abcde', logger }, members = new Members()
    const clusterSets = createStoredResource(clusterSetKind, storage, stored, signal), namespaces = createStoredResource(namespaceKind, storage, stored, signal), policies = policyGroup(await builtInSelectedKinds(), storage, stored, signal).versions[0]!.resources
    Object.assign(process, { storage, stored, members, clusterSets, namespaces, policies })
    this.#process = process
    await ensureDefaultSet(clusterSets, signal)
    const fleetId = await fleetIdOf(storage, this.uuid, signal)
    for (const name of this.clusters.keys()) this.#join(process, name)
    const distribution = await startDistribution({
      fleetId, storage, stored, members, leadership: alwaysLeader, seen: Promise.resolve(), policies, clusterSets: clusterSets.reader, namespaces: namespaces.reader, ownNamespace: 'federation', isStandalone: true, events: { sink: { create: () => Promise.resolve(), repeat: () => Promise.resolve() }, instance: 'simulation', fleetId, leads: () => true, clock, random: () => random.next(), logger }, maxRemovalsPerMinute: this.maxRemovalsPerMinute, clock, random: () => random.next(), logger,
    }, signal)
    Object.assign(process, { fleetId, distribution, running: distribution.run(signal) })
    process.running.catch((error: unknown) => { if (!process.isDead && !signal.aborted) throw error })
    return process
  }

  /** Ends the server: in order, or (the same thing to everybody else) by a kill. */
  async stop(): Promise<void> {
    const process = this.#process
    if (!process) return
    this.#kill(process)
    this.#process = undefined
    this.killAfter = {}
    await process.running.catch(() => undefined)
    await Promise.all(process.members.list().map((member) => member.close()))
  }

  async restart(): Promise<Server> {
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
    for (const { name } of this.isUp ? this.#process!.members.list() : []) this.#probe(this.#process!, name)
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
      if (!key.startsWith('/types.federation/')) continue
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

  /** A member's watches tell nothing from now on; it answers as before. */
  silence(name: string): void { this.#silent.add(name) }

  /** `kind`: of what is distributed. */
  templates(kind: string) { return this.server.distribution.templates.list().find(({ target }) => target.kind === kind)! }

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

  #join(process: Process, name: string): void {
    const stub = this.stubs.get(name)!, member = new Member({ cluster: this.clusters.get(name)!, verify: () => Promise.resolve(), onChange: () => process.members.changed(), clock: this.clock, random: () => this.random.next(), idleMs: 600_000 })
    member.setConnection(this.#connect(process, stub))
    member.setDiscovery(stub.discovery)
    member.setIdentity(name)
    process.members.add(member)
    this.#probe(process, name)
  }

  #probe(process: Process, name: string): void {
    const since = this.#down.get(name), member = process.members.get(name)!
    if (since === undefined) member.setState({ state: 'ready' })
    else if (this.clock.now() - since >= STEADY_MS) member.setState({ state: 'unreachable', since: this.clock.now(), reason: 'connection refused' })
  }

  #connect(process: Process, stub: StubMember): MemberConnection {
    const handler: Handler = async (request, signal) => {
      if (process.isDead) throw StatusError.unavailable(DEAD)
      const { errors = 0, lost = 0 } = this.troubles.get(stub.name) ?? {}, isWrite = request.method !== 'GET' && !request.query.has('dryRun'), { random } = this
      if (errors > 0 && random.chance(errors)) throw StatusError.unavailable(`${stub.name}: try again`)
      const body = request.body ? await bodyOf(request.body) : undefined
      if (isWrite) this.#sent({ cluster: stub.name, method: request.method, path: request.path, body: body && JSON.parse(body.toString()) as KubeObject })
      const response = await this.#timed(stub, body ? { ...request, body: once(body) } : request, signal)
      if (isWrite && this.killAfter.writes !== undefined && --this.killAfter.writes <= 0) this.#kill(process)
      if (process.isDead) throw StatusError.unavailable(DEAD)
      if (isWrite && lost > 0 && random.chance(lost)) throw StatusError.unavailable(`${stub.name}: the server closed the connection`)
      return response
    }
    return { handler, upgrade: () => Promise.resolve(undefined), drain: () => Promise.resolve(), close: () => Promise.resolve() }
  }

  #sent(request: MemberRequest): void {
    this.onRequest(request)
    this.requests.push(request)
  }

  /** Watches last, all else is given up after a while. */
  async #timed(stub: StubMember, request: Parameters<Handler>[0], signal: AbortSignal): ReturnType<Handler> {
    const isStream = request.query.has('sendInitialEvents'), lists = isStream || request.query.has('limit') ? this.lists.get(stub.name) : undefined
    // Who lies in pages has no streams.
    if (isStream && lists === 'empty') return { status: 422, headers: [], body: Buffer.from(JSON.stringify(new StatusError('Invalid', 'sendInitialEvents: Forbidden').status())) }
    if (lists === 'fail') throw StatusError.unavailable(`${stub.name}: etcdserver: leader changed`)
    if (request.query.get('watch') === 'true') return this.#heard(stub.name, await stub.handler(request, signal))
    const done = new AbortController(), late = new AbortController()
    const watchTime = async () => {
      await this.clock.sleep(REQUEST_TIMEOUT_MS, done.signal)
      if (!done.signal.aborted) late.abort()
    }
    void watchTime()
    try {
      const response = await stub.handler(request, AbortSignal.any([signal, late.signal]))
      return lists === 'empty' ? { ...response, body: Buffer.from(JSON.stringify({ ...JSON.parse((await bodyOf(chunksOf(response))).toString()) as object, items: [] })) } : response
    } catch (error) {
      if (late.signal.aborted && !signal.aborted) throw StatusError.unavailable(`${stub.name}: no answer in time`)
      throw error
    } finally { done.abort() }
  }

  #heard(name: string, response: Response): Response {
    const { body } = response
    if (body instanceof Uint8Array) return response
    const silent = this.#silent
    return { ...response, body: (async function* () { for await (const chunk of body) if (!silent.has(name)) yield chunk })() }
  }

  #storageOf(process: Process): Storage {
    const store = this.store, alive = () => { if (process.isDead) throw StatusError.unavailable(DEAD) }
    return {
      range: async (...range) => { alive(); return store.range(...range) }, get: async (...get) => { alive(); return store.get(...get) }, watch: (...watch) => { alive(); return store.watch(...watch) },
      revision: async (...revision) => { alive(); return store.revision(...revision) }, compact: (...compact) => store.compact(...compact), close: () => Promise.resolve(),
      commit: async (...commit) => {
        alive()
        const done = await store.commit(...commit)
        if ('revision' in done) this.#note(commit[0], commit[1])
        if ('revision' in done && this.killAfter.commits !== undefined && --this.killAfter.commits <= 0) this.#kill(process)
        alive()
        return done
      },
    }
  }

  #note(key: string, value: Uint8Array | undefined): void {
    this.commits++
    if (value) this.#stored.set(key, value)
    else this.#stored.delete(key)
  }

  #kill(process: Process): void {
    process.isDead = true
    process.stop.abort()
  }
}

// oxlint-disable-next-line require-await -- a body is an async iterable
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> { yield bytes }

const chunksOf = ({ body }: Response) => (body instanceof Uint8Array ? once(body) : body)

async function bodyOf(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}
