/**
 * One decimal number that holds a vector: the resourceVersion of everything merged.
 *
 *     3 · 00000000000042 · 000000000012 · 000000000000 · 000000000030
 *     epoch   sum            slot 0         slot 1         slot 2
 *
 * Clients compare it as a number (KEP-5504); only the vector can resume a watch on any replica without loss.
 * - A slot's component is what that source's own resourceVersion says, less a base kept with the epoch. Each component only grows
 *   within an epoch, so the sum grows with every change: causally later is numerically larger.
 * - The epoch grows whenever the sources or a source's identity change, and the number of slots never shrinks: larger again.
 * - Two positions with equal sums need not be equal: whoever resumes compares components, never numbers.
 * - Above `MAX_VECTOR_SLOTS` slots the vector would be larger than a Pod, in every event: then the suffix is replica · sequence, which
 *   only the replica that made it can resume. Such numbers are padded to the digits of the epoch before, so that they are still larger.
 */
import type { Position } from '../machinery/meta/core.ts'
import { isPosition, VERSION_DIGITS } from '../machinery/meta/position.ts'

const SUM_DIGITS = 14, COMPONENT_DIGITS = VERSION_DIGITS, REPLICA_DIGITS = 8, SEQUENCE_DIGITS = 16
const COMPONENT_END = 10 ** COMPONENT_DIGITS
/** Beyond this many slots positions name replica and sequence instead of components. */
export const MAX_VECTOR_SLOTS = 101

/** What every replica must know to read a position; kept in the store. `minimumDigits` is 0 until a fleet outgrows vectors. */
export interface Epoch {
  readonly number: number
  /** Per slot: what the source's resourceVersion is reduced by. */
  readonly bases: readonly number[]
  readonly minimumDigits: number
}

export type DecodedPosition =
  | { readonly form: 'vector'; readonly epoch: number; readonly components: readonly number[] }
  | { readonly form: 'sequence'; readonly epoch: number; readonly replica: number; readonly sequence: number }

/** `versions`: per slot the source's own resourceVersion, 0 where nothing was seen. Throws RangeError where a source left its range: the caller begins a new epoch with new bases. */
export function encodeVector(epoch: Epoch, versions: readonly number[]): Position {
  let sum = 0, text = ''
  for (const [slot, base] of epoch.bases.entries()) {
    const component = Math.max(0, (versions[slot] ?? 0) - base)
    if (component >= COMPONENT_END) throw new RangeError(`resourceVersion ${versions[slot]} of slot ${slot} is out of the range of epoch ${epoch.number}`)
    sum += component
    text += digits(component, COMPONENT_DIGITS)
  }
  return `${epoch.number}${digits(sum, SUM_DIGITS)}${text}`
}

export function encodeSequence(epoch: Epoch, replica: number, sequence: number): Position {
  const suffix = digits(replica, REPLICA_DIGITS) + digits(sequence, SEQUENCE_DIGITS)
  return String(epoch.number) + suffix.padStart(Math.max(suffix.length, epoch.minimumDigits - String(epoch.number).length), '0')
}

/** How many digits the positions of an epoch have at most: the next epoch's `minimumDigits` once it is out of vectors. */
export const digitsOf = ({ number, bases, minimumDigits }: Epoch): number => Math.max(minimumDigits, String(number).length + vectorDigits(bases.length))

/** Undefined: not a position of any of these epochs. `components` are the sources' own versions (base added back; 0 where nothing was seen). */
export function decodePosition(position: Position, epochs: ReadonlyMap<number, Epoch>): DecodedPosition | undefined {
  if (!isPosition(position)) return undefined
  for (const epoch of epochs.values()) {
    const prefix = String(epoch.number)
    if (!position.startsWith(prefix)) continue
    const rest = position.slice(prefix.length)
    if (epoch.bases.length <= MAX_VECTOR_SLOTS) {
      if (rest.length !== vectorDigits(epoch.bases.length)) continue
      const components = epoch.bases.map((base, slot) => addBase(Number(rest.slice(SUM_DIGITS + slot * COMPONENT_DIGITS, SUM_DIGITS + (slot + 1) * COMPONENT_DIGITS)), base))
      const sum = epoch.bases.reduce((total, base, slot) => total + Math.max(0, components[slot]! - base), 0)
      if (sum === Number(rest.slice(0, SUM_DIGITS))) return { form: 'vector', epoch: epoch.number, components }
    } else if (rest.length === Math.max(REPLICA_DIGITS + SEQUENCE_DIGITS, epoch.minimumDigits - prefix.length)) {
      return { form: 'sequence', epoch: epoch.number, replica: Number(rest.slice(-(REPLICA_DIGITS + SEQUENCE_DIGITS), -SEQUENCE_DIGITS)), sequence: Number(rest.slice(-SEQUENCE_DIGITS)) }
    }
  }
  return undefined
}

const digits = (value: number, width: number) => String(value).padStart(width, '0')
const vectorDigits = (slots: number) => SUM_DIGITS + slots * COMPONENT_DIGITS
const addBase = (component: number, base: number) => (component === 0 ? 0 : component + base)
