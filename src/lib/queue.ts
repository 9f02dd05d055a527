import { Backoff } from './backoff.ts'
import { systemClock, type Clock } from './clock.ts'
import { Heap } from './heap.ts'
import { ReadyKeys } from './ready-keys.ts'

interface QueueOptions {
  readonly clock?: Clock
  readonly random?: () => number
  readonly initialMs?: number
  readonly maxMs?: number
  /** Keys of a higher one are taken first. Asked as a key becomes ready; absent: all are equal. */
  readonly priority?: (key: string) => number
}
interface Plan { readonly key: string; readonly at: number }

/** Timers end at 24.8 days. */
const SLEEP_MAX_MS = 86_400_000
/** Plans that were given up are kept until they come to the top, up to as many as are still meant and these. */
const GIVEN_UP_MAX = 64

/**
 * Keys that want work. A key added while it waits is one piece of work; added while somebody works on it, it waits until that is done, so nobody ever works on one key twice at once.
 * Each key that becomes ready wakes one of those who wait.
 */
export class Queue {
  readonly #clock: Clock
  readonly #backoff: () => Backoff
  readonly #priority: (key: string) => number
  readonly #ready = new ReadyKeys()
  readonly #working = new Set<string>()
  readonly #again = new Set<string>()
  /** Keys that become ready at a time, and the same by time. */
  readonly #later = new Map<string, number>()
  #plans = new Heap<Plan>(isEarlier)
  readonly #failures = new Map<string, Backoff>()
  /** Those who wait for a key, the longest first. */
  readonly #waiting = new Set<() => void>()
  #alarm: { readonly at: number; readonly stop: AbortController } | undefined

  constructor({ clock = systemClock, random = Math.random, initialMs = 100, maxMs = 60_000, priority = () => 0 }: QueueOptions = {}) {
    this.#clock = clock
    this.#priority = priority
    this.#backoff = () => new Backoff({ initialMs, maxMs, random })
  }

  /** `delayMs` 0 cancels a longer delay; of two delays the shorter holds. */
  add(key: string, delayMs = 0): void {
    if (delayMs <= 0) {
      this.#later.delete(key)
      this.#admit(key)
      return
    }
    const at = this.#clock.now() + delayMs, planned = this.#later.get(key)
    if (planned !== undefined && planned <= at) return
    this.#later.set(key, at)
    if (this.#plans.size > 2 * this.#later.size + GIVEN_UP_MAX) this.#plans = new Heap<Plan>(isEarlier, [...this.#later].map(([planned, when]) => ({ key: planned, at: when })))
    else this.#plans.push({ key, at })
    this.#setAlarm()
  }

  /** Adds the key behind a delay that doubles with every failure in a row; answers the delay. */
  retry(key: string): number {
    let backoff = this.#failures.get(key)
    if (!backoff) this.#failures.set(key, (backoff = this.#backoff()))
    const delayMs = backoff.nextMs()
    this.add(key, delayMs)
    return delayMs
  }

  succeeded(key: string): void { this.#failures.delete(key) }

  /** The next key, which is then being worked on until `done`; undefined once the signal aborts. */
  async take(signal: AbortSignal): Promise<string | undefined> {
    while (!signal.aborted) {
      this.#promote()
      const key = this.#ready.take()
      if (key !== undefined) {
        this.#working.add(key)
        return key
      }
      await this.#woken(signal)
    }
    // Who was woken and takes nothing hands it on, and nothing goes on for nobody.
    if (this.#ready.size > 0) this.#wakeOne()
    this.#stopAlarm()
    this.#setAlarm()
    return undefined
  }

  done(key: string): void {
    this.#working.delete(key)
    if (this.#again.delete(key)) this.add(key)
  }

  #admit(key: string): void {
    if (this.#working.has(key)) this.#again.add(key)
    else if (!this.#ready.has(key)) {
      this.#ready.add(key, this.#priority(key))
      this.#wakeOne()
    }
  }

  /** The earliest plan that is still meant. */
  #next(): Plan | undefined {
    for (let { first } = this.#plans; first; { first } = this.#plans) {
      if (this.#later.get(first.key) === first.at) return first
      this.#plans.pop()
    }
    return undefined
  }

  #promote(): void {
    const now = this.#clock.now()
    for (let next = this.#next(); next && next.at <= now; next = this.#next()) {
      this.#plans.pop()
      this.#later.delete(next.key)
      this.#admit(next.key)
    }
  }

  async #woken(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.add(resolve)
    const end = () => resolve()
    signal.addEventListener('abort', end, { once: true })
    this.#setAlarm()
    await promise
    signal.removeEventListener('abort', end)
    this.#waiting.delete(resolve)
  }

  #wakeOne(): void {
    const [resolve] = this.#waiting
    if (!resolve) return
    this.#waiting.delete(resolve)
    resolve()
  }

  /** One timer, set while somebody waits: for the earliest plan, or for one that was earlier and is not meant any more. */
  #setAlarm(): void {
    const next = this.#waiting.size > 0 ? this.#next() : undefined
    if (!next || (this.#alarm && this.#alarm.at <= next.at)) return
    this.#stopAlarm()
    void this.#ring((this.#alarm = { at: next.at, stop: new AbortController() }))
  }

  #stopAlarm(): void {
    this.#alarm?.stop.abort(NOT_NEEDED)
    this.#alarm = undefined
  }

  async #ring(alarm: { readonly at: number; readonly stop: AbortController }): Promise<void> {
    await this.#clock.sleep(Math.min(alarm.at - this.#clock.now(), SLEEP_MAX_MS), alarm.stop.signal)
    if (this.#alarm !== alarm) return
    this.#alarm = undefined
    this.#promote()
    this.#setAlarm()
  }
}

/** A reason of its own: making an error with its stack for each would cost more than all the rest. */
const NOT_NEEDED = 'not needed'

function isEarlier(a: Plan, b: Plan): boolean { return a.at < b.at }
