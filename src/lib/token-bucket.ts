/** So many at once, and one more whenever `refillMs` have passed. */
export class TokenBucket {
  readonly #burst: number
  readonly #refillMs: number
  #tokens: number
  #at: number

  /** `now`: milliseconds. */
  constructor({ burst, refillMs }: { readonly burst: number; readonly refillMs: number }, now: number) {
    this.#burst = burst
    this.#refillMs = refillMs
    this.#tokens = burst
    this.#at = now
  }

  /** 0: one was taken; else the milliseconds until there is one to take. */
  take(now: number): number {
    // A clock that is set back gives nothing.
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, now - this.#at) / this.#refillMs)
    this.#at = now
    if (this.#tokens < 1) return Math.ceil((1 - this.#tokens) * this.#refillMs)
    this.#tokens--
    return 0
  }
}
