import type { Entry, Position } from '../machinery/meta/core.ts'
import type { EpochState } from './epochs.ts'

/** That a row changed because of `version` of the source in `slot`, or because of the join or leave that began `epoch` (slot -1). */
interface LogLine { readonly row: string; readonly position: Position; readonly slot: number; readonly version: number; readonly epoch: number; readonly previous?: Entry }

const MAX_LINES = 15_000

/** What changed in a merged view and why, so that a watch can resume from a vector that this replica never made. */
export class MergeLog {
  #lines: LogLine[] = []
  #begin: { epoch: number; versions: number[] } | undefined
  /** By slot of those who left. */
  readonly #end = new Map<number, { readonly version: number; readonly epoch: number }>()
  /** Slots whose earlier lines, that of a join among them, are not here any more. */
  readonly #dropped = new Set<number>()

  /** How many bytes the rows that changed may take, as they were before. */
  readonly #bytesMax: () => number
  #bytes = 0

  constructor({ bytesMax }: { readonly bytesMax: () => number }) { this.#bytesMax = bytesMax }

  /** History begins here: nothing before can be resumed. */
  start(epoch: number, versions: readonly number[]): void {
    this.#begin = { epoch, versions: [...versions] }
    this.#lines = []
    this.#bytes = 0
    this.#dropped.clear()
  }

  push(line: LogLine): void {
    this.#lines.push(line)
    this.#bytes += line.previous?.size ?? 0
    if (this.#lines.length > MAX_LINES || this.#bytes > this.#bytesMax()) this.#trim()
  }

  /** To two thirds, so that it is not done for every line. */
  #trim(): void {
    const bytesMax = (this.#bytesMax() * 2) / 3
    let many = Math.max(0, this.#lines.length - (MAX_LINES * 2) / 3)
    for (let i = 0; i < this.#lines.length && (i < many || this.#bytes > bytesMax); i++) {
      this.#bytes -= this.#lines[i]!.previous?.size ?? 0
      many = Math.max(many, i + 1)
    }
    for (const { slot, version, epoch } of this.#lines.splice(0, many)) {
      if (slot >= 0) this.#begin!.versions[slot] = Math.max(this.#begin!.versions[slot] ?? 0, version)
      this.#begin!.epoch = Math.max(this.#begin!.epoch, epoch)
    }
  }

  /** A whole new state was taken of a source: what came and went before `version` is not known here. */
  forget(slot: number, version: number): void {
    if (this.#begin) this.#begin.versions[slot] = version
    this.#end.delete(slot)
  }

  /** What the source in a slot told is of another past: whoever held nothing of it then is told its state. */
  drop(slot: number): void {
    this.#lines = this.#lines.filter((line) => line.slot !== slot)
    this.#bytes = this.#lines.reduce((sum, { previous }) => sum + (previous?.size ?? 0), 0)
    this.#dropped.add(slot)
  }

  /** A source left, with `epoch`, when it was known up to `version`: another replica may have told of more. */
  leave(slot: number, version: number, epoch: number): void { this.#end.set(slot, { version, epoch }) }

  /** What changed after the vector `components` of `epoch`. Undefined where history does not reach back to its members. */
  since(epoch: number, components: readonly number[], { known, current }: { readonly known: ReadonlyMap<number, EpochState>; readonly current: EpochState }): Since | undefined {
    const begin = this.#begin, then = known.get(epoch)
    if (!begin || !then) return undefined
    if (epoch < begin.epoch && !sameMembers(then, known.get(begin.epoch))) return undefined
    // Of a source that was no member then, the reader holds nothing.
    const wasActive = (slot: number) => then.active.includes(then.slots[slot]?.source ?? '')
    const gaps = [...begin.versions.entries()].flatMap(([slot, until]) => (until > (components[slot] ?? 0) && (wasActive(slot) || this.#dropped.has(slot)) ? [{ slot, from: components[slot] ?? 0, until }] : []))
    for (const [slot, { version }] of this.#end) if ((components[slot] ?? 0) > version && wasActive(slot)) return undefined
    // What came and left in epochs that this replica passed over did not leave here: the reader's rows of it would stay.
    const hasLeft = (slot: number) => wasActive(slot) && !current.active.includes(then.slots[slot]!.source)
    if (components.some((component, slot) => component > 0 && hasLeft(slot) && (this.#end.get(slot)?.epoch ?? 0) <= epoch)) return undefined
    const rows = new Map<string, Missed>()
    for (const line of this.#lines) if (line.slot < 0 ? line.epoch > epoch : line.version > (components[line.slot] ?? 0)) {
      const first = rows.get(line.row), held = first ? first.held : line.previous
      rows.set(line.row, { ...line, ...(held && { held }) })
    }
    return { lines: [...rows.values()], gaps }
  }
}

/** The latest line of a row, and what was `held` of it before the first. */
interface Missed extends LogLine { readonly held?: Entry }
/** `lines`: the latest of every row. `gaps`: what sources told before history begins, and the reader has not seen; from 0: it holds nothing of the source. */
interface Since { readonly lines: readonly Missed[]; readonly gaps: readonly { readonly slot: number; readonly from: number; readonly until: number }[] }

const sameMembers = (a: EpochState, b: EpochState | undefined) => b !== undefined && a.active.length === b.active.length && a.active.every((id, i) => id === b.active[i])
