/** A merged view over members in memory, and clients that read it. */
import { systemClock } from '../../src/lib/clock.ts'
import { Cache, type CacheOptions } from '../../src/machinery/cache/cache.ts'
import { SlabEntry } from '../../src/machinery/cache/slab-entry.ts'
import type { Batch, Change, Entry, Kind } from '../../src/machinery/meta/core.ts'
import { comparePositions } from '../../src/machinery/meta/position.ts'
import { folded } from '../../src/fleet/combine.ts'
import type { Epochs } from '../../src/fleet/epochs.ts'
import { MergedView, type Combine } from '../../src/fleet/merged-view.ts'
import { decodePosition } from '../../src/fleet/position-codec.ts'
import type { SourceState, ViewSource } from '../../src/fleet/view-source.ts'

export const kind: Kind = { group: 'apps', version: 'v1', kind: 'Deployment', listKind: 'DeploymentList', plural: 'deployments', singular: 'deployment', shortNames: [], categories: [], namespaced: true, columns: [], fields: {} }
const { signal } = new AbortController()
export const tick = () => new Promise<void>((resolve) => { setImmediate(resolve) })
export const settle = async () => { for (let i = 0; i < 5; i++) await tick() }

/** Rows say which clusters have them, and each copy's value. */
export const summed: Combine = folded((copies) => ({ metadata: { namespace: 'shop', name: copies[0]!.object.metadata.name! }, copies: Object.fromEntries(copies.map(({ cluster, object }) => [cluster, object['value']])) }))

/** A cluster with Deployments. Its versions begin at 100. */
export class Member implements ViewSource {
  readonly cluster: string
  readonly id: string
  readonly cache: Cache
  version = 100
  now: SourceState = { state: 'synced' }
  constructor(cluster: string, options: CacheOptions = {}) { this.cluster = cluster; this.id = `${cluster}-uid`; this.cache = new Cache(kind, options) }
  readonly state = (): SourceState => this.now
  start(...names: string[]): this { this.cache.accept([...names.map((name) => this.#change('ADDED', name, 0)), { type: 'BOOKMARK', position: String(this.version), initial: true }]); return this }
  put(name: string, value: number): void { this.cache.accept([this.#change(this.cache.get(`shop/${name}`) ? 'MODIFIED' : 'ADDED', name, value)]) }
  remove(name: string): void { const entry = this.cache.get(`shop/${name}`); if (entry) this.cache.accept([{ type: 'DELETED', entry, position: String(++this.version) }]) }
  /** The same cluster with the state and the version that another had: what a backup makes of it. */
  static restored(of: Member, { entries, version }: ReturnType<Member['backup']>): Member {
    const member = new Member(of.cluster)
    member.version = version
    member.cache.accept([...entries.map((entry): Change => ({ type: 'ADDED', entry, position: entry.position })), { type: 'BOOKMARK', position: String(version), initial: true }])
    return member
  }
  backup(): { readonly entries: readonly Entry[]; readonly version: number } { return { entries: this.cache.snapshot().flat(), version: this.version } }
  #change(type: 'ADDED' | 'MODIFIED', name: string, value: number): Change {
    const position = String(++this.version)
    return { type, entry: SlabEntry.of({ metadata: { namespace: 'shop', name, resourceVersion: position }, value }), position }
  }
}

export async function viewOf(epochs: Epochs, members: readonly Member[], combine: Combine): Promise<MergedView> {
  await epochs.use(members, signal)
  const view = new MergedView({ kind, combine, epochs, clock: systemClock, onError: (error) => { throw error } })
  view.use(epochs.current, members)
  await settle()
  return view
}

/** What a client's store holds after a list and some watching. */
export class Client {
  readonly store = new Map<string, string>()
  position = '0'
  readonly events: string[] = []
  #again: { readonly key: string; readonly position: string }[] = []
  readonly #told = new Map<string, Map<string, string>>()
  /** What was told a second time: same object, same state, same position; but for changes that arrived together (a join, a leave), which carry one position and are told again when they are cut, and what a view tells that lags behind an epoch's bases. */
  repeated(epochs: Epochs): string[] {
    const isExact = (position: string) => { const decoded = decodePosition(position, epochs.known); return decoded?.form === 'vector' && decoded.vague.length === 0 }
    return this.#alone().filter(({ position }) => isExact(position)).map(({ key, position }) => `${key}@${position}`)
  }
  #alone() { return this.#again.filter(({ position }) => (this.#told.get(position)?.size ?? 1) === 1) }
  take(batch: Batch): void {
    for (const change of batch) {
      if (comparePositions(change.position, this.position) < 0) throw new Error(`position went back from ${this.position} to ${change.position}`)
      this.position = change.position
      if (change.type === 'BOOKMARK') continue
      this.events.push(`${change.type} ${change.entry.key}`)
      const { entry: { key }, position } = change, told = this.#told.get(position) ?? new Map<string, string>(), state = change.type === 'DELETED' ? '' : JSON.stringify(change.entry.parse()['copies'])
      if (told.get(key) === state) this.#again.push({ key, position })
      this.#told.set(position, told.set(key, state))
      if (change.type === 'DELETED') this.store.delete(change.entry.key)
      else this.store.set(change.entry.key, JSON.stringify(change.entry.parse()['copies']))
    }
  }
  async list(view: MergedView): Promise<void> {
    const page = await view.cache.list({}, signal)
    this.store.clear()
    // Of a replica that lags, a list can be of before what was told.
    this.#again = this.#alone()
    this.#told.clear()
    for (const entry of page.entries) this.store.set(entry.key, JSON.stringify(entry.parse()['copies']))
    this.position = page.position
  }
  /** Reads what there is now, then leaves; Expired: lists again, as a reflector does. */
  async follow(view: MergedView, batches: number): Promise<void> {
    const stop = new AbortController(), stream = view.watch({ at: { position: this.position, match: 'notOlder' } }, stop.signal)[Symbol.asyncIterator]()
    try {
      for (let i = 0; i < batches; i++) {
        const next = await Promise.race([stream.next(), settle().then(() => undefined)])
        if (!next || next.done) break
        this.take(next.value)
      }
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes('too old')) throw error
      await this.list(view)
    }
    stop.abort()
  }
}
export const stateOf = (view: MergedView) => Object.fromEntries(view.cache.snapshot().flat().map((entry) => [entry.key, JSON.stringify(entry.parse()['copies'])]))
