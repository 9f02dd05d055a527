import type { Entry } from '../meta/core.ts'

interface Keyed { readonly key: string }

/** Entries by key in runs of at most 512; no run is empty but the only one. Never written to once handed out. */
export type Runs<T extends Keyed = Entry> = readonly (readonly T[])[]

/** A map sorted by key. Runs are copied when first written after a snapshot, so that a snapshot is O(1) and an update O(run + runs). */
export class SortedEntries<T extends Keyed = Entry> {
  #runs: T[][] = [[]]
  #owned = new Set<T[]>(this.#runs)
  #isShared = false
  #size = 0

  get size(): number { return this.#size }

  /** The present state; later changes do not show in it. */
  snapshot(): Runs<T> {
    this.#owned.clear()
    this.#isShared = true
    return this.#runs
  }

  /** A map of its own with the present entries, O(1). */
  fork(): SortedEntries<T> {
    const other = new SortedEntries<T>()
    other.#runs = this.snapshot() as T[][]
    other.#owned = new Set()
    other.#isShared = true
    other.#size = this.#size
    return other
  }

  get(key: string): T | undefined { return lookUp(this.#runs, key) }

  /** Puts (`entry` undefined: removes) and answers what was there. */
  set(key: string, entry: T | undefined): T | undefined {
    const at = runOf(this.#runs, key), index = indexIn(this.#runs[at]!, key), found = this.#runs[at]![index]
    const previous = found?.key === key ? found : undefined
    if (!previous && !entry) return undefined
    const run = this.#writable(at)
    if (!entry) {
      run.splice(index, 1)
      this.#size--
      if (run.length === 0 && this.#runs.length > 1) this.#runs.splice(at, 1)
    } else if (previous) run[index] = entry
    else {
      this.#size++
      run.splice(index, 0, entry)
      if (run.length > RUN_MAX) this.#split(at, run)
    }
    return previous
  }

  #writable(at: number): T[] {
    if (this.#isShared) {
      this.#runs = this.#runs.slice()
      this.#isShared = false
    }
    let run = this.#runs[at]!
    if (!this.#owned.has(run)) {
      run = run.slice()
      this.#runs[at] = run
      this.#owned.add(run)
    }
    return run
  }

  #split(at: number, run: T[]): void {
    // Lists arrive in order: the last run is left nearly full.
    const tail = run.splice(at === this.#runs.length - 1 ? RUN_MAX - 12 : RUN_MAX / 2)
    this.#runs.splice(at + 1, 0, tail)
    this.#owned.add(tail)
  }
}

export function lookUp<T extends Keyed>(runs: Runs<T>, key: string): T | undefined {
  const run = runs[runOf(runs, key)]!, found = run[indexIn(run, key)]
  return found?.key === key ? found : undefined
}

/** Entries with from ≤ key < to, in order; `to` undefined: to the end. */
export function* between<T extends Keyed>(runs: Runs<T>, from: string, to?: string): Generator<T> {
  for (let at = runOf(runs, from); at < runs.length; at++) {
    const run = runs[at]!
    for (let i = indexIn(run, from); i < run.length; i++) {
      const entry = run[i]!
      if (to !== undefined && entry.key >= to) return
      yield entry
    }
  }
}

/** How many entries `between` yields, in O(runs). */
export function countBetween(runs: Runs<Keyed>, from: string, to?: string): number {
  return (to === undefined ? rank(runs, undefined) : rank(runs, to)) - rank(runs, from)
}

function rank(runs: Runs<Keyed>, key: string | undefined): number {
  const last = key === undefined ? runs.length : runOf(runs, key)
  let count = key === undefined ? 0 : indexIn(runs[last]!, key)
  for (let at = 0; at < last; at++) count += runs[at]!.length
  return count
}

const RUN_MAX = 512

/** The run in which a key lies or would lie. */
function runOf(runs: Runs<Keyed>, key: string): number {
  let low = 0, high = runs.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (runs[middle]![0]!.key <= key) low = middle
    else high = middle - 1
  }
  return low
}

/** The index of the first entry that is not before the key. */
function indexIn(run: readonly Keyed[], key: string): number {
  let low = 0, high = run.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (run[middle]!.key < key) low = middle + 1
    else high = middle
  }
  return low
}
