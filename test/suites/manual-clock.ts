import type { Clock } from '../../src/lib/clock.ts'

/** Time that moves only when told to. */
export class ManualClock implements Clock {
  #now: number
  readonly #sleepers = new Set<{ at: number; wake: () => void }>()

  constructor(now = Date.UTC(2026, 0, 1)) { this.#now = now }

  now(): number { return this.#now }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) { resolve(); return }
      const sleeper = { at: this.#now + ms, wake: () => { this.#sleepers.delete(sleeper); signal?.removeEventListener('abort', sleeper.wake); resolve() } }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', sleeper.wake)
    })
  }

  get sleeping(): number { return this.#sleepers.size }

  /** Lets time pass, waking sleepers in order, and lets them run. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    for (;;) {
      await settle()
      const [next] = [...this.#sleepers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)
      if (!next) break
      this.#now = Math.max(this.#now, next.at)
      next.wake()
    }
    this.#now = until
    await settle()
  }
}

/** Lets everything run that only waits for promises. */
export const settle = () => new Promise<void>((resolve) => { setImmediate(resolve) })
