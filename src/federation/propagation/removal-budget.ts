import type { Clock } from '../../lib/clock.ts'
import { TokenBucket } from '../../lib/token-bucket.ts'

/** How many copies may be removed because a placement changed: a mistake in a policy then takes a while, and can be stopped. Deleting a template is no mistake of that kind. */
export class RemovalBudget {
  readonly #clock: Clock
  /** Undefined: no limit. */
  readonly #bucket: TokenBucket | undefined

  /** `perMinute` 0: no limit. */
  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock
    this.#bucket = perMinute === 0 ? undefined : new TokenBucket({ burst: perMinute, refillMs: 60_000 / perMinute }, clock.now())
  }

  /** 0: the removal may go ahead, and is counted. Else how many milliseconds to wait. */
  take(): number { return this.#bucket?.take(this.#clock.now()) ?? 0 }
}
