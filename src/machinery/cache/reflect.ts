import type { Backoff } from '../../lib/backoff.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Entry, ListerWatcher } from '../meta/core.ts'
import { isReason, StatusError } from '../meta/status-error.ts'
import type { Cache } from './cache.ts'

/** `broken`: the source cannot be followed; what is held is as old as `since` (milliseconds since the epoch). */
export type ReflectState = { readonly state: 'synced' } | { readonly state: 'broken'; readonly since: number; readonly error: unknown }

export interface ReflectOptions {
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly backoff: Backoff
  /** `synced` is told when it becomes true, `broken` at every failed attempt. */
  readonly onState?: (state: ReflectState) => void
}

/**
 * Keeps a cache in step with a source until the signal aborts. After a cut it resumes where the cache stands, after Expired it takes a whole new state, which watchers of the cache see as a difference.
 * Any batch, an empty one too, counts as a sign that the source is there: a source that needs time to connect yields one when it has.
 */
export async function reflect(source: ListerWatcher, cache: Cache, options: ReflectOptions): Promise<void> {
  const { signal, clock, backoff, onState } = options
  let broken: number | undefined, isTold = false, isFresh = cache.isReady, expiredAt = -Infinity
  const synced = () => {
    backoff.reset()
    if (isTold && broken === undefined) return
    isTold = true
    broken = undefined
    onState?.({ state: 'synced' })
  }
  while (!signal.aborted) {
    let isAnswered = false, isExpired = false
    const answered = () => {
      isAnswered = true
      if (isFresh) synced()
    }
    try {
      if (isFresh) await resume(source, cache, signal, answered)
      else await begin(source, cache, signal, answered, () => { isFresh = true; synced() })
    } catch (error) {
      if (signal.aborted) return
      if (isReason(error, 'Expired', 'Gone')) {
        isExpired = isFresh
        isFresh = false
      }
      if (!isExpired) {
        broken ??= clock.now()
        isAnswered = false
        onState?.({ state: 'broken', since: broken, error })
      }
    }
    // A source that ends or expires again and again is not asked in a tight loop: whoever says one thing to lists and another to watches never comes to rest.
    const isAgain = isExpired && clock.now() - expiredAt < AGAIN_MS
    if (isExpired) expiredAt = clock.now()
    if (isAgain) await clock.sleep(AGAIN_MS, signal)
    else if (!isAnswered && !isExpired) await clock.sleep(backoff.nextMs(), signal)
  }
}

const AGAIN_MS = 1000

async function resume(source: ListerWatcher, cache: Cache, signal: AbortSignal, answered: () => void): Promise<void> {
  for await (const batch of source.watch({ at: { position: cache.position, match: 'notOlder' } }, signal)) {
    cache.accept(batch)
    answered()
  }
}

/** The initial state is collected first: half of one, from a stream that was cut, would keep what is deleted before the next attempt. */
async function begin(source: ListerWatcher, cache: Cache, signal: AbortSignal, answered: () => void, complete: () => void): Promise<void> {
  let state: Map<string, Entry> | undefined = new Map()
  for await (const batch of source.watch({ initial: true }, signal)) {
    let live = 0
    for (const change of state ? batch : []) {
      live++
      if (change.type === 'DELETED') state!.delete(change.entry.key)
      else if (change.type !== 'BOOKMARK') state!.set(change.entry.key, change.entry)
      else if (change.initial) {
        cache.replace(state!.values(), change.position)
        state = undefined
        complete()
        break
      }
    }
    if (state) continue
    if (live < batch.length) cache.accept(live === 0 ? batch : batch.slice(live))
    answered()
  }
  // It cannot be followed, and whoever waits for it is to know.
  if (state && !signal.aborted) throw StatusError.unavailable('the stream of its state ended before the state was complete')
}
