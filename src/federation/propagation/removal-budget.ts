import type { Clock } from '../../lib/clock.ts'

/** How many copies may be removed because a placement changed: a mistake in a policy then takes a while, and can be stopped. Deleting a template is no mistake of that kind. */
export class RemovalBudget {
  readonly #clock: Clock
  readonly #perMinute: number
  #left: number
  #since: number

  /** `perMinute` 0: no limit. */
  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock
    this.#perMinute = perMinute
    this.#left = perMinute
    this.#since = clock.now()
  }

  /** 0: the removal may go ahead, and is counted. Else how many milliseconds to wait. */
  take(): number {
    if (this.#perMinute === 0) return 0
    const now = this.#clock.now()
    this.#left = Math.min(this.#perMinute, this.#left + ((now - this.#since) / 60_000) * this.#perMinute)
    this.#since = now
    if (this.#left < 1) return Math.ceil(((1 - this.#left) / this.#perMinute) * 60_000)
    this.#left--
    return 0
  }
}
