/** Exponential delays: `initialMs` doubled up to `maxMs`, each with up to `jitter` of itself added. `reset` after a success. */
export class Backoff {
  #next: number
  readonly #options: { readonly initialMs: number; readonly maxMs: number; readonly jitter: number; readonly random: () => number }

  constructor(options: { initialMs: number; maxMs: number; jitter?: number; random?: () => number }) {
    this.#options = { jitter: 0.2, random: Math.random, ...options }
    this.#next = options.initialMs
  }

  nextMs(): number {
    const { maxMs, jitter, random } = this.#options, delay = this.#next
    this.#next = Math.min(maxMs, delay * 2)
    return Math.round(delay * (1 + jitter * random()))
  }

  reset(): void { this.#next = this.#options.initialMs }
}
