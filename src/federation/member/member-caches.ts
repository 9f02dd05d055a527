import { Backoff } from '../../lib/backoff.ts'
import type { Clock } from '../../lib/clock.ts'
import { Cache } from '../../machinery/cache/cache.ts'
import { reflect } from '../../machinery/cache/reflect.ts'
import { memberChecks } from './check-objects.ts'
import { RemoteReader } from '../../machinery/client/remote-reader.ts'
import type { Handler, Kind, ListerWatcher, Position } from '../../machinery/meta/core.ts'
import { comparePositions, isPosition } from '../../machinery/meta/position.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'

/** `since`: milliseconds since the epoch. `stale`: what is held is as old as that. `failed`: nothing was ever held. `garbled`: the member answers, and not with what can be read. */
export type MemberCacheState = { readonly state: 'starting' } | { readonly state: 'synced' } | { readonly state: 'stale'; readonly since: number; readonly reason: string; readonly garbled: boolean } | { readonly state: 'failed'; readonly since: number; readonly reason: string; readonly error: unknown; readonly garbled: boolean }

/** A use of one kind's cache; the cache is dropped some time after its last use was released. */
export interface MemberCacheUse {
  readonly cache: Cache
  state(): MemberCacheState
  /** Called with every change of `state`, until released. */
  onState(listener: (state: MemberCacheState) => void): void
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
}

/** The watch caches of one member, one per kind and version, started on first use. */
export class MemberCaches {
  readonly #options: MemberCachesOptions
  readonly #held = new Map<string, Held>()
  #closed: Error | undefined

  constructor(options: MemberCachesOptions) { this.#options = options }

  /** `labels`: only the objects that this selector chooses are followed, and held. */
  acquire(kind: Kind, labels = ''): MemberCacheUse {
    const key = `${kind.group}/${kind.version}/${kind.plural}?${labels}`
    let held = this.#held.get(key)
    if (!held) this.#held.set(key, (held = this.#start(key, kind, labels)))
    const current = held, mine = new Set<(state: MemberCacheState) => void>()
    let isReleased = false
    current.users++
    return {
      cache: current.cache,
      state: () => current.state,
      onState: (listener) => { mine.add(listener); current.listeners.add(listener) },
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

  /** Ends all watches, with the error where one is given, and forgets everything: what comes next is another cluster, or none. */
  clear(error?: Error): void {
    for (const [key, held] of this.#held) {
      this.#held.delete(key)
      held.stop.abort()
      held.cache.close(error)
    }
  }

  /** As `clear`, for good: whoever still asks gets caches that are closed. */
  close(error: Error): void {
    this.#closed = error
    this.clear(error)
  }

  #start(key: string, kind: Kind, labels: string): Held {
    const { handler, admit, clock, random } = this.#options, stop = new AbortController(), cache = new Cache(kind, { clock })
    const held: Held = { cache, stop, cut: new AbortController(), users: 0, state: { state: 'starting' }, listeners: new Set(), idle: 0 }
    if (this.#closed) {
      cache.close(this.#closed)
      held.state = { state: 'failed', since: clock.now(), reason: this.#closed.message, error: this.#closed, garbled: false }
      return held
    }
    const told = (state: MemberCacheState) => {
      held.state = state
      for (const listener of held.listeners) listener(state)
    }
    const reader = admitted(new RemoteReader(kind, handler, { clock, checks: memberChecks(kind), ...(labels !== '' && { labelSelector: labels }) }), admit, () => held.cut.signal)
    void reflect(reader, cache, {
      signal: stop.signal, clock, backoff: new Backoff({ initialMs: 200, maxMs: 15_000, random }),
      onState: (it) => {
        if (it.state === 'synced') { told(it); return }
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

interface Held { readonly cache: Cache; readonly stop: AbortController; readonly listeners: Set<(state: MemberCacheState) => void>; cut: AbortController; users: number; state: MemberCacheState; idle: number }

const admitted = (source: ListerWatcher, admit: (signal: AbortSignal) => Promise<void>, cut: () => AbortSignal): ListerWatcher => ({
  kind: source.kind,
  list: async (query, signal) => {
    await admit(signal)
    return source.list(query, signal)
  },
  watch: async function* (query, signal) {
    await admit(signal)
    if (query.at && !query.initial) await refuseSetBack(source, query.at.position, signal)
    yield* source.watch(query, AbortSignal.any([signal, cut()]))
  },
})

/**
 * A kube-apiserver whose store came back from a backup says nothing to a watch from a version that it has not reached yet, and then goes on as if nothing had been in between.
 * The version of a list is that of the store, so one that is behind ours tells. Throws StatusError Expired.
 */
async function refuseSetBack(source: ListerWatcher, position: Position, signal: AbortSignal): Promise<void> {
  const { position: latest } = await source.list({ limit: 1 }, signal)
  if (isPosition(latest) && isPosition(position) && comparePositions(latest, position) < 0) throw StatusError.expired(`${source.kind.plural} are at ${latest} and were at ${position}: the cluster was set back`)
}
