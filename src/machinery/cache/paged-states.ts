import type { Position } from '../meta/core.ts'
import type { Runs } from './sorted-entries.ts'

/**
 * States in which lists are being paged. History leads back to them, too, but is no longer than watches are worth; whoever pages slowly while much changes would have to begin anew.
 * A state shares with the present one all entries that are still there, so that all states together cost no more than what has left the present state since the oldest of them.
 */
export class PagedStates {
  /** The oldest first. `left`: bytes that had ever left the present state then. */
  readonly #states = new Map<Position, { readonly runs: Runs; readonly left: number; readonly until: number }>()
  #left = 0

  /** An entry was replaced, or removed. */
  leave(bytes: number): void { if (this.#states.size > 0) this.#left += bytes }

  /** The present state, whose first page was told. `now`: milliseconds. */
  keep(position: Position, runs: Runs, now: number): void {
    if (!this.#states.has(position)) this.#states.set(position, { runs, left: this.#left, until: now + KEPT_MS })
  }

  find(position: Position): Runs | undefined { return this.#states.get(position)?.runs }

  /** Lets go of what is too old, or more than fits. */
  trim(now: number, bytesMax: number): void {
    for (const [position, { left, until }] of this.#states) {
      if (until > now && this.#left - left <= bytesMax && this.#states.size <= STATES_MAX) return
      this.#states.delete(position)
    }
  }

  clear(): void { this.#states.clear() }
}

/** As long as a kube-apiserver keeps history. Each state costs a few bytes per object besides what it alone holds. */
const KEPT_MS = 5 * 60_000, STATES_MAX = 32
