/**
 * The fleet's objects of one kind: a Cache fed from the members' caches, each change in one cluster costing one merge of one row.
 *
 *   member1 ──batch──▶ ┐  rows touched   ┌ copies of the row, from the members' caches
 *   member2 ──batch──▶ ├───────────────▶ │ merge (fold, or rename)          ──▶ Cache ──▶ lists, watches
 *   member3 ──batch──▶ ┘  vector += 1    └ position = epoch · vector
 *
 * While it fills, rows are only marked; each is merged once when every source has synced, or is known not to answer.
 */
import type { Clock } from '../lib/clock.ts'
import { Pulse } from '../lib/pulse.ts'
import { Cache } from '../machinery/cache/cache.ts'
import type { Batch, Change, Entry, Kind, Position, WatchQuery } from '../machinery/meta/core.ts'
import { equalJson } from '../machinery/meta/json-value.ts'
import { comparePositions } from '../machinery/meta/position.ts'
import { isReason, StatusError } from '../machinery/meta/status-error.ts'
import { slotOf, timesSetBackOf, type Epochs, type EpochState } from './epochs.ts'
import { MergeLog } from './merge-log.ts'
import { MissedChanges } from './missed-changes.ts'
import { decodePosition, encodeSequence, encodeVector, fits, LONG_AGO, MAX_VECTOR_SLOTS } from './position-codec.ts'
import type { SourceState, ViewSource } from './view-source.ts'

/** A member's object and where it lives. */
export interface Copy { readonly cluster: string; readonly entry: Entry }

/** How copies become rows. */
export interface Combine {
  /** A row has one copy, so each of its changes can be told as it came. */
  readonly oneCopy: boolean
  /** The key of the row that a member's object belongs to. */
  rowKey(memberKey: string, cluster: string): string
  /** The member's key of a row in one cluster; undefined where the row cannot have a copy there. */
  memberKey(rowKey: string, cluster: string): string | undefined
  /** `copies` by cluster name, at least one. The entry's key is `rowKey`, its position is `position`. */
  merge(rowKey: string, copies: readonly Copy[], position: Position): Entry
}

/**
 * `before`: what was held of the source until its new cache has synced, the keys of which the rows do not show that yet (undefined: nobody knows), and how often it had been set back then. `seen`: while a feed that was synced before starts over, the keys that came; its rows are
 * merged again once all of its state is there.
 */
interface Feed { readonly source: ViewSource; slot: number; readonly stop: AbortController; readonly timesSetBack: number; synced: boolean; before?: { readonly cache: Cache; readonly untaken: readonly string[] | undefined; readonly timesSetBack: number }; seen?: Set<string> }

const INITIAL_BATCH = 500
/** An etcd that others write to, too, tells a silent watch every five seconds how far it is: so long can one replica know of a revision, and another not. */
const AHEAD_MS = 10_000

export class MergedView {
  readonly cache: Cache
  readonly #kind: Kind
  readonly #combine: Combine
  readonly #epochs: Epochs
  readonly #log: MergeLog
  #feeds: Feed[] = []
  readonly #running = new WeakSet<Feed>()
  /** Per slot: the source's resourceVersion up to which its changes are in the rows. */
  #versions: number[] = []
  #epoch: EpochState
  #sequence = 0
  /** Rows touched while the view fills. */
  #pending: Set<string> | undefined = new Set()
  readonly #onError: (error: unknown, source: ViewSource) => void
  readonly #newEpoch = new Pulse()

  constructor(options: { kind: Kind; combine: Combine; epochs: Epochs; clock: Clock; onError: (error: unknown, source: ViewSource) => void }) {
    this.#kind = options.kind
    this.#combine = options.combine
    this.#epochs = options.epochs
    this.#epoch = options.epochs.current
    this.#onError = options.onError
    this.#log = new MergeLog({ bytesMax: () => this.cache.historyMaxBytes })
    this.cache = new Cache(options.kind, { clock: options.clock, resume: (position) => this.#resume(position), isExact: (position) => !this.#isVague(position), includes: (own, wanted) => this.#includes(own, wanted) })
  }

  get kind(): Kind { return this.#kind }
  get clusters(): readonly string[] { return this.#feeds.map(({ source }) => source.cluster) }
  states(): readonly { readonly cluster: string; readonly objects: number; readonly state: SourceState }[] {
    return this.#feeds.map(({ source }) => ({ cluster: source.cluster, objects: source.cache.size, state: source.state() }))
  }

  stateOf(cluster: string): SourceState | undefined { return this.#feeds.find(({ source }) => source.cluster === cluster)?.source.state() }

  /** The sources of an epoch, from now on. Those that left take their copies with them: that is an administrator's change, not a failure. */
  use(epoch: EpochState, sources: readonly ViewSource[]): void {
    const isNew = epoch.number > this.#epoch.number
    this.#epoch = epoch
    const known = new Map(this.#feeds.map((feed) => [feed.source.id, feed])), staying = new Set(sources.map(({ id }) => id)), left = this.#feeds.filter(({ source }) => !staying.has(source.id)), gone = left.flatMap((feed) => this.#rowsOf(feed))
    this.#feeds = sources.map((source) => this.#feedOf(source, known.get(source.id), epoch)).toSorted((a, b) => (a.source.cluster < b.source.cluster ? -1 : 1))
    for (const { stop, slot } of left) {
      stop.abort()
      if (isNew) this.#log.leave(slot, this.#versions[slot] ?? 0, epoch.number)
      // Its epoch is not over, so its component must stay, or what was told before would be larger than what comes. Who was elsewhere begins anew.
      else this.#log.forget(slot, Infinity)
    }
    // Of those, too, that had left before this epoch began.
    if (isNew) {
      const used = new Set(this.#feeds.map(({ slot }) => slot))
      for (const slot of this.#versions.keys()) if (!used.has(slot)) this.#versions[slot] = 0
    }
    if (left.length > 0) this.#removeCopies(gone, isNew)
    // Whoever comes from a replica that went on in this epoch already would wait for the next change.
    else if (isNew && !this.#pending) this.cache.accept([{ type: 'BOOKMARK', position: this.#position() }])
    for (const { source: { id }, slot, timesSetBack } of this.#feeds) this.#epochs.reached(id, this.#versions[slot] ?? 0, timesSetBack)
    for (const feed of this.#feeds) if (!this.#running.has(feed)) {
      this.#running.add(feed)
      this.#log.forget(feed.slot, Infinity)
      this.#run(feed).catch((error: unknown) => { if (!feed.stop.signal.aborted) this.#onError(error, feed.source) })
    }
    this.settle()
    this.#newEpoch.beat()
  }

  /** A source that comes with another cache goes on where it was: its rows stay until the new cache can say otherwise. */
  #feedOf(source: ViewSource, known: Feed | undefined, epoch: EpochState): Feed {
    const slot = slotOf(epoch, source.id), timesSetBack = timesSetBackOf(epoch, source.id)
    if (known?.source.cache === source.cache) {
      // An epoch begun before the source had a slot: what was seen of it counts from now on.
      if (known.slot !== slot) {
        this.#versions[slot] = Math.max(this.#versions[known.slot] ?? 0, this.#versions[slot] ?? 0)
        known.slot = slot
      }
      return known
    }
    known?.stop.abort()
    const before = known?.before ?? (known && { cache: known.source.cache, untaken: this.#untaken(known), timesSetBack: known.timesSetBack })
    if (known && known.timesSetBack < timesSetBack) this.#forgetVersions(slot)
    return { source, slot, stop: new AbortController(), timesSetBack, synced: known?.synced ?? false, ...(known?.synced && before && { before }) }
  }

  /** What a source's versions said means other states now: that something was seen of it is all that can be told, until it is read again. */
  #forgetVersions(slot: number): void {
    if (this.#versions[slot]) this.#versions[slot] = LONG_AGO
    this.#log.drop(slot)
  }

  /** Becomes ready once no source is left to wait for: called when a source's state may have changed. */
  settle(): void {
    if (!this.#pending || this.#feeds.some((feed) => !feed.synced && feed.source.state().state !== 'failed')) return
    const rows = [...this.#pending], position = this.#position()
    this.#pending = undefined
    for (const { source: { id, state }, slot, timesSetBack } of this.#feeds) {
      const version = this.#versions[slot] ?? 0
      // Nobody saw it set back, and positions could not tell its states apart.
      if (state().state === 'synced' && version > 0 && version <= (this.#epoch.bases[slot] ?? 0)) this.#epochs.setBack(id, version, timesSetBack)
    }
    this.#log.start(this.#epoch.number, this.#versions)
    for (let from = 0; from < rows.length; from += INITIAL_BATCH) this.#deliver(rows.slice(from, from + INITIAL_BATCH).map((row) => ({ row, position })))
    this.cache.accept([{ type: 'BOOKMARK', position, initial: true }])
  }

  /** As the cache's, but a position that another replica was ahead with is waited for: what comes after it is told from there on. */
  async *watch(query: WatchQuery, signal: AbortSignal): AsyncGenerator<Batch> {
    if (query.at && !query.initial && !this.includes(query.at.position)) {
      await this.cache.reached(query.at.position, signal, AHEAD_MS).catch((error: unknown) => {
        throw isReason(error, 'Timeout') ? StatusError.expired(`resource version ${query.at!.position} is ahead of what this replica knows of the members`) : error
      })
    }
    if (query.at && !query.initial) await this.#reachBack(query.at.position, signal)
    yield* this.cache.watch(query, signal)
  }

  /** What a source told before its cache began is asked for, where a reader goes on from there. What cannot be had is missed when the watch begins: Expired. */
  async #reachBack(position: Position, signal: AbortSignal): Promise<void> {
    const { known } = this.#epochs, from = decodePosition(position, known)
    if (from?.form !== 'vector' || from.outdated.length > 0 || this.#isVague(position)) return
    const { gaps = [] } = this.#log.since(from.epoch, from.components, { known, current: this.#epoch }) ?? {}
    await Promise.all(gaps.map(async ({ slot, from: seen }) => {
      const feed = this.#feeds.find((one) => one.slot === slot)
      if (seen > 0 && feed?.synced && !feed.before && !feed.source.cache.since(String(seen))) await feed.source.reachBack?.(String(seen), signal)
    }))
  }

  /** What is held of a row now, and how far each source has been followed. */
  rowOf(key: string): { readonly versions: readonly number[]; readonly copies: readonly Copy[]; readonly position: Position | undefined } {
    return { versions: this.#versions, copies: this.#copies(key), position: this.cache.get(key)?.position }
  }

  /** Whether the rows hold everything that a position stands for. */
  includes(position: Position): boolean { return this.#includes(this.cache.position, position) }

  /** Watches end, with the error where one is given. */
  stop(error?: Error): void {
    for (const { stop } of this.#feeds) stop.abort()
    this.cache.close(error)
  }

  async #run(feed: Feed): Promise<void> {
    const { signal } = feed.stop
    // A feed that fell off its member's history starts over: what vanished meanwhile is found by comparing. One whose source was closed has nothing to wait for.
    while (!signal.aborted && !feed.source.cache.isClosed) {
      if (feed.synced) feed.seen = new Set()
      for await (const batch of feed.source.cache.watch({ initial: true }, signal)) {
        const version = batch.reduce((latest, change) => Math.max(latest, Number(told(change))), 0)
        this.#epochs.reached(feed.source.id, version, feed.timesSetBack)
        if (!fits(this.#epoch, feed.slot, version)) await this.#room(feed, version)
        this.#take(feed, batch)
      }
    }
  }

  /** What the epoch has no numbers for waits until one with higher bases has begun. */
  async #room(feed: Feed, version: number): Promise<void> {
    const { signal } = feed.stop, waiter = this.#newEpoch.waiter(signal)
    try {
      while (!signal.aborted && !fits(this.#epoch, feed.slot, version)) await waiter.next()
    } finally {
      waiter.close()
    }
  }

  #take(feed: Feed, batch: Batch): void {
    if (feed.stop.signal.aborted) return
    const touched: Touched[] = [], isRelist = batch.some((change) => change.type !== 'BOOKMARK' && Number(change.position) <= (this.#versions[feed.slot] ?? 0))
    let isWhole = isRelist
    for (const change of inOrder(batch)) {
      if (change.type === 'BOOKMARK') {
        if (change.initial) {
          isWhole = true
          feed.synced = true
          if (feed.seen) touched.push(...this.#startedOver(feed, feed.seen, change.position))
        }
        this.#advance(feed, change.position)
        continue
      }
      if (feed.seen) { feed.seen.add(change.entry.key); continue }
      this.#advance(feed, told(change))
      const row = this.#combine.rowKey(change.entry.key, feed.source.cluster)
      if (this.#pending) { this.#pending.add(row); continue }
      const copies = this.#combine.oneCopy ? { copies: change.type === 'DELETED' ? [] : [{ cluster: feed.source.cluster, entry: change.entry }] } : {}
      touched.push({ row, position: this.#position(), slot: feed.slot, version: this.#versions[feed.slot]!, ...copies })
    }
    if (this.#pending) {
      for (const { row } of touched) this.#pending.add(row)
      return this.settle()
    }
    this.#deliver(touched, batch.at(-1)?.type === 'BOOKMARK')
    if (isWhole) this.#log.forget(feed.slot, this.#versions[feed.slot]!)
  }

  #advance(feed: Feed, position: Position): void {
    this.#versions[feed.slot] = Math.max(this.#versions[feed.slot] ?? 0, Number(position))
    this.#sequence++
  }

  /** The rows of a source whose state was taken anew, `until` a position, that are not as they were. What is gone comes first, at the position before, and the rest in order, so that a stream cut among them loses none. */
  #startedOver(feed: Feed, seen: ReadonlySet<string>, until: Position): Touched[] {
    const { source: { cache, cluster }, slot, before, timesSetBack } = feed, versionOf = (held: Cache, key: string) => held.get(key)?.position
    delete feed.before
    delete feed.seen
    // As when its cache was dropped while it was restored: nobody else can notice.
    if (Number(until) < (this.#versions[slot] ?? 0)) this.#epochs.setBack(feed.source.id, Number(until), timesSetBack)
    const changed = before?.untaken
      ? [...new Set([...[...seen, ...before.cache.snapshot().flat().map(({ key }) => key)].filter((key) => isOther(before.cache.get(key), cache.get(key), before.timesSetBack < timesSetBack)), ...before.untaken])]
      // What was held is gone with the history that the feed fell off.
      : [...new Set([...seen, ...this.cache.snapshot().flat().flatMap(({ key }) => this.#combine.memberKey(key, cluster) ?? [])])]
    const ordered = changed.map((key) => ({ key, at: versionOf(cache, key) || '0' })).toSorted((a, b) => comparePositions(a.at, b.at))
    return ordered.map(({ key, at }) => {
      this.#advance(feed, comparePositions(at, until) < 0 ? at : until)
      return { row: this.#combine.rowKey(key, cluster), position: this.#position(), slot, version: this.#versions[slot]! }
    })
  }

  /** Rows that have a copy of a source, or had one until something that is not taken yet. */
  #rowsOf(feed: Feed): readonly string[] {
    const { source: { cache, cluster }, before } = feed, held = (before?.cache ?? cache).snapshot().flat().map(({ key }) => key)
    const keys = (before ? before.untaken : this.#untaken(feed)) ?? this.cache.snapshot().flat().flatMap(({ key }) => this.#combine.memberKey(key, cluster) ?? [])
    return [...new Set([...held, ...keys])].map((key) => this.#combine.rowKey(key, cluster))
  }

  /** Keys of what a source's cache has beyond what was taken from it; undefined where that cannot be said. */
  #untaken({ source: { cache }, slot }: Feed): readonly string[] | undefined {
    const version = this.#versions[slot] ?? 0
    return version === 0 ? undefined : cache.since(String(version))?.map(({ entry }) => entry.key)
  }

  /** Sent at the transitional position of the new epoch, closed by a bookmark at its own: a cut in the middle repeats. Within an epoch, at the position before, which repeats too. */
  #removeCopies(rows: readonly string[], isNew: boolean): void {
    if (this.#pending) return
    const { number } = this.#epoch, position = this.#position(isNew ? number - 1 : number)
    this.#deliver(rows.map((row): Touched => ({ row, position, epoch: number })), true)
  }

  /** Merges each row again and hands the changes on as one batch; `isClosed`: a bookmark says that they are all. */
  #deliver(touched: readonly Touched[], isClosed = false): void {
    const batch: Change[] = [], held = new Map<string, Entry | undefined>()
    for (const { row, position, slot, version, epoch, copies = this.#copies(row) } of this.#combine.oneCopy ? touched : lastOfEachRow(touched)) {
      const before = held.has(row) ? held.get(row) : this.cache.get(row)
      if (copies.length) {
        const entry = this.#combine.merge(row, copies, position)
        batch.push({ type: before ? 'MODIFIED' : 'ADDED', entry, position })
        held.set(row, entry)
      } else if (before) {
        batch.push({ type: 'DELETED', entry: before, position })
        held.set(row, undefined)
      } else continue
      if (slot !== undefined || epoch !== undefined) this.#log.push({ row, position, slot: slot ?? -1, version: version ?? 0, epoch: epoch ?? 0, ...(before && { previous: before }) })
    }
    if (isClosed) batch.push({ type: 'BOOKMARK', position: this.#position() })
    if (batch.length) this.cache.accept(batch)
  }

  #copies(row: string): Copy[] {
    const copies: Copy[] = []
    for (const { source, before } of this.#feeds) {
      const key = this.#combine.memberKey(row, source.cluster), entry = key === undefined ? undefined : (before?.cache ?? source.cache).get(key)
      if (entry) copies.push({ cluster: source.cluster, entry })
    }
    return copies
  }

  #position(number?: number): Position {
    const epoch = number === undefined ? this.#epoch : { ...this.#epoch, number }
    return epoch.bases.length > MAX_VECTOR_SLOTS ? encodeSequence(epoch, this.#epochs.replica, this.#sequence) : encodeVector(epoch, this.#versions)
  }

  #includes(own: Position, wanted: Position): boolean {
    const { known } = this.#epochs, [a, b] = [decodePosition(own, known), decodePosition(wanted, known)]
    if (a?.form !== 'vector' || b?.form !== 'vector') return comparePositions(own, wanted) >= 0
    // What the position does not tell the view knows.
    const seen = (slot: number) => (a.vague.includes(slot) || a.outdated.includes(slot) ? this.#versions[slot] : a.components[slot]) ?? 0
    return a.epoch >= b.epoch && b.components.every((component, slot) => seen(slot) >= component || !this.#feeds.some((feed) => feed.slot === slot))
  }

  /** Of a source that is read here: another replica can have told the same number of another state. */
  #isVague(position: Position): boolean {
    const decoded = decodePosition(position, this.#epochs.known)
    return decoded?.form === 'vector' && decoded.vague.some((slot) => this.#feeds.some((feed) => feed.slot === slot))
  }

  /** A position of another replica, of a write, or of this one before its history began. */
  #resume(position: Position): Batch | undefined {
    const { known } = this.#epochs, current = this.#epoch, from = decodePosition(position, known)
    if (from?.form !== 'vector' || current.bases.length > MAX_VECTOR_SLOTS || from.outdated.some((slot) => this.#feeds.some((feed) => feed.slot === slot)) || this.#isVague(position)) return undefined
    const since = this.#log.since(from.epoch, from.components, { known, current })
    if (!since) return undefined
    const missed = new MissedChanges({ combine: this.#combine, get: (row) => this.cache.get(row), copies: (row) => this.#copies(row), versions: this.#versions, from: from.components, epoch: current, known })
    for (const { slot, from: seen, until } of since.gaps) {
      const feed = this.#feeds.find((one) => one.slot === slot)
      if (seen === 0) { if (feed) missed.addState(slot, feed.source.cluster, (feed.before?.cache ?? feed.source.cache).snapshot().flat()); continue }
      const changes = feed?.synced && !feed.before ? feed.source.cache.since(String(seen)) : undefined
      if (!feed || !changes) return undefined
      missed.addHistory(slot, feed.source.cluster, changes.filter((change) => Number(told(change)) <= until), until)
    }
    return [...missed.changes(since.lines), { type: 'BOOKMARK', position: missed.at(this.cache.position) }]
  }
}

/** One row to merge again. `slot` and `version`: the source's change that asks for it; `epoch`: the join or leave that does. */
interface Touched { readonly row: string; readonly position: Position; readonly slot?: number; readonly version?: number; readonly epoch?: number; readonly copies?: readonly Copy[] }

/** Of a source that was set back a version alone says nothing. */
const isOther = (a: Entry | undefined, b: Entry | undefined, isSetBack: boolean) => a?.position !== b?.position || b?.position === '' || (isSetBack && a !== undefined && b !== undefined && !equalJson(a.parse(), b.parse()))

/** A row is made from all copies as they are now: merging it for each change of a batch would say the same thing several times. */
const lastOfEachRow = (touched: readonly Touched[]): Iterable<Touched> => new Map(touched.map((line) => [line.row, line])).values()

/**
 * After a relist all changes carry the position before it. By the objects' own versions they can be told one by one, so that a stream cut among them
 * resumes there; what was deleted meanwhile comes first, its time being unknown.
 */
function inOrder(batch: Batch): Batch {
  for (let i = 1; i < batch.length; i++) if (comparePositions(told(batch[i - 1]!), told(batch[i]!)) > 0) return batch.toSorted((a, b) => comparePositions(told(a), told(b)))
  return batch
}
const told = (change: Change): Position => (change.type === 'ADDED' || change.type === 'MODIFIED') && comparePositions(change.entry.position, change.position) > 0 ? change.entry.position : change.position
