/** Random numbers that a printed seed repeats (mulberry32). `SEED=… vitest` runs a failure again. */
export class Seeded {
  readonly seed: number
  #state: number

  constructor(seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))) {
    this.seed = seed
    this.#state = seed
  }

  /** 0 ≤ x < 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number, 0 ≤ x < `below`. */
  int(below: number): number { return Math.floor(this.next() * below) }
  pick<T>(of: readonly T[]): T { return of[this.int(of.length)]! }
  chance(probability: number): boolean { return this.next() < probability }
}
