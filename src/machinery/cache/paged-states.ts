import type { Position } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'
import type { Runs } from './sorted-entries.ts'

/**
 * States in which lists are being paged. History leads back to them, too, but is no longer than watches are worth; whoever pages slowly while much changes would have to begin anew.
 * A state shares with the present one all entries that are still there, so that all states together cost no more than what has left the present state since the oldest of them.
 */
export class PagedStates {
  /** The oldest first. `left`: bytes that had ever left the present state then. */
  readonly #states = new Map<Position, { readonly runs: Runs; readonly left: number; readonly until: number }>()
  /** Whose time is over, the latest of them. */
  readonly #over = new Set<Position>()
  #left = 0

  /** An entry was replaced, or removed. */
  leave(bytes: number): void { if (this.#states.size > 0) this.#left += bytes }

  /** The present state, whose first page was told. `now`: milliseconds. */
  keep(position: Position, runs: Runs, now: number): void {
    this.#states.delete(position)
    this.#over.delete(position)
    this.#states.set(position, { runs, left: this.#left, until: now + KEPT_MS })
  }

  /** Undefined: nobody pages it, or there was no room for it. Throws StatusError Expired where its time is over, though history may lead there: tokens do not last for ever. */
  find(position: Position, now: number): Runs | undefined {
    const state = this.#states.get(position)
    if (this.#over.has(position) || (state && state.until <= now)) throw StatusError.expired('The resourceVersion for the provided list is too old.')
    return state?.runs
  }

  /** Lets go of what is too old, or more than fits. */
  trim(now: number, bytesMax: number): void {
    for (const [position, { left, until }] of this.#states) {
      const isOver = until <= now
      if (!isOver && this.#left - left <= bytesMax && this.#states.size <= STATES_MAX) return
      this.#states.delete(position)
      if (isOver) this.#over.add(position)
      if (this.#over.size > OVER_MAX) for (const oldest of this.#over) { this.#over.delete(oldest); break }
    }
  }

  clear(): void {
    this.#states.clear()
    this.#over.clear()
  }
}

/** As long as a kube-apiserver keeps history. Each state costs a few bytes per object besides what it alone holds. */
const KEPT_MS = 5 * 60_000, STATES_MAX = 32, OVER_MAX = 1_000
