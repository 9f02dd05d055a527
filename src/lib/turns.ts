import { aborted } from './aborted.ts'
import type { Clock } from './clock.ts'

interface TurnsOptions {
  /** How many have a turn at once. */
  readonly max: number
  /** A turn that shows no sign of progress for so long is over: what hangs holds nobody up. */
  readonly patienceMs: number
  readonly clock: Clock
}

export interface Turn {
  /** A sign of progress. */
  extend(): void
  /** More often than once does nothing. */
  end(): void
}

/** So many at once; the others wait, and are served in order. */
export class Turns {
  readonly #options: TurnsOptions
  /** By turn: when it last showed progress. */
  readonly #held = new Map<Turn, number>()
  #waiting: (() => void)[] = []
  #isLooking = false

  constructor(options: TurnsOptions) { this.#options = options }

  /** Also when the signal aborts: the caller finds out. */
  async take(signal: AbortSignal): Promise<Turn> {
    const { max, clock } = this.#options
    if (this.#held.size >= max || this.#waiting.length > 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.push(resolve)
      if (!this.#isLooking) void this.#endHanging()
      await Promise.race([promise, aborted(signal)])
      const at = this.#waiting.indexOf(resolve)
      if (at >= 0) this.#waiting.splice(at, 1)
      else if (signal.aborted) this.#next()
    }
    const turn: Turn = {
      extend: () => { if (this.#held.has(turn)) this.#held.set(turn, clock.now()) },
      end: () => { if (this.#held.delete(turn)) this.#next() },
    }
    if (!signal.aborted) this.#held.set(turn, clock.now())
    return turn
  }

  #next(): void { if (this.#held.size < this.#options.max) this.#waiting.shift()?.() }

  /** While somebody waits. */
  async #endHanging(): Promise<void> {
    const { patienceMs, clock } = this.#options
    this.#isLooking = true
    while (this.#waiting.length > 0) {
      const since = Math.min(...this.#held.values())
      await clock.sleep(Math.max(1, since + patienceMs - clock.now()))
      for (const [turn, at] of this.#held) if (clock.now() - at >= patienceMs) turn.end()
    }
    this.#isLooking = false
  }
}
