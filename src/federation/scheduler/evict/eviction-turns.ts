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
  /** Templates with the number of their turn, the first one first: those that wait for the clusters' health hold up nobody else. */
  readonly #byHealth = new Map<string, number>()
  readonly #byWish = new Map<string, number>()
  #asked = 0
  #nextAt = -Infinity

  constructor(options: Options) { this.#options = options }

  /** How many templates wait for their turn. */
  get waiting(): number { return new Set([...this.#byHealth.keys(), ...this.#byWish.keys()]).size }

  /** True: the template may leave one cluster now. False: it is told when it is its turn. */
  take(template: string, byHealth: boolean): boolean {
    const { clock, rateOf } = this.#options, now = clock.now(), rate = rateOf(byHealth), first = this.#first()
    if (rate > 0 && now >= this.#nextAt && (first === undefined || first === template)) {
      this.forget(template)
      this.#nextAt = now + 1000 / rate
      return true
    }
    const waiting = byHealth ? this.#byHealth : this.#byWish
    if (!waiting.has(template)) waiting.set(template, this.#asked++)
    return false
  }

  /** The template has nothing to leave any more. */
  forget(template: string): void {
    this.#byHealth.delete(template)
    this.#byWish.delete(template)
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, onTurn } = this.#options
    while (!signal.aborted) {
      const now = clock.now(), first = this.#first()
      if (first !== undefined && now >= this.#nextAt) onTurn(first)
      await clock.sleep(first !== undefined && this.#nextAt > now ? Math.min(LOOK_MS, this.#nextAt - now) : LOOK_MS, signal)
    }
  }

  /** The one that asked first, of those that may go at all. */
  #first(): string | undefined {
    const [sick] = this.#mayGo(true), [unwanted] = this.#mayGo(false)
    return (sick && unwanted ? (sick[1] < unwanted[1] ? sick : unwanted) : sick ?? unwanted)?.[0]
  }

  /** A rate takes a look at the whole fleet. */
  #mayGo(byHealth: boolean): ReadonlyMap<string, number> {
    const waiting = byHealth ? this.#byHealth : this.#byWish
    return waiting.size > 0 && this.#options.rateOf(byHealth) > 0 ? waiting : NOBODY
  }
}

const NOBODY: ReadonlyMap<string, number> = new Map()
