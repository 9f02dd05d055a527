/**
 * What is said again and again becomes few Events, by the rules of client-go's recorder (tools/record/events_cache.go):
 *
 *   the same message about the same object    one Event, counted
 *   ten messages of one reason in ten minutes  the tenth and all that follow are one Event, "(combined from similar events): …"
 *   more than 25 about one object              one in five minutes; what is left out is counted
 */
import { TokenBucket } from '../lib/token-bucket.ts'

/** Something that happened, told for people. */
export interface Occurrence { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string }

/** An occurrence and its repeats: what one Event says. Times are milliseconds since the epoch. */
export interface Series { readonly type: Occurrence['type']; readonly reason: string; readonly firstAt: number; message: string; lastAt: number; count: number }

const REMEMBERED = 4096, MESSAGES = 10, SIMILAR_MS = 600_000
const ALLOWANCE = { burst: 25, refillMs: 300_000 }
const COMBINED = '(combined from similar events): '

export class EventCorrelator {
  readonly #series = new Recent<Series>()
  readonly #similar = new Recent<{ readonly messages: Set<string>; lastAt: number }>()
  readonly #allowance = new Recent<TokenBucket>()

  /** `object` names what it is about, its uid included. Undefined: too much was said about it lately; it is counted all the same. */
  observe(object: string, { type, reason, message }: Occurrence, now: number): Series | undefined {
    const sort = JSON.stringify([object, type, reason]), isCombined = this.#isCombined(sort, message, now), text = isCombined ? COMBINED + message : message
    const series = this.#series.get(isCombined ? sort : JSON.stringify([object, type, reason, message]), () => ({ type, reason, message: text, firstAt: now, lastAt: now, count: 0 }))
    series.count++
    series.lastAt = now
    series.message = text
    return this.#isAllowed(object, now) ? series : undefined
  }

  #isCombined(sort: string, message: string, now: number): boolean {
    const similar = this.#similar.get(sort, () => ({ messages: new Set<string>(), lastAt: now })), { messages } = similar
    if (now - similar.lastAt > SIMILAR_MS) messages.clear()
    similar.lastAt = now
    messages.add(message)
    if (messages.size < MESSAGES) return false
    // Which one is forgotten does not matter, only that the set grows no further.
    messages.delete(messages.values().next().value!)
    return true
  }

  #isAllowed(object: string, now: number): boolean { return this.#allowance.get(object, () => new TokenBucket(ALLOWANCE, now)).take(now) === 0 }
}

/** What was used last; the rest is forgotten. */
class Recent<V> {
  readonly #held = new Map<string, V>()

  get(key: string, make: () => V): V {
    const value = this.#held.get(key) ?? make()
    this.#held.delete(key)
    this.#held.set(key, value)
    if (this.#held.size > REMEMBERED) this.#held.delete(this.#held.keys().next().value!)
    return value
  }
}
