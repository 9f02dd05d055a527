import type { Entry, Position } from '../machinery/meta/core.ts'
import type { EpochState } from './epochs.ts'

/** That a row changed because of `version` of the source in `slot`, or because of the join or leave that began `epoch` (slot -1). */
interface LogLine { readonly row: string; readonly position: Position; readonly slot: number; readonly version: number; readonly epoch: number; readonly previous?: Entry }

const MAX_LINES = 10_000

/** What changed in a merged view and why, so that a watch can resume from a vector that this replica never made. */
export class MergeLog {
  #lines: LogLine[] = []
  #begin: { epoch: number; versions: number[] } | undefined
  /** By slot of those who left. */
  readonly #end = new Map<number, number>()

  get started(): boolean { return this.#begin !== undefined }

  /** History begins here: nothing before can be resumed. */
  start(epoch: number, versions: readonly number[]): void {
    this.#begin = { epoch, versions: [...versions] }
    this.#lines = []
  }

  push(line: LogLine): void {
    this.#lines.push(line)
    if (this.#lines.length <= MAX_LINES * 1.5) return
    for (const { slot, version, epoch } of this.#lines.splice(0, this.#lines.length - MAX_LINES)) {
      if (slot >= 0) this.#begin!.versions[slot] = Math.max(this.#begin!.versions[slot] ?? 0, version)
      this.#begin!.epoch = Math.max(this.#begin!.epoch, epoch)
    }
  }

  /** A whole new state was taken of a source: what came and went before `version` is not known here. */
  forget(slot: number, version: number): void {
    if (this.#begin) this.#begin.versions[slot] = version
    this.#end.delete(slot)
  }

  /** A source left when it was known up to `version`: another replica may have told of more. */
  leave(slot: number, version: number): void { this.#end.set(slot, version) }

  /** The latest line of every row that changed after the vector `components` of `epoch`; undefined where history does not reach back that far. */
  since(epoch: number, components: readonly number[], known: ReadonlyMap<number, EpochState>): readonly LogLine[] | undefined {
    const begin = this.#begin, then = known.get(epoch)
    if (!begin || !then) return undefined
    if (epoch < begin.epoch && !sameMembers(then, known.get(begin.epoch))) return undefined
    // Of a source that was no member then, the reader holds nothing.
    const wasActive = (slot: number) => then.active.includes(then.slots[slot]?.source ?? '')
    if (begin.versions.some((version, slot) => version > (components[slot] ?? 0) && wasActive(slot))) return undefined
    for (const [slot, version] of this.#end) if ((components[slot] ?? 0) > version && wasActive(slot)) return undefined
    const rows = new Map<string, LogLine>()
    for (const line of this.#lines) if (line.slot < 0 ? line.epoch > epoch : line.version > (components[line.slot] ?? 0)) rows.set(line.row, line)
    return [...rows.values()]
  }
}

const sameMembers = (a: EpochState, b: EpochState | undefined) => b !== undefined && a.active.length === b.active.length && a.active.every((id, i) => id === b.active[i])
