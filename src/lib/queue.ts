import { Backoff } from './backoff.ts'
import { systemClock, type Clock } from './clock.ts'

interface QueueOptions { readonly clock?: Clock; readonly random?: () => number; readonly initialMs?: number; readonly maxMs?: number }

/**
 * Keys that want work. A key added while it waits is one piece of work; added while somebody works on it, it waits until that is done, so nobody ever works on one key twice at once.
 */
export class Queue {
  readonly #clock: Clock
  readonly #backoff: () => Backoff
  /** In the order in which they became ready. */
  readonly #ready = new Set<string>()
  readonly #working = new Set<string>()
  readonly #again = new Set<string>()
  /** Keys that become ready at a time. */
  readonly #later = new Map<string, number>()
  readonly #failures = new Map<string, Backoff>()
  #wake: (() => void)[] = []

  constructor({ clock = systemClock, random = Math.random, initialMs = 100, maxMs = 60_000 }: QueueOptions = {}) {
    this.#clock = clock
    this.#backoff = () => new Backoff({ initialMs, maxMs, random })
  }

  /** `delayMs` 0 cancels a longer delay; of two delays the shorter holds. */
  add(key: string, delayMs = 0): void {
    const at = this.#clock.now() + delayMs, planned = this.#later.get(key)
    if (delayMs > 0) {
      if (planned === undefined || at < planned) this.#later.set(key, at)
    } else {
      this.#later.delete(key)
      if (this.#working.has(key)) this.#again.add(key)
      else this.#ready.add(key)
    }
    this.#notify()
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
      const [key] = this.#ready
      if (key !== undefined) {
        this.#ready.delete(key)
        this.#working.add(key)
        return key
      }
      await this.#changed(signal)
    }
    return undefined
  }

  done(key: string): void {
    this.#working.delete(key)
    if (this.#again.delete(key)) this.add(key)
  }

  #promote(): void {
    const now = this.#clock.now()
    for (const [key, at] of this.#later) {
      if (at > now) continue
      this.#later.delete(key)
      if (this.#working.has(key)) this.#again.add(key)
      else this.#ready.add(key)
    }
  }

  /** Until something is added or the next delay is over. */
  async #changed(signal: AbortSignal): Promise<void> {
    const stop = new AbortController(), end = () => stop.abort(), next = Math.min(...this.#later.values())
    signal.addEventListener('abort', end)
    this.#wake.push(end)
    if (signal.aborted) end()
    // Timers end at 24.8 days.
    await this.#clock.sleep(Math.min(next - this.#clock.now(), 86_400_000), stop.signal)
    signal.removeEventListener('abort', end)
    this.#wake = this.#wake.filter((it) => it !== end)
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = []
    for (const end of wake) end()
  }
}
