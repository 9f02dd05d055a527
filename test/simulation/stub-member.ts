/**
 * A member cluster without pods: a few kinds, stored and served by the machinery itself, and just enough life that statuses follow specs and finalizers of the garbage collector are met.
 * What people and accidents do to clusters can be done to it: edits, deletions, a backup that is restored.
 */
import type { Discovery } from '../../src/federation/member/discovery.ts'
import { MANAGED_LABEL as MANAGED, TEMPLATE_ANNOTATION as TEMPLATE } from '../../src/federation/template/marks.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { silentLogger } from '../../src/lib/logger.ts'
import type { Authorizer } from '../../src/machinery/auth/authorizer.ts'
import type { DeleteOptions, Handler, KubeObject, Storage } from '../../src/machinery/meta/core.ts'
import { isReason } from '../../src/machinery/meta/status-error.ts'
import type { StoredKind } from '../../src/machinery/meta/strategy.ts'
import type { NamespaceGuard } from '../../src/machinery/registry/namespace-guard.ts'
import { createStoredResource, type StoredResource } from '../../src/machinery/registry/stored-resource.ts'
import { compose, type Filter } from '../../src/machinery/server/filter.ts'
import { recover } from '../../src/machinery/server/filters/recover.ts'
import { resourceHandler } from '../../src/machinery/server/resource-handler.ts'
import { MemoryStorage } from '../../src/machinery/storage/memory-storage.ts'
import { keyPrefix } from '../../src/machinery/storage/storage-key.ts'
import { builtInKinds } from '../../src/simulation/built-in-kinds.ts'
import { Faults } from '../../src/simulation/faults.ts'
import { gadgetDocuments, gadgetKind } from './gadget.ts'
import type { Seeded } from '../suites/seeded.ts'

const SERVED = ['Namespace', 'ConfigMap', 'Secret', 'Deployment', 'Job', 'ClusterRole', 'HorizontalPodAutoscaler']
/** What a member does not serve unless a test is about it: autoscalers are followed besides whatever has replicas. */
export const UNUSUAL: readonly string[] = ['HorizontalPodAutoscaler']
/** Stands for spec.finalizers of namespaces: the namespace controller takes it off once all is gone that was inside. */
const CONTENTS_FINALIZER = 'kubernetes.io/contents'
const BUMP = '/bump'
let kinds: readonly StoredKind[] | undefined

/** Whoever changes members past the federation. */
const intruder = { user: { name: 'intruder', groups: [], extra: {} }, manager: 'kubectl-edit', authorize: () => Promise.resolve(), warn: () => undefined }
const allowAll: Authorizer = { authorize: () => Promise.resolve({ allowed: true, reason: '' }) }
const asAdministrator: Filter = (next) => (request, signal) => next({ ...request, user: { name: 'kubernetes-admin', groups: ['system:masters'], extra: {} } }, signal)

interface Commit { readonly key: string; readonly value: Uint8Array | undefined; readonly at: number }
interface Options { readonly clock: Clock; readonly random: Seeded; readonly uuid: () => string; readonly signal: AbortSignal; /** Kinds that it does not serve. */ readonly lacks: readonly string[] }

export class StubMember {
  readonly name: string
  readonly faults: Faults
  readonly discovery: Discovery
  /** uids of objects that carried a fleet's label at some time. */
  readonly everManaged = new Set<string>()
  /** uids of objects that a fleet let go. */
  readonly everReleased = new Set<string>()
  /** Its controllers do something. */
  isAlive = true
  /** Told of what goes because its namespace does. */
  onEvicted: (plural: string, key: string) => void = () => undefined
  readonly #kinds: readonly StoredKind[]
  readonly #options: Options
  #commits: Commit[] = []
  #stop = new AbortController()
  #resources!: ReadonlyMap<string, StoredResource>
  #serve!: Handler

  private constructor(name: string, all: readonly StoredKind[], options: Options) {
    this.name = name
    this.#kinds = all
    this.#options = options
    this.faults = new Faults(`https://${name}.simulated`, options.clock)
    this.discovery = {
      kinds: all.map(({ group, version, kind, plural, namespaced }) => ({ group, version, kind, plural, singular: kind.toLowerCase(), shortNames: [], categories: [], namespaced, verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'], subresources: [], preferred: true })),
      stale: [], tags: [],
    }
    this.handler = this.faults.wrap((request, signal) => this.#serve(request, signal))
    this.#use(new MemoryStorage())
  }

  /** What a connection reaches, faults included. */
  readonly handler: Handler

  static async start(name: string, options: Options): Promise<StubMember> {
    kinds ??= [...(await builtInKinds()).filter(({ kind }) => SERVED.includes(kind)).map((kind) => (kind.kind === 'Namespace' ? emptiedFirst(kind) : kind)), gadgetKind]
    const member = new StubMember(name, kinds.filter(({ kind }) => !options.lacks.includes(kind)), options)
    await member.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } })
    return member
  }

  serves(plural: string): boolean { return this.#resources.has(plural) }

  async get(plural: string, key: string): Promise<KubeObject | undefined> {
    if (!this.serves(plural)) return undefined
    const slash = key.indexOf('/'), [entry] = (await this.#resource(plural).reader.list(slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }, this.#options.signal)).entries
    return entry?.parse()
  }

  async byUid(uid: string): Promise<KubeObject | undefined> {
    for (const { plural } of this.#kinds) for (const object of await this.list(plural)) if (object.metadata.uid === uid) return object
    return undefined
  }

  async list(plural: string): Promise<readonly KubeObject[]> { return !this.serves(plural) ? [] : Array.from((await this.#resource(plural).reader.list({}, this.#options.signal)).entries, (entry) => entry.parse()) }

  async create(object: KubeObject): Promise<KubeObject> {
    return (await this.#resource(this.#kinds.find(({ kind }) => kind === object.kind)!.plural).writer.create(object, intruder, this.#options.signal)).parse()
  }

  /** False: there is no such object. */
  async change(plural: string, key: string, change: (object: KubeObject) => KubeObject, options: { readonly manager?: string; readonly subresource?: string } = {}): Promise<boolean> {
    if (!(await this.get(plural, key))) return false
    await this.#resource(plural).writer.update(key, (current) => change(current!), { ...intruder, ...options }, this.#options.signal)
    return true
  }

  /** False: there is no such object. */
  async remove(plural: string, key: string, propagation: DeleteOptions['propagation'] = 'Background'): Promise<boolean> {
    if (!(await this.get(plural, key))) return false
    await this.#resource(plural).writer.delete(key, { ...intruder, propagation }, this.#options.signal)
    return true
  }

  /**
   * Puts the store back to what it was `ms` ago, as an administrator restores a backup of etcd. Versions go back too, or, as etcd's manual advises, on beyond all that were seen, and are compacted.
   */
  async restore(ms: number, isBumped: boolean): Promise<void> {
    const { clock, signal } = this.#options, kept = this.#commits.filter(({ at }) => at <= clock.now() - ms), lost = this.#commits.length - kept.length, storage = new MemoryStorage(), revisions = new Map<string, number>()
    const put = (key: string, value: Uint8Array | undefined, revision: number) => {
      void storage.commit(key, value, revisions.get(key) ?? 0, signal)
      if (value) revisions.set(key, revision)
      else revisions.delete(key)
    }
    // All of it before anybody can look: commits of a store in memory happen when they are called.
    for (const [at, { key, value }] of kept.entries()) put(key, value, at + 2)
    const bumps = isBumped ? Array.from({ length: lost + 10 }, (): Commit => ({ key: BUMP, value: Buffer.from('{}'), at: clock.now() })) : []
    for (const [at, { key, value }] of bumps.entries()) put(key, value, kept.length + at + 2)
    this.#stop.abort()
    this.#stop = new AbortController()
    this.#commits = [...kept, ...bumps]
    if (isBumped) await storage.compact(this.#commits.length + 1, signal)
    this.#use(storage)
    this.faults.cutStreams()
    this.revive()
  }

  /** Its controllers look at everything. */
  revive(): void {
    const { signal } = this.#options, until = AbortSignal.any([signal, this.#stop.signal]), last = new Map(this.#commits.map(({ key, value }) => [key, value]))
    this.isAlive = true
    for (const [key, value] of last) if (value && key !== BUMP) this.#note(key, JSON.parse(Buffer.from(value).toString()) as KubeObject, until)
  }

  #resource(plural: string): StoredResource { return this.#resources.get(plural)! }

  #use(storage: MemoryStorage): void {
    const { clock, random, uuid, signal } = this.#options, until = AbortSignal.any([signal, this.#stop.signal]), prefix = keyPrefix({ group: '', plural: 'namespaces' })
    const namespaces: NamespaceGuard = { phase: async (namespace) => { const { record } = await storage.get(prefix + namespace, until); return !record ? 'missing' : (JSON.parse(Buffer.from(record.value).toString()) as KubeObject).metadata.deletionTimestamp === undefined ? 'active' : 'terminating' } }
    const dependencies = { clock, logger: silentLogger, namespaces, randomUuid: uuid, randomSuffix: () => 'abcde' }, noted = this.#noted(storage, until), resources = this.#kinds.map((kind) => createStoredResource(kind, noted, dependencies, until))
    this.#resources = new Map(resources.map((resource) => [resource.kind.plural, resource]))
    const groups = [...Map.groupBy(resources, ({ kind }) => kind.group)].map(([name, own]) => ({ name, versions: [{ version: own[0]!.kind.version, resources: own }] }))
    this.#serve = compose([recover(silentLogger), asAdministrator, gadgetDocuments], resourceHandler({ groups: () => groups }, { clock, random: () => random.next(), authorizer: allowAll }))
  }

  #noted(storage: MemoryStorage, signal: AbortSignal): Storage {
    return {
      range: (...range) => storage.range(...range), get: (...get) => storage.get(...get), watch: (...watch) => storage.watch(...watch), revision: (...revision) => storage.revision(...revision),
      compact: (...compact) => storage.compact(...compact), close: () => storage.close(),
      commit: async (key, value, expect, inner) => {
        const done = await storage.commit(key, value, expect, inner)
        if ('revision' in done) {
          this.#commits.push({ key, value, at: this.#options.clock.now() })
          if (value) this.#note(key, JSON.parse(Buffer.from(value).toString()) as KubeObject, signal)
        }
        return done
      },
    }
  }

  #note(key: string, object: KubeObject, signal: AbortSignal): void {
    const { uid = '', labels = {}, annotations = {} } = object.metadata
    if (labels[MANAGED] !== undefined) this.everManaged.add(uid)
    else if (this.everManaged.has(uid) && annotations[TEMPLATE] === undefined) this.everReleased.add(uid)
    const plural = [...this.#resources.values()].find(({ kind }) => key.startsWith(keyPrefix(kind)))!.kind, objectKey = key.slice(keyPrefix(plural).length)
    if (object.metadata.deletionTimestamp !== undefined) this.#later(async () => { if (plural.plural === 'namespaces') await this.#empty(objectKey); await this.change(plural.plural, objectKey, collected, { manager: 'kube-controller-manager' }) }, signal)
    if (lived(object)) this.#later(() => this.change(plural.plural, objectKey, (current) => ({ ...current, ...(lived(current) && { status: lived(current) }) }), { manager: 'kube-controller-manager', subresource: 'status' }), signal)
  }

  /** What is in a namespace goes with it. */
  async #empty(namespace: string): Promise<void> {
    for (const { plural, namespaced } of this.#kinds) for (const { metadata } of namespaced ? await this.list(plural) : []) {
      const key = `${metadata.namespace}/${metadata.name}`
      if (metadata.namespace !== namespace) continue
      this.onEvicted(plural, key)
      await this.change(plural, key, (object) => ({ ...object, metadata: { ...object.metadata, finalizers: [] } }))
      await this.remove(plural, key)
    }
  }

  #later(act: () => Promise<unknown>, signal: AbortSignal): void {
    const { clock, random } = this.#options
    const actSoon = async () => {
      await clock.sleep(100 + random.int(4000), signal)
      try { if (!signal.aborted && this.isAlive) await act() } catch (error) { if (!isReason(error, 'NotFound', 'Conflict') && !signal.aborted) throw error }
    }
    void actSoon()
  }
}

/** What a garbage collector was asked for has been done. */
const collected = (object: KubeObject): KubeObject => ({ ...object, metadata: { ...object.metadata, finalizers: (object.metadata.finalizers ?? []).filter((finalizer) => ![CONTENTS_FINALIZER, 'foregroundDeletion', 'orphan'].includes(finalizer)) } })

function emptiedFirst(kind: StoredKind): StoredKind {
  const { strategy } = kind
  return { ...kind, strategy: { ...strategy, prepareForCreate: (object, now) => { const made = strategy.prepareForCreate!(object, now); return { ...made, metadata: { ...made.metadata, finalizers: [CONTENTS_FINALIZER] } } } } }
}

/** The status that controllers would come to; undefined: it is that already. */
function lived({ kind, metadata: { generation = 0 }, spec, status }: KubeObject & { spec?: { replicas?: number }; status?: { observedGeneration?: number; succeeded?: number } }): object | undefined {
  if (kind === 'Deployment' && status?.observedGeneration !== generation) {
    const replicas = spec?.replicas ?? 1
    return { observedGeneration: generation, replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas, conditions: [{ type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: '' }] }
  }
  if (kind === 'Job' && status?.succeeded === undefined) return { succeeded: 1, startTime: '2030-01-01T00:00:00Z', completionTime: '2030-01-01T00:00:10Z', conditions: [{ type: 'SuccessCriteriaMet', status: 'True' }, { type: 'Complete', status: 'True' }] }
  return undefined
}
