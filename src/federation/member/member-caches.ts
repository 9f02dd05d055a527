import { Backoff } from '../../lib/backoff.ts'
import type { Clock } from '../../lib/clock.ts'
import { Cache } from '../../machinery/cache/cache.ts'
import { reflect } from '../../machinery/cache/reflect.ts'
import { memberChecks } from './check-objects.ts'
import { changesBetween } from '../../machinery/client/changes-between.ts'
import { RemoteReader } from '../../machinery/client/remote-reader.ts'
import type { Handler, Kind, ListerWatcher, Position } from '../../machinery/meta/core.ts'
import { comparePositions, isPosition } from '../../machinery/meta/position.ts'
import { isReason, StatusError } from '../../machinery/meta/status-error.ts'

/** `since`: milliseconds since the epoch. `stale`: what is held is as old as that. `failed`: nothing was ever held. `garbled`: the member answers, and not with what can be read. `full`: there is more than may be held, and nothing is. */
export type MemberCacheState = { readonly state: 'starting' } | { readonly state: 'full'; readonly reason: string } | { readonly state: 'synced' } | { readonly state: 'stale'; readonly since: number; readonly reason: string; readonly garbled: boolean } | { readonly state: 'failed'; readonly since: number; readonly reason: string; readonly error: unknown; readonly garbled: boolean }

/** A use of one kind's cache; the cache is dropped some time after its last use was released. */
export interface MemberCacheUse {
  readonly cache: Cache
  state(): MemberCacheState
  /** Called with every change of `state`, until released. */
  onState(listener: (state: MemberCacheState) => void): void
  /** Has the cache know what came since `position`, too, as far as the member still does. For watches that begin where a write was answered, or another replica was. */
  reachBack(position: Position, signal: AbortSignal): Promise<void>
  release(): void
}

interface MemberCachesOptions {
  readonly handler: Handler
  /** Asked before every list or watch of the member; throws where its objects must not be mixed with those held. */
  readonly admit: (signal: AbortSignal) => Promise<void>
  readonly clock: Clock
  readonly random: () => number
  /** How long a cache without users is kept. */
  readonly idleMs: number
  /** Kinds that are never dropped, as `group/plural`. */
  readonly pinned?: (kind: Kind) => boolean
  /** States are asked for as streams (`RemoteReader`), not in pages. */
  readonly streamed?: boolean
  /** The member's name, for messages. */
  readonly cluster?: string
  /** It was found that the member was set back: see `setBack`. */
  readonly onSetBack?: () => void
  /** How many bytes of JSON the objects of one kind may have, those of a label selector excepted: what is ours is bounded by what is distributed. Absent: any number. */
  readonly bytesMax?: number
}

/** Found where a member was set back `times` times before: it is at `version` now. */
export interface SetBackNotice { readonly times: number; readonly version: number }

/** What was told of a member's versions means other states now. A StatusError Expired. */
export class SetBack extends StatusError {
  constructor(message: string) { super('Expired', message) }
}

/** The watch caches of one member, one per kind and version, started on first use. */
export class MemberCaches {
  readonly #options: MemberCachesOptions
  readonly #held = new Map<string, Held>()
  /** Kinds that are too large, until they are tried again. */
  readonly #full = new Map<string, StatusError>()
  #closed: Error | undefined
  #relists = 0
  /** How often the member was set back, as the ledger of positions counts it; undefined until it has told. */
  #timesSetBack: number | undefined
  #setBack: SetBackNotice | undefined
  #setBackAt = -Infinity

  constructor(options: MemberCachesOptions) { this.#options = options }

  /** `labels`: only the objects that this selector chooses are followed, and held. */
  acquire(kind: Kind, labels = ''): MemberCacheUse {
    const key = `${kind.group}/${kind.version}/${kind.plural}?${labels}`
    const current = this.#held.get(key) ?? this.#start(key, kind, labels), mine = new Set<(state: MemberCacheState) => void>()
    let isReleased = false
    current.users++
    return {
      cache: current.cache,
      state: () => current.state,
      onState: (listener) => { mine.add(listener); current.listeners.add(listener) },
      reachBack: (position, signal) => this.#reachBack(current, position, signal),
      release: () => {
        if (isReleased) return
        isReleased = true
        for (const listener of mine) current.listeners.delete(listener)
        if (--current.users === 0) void this.#dropLater(key, current)
      },
    }
  }

  /** `deployments.apps` → how far the member was followed. */
  positions(): Record<string, Position> {
    return Object.fromEntries([...this.#held].filter(([key, { cache }]) => key.endsWith('?') && cache.isReady).map(([, { cache: { kind, position } }]): [string, Position] => [kind.group ? `${kind.plural}.${kind.group}` : kind.plural, position]))
  }

  /** How often a whole new state had to be taken of a kind that was followed before: its changes were not to be had any more. */
  get relists(): number { return this.#relists }

  /** All that is held: objects, and the bytes of their JSON. */
  held(): { readonly objects: number; readonly bytes: number } {
    const caches = [...this.#held.values()].map(({ cache }) => cache)
    return { objects: caches.reduce((sum, { size }) => sum + size, 0), bytes: caches.reduce((sum, { bytes }) => sum + bytes, 0) }
  }

  /** Cuts every stream; each goes on where it stands, or finds that it cannot. A member that hangs keeps its streams open and says nothing. */
  cut(): void {
    for (const held of this.#held.values()) {
      const { cut } = held
      held.cut = new AbortController()
      cut.abort()
    }
  }

  /** That the member was found to be set back, until the ledger of positions counts it. */
  get setBack(): SetBackNotice | undefined { return this.#setBack }

  /** How often the member was set back, as the ledger of positions has it: what was read before the last time, and not since, is read anew. */
  countSetBacks(times: number): void {
    if (this.#setBack && times > this.#setBack.times) this.#setBack = undefined
    const known = this.#timesSetBack
    this.#timesSetBack = Math.max(known ?? 0, times)
    if (known !== undefined && times > known) this.clear(new SetBack('another server found that the cluster was set back'))
  }

  /** As `clear`, and what comes next has a history of its own. */
  startOver(error: Error): void {
    this.#timesSetBack = this.#setBack = undefined
    this.clear(error)
  }

  /** Ends all watches, with the error where one is given, and forgets everything: what comes next is another cluster, or none. */
  clear(error?: Error): void {
    for (const [key, held] of this.#held) {
      this.#held.delete(key)
      held.stop.abort()
      // It is shown until what comes next is there.
      if (error instanceof SetBack && held.cache.isReady) held.state = { state: 'stale', since: this.#options.clock.now(), reason: error.message, garbled: false }
      held.cache.close(error)
    }
  }

  /** As `clear`, for good: whoever still asks gets caches that are closed. */
  close(error: Error): void {
    this.#closed = error
    this.clear(error)
  }

  async #reachBack(held: Held, position: Position, signal: AbortSignal): Promise<void> {
    const { cache, stop } = held, isKnown = () => !cache.isReady || cache.isClosed || cache.since(position) !== undefined || comparePositions(position, held.forgotten) <= 0
    // One at a time: whoever reaches further back spares the others the way.
    for (; held.reaching && !isKnown();) await held.reaching
    if (isKnown() || signal.aborted) return
    held.reaching = this.#extend(held, position, AbortSignal.any([signal, stop.signal])).finally(() => { held.reaching = undefined })
    await held.reaching
  }

  async #extend(held: Held, from: Position, signal: AbortSignal): Promise<void> {
    const { handler, admit } = this.#options, { cache, labels } = held, until = cache.oldest
    try {
      await admit(signal)
      const changes = await changesBetween(cache.kind, handler, { from, until, max: REACH_MAX, ...(labels !== '' && { labelSelector: labels }), checks: memberChecks(cache.kind) }, signal)
      if (changes && cache.oldest === until) cache.prepend(from, changes)
    } catch (error) {
      // Whoever asked learns that it is not to be had, by Expired. A member that is out of reach may know it later.
      if (!isReason(error, 'Expired', 'Gone')) return
    }
    if (cache.since(from) === undefined && !signal.aborted) held.forgotten = from
  }

  #start(key: string, kind: Kind, labels: string): Held {
    const { handler, admit, clock, random } = this.#options, stop = new AbortController(), cache = new Cache(kind, { clock })
    const held: Held = { cache, labels, stop, cut: new AbortController(), users: 0, state: { state: 'starting' }, listeners: new Set(), idle: 0, forgotten: '0', reaching: undefined }, full = this.#full.get(key)
    if (this.#closed ?? full) {
      cache.close(this.#closed ?? full)
      held.state = this.#closed ? { state: 'failed', since: clock.now(), reason: this.#closed.message, error: this.#closed, garbled: false } : { state: 'full', reason: full!.message }
      return held
    }
    this.#held.set(key, held)
    const told = (state: MemberCacheState) => {
      held.state = state
      for (const listener of held.listeners) listener(state)
    }
    const { bytesMax = Infinity, cluster = '' } = this.#options, tooLarge = new TooLarge(kind, cluster, bytesMax), fits = (bytes: number) => { if (labels === '' && bytes > bytesMax) throw tooLarge }
    const reader = admitted(new RemoteReader(kind, handler, { clock, streamed: this.#options.streamed ?? false, onStateBytes: fits, checks: memberChecks(kind), ...(labels !== '' && { labelSelector: labels }) }), admit, {
      cut: () => held.cut.signal, onBatch: () => fits(cache.bytes), onState: () => { if (cache.isReady) this.#relists++ },
      held: () => (cache.isReady ? cache.position : undefined), onSetBack: (error, version) => this.#noticeSetBack(error, version),
    })
    void reflect(reader, cache, {
      signal: stop.signal, clock, backoff: new Backoff({ initialMs: 200, maxMs: 15_000, random }),
      onState: (it) => {
        if (it.state === 'synced') { told(it); return }
        if (it.error === tooLarge) { this.#giveUp(key, held, tooLarge); told({ state: 'full', reason: tooLarge.message }); return }
        const reason = it.error instanceof Error ? it.error.message : String(it.error), garbled = it.error instanceof Error && it.error.cause instanceof SyntaxError
        told(cache.isReady ? { state: 'stale', since: it.since, reason, garbled } : { state: 'failed', since: it.since, reason, error: it.error, garbled })
      },
    }).catch((error: unknown) => {
      // Only a bug ends reflect: its watchers must not wait forever.
      this.#held.delete(key)
      cache.close(error instanceof Error ? error : new Error(String(error)))
    })
    return held
  }

  /**
   * What is held of all kinds stays as it was, for comparing, and is read anew. Not where the ledger has not told how often that happened, and not for a member that does it again and again: there one
   * cache finds its versions before its own, and its readers begin anew.
   */
  #noticeSetBack(error: SetBack, version: number): void {
    const now = this.#options.clock.now(), times = this.#timesSetBack
    if (times === undefined || now - this.#setBackAt < SET_BACK_PAUSE_MS) return
    this.#setBackAt = now
    this.#setBack = { times, version }
    this.#timesSetBack = times + 1
    this.clear(error)
    this.#options.onSetBack?.()
  }

  /** Nothing is held rather than a part that would pass for the whole. It is tried again after the time for which an idle cache is kept, once somebody asks. */
  #giveUp(key: string, held: Held, error: StatusError): void {
    const { clock, idleMs } = this.#options
    this.#held.delete(key)
    held.stop.abort()
    held.cache.close(error)
    this.#full.set(key, error)
    void clock.sleep(idleMs).then(() => this.#full.delete(key))
  }

  async #dropLater(key: string, held: Held): Promise<void> {
    const { clock, idleMs, pinned } = this.#options, turn = ++held.idle
    if (pinned?.(held.cache.kind)) return
    await clock.sleep(idleMs, held.stop.signal)
    if (held.users > 0 || held.idle !== turn || this.#held.get(key) !== held) return
    this.#held.delete(key)
    held.stop.abort()
    held.cache.close()
  }
}

interface Held { readonly cache: Cache; readonly labels: string; readonly stop: AbortController; readonly listeners: Set<(state: MemberCacheState) => void>; cut: AbortController; users: number; state: MemberCacheState; idle: number; /** Not to be had back to here. */ forgotten: Position; reaching: Promise<void> | undefined }

/** Who is set back more often does not say when its history begins: such a member would use up the epochs that are kept. */
const SET_BACK_PAUSE_MS = 60_000
/** More changes than this are not worth more than listing again. */
const REACH_MAX = 5_000

/** A kind of which there is more than may be held. */
class TooLarge extends StatusError {
  constructor({ group, plural }: Kind, cluster: string, bytesMax: number) {
    super('ServiceUnavailable', `${group ? `${plural}.${group}` : plural} of cluster ${cluster} are more than ${bytesMax} bytes, which is what --cache-bytes-max lets a kind of a cluster take: raise it, get objects by name, or ask the cluster itself (clusters/${cluster}/proxy)`)
  }
}

interface Following {
  readonly cut: () => AbortSignal
  /** Before a batch is handed on. */
  readonly onBatch: () => void
  /** A whole state is asked for. */
  readonly onState: () => void
  /** How far what is held was followed; undefined while nothing is. */
  readonly held: () => Position | undefined
  readonly onSetBack: (error: SetBack, version: number) => void
}

const admitted = (source: ListerWatcher, admit: (signal: AbortSignal) => Promise<void>, { cut, onBatch, onState, held, onSetBack }: Following): ListerWatcher => ({
  kind: source.kind,
  list: async (query, signal) => {
    await admit(signal)
    return source.list(query, signal)
  },
  watch: async function* (query, signal) {
    const refuse = (latest: Position) => {
      const position = held(), error = position === undefined ? undefined : setBackFrom(source.kind, position, latest)
      if (error) onSetBack(error, Number(latest))
      return error
    }
    await admit(signal)
    if (query.at && !query.initial) {
      const { position } = await source.list({ limit: 1 }, signal), error = refuse(position)
      if (error) throw error
    }
    if (query.initial) onState()
    for await (const batch of source.watch(query, AbortSignal.any([signal, cut()]))) {
      const end = query.initial ? batch.find((change) => change.type === 'BOOKMARK' && change.initial) : undefined
      if (end) refuse(end.position)
      if (signal.aborted) return
      onBatch()
      yield batch
    }
  },
})

/**
 * A kube-apiserver whose store came back from a backup says nothing to a watch from a version that it has not reached yet, and then goes on as if nothing had been in between.
 * The version of a list is that of the store, so one that is behind ours tells.
 */
function setBackFrom({ plural }: Kind, position: Position, latest: Position): SetBack | undefined {
  return isPosition(latest) && isPosition(position) && comparePositions(latest, position) < 0 ? new SetBack(`${plural} are at ${latest} and were at ${position}: the cluster was set back`) : undefined
}
