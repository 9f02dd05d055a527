import type { Batch, Change, Position } from '../meta/core.ts'
import { comparePositions } from '../meta/position.ts'

/**
 * One batch and the position behind it. A reader stands on a moment, having seen its batch, and goes on by `next`.
 * Worked example: moments at 10, 13, 20, whose batches hold changes at [11, 12, 13] and [15, 15, bookmark 20], and `before` 10 and 15. Whoever asks for 10 gets both batches, for 12 the change at 13 and
 * then the last batch, for 14 or 15 the last batch. 16 to 19 is nowhere: the changes at 15 arrived together (a relist, a join) and stand for everything up to 20, in no order.
 */
export interface Moment {
  readonly batch: Batch
  readonly position: Position
  /** Where the state stood when the batch came; at least the position of the moment before. */
  readonly before: Position
  /** The batch cannot be entered in the middle. */
  readonly isWhole: boolean
  readonly bytes: number
  /** Positions told to readers while this was the last moment. */
  readonly told: Set<Position>
  next: Moment | undefined
  /** Set once the moment left the history: its reader must begin anew. `reset`: positions went back, nothing of the past counts. */
  lost: 'old' | 'reset' | undefined
}

export type ObjectChange = Exclude<Change, { readonly type: 'BOOKMARK' }>

/** Where to go on: behind `moment`, leaving out what is not beyond `after`. `isOwn`: the position was ours at some time, and not only within a batch that a bookmark closes: that is one state, whose order is made up. */
export interface Place { readonly moment: Moment; readonly after: Position | undefined; readonly isOwn: boolean }

/** The latest batches, shared by all readers. Bounded by changes and by bytes; the oldest go first. The first moment is only a place to stand. */
export class History {
  readonly #changesMax: number
  readonly #bytesMax: () => number
  #moments: Moment[]
  #first = 0
  #changes = 0
  #bytes = 0

  constructor({ changesMax, bytesMax }: { changesMax: number; bytesMax: () => number }) {
    this.#changesMax = changesMax
    this.#bytesMax = bytesMax
    this.#moments = [moment([], '0', '0')]
  }

  get last(): Moment { return this.#moments.at(-1)! }
  get oldest(): Position { return this.#moments[this.#first]!.position }

  /** Forgets everything; readers are lost. */
  reset(position: Position): void {
    for (const old of this.#moments) leave(old, 'reset')
    this.#moments = [moment([], position, position)]
    this.#first = this.#changes = this.#bytes = 0
  }

  push(batch: Batch, position: Position, before: Position): void {
    const next = moment(batch, position, before)
    this.last.next = next
    this.#moments.push(next)
    this.#count(next)
    this.#trim()
  }

  /** Begins at `position` instead, `changes` leading from there to where it begins now, each with what was there before. Nothing where some of what came since was dropped: there is no room for more. */
  prepend(position: Position, changes: readonly ObjectChange[]): void {
    const first = this.#moments[this.#first]!
    if (first.batch.length > 0) return
    const earlier = [moment([], position, position)]
    for (const change of changes) {
      const before = earlier.at(-1)!, next = moment([change], change.position, before.position)
      before.next = next
      earlier.push(next)
      this.#count(next)
    }
    earlier.at(-1)!.next = first
    this.#moments = [...earlier, ...this.#moments.slice(this.#first)]
    this.#first = 0
    this.#trim()
  }

  /** Adds a bookmark; one bookmark behind another takes its place, so that a quiet time fills no history. */
  announce(position: Position): void {
    const { last } = this, next = moment([{ type: 'BOOKMARK', position }], position, position), isBookmark = last.batch.length === 1 && last.batch[0]!.type === 'BOOKMARK'
    last.next = next
    if (isBookmark && this.#moments.length - this.#first > 1) {
      for (const told of last.told) next.told.add(told)
      this.tell(last.position, next)
      this.#moments[this.#moments.length - 2]!.next = next
      this.#moments[this.#moments.length - 1] = next
    } else {
      this.#moments.push(next)
      this.#changes++
    }
  }

  /** Remembers that a position was told to a reader. */
  tell(position: Position, at = this.last): void {
    if (position === at.position || at.told.has(position)) return
    at.told.add(position)
    if (at.told.size > TOLD_MAX) for (const old of at.told) { at.told.delete(old); break }
  }

  /** Undefined: older than the history, or within a batch that has no middle. A position in the future is a place too. */
  find(position: Position): Place | undefined {
    const at = this.#firstNotBefore(position), found = this.#moments[at]
    if (found?.position === position) return at === this.#first && found.isWhole && found.before === position ? undefined : { moment: found, after: undefined, isOwn: true }
    if (at === this.#first) return undefined
    const stand = this.#moments[at - 1]!
    if (!found) return { moment: stand, after: position, isOwn: stand.told.has(position) }
    // A bookmark that took another's place has what was told there.
    if (comparePositions(position, found.before) <= 0) return { moment: stand, after: undefined, isOwn: stand.told.has(position) || position === found.before || found.told.has(position) }
    return found.isWhole ? undefined : { moment: stand, after: position, isOwn: found.batch.at(-1)!.type !== 'BOOKMARK' && found.batch.some((change) => change.position === position) }
  }

  /** All changes behind a place, the latest first. */
  *undo({ moment, after }: Place): Generator<ObjectChange> {
    const from = this.#moments.indexOf(moment, this.#first)
    for (let at = this.#moments.length - 1; at > from; at--) {
      const { batch } = this.#moments[at]!
      for (let i = batch.length - 1; i >= 0; i--) {
        const change = batch[i]!
        if (change.type !== 'BOOKMARK' && (after === undefined || at > from + 1 || comparePositions(change.position, after) > 0)) yield change
      }
    }
  }

  #count({ batch, bytes }: Moment): void {
    this.#changes += batch.length
    this.#bytes += bytes
  }

  #trim(): void {
    while ((this.#changes > this.#changesMax || this.#bytes > this.#bytesMax()) && this.#moments.length - this.#first > 2) this.#drop()
  }

  #drop(): void {
    leave(this.#moments[this.#first]!, 'old')
    // The place is given up later, with many others; what stood there is not kept until then.
    this.#moments[this.#first++] = NOWHERE
    const first = this.#moments[this.#first]!
    this.#changes -= first.batch.length
    this.#bytes -= first.bytes
    if (this.#first > 1024 && this.#first * 2 > this.#moments.length) {
      this.#moments = this.#moments.slice(this.#first)
      this.#first = 0
    }
  }

  #firstNotBefore(position: Position): number {
    let low = this.#first, high = this.#moments.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (comparePositions(this.#moments[middle]!.position, position) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

const TOLD_MAX = 1000

function moment(batch: Batch, position: Position, before: Position): Moment {
  let bytes = 0, isWhole = false
  for (const change of batch) {
    if (change.type === 'BOOKMARK') continue
    bytes += change.entry.size
    isWhole ||= comparePositions(change.position, before) <= 0
  }
  return { batch, position, before, isWhole, bytes, told: new Set(), next: undefined, lost: undefined }
}

const NOWHERE = moment([], '0', '0')

/** Cut off, so that a stuck reader keeps one moment and not all that followed. */
function leave(old: Moment, lost: 'old' | 'reset'): void {
  old.lost = lost
  old.next = undefined
}
