import { systemClock, type Clock } from '../../lib/clock.ts'
import { Pulse } from '../../lib/pulse.ts'
import type { Batch, Change, Entry, Kind, ListerWatcher, ListQuery, Page, Position, Query, WatchQuery } from '../meta/core.ts'
import { comparePositions } from '../meta/position.ts'
import { StatusError } from '../meta/status-error.ts'
import { History, type Moment, type ObjectChange, type Place } from './history.ts'
import { pageOf, selected } from './page.ts'
import { PagedStates } from './paged-states.ts'
import { select } from './select.ts'
import { leaveSparseSlabs } from './sparse-slabs.ts'
import { SelectorIndex } from './selector-index.ts'
import { between, SortedEntries, type Runs } from './sorted-entries.ts'

export interface CacheOptions {
  /** How many changes are kept for watches to resume from. */
  readonly historyMax?: number
  /** How many bytes of entries these may hold. Absent: a quarter of what is held, at least 8 MB: resuming is not worth more than listing again. */
  readonly historyMaxBytes?: number
  readonly clock?: Clock
  /**
   * For positions whose order as numbers is not the order of what they stand for (merged views): asked for a watch's position that this cache never told anyone. Answers the changes that lead from there to
   * the present state, delivered before anything else, or undefined where that cannot be said (Expired). Absent: positions are compared as numbers, and one between two of ours is as good as ours.
   */
  readonly resume?: (position: Position) => Batch | undefined
  /** Whether a position stands for one state only, wherever it was told: else it is not taken for one of ours. Absent: all do. */
  readonly isExact?: (position: Position) => boolean
  /** Whether the state at `own` includes everything of `wanted`. Absent: compared as numbers. */
  readonly includes?: (own: Position, wanted: Position) => boolean
}

/**
 * The present state and recent history of a kind: watch cache, member cache and merged view are this one class, fed from different places.
 * A watcher is a cursor into the shared history; nothing is queued for it, and one that falls off is ended.
 */
export class Cache implements ListerWatcher {
  readonly kind: Kind
  /** Resolves once the initial state is complete. */
  readonly ready: Promise<void>
  readonly #options: CacheOptions
  readonly #clock: Clock
  readonly #history: History
  readonly #entries = new SortedEntries()
  readonly #index = new SelectorIndex()
  readonly #paged = new PagedStates()
  readonly #changed = new Pulse()
  readonly #moved = new Pulse()
  readonly #closing = new AbortController()
  readonly #setReady: () => void
  #isReady = false
  #isAnnouncing = false
  #position: Position = '0'
  #bytes = 0
  /** Bytes that came since entries were last moved together, and the moving under way. */
  #cameBytes = 0
  #moving: Generator<void> | undefined

  constructor(kind: Kind, options: CacheOptions = {}) {
    this.kind = kind
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#history = new History({ changesMax: options.historyMax ?? 10_000, bytesMax: () => this.historyMaxBytes })
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ready = promise
    this.#setReady = resolve
  }

  get isReady(): boolean { return this.#isReady }
  get size(): number { return this.#entries.size }
  /** Nothing comes any more: watches end at once. */
  get isClosed(): boolean { return this.#closing.signal.aborted }
  /** Sum of the entries' sizes. */
  get bytes(): number { return this.#bytes }
  /** How many bytes of entries may be remembered of changes. */
  get historyMaxBytes(): number { return this.#options.historyMaxBytes ?? Math.max(HISTORY_MIN_BYTES, this.#bytes / 4) }
  /** Where the history begins: what came before is not known here. */
  get oldest(): Position { return this.#history.oldest }
  /** How far the source has been followed; '0' until ready. */
  get position(): Position { return this.#position }
  get(key: string): Entry | undefined { return this.#entries.get(key) }
  /** The present state as a snapshot: O(1), stays valid. */
  snapshot(): Runs { return this.#entries.snapshot() }

  /**
   * Applies what the source told. A bookmark moves the position at once; watchers are told of it when it has been quiet for a second. One with `initial` completes the initial state: what came before
   * makes no history. Changes that arrived together and cannot be ordered carry the position before them, and a bookmark that closes them, in the same batch, the one after.
   */
  accept(batch: Batch): void {
    const before = this.#position, changes: Change[] = []
    let from = before
    for (const change of batch) {
      if (change.type !== 'BOOKMARK') {
        const known = this.#put(change)
        if (known && this.#isReady) changes.push(known)
        if (this.#isReady) this.#move(change.position)
      } else if (!this.#isReady && change.initial) {
        this.#begin(change.position)
        from = change.position
      } else {
        this.#move(change.position)
        if (changes.length > 0) changes.push({ type: 'BOOKMARK', position: change.position })
      }
    }
    if (changes.length > 0) this.#deliver(changes, from)
    else this.#announceSoon()
    this.#moved.beat()
    this.#tidy()
  }

  /** Makes the state what a fresh list of the source says. Watchers get the difference as one batch, unless `position` is before ours: then the source was set back, and watches end with Expired. */
  replace(entries: Iterable<Entry>, position: Position): void {
    const before = this.#position, fresh = new Map<string, Entry>(), changes: ObjectChange[] = [], isSetBack = this.#isReady && comparePositions(position, before) < 0
    for (const entry of entries) fresh.set(entry.key, entry)
    for (const run of this.#entries.snapshot()) for (const entry of run) if (!fresh.has(entry.key)) changes.push({ type: 'DELETED', entry, position: before })
    for (const [key, entry] of fresh) {
      const held = this.#entries.get(key)
      // A source that was set back gives the same positions to other states.
      if (!held || isSetBack || held.position !== entry.position || entry.position === '') changes.push({ type: held ? 'MODIFIED' : 'ADDED', entry, position: before })
    }
    const known = changes.map((change) => this.#put(change)!)
    if (!this.#isReady || isSetBack) this.#begin(position)
    else {
      this.#move(position)
      if (known.length > 0) this.#deliver([...known, { type: 'BOOKMARK', position }], before)
      else this.#announceSoon()
    }
    this.#moved.beat()
    this.#changed.beat()
  }

  /** Waits until the state includes `position`, `ms` at most (3 s, as a kube-apiserver does). Errors: Timeout with cause ResourceVersionTooLarge. */
  async reached(position: Position, signal: AbortSignal, ms = REACH_MS): Promise<void> {
    const includes = this.#options.includes ?? ((own, wanted) => comparePositions(own, wanted) >= 0)
    if (!(await this.#until(() => this.#isReady && includes(this.#position, position), signal, ms))) throw StatusError.tooLargeResourceVersion(position, this.#position)
  }

  /** The state at an earlier position, by taking back what came since. Errors: Expired where it is beyond the history. */
  snapshotAt(position: Position): Runs {
    if (position === this.#position) return this.#entries.snapshot()
    const place = this.#place(position)
    if (!place) throw StatusError.expired('The resourceVersion for the provided list is too old.')
    const then = this.#entries.fork()
    for (const { entry, previous } of this.#history.undo(place)) then.set(entry.key, previous)
    return then.snapshot()
  }

  /** What came behind an earlier position of the source, in order; undefined where it is beyond the history. */
  since(position: Position): readonly ObjectChange[] | undefined {
    const place = this.#isReady ? this.#place(position) : undefined
    return place && [...this.#history.undo(place)].reverse()
  }

  /** Makes what came before the history part of it: `changes` are all that lead from `position` to `oldest`, each with what was there `previous`ly. */
  prepend(position: Position, changes: readonly ObjectChange[]): void { this.#history.prepend(position, changes) }

  async list(query: ListQuery, signal: AbortSignal): Promise<Page> {
    const { at } = query
    if (at) await this.reached(at.position, signal)
    else await this.#until(() => this.#isReady, signal)
    if (at?.match === 'exact') return pageOf((at.position === this.#position ? undefined : this.#paged.find(at.position, this.#clock.now())) ?? this.snapshotAt(at.position), this.kind, query, at.position)
    const position = this.#position, runs = this.#entries.snapshot(), page = pageOf(runs, this.kind, query, position, this.#among(query))
    this.#history.tell(position)
    if (page.next && this.#options.isExact?.(position) !== false) {
      this.#paged.keep(position, runs, this.#clock.now())
      this.#trimPaged()
    }
    return page
  }

  async *watch(query: WatchQuery, signal: AbortSignal): AsyncGenerator<Batch> {
    try {
      if (query.initial && query.at) await this.reached(query.at.position, signal)
      else await this.#until(() => this.#isReady, signal)
    } catch (error) {
      if (signal.aborted) return
      throw error
    }
    if (signal.aborted) return
    if (!query.initial) {
      yield* this.#resume(query, signal)
      return
    }
    const { last } = this.#history
    yield* this.#state(query, signal)
    if (!signal.aborted) yield* this.#follow({ moment: last, after: undefined, isOwn: true }, query, signal)
  }

  /** The present state as changes. A generator of its own, which ends: a watch that goes on for days would keep the state that it began with. */
  async *#state(query: WatchQuery, signal: AbortSignal): AsyncGenerator<Batch> {
    const position = this.#position, runs = this.#among(query)
    this.#history.tell(position)
    let batch: Change[] = []
    for (const entry of selected(runs, this.kind, query)) {
      batch.push({ type: 'ADDED', entry, position: entry.position })
      if (batch.length < INITIAL_BATCH) continue
      yield batch
      if (signal.aborted) return
      batch = []
    }
    yield [...batch, { type: 'BOOKMARK', position, initial: true }]
  }

  /** Ends all watches, with the error where one is given, and all waiting. What is held can still be listed. */
  close(error?: Error): void {
    this.#closing.abort(error)
    this.#changed.beat()
    this.#moved.beat()
  }

  /** The present entries, or those among which the query's selector finds all it wants. */
  #among({ where, name }: Query): Runs {
    const runs = this.#entries.snapshot(), candidates = where && name === undefined ? this.#index.candidates(where, () => between(runs, ''), this.#entries.size) : undefined
    return candidates ? [candidates] : runs
  }

  #put(change: ObjectChange): Change | undefined {
    const { type, entry, position } = change, previous = this.#entries.set(entry.key, type === 'DELETED' ? undefined : entry)
    this.#index.write(type === 'DELETED' ? undefined : entry, previous, this.#entries.size)
    this.#cameBytes += entry.size
    if (previous) this.#paged.leave(previous.size)
    this.#bytes += (type === 'DELETED' ? 0 : entry.size) - (previous?.size ?? 0)
    if (type === 'DELETED') return previous && { type, entry, previous, position }
    return previous ? { type: 'MODIFIED', entry, previous, position } : { type: 'ADDED', entry, position }
  }

  #trimPaged(): void { this.#paged.trim(this.#clock.now(), Math.max(PAGED_MIN_BYTES, this.#bytes / 4)) }

  /** Moves entries together when a quarter of what is held was written again: some at each batch, so that none waits long. */
  #tidy(): void {
    this.#trimPaged()
    if (!this.#moving && this.#cameBytes > Math.max(TIDY_MIN_BYTES, this.#bytes / 4)) {
      this.#cameBytes = 0
      this.#moving = leaveSparseSlabs(this.#entries.snapshot())
    }
    for (let step = 0; this.#moving && step < TIDY_STEPS; step++) if (this.#moving.next().done) this.#moving = undefined
  }

  #begin(position: Position): void {
    this.#position = position
    this.#history.reset(position)
    this.#paged.clear()
    this.#isReady = true
    this.#setReady()
  }

  #move(position: Position): void { if (comparePositions(position, this.#position) > 0) this.#position = position }

  #deliver(changes: Batch, before: Position): void {
    this.#history.push(changes, this.#position, before)
    this.#changed.beat()
  }

  /** Bookmarks come with every write elsewhere: one a second is enough for those who wait. */
  #announceSoon(): void {
    if (this.#isAnnouncing || !this.#isReady || this.#position === this.#history.last.position) return
    this.#isAnnouncing = true
    void this.#announceLater()
  }

  async #announceLater(): Promise<void> {
    await this.#clock.sleep(QUIET_MS, this.#closing.signal)
    this.#isAnnouncing = false
    if (comparePositions(this.#position, this.#history.last.position) <= 0) return
    this.#history.announce(this.#position)
    this.#changed.beat()
  }

  #place(position: Position): Place | undefined {
    if (this.#options.isExact?.(position) === false) return undefined
    const place = this.#history.find(position)
    return place && (place.isOwn || !this.#options.resume) ? place : undefined
  }

  async *#resume(query: WatchQuery, signal: AbortSignal): AsyncGenerator<Batch> {
    const here: Place = { moment: this.#history.last, after: undefined, isOwn: true }
    if (!query.at) { yield* this.#follow(here, query, signal); return }
    const { position } = query.at, place = this.#place(position)
    if (!place) yield* this.#missed(position, query)
    yield* this.#follow(place ?? here, query, signal)
  }

  /** As `#state`, the changes that lead from elsewhere to the present one. */
  async *#missed(position: Position, query: WatchQuery): AsyncGenerator<Batch> {
    const missed = this.#options.resume?.(position)
    if (!missed) throw tooOld(position, this.#history.oldest)
    const seen = select(query, missed)
    if (seen.length > 0) yield seen
  }

  async *#follow(place: Place, query: WatchQuery, signal: AbortSignal): AsyncGenerator<Batch> {
    const waiter = this.#changed.waiter(signal)
    let { moment, after } = place, isBehind = false
    try {
      while (!signal.aborted) {
        if (moment.lost === 'reset') throw tooOld(moment.position, this.#position)
        if (moment.lost) return
        const { next } = moment
        if (next) {
          moment = next
          if (after !== undefined && comparePositions(moment.position, after) <= 0) continue
          const batch = select(query, after === undefined ? moment.batch : beyond(moment, after))
          after = undefined
          isBehind = batch.length === 0
          if (batch.length > 0) yield batch
        } else if (isBehind) {
          // Everything since was outside of the selection; the reader still learns how far that was.
          isBehind = false
          yield [{ type: 'BOOKMARK', position: moment.position }]
        } else if (this.#closing.signal.aborted) {
          if (isGiven(this.#closing.signal.reason)) throw this.#closing.signal.reason
          return
        } else await waiter.next()
      }
    } finally {
      waiter.close()
    }
  }

  /** Waits until `test` holds; false once `ms` have passed. Throws the signal's reason. */
  async #until(test: () => boolean, signal: AbortSignal, ms?: number): Promise<boolean> {
    if (test()) return true
    const waiter = this.#moved.waiter(signal), done = new AbortController()
    let isLate = false
    const expire = async (ms: number) => {
      await this.#clock.sleep(ms, done.signal)
      isLate = true
      this.#moved.beat()
    }
    if (ms !== undefined) void expire(ms)
    try {
      while (!test()) {
        signal.throwIfAborted()
        if (this.#closing.signal.aborted) throw isGiven(this.#closing.signal.reason) ? this.#closing.signal.reason : StatusError.unavailable(`the cache of ${this.kind.plural} is closed`, 1)
        if (isLate) return false
        await waiter.next()
      }
      return true
    } finally {
      waiter.close()
      done.abort()
    }
  }
}

const HISTORY_MIN_BYTES = 8 << 20, PAGED_MIN_BYTES = 16 << 20, INITIAL_BATCH = 500, QUIET_MS = 1000, REACH_MS = 3000, TIDY_MIN_BYTES = 256 << 10, TIDY_STEPS = 4

const tooOld = (position: Position, oldest: Position) => StatusError.expired(`too old resource version: ${position} (${oldest})`)

/** The part of a batch beyond a position within it. */
function beyond({ batch, before, isWhole, position }: Moment, after: Position): Batch {
  if (comparePositions(after, before) <= 0) return batch
  if (isWhole) throw tooOld(after, position)
  return batch.filter((change) => comparePositions(change.position, after) > 0)
}

/** An abort without a reason of ours carries the platform's AbortError. */
const isGiven = (reason: unknown): reason is Error => reason instanceof Error && reason.name !== 'AbortError'
