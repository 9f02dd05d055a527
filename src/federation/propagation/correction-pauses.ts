import type { Clock } from '../../lib/clock.ts'

/** As long as a write that failed waits at most. */
const FIRST_MS = 1000, LONGEST_MS = 60_000
/** What has stayed as it is for so long begins anew. */
const CALM_MS = 5 * 60_000

/**
 * What somebody changed or deleted in a member is put right at once, and after growing pauses where he does it again each time: two who each want another thing would
 * write as fast as they can, for good.
 */
export class CorrectionPauses {
  readonly #clock: Clock
  readonly #last = new Map<string, { readonly at: number; readonly pauseMs: number }>()

  constructor(clock: Clock) { this.#clock = clock }

  /** 0: the copy may be put right, and that is counted. Else how many milliseconds to wait. */
  take(template: string): number {
    const now = this.#clock.now(), last = this.#last.get(template)
    if (last && now < last.at + last.pauseMs) return last.at + last.pauseMs - now
    this.#last.set(template, { at: now, pauseMs: last && now - last.at < CALM_MS ? Math.min(LONGEST_MS, last.pauseMs * 2) : FIRST_MS })
    return 0
  }

  /** To be called now and then. */
  forgetCalm(): void {
    const now = this.#clock.now()
    for (const [template, { at }] of this.#last) if (now - at >= CALM_MS) this.#last.delete(template)
  }
}
