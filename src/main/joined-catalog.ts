import { compareVersions } from '../machinery/meta/version-order.ts'
import type { ApiGroup, Catalog } from '../machinery/server/catalog.ts'

/** Several catalogs as one; the same array while all parts stay the same. A group that several have (policy.federation is ours, and the mirror of policy) has the versions of all. */
export class JoinedCatalog implements Catalog {
  readonly #parts: readonly Catalog[]
  #of: readonly (readonly ApiGroup[])[] = []
  #groups: readonly ApiGroup[] = []

  constructor(parts: readonly Catalog[]) { this.#parts = parts }

  groups(): readonly ApiGroup[] {
    const parts = this.#parts.map((part) => part.groups())
    if (parts.length !== this.#of.length || parts.some((part, i) => part !== this.#of[i])) {
      this.#of = parts
      this.#groups = joined(parts.flat())
    }
    return this.#groups
  }
}

function joined(groups: readonly ApiGroup[]): readonly ApiGroup[] {
  const byName = new Map<string, ApiGroup>()
  for (const group of groups) {
    const known = byName.get(group.name)
    byName.set(group.name, known ? { ...known, versions: [...known.versions, ...group.versions].toSorted((a, b) => compareVersions(a.version, b.version)) } : group)
  }
  return [...byName.values()]
}
