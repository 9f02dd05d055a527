/**
 * Answers remembered for a while, asked for once however many wait, forgotten oldest first above `max`.
 * Failures are not remembered.
 */
export class ExpiringCache<V> {
  readonly #entries = new Map<string, { readonly value: V; readonly until: number }>()
  readonly #flights = new Map<string, Promise<V>>()
  readonly #options: { readonly max: number; readonly now: () => number; readonly ttlMs: (value: V) => number }

  constructor(options: { max: number; now: () => number; ttlMs: (value: V) => number }) { this.#options = options }

  async get(key: string, load: () => Promise<V>): Promise<V> {
    const known = this.#entries.get(key)
    if (known && known.until > this.#options.now()) return known.value
    let flight = this.#flights.get(key)
    if (!flight) {
      flight = load().then((value) => { this.#keep(key, value); return value }).finally(() => this.#flights.delete(key))
      this.#flights.set(key, flight)
    }
    return flight
  }

  #keep(key: string, value: V): void {
    const { max, now, ttlMs } = this.#options
    this.#entries.delete(key)
    this.#entries.set(key, { value, until: now() + ttlMs(value) })
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= max) break
      this.#entries.delete(oldest)
    }
  }
}
