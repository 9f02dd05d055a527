import type { Clock } from '../lib/clock.ts'

interface Sleeper { readonly at: number; readonly order: number; readonly wake: () => void }

/** Time that passes only when told to. */
export class SimulatedClock implements Clock {
  #now: number
  #order = 0
  readonly #sleepers = new Set<Sleeper>()

  constructor(start: number = Date.UTC(2030, 0, 1)) { this.#now = start }

  now(): number { return this.#now }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const wake = () => { this.#sleepers.delete(sleeper); signal?.removeEventListener('abort', wake); resolve() }
      const sleeper: Sleeper = { at: this.#now + ms, order: this.#order++, wake }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', wake, { once: true })
    })
  }

  /** Lets `ms` pass: sleepers wake in order of their time, and whatever they set off comes to rest before the next one wakes. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      await atRest()
      const next = [...this.#sleepers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0]
      if (!next) break
      this.#now = Math.max(this.#now, next.at)
      next.wake()
    }
    this.#now = end
    await atRest()
  }
}

/** A few turns of the event loop: everything that waits for promises only has run. */
async function atRest(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => { setImmediate(resolve) })
}
