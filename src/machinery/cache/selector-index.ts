import type { Entry, Selector } from '../meta/core.ts'

/** Entries by the value of one label or field. `writes`: how many were taken in since it was last asked. */
interface Index { readonly valueOf: (entry: Entry) => string | undefined; readonly byValue: Map<string, Set<Entry>>; writes: number }

/**
 * Side indexes for the labels and fields that selectors ask for by equality: `app=web`, `tier in (a,b)`, `spec.nodeName=n1`. One is made when it is first asked for, kept in step with each write, and dropped when
 * writes have cost more than it saves. A selector is still asked about each entry that an index names.
 */
export class SelectorIndex {
  readonly #indexes = new Map<string, Index>()

  /** Entries among which all that the selector chooses are, sorted by key; undefined: look at all of them. `all` is read where an index is to be made. */
  candidates(selector: Selector, all: () => Iterable<Entry>, size: number): Entry[] | undefined {
    let best: { readonly sets: readonly ReadonlySet<Entry>[]; readonly count: number } | undefined
    for (const { key, values, valueOf } of selector.equals ?? []) {
      const index = this.#indexes.get(key) ?? this.#make(key, valueOf, all()), sets = [...new Set(values)].flatMap((value) => index.byValue.get(value) ?? []), count = sets.reduce((sum, set) => sum + set.size, 0)
      index.writes = 0
      if (!best || count < best.count) best = { sets, count }
    }
    // Sorting what is nearly all costs more than reading all in order.
    if (!best || best.count > size / 4) return undefined
    return best.sets.flatMap((set) => [...set]).sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  write(entry: Entry | undefined, previous: Entry | undefined, size: number): void {
    for (const [key, index] of this.#indexes) {
      if (++index.writes > size + IDLE_WRITES) { this.#indexes.delete(key); continue }
      if (previous) remove(index, previous)
      if (entry) add(index, entry)
    }
  }

  #make(key: string, valueOf: Index['valueOf'], all: Iterable<Entry>): Index {
    if (this.#indexes.size >= INDEXES_MAX) {
      const [idle] = [...this.#indexes].sort(([, a], [, b]) => b.writes - a.writes)
      this.#indexes.delete(idle![0])
    }
    const index: Index = { valueOf, byValue: new Map(), writes: 0 }
    for (const entry of all) add(index, entry)
    this.#indexes.set(key, index)
    return index
  }
}

const INDEXES_MAX = 8, IDLE_WRITES = 10_000

function add({ valueOf, byValue }: Index, entry: Entry): void {
  const value = valueOf(entry)
  if (value === undefined) return
  const set = byValue.get(value)
  if (set) set.add(entry)
  else byValue.set(value, new Set([entry]))
}

function remove({ valueOf, byValue }: Index, entry: Entry): void {
  const value = valueOf(entry), set = value === undefined ? undefined : byValue.get(value)
  set?.delete(entry)
  if (set?.size === 0) byValue.delete(value!)
}
