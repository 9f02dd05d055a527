import type { Entry, KubeObject } from '../machinery/meta/core.ts'

/**
 * Copies that were parsed lately. A row is made from all its copies whenever one of them changes, and what changes now is likely to change again soon: a rollout writes each Deployment many times, in many clusters.
 * Bounded, so that what rests costs nothing. What is handed out is shared: whoever merges must not change it.
 */
export class ParsedCopies {
  readonly #bytesMax: number
  /** The one asked for longest ago first. */
  readonly #parsed = new Map<Entry, KubeObject>()
  #bytes = 0

  /** `bytesMax`: of the JSON; objects take about twice as much. */
  constructor(bytesMax = 2 << 20) { this.#bytesMax = bytesMax }

  of(entry: Entry): KubeObject {
    const known = this.#parsed.get(entry)
    if (known) {
      this.#parsed.delete(entry)
      this.#parsed.set(entry, known)
      return known
    }
    const object = entry.parse()
    this.#parsed.set(entry, object)
    this.#bytes += entry.size
    for (const [oldest] of this.#parsed) {
      if (this.#bytes <= this.#bytesMax) break
      this.#parsed.delete(oldest)
      this.#bytes -= oldest.size
    }
    return object
  }
}
