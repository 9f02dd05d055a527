import type { ApiGroup, Catalog } from '../machinery/server/catalog.ts'

/** Several catalogs as one; the same array while all parts stay the same. */
export class JoinedCatalog implements Catalog {
  readonly #parts: readonly Catalog[]
  #of: readonly (readonly ApiGroup[])[] = []
  #groups: readonly ApiGroup[] = []

  constructor(parts: readonly Catalog[]) { this.#parts = parts }

  groups(): readonly ApiGroup[] {
    const parts = this.#parts.map((part) => part.groups())
    if (parts.length !== this.#of.length || parts.some((part, i) => part !== this.#of[i])) {
      this.#of = parts
      this.#groups = parts.flat()
    }
    return this.#groups
  }
}
