/**
 * What a reader has missed who resumes from a vector that this replica never told it:
 *
 *   1. what sources told before the view began, as their own histories have it: one by one
 *   2. the state of sources of which the reader holds nothing (the version that a write answered says nothing of members)
 *   3. what changed since the view began: the state of each row
 *
 * A stream that is cut goes on where it was: the vectors grow from each change to the next. Components of 2. stay zero until the bookmark that closes all, so it is told again.
 */
import type { ObjectChange } from '../machinery/cache/history.ts'
import type { Batch, Entry, Position } from '../machinery/meta/core.ts'
import { comparePositions } from '../machinery/meta/position.ts'
import { decodePosition, encodeVector, type Epoch } from './position-codec.ts'

interface Copy { readonly cluster: string; readonly entry: Entry }

interface MissedChangesOptions {
  /** As the view combines copies. */
  readonly combine: { rowKey(memberKey: string, cluster: string): string; merge(row: string, copies: readonly Copy[], position: Position): Entry }
  /** The row, and its copies, as they are now. */
  readonly get: (row: string) => Entry | undefined
  readonly copies: (row: string) => readonly Copy[]
  /** Up to where each source's changes are in the rows. */
  readonly versions: readonly number[]
  /** Per slot: what the reader has seen. */
  readonly from: readonly number[]
  readonly epoch: Epoch
  readonly known: ReadonlyMap<number, Epoch>
}

/** `held`: the row before the first change that the reader missed; `previous`: before the last. */
interface MissedLine { readonly row: string; readonly position: Position; readonly held?: Entry; readonly previous?: Entry }

export class MissedChanges {
  readonly #options: MissedChangesOptions
  /** Slots of which nothing was seen, and their clusters. */
  readonly #unseen = new Map<number, string>()
  readonly #state = new Set<string>()
  readonly #history: ObjectChange[] = []
  /** Rows that the history has told of, as last told. */
  readonly #told = new Map<string, Entry | undefined>()
  /** How far the reader is after what was added. */
  readonly #seen: number[]

  constructor(options: MissedChangesOptions) {
    this.#options = options
    // A source that left is silent in this epoch.
    this.#seen = options.from.map((version, slot) => Math.min(version, options.versions[slot] ?? 0))
  }

  /** All that a source has. */
  addState(slot: number, cluster: string, entries: readonly Entry[]): void {
    this.#unseen.set(slot, cluster)
    for (const { key } of entries) this.#state.add(this.#options.combine.rowKey(key, cluster))
  }

  /** What a source told up to the version `until`, in order. */
  addHistory(slot: number, cluster: string, changes: readonly ObjectChange[], until: number): void {
    const { combine, copies, get } = this.#options, latest = new Map(changes.map((change) => [change.entry.key, change]))
    for (const change of changes) {
      const { type, entry, previous: copyBefore } = change, row = combine.rowKey(entry.key, cluster), others = copies(row).filter((copy) => copy.cluster !== cluster)
      this.#seen[slot] = Math.max(this.#seen[slot] ?? 0, Math.min(Number(change.position), until))
      const position = this.#encode(this.#seen), merged = (copy: Entry | undefined) => { const all = [...others, ...(copy ? [{ cluster, entry: copy }] : [])]; return all.length > 0 ? combine.merge(row, inOrder(all), position) : undefined }
      const before = this.#told.has(row) ? this.#told.get(row) : merged(copyBefore), now = latest.get(entry.key) === change ? get(row) : merged(type === 'DELETED' ? undefined : entry)
      this.#told.set(row, now)
      if (now) this.#history.push({ type: before ? 'MODIFIED' : 'ADDED', entry: now, position, ...(before && { previous: before }) })
      else this.#history.push({ type: 'DELETED', entry: merged(entry)!, position, ...(before && { previous: before }) })
    }
    this.#seen[slot] = Math.max(this.#seen[slot] ?? 0, until)
  }

  /** `lines`: why rows changed since the view began, the latest of each. */
  changes(lines: readonly MissedLine[]): Batch {
    const { get } = this.#options, later = new Set(lines.map(({ row }) => row)), here = this.#encode(this.#seen)
    const state = [...this.#state].filter((row) => !this.#told.has(row) && !later.has(row)).flatMap((row) => this.#stateOf(row, here) ?? [])
    const changed = lines.flatMap(({ row, position, held, previous }): ObjectChange[] => {
      const entry = get(row), before = held && { previous: held }
      return entry ? [{ type: 'MODIFIED', entry, position: this.#raised(entry.position), ...before }] : previous ? [{ type: 'DELETED', entry: previous, position: this.#raised(position), ...before }] : []
    })
    return [...this.#history, ...state, ...changed.toSorted((a, b) => comparePositions(a.position, b.position))]
  }

  /** What the reader holds of it comes from other sources, if from any. */
  #stateOf(row: string, position: Position): ObjectChange | undefined {
    const { get, copies } = this.#options, unseen = new Set(this.#unseen.values()), entry = get(row), isHeld = copies(row).some(({ cluster }) => !unseen.has(cluster))
    return entry && (isHeld ? { type: 'MODIFIED', entry, previous: entry, position } : { type: 'ADDED', entry, position })
  }

  /** The place of a position of this view in the reader's stream, once it was told everything. */
  at(position: Position): Position { return encodeVector(this.#options.epoch, this.#raisedVector(position)) }

  #raised(position: Position): Position { return this.#encode(this.#raisedVector(position)) }

  #raisedVector(position: Position): number[] {
    const { epoch, known, versions } = this.#options, decoded = decodePosition(position, known), components = decoded?.form === 'vector' ? decoded.components : []
    // Never beyond what the rows hold: a source that left is silent, and one that came back begins anew.
    return epoch.bases.map((_, slot) => Math.min(versions[slot] ?? 0, Math.max(components[slot] ?? 0, this.#seen[slot] ?? 0)))
  }

  #encode(vector: readonly number[]): Position { return encodeVector(this.#options.epoch, this.#options.epoch.bases.map((_, slot) => (this.#unseen.has(slot) ? 0 : (vector[slot] ?? 0)))) }
}

const inOrder = (copies: readonly Copy[]): readonly Copy[] => copies.toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1))
