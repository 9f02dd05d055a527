import type { Clock } from './clock.ts'

/** `burst` at once, `perSecond` in the long run. */
export class TokenBucket {
  readonly #clock: Pick<Clock, 'now'>
  readonly #of: { readonly perSecond: number; readonly burst: number }
  #tokens: number
  #at: number

  constructor(clock: Pick<Clock, 'now'>, of: { readonly perSecond: number; readonly burst: number }) {
    this.#clock = clock
    this.#of = of
    this.#tokens = of.burst
    this.#at = clock.now()
  }

  /** 0: one was taken; else the milliseconds until there is one to take. */
  take(): number {
    const now = this.#clock.now(), { perSecond, burst } = this.#of
    // A clock that is set back gives nothing.
    this.#tokens = Math.min(burst, this.#tokens + (Math.max(0, now - this.#at) * perSecond) / 1000)
    this.#at = now
    if (this.#tokens < 1) return Math.ceil(((1 - this.#tokens) * 1000) / perSecond)
    this.#tokens--
    return 0
  }
}
