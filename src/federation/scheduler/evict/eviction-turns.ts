import type { Clock } from '../../../lib/clock.ts'

interface Options {
  /** Templates that may leave a cluster in a second, because of the clusters' health or because somebody wants it; 0: none for now. */
  readonly rateOf: (byHealth: boolean) => number
  /** It is a template's turn: it is to ask again. */
  readonly onTurn: (template: string) => void
  readonly clock: Clock
}

/** Wake-ups for a template whose turn it is and that does not ask come this often; as often the rate is looked at. */
const LOOK_MS = 1000

/**
 * One template after the other leaves a cluster, in the order in which they asked. A wrong decision then takes a while to do its harm, and can be stopped.
 * What waits is forgotten by a restart, and asks again.
 */
export class EvictionTurns {
  readonly #options: Options
  /** By template, the first one first. */
  readonly #waiting = new Map<string, { readonly byHealth: boolean }>()
  #nextAt = -Infinity

  constructor(options: Options) { this.#options = options }

  /** How many templates wait for their turn. */
  get waiting(): number { return this.#waiting.size }

  /** True: the template may leave one cluster now. False: it is told when it is its turn. */
  take(template: string, byHealth: boolean): boolean {
    const { clock, rateOf } = this.#options, now = clock.now(), rate = rateOf(byHealth), first = this.#first()
    if (rate > 0 && now >= this.#nextAt && (first === undefined || first === template)) {
      this.#waiting.delete(template)
      this.#nextAt = now + 1000 / rate
      return true
    }
    if (!this.#waiting.has(template)) this.#waiting.set(template, { byHealth })
    return false
  }

  /** The template has nothing to leave any more. */
  forget(template: string): void { this.#waiting.delete(template) }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, onTurn } = this.#options
    while (!signal.aborted) {
      const now = clock.now(), first = this.#first()
      if (first !== undefined && now >= this.#nextAt) onTurn(first)
      await clock.sleep(first !== undefined && this.#nextAt > now ? Math.min(LOOK_MS, this.#nextAt - now) : LOOK_MS, signal)
    }
  }

  /** Those who wait for the clusters' health hold up nobody else. */
  #first(): string | undefined {
    const { rateOf } = this.#options
    for (const [template, { byHealth }] of this.#waiting) if (rateOf(byHealth) > 0) return template
    return undefined
  }
}
