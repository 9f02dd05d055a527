/** Positions of single writes: what a client that wrote to one source of a fleet may resume from, and what it had seen of it before. */
import type { Position } from '../machinery/meta/core.ts'
import { slotOf, type Epochs } from './epochs.ts'
import { decodePosition, encodeSequence, encodeVector, MAX_VECTOR_SLOTS } from './position-codec.ts'

interface Written { readonly source: string; readonly version: number }
type Ledger = Pick<Epochs, 'current' | 'known' | 'replica' | 'reached'>

/** `known`: how far each source has been followed, per slot; of the others nothing is said, and whoever resumes there is told their state. */
export function positionAfter(epochs: Ledger, { source, version }: Written, known: readonly number[]): Position {
  epochs.reached(source, version)
  const epoch = epochs.current, slot = slotOf(epoch, source), versions = [...known]
  if (epoch.bases.length > MAX_VECTOR_SLOTS) return encodeSequence(epoch, epochs.replica, 0)
  if (slot >= 0) versions[slot] = Math.max(versions[slot] ?? 0, version)
  return encodeVector(epoch, Array.from({ length: epoch.bases.length }, (_, i) => versions[i] ?? 0))
}

/** Whether whoever read at `position` has seen that version; undefined: the position does not tell. */
export function hasSeen(epochs: Ledger, { source, version }: Written, position: Position): boolean | undefined {
  const decoded = decodePosition(position, epochs.known)
  if (decoded?.form !== 'vector') return undefined
  const slot = slotOf(epochs.current, source)
  return (decoded.components[slot] ?? 0) >= version || (decoded.vague.includes(slot) || decoded.outdated.includes(slot) ? undefined : false)
}

/** How far each source had been followed, per slot; nothing where the position does not tell. */
export function versionsAt({ known }: Ledger, position: Position): readonly number[] {
  const decoded = decodePosition(position, known)
  return decoded?.form === 'vector' ? decoded.components : []
}
