import type { Entry, KubeObject } from '../meta/core.ts'

/**
 * Objects parsed from entries, the latest of them kept: several readers who look at the same entry in turn share one object, which none of them may change.
 * Entries are immutable, so what was parsed of one stays right.
 */
export class ParsedEntries {
  readonly #max: number
  /** In the order in which they were first asked for. */
  readonly #parsed = new Map<Entry, KubeObject>()

  constructor(max: number) { this.#max = max }

  of(entry: Entry): KubeObject {
    const known = this.#parsed.get(entry)
    if (known) return known
    const object = entry.parse()
    if (this.#parsed.size >= this.#max) for (const oldest of this.#parsed.keys()) { this.#parsed.delete(oldest); break }
    this.#parsed.set(entry, object)
    return object
  }
}
