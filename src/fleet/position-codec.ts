/**
 * One decimal number that holds a vector: the resourceVersion of everything merged.
 *
 *     narrow   4 · 000012 · 000000 · 000030 · 000007 · 000001
 *            epoch  slot 0   slot 1   slot 2   slot 3   slot 4
 *
 *     wide     6 · 00000000000042 · 000000000012 · 000000000000 · 000000000030 · …
 *            epoch      sum            slot 0         slot 1         slot 2
 *
 * Clients compare it as a number (KEP-5504); only the vector can resume a watch on any replica without loss.
 * - A slot's component is what that source's own resourceVersion says, less a base kept with the epoch. Each component only grows
 *   within an epoch, so whatever is causally later is larger in every component, and so as a number.
 * - The epoch grows whenever the sources or a source's identity change, and the number of slots never shrinks: larger again.
 * - The narrow form has 38 digits at most: Kubernetes' own clients keep resourceVersions in 128 bits (e2e of 1.36). Its slots share 30 digits, and before a component
 *   needs more, an epoch with higher bases begins (epochs.ts). A fleet of more slots, and one whose positions were wide once, has the wide form: longer is larger.
 * - Two positions of which neither is later are ordered as numbers all the same: whoever resumes compares components, never numbers.
 * - Above `MAX_VECTOR_SLOTS` slots the vector would be larger than a Pod, in every event: then the suffix is replica · sequence, which
 *   only the replica that made it can resume. Such numbers are padded to the digits of the epoch before, so that they are still larger.
 */
import type { Position } from '../machinery/meta/core.ts'
import { isPosition, VERSION_DIGITS } from '../machinery/meta/position.ts'

const SUM_DIGITS = 14, REPLICA_DIGITS = 8, SEQUENCE_DIGITS = 16, NARROW_DIGITS = 30, NARROW_SLOTS = 5, NARROW_EPOCH_END = 10 ** 8
/** Beyond this many slots positions name replica and sequence instead of components. */
export const MAX_VECTOR_SLOTS = 101

/** What every replica must know to read a position; kept in the store. `minimumDigits` is 0 until a fleet outgrows vectors. */
export interface Epoch {
  readonly number: number
  /** Per slot: what the source's resourceVersion is reduced by. */
  readonly bases: readonly number[]
  readonly minimumDigits: number
  readonly narrow?: boolean
  /** Slots whose sources were set back since: what their versions said in this epoch means other states now. */
  readonly setBack?: readonly number[]
}

export type DecodedPosition =
  /** `vague`: slots whose version is outside of what the epoch has numbers for: other states have the same component. `outdated`: those that were set back since, so that it can be compared with none of now. */
  | { readonly form: 'vector'; readonly epoch: number; readonly components: readonly number[]; readonly vague: readonly number[]; readonly outdated: readonly number[] }
  | { readonly form: 'sequence'; readonly epoch: number; readonly replica: number; readonly sequence: number }

/** Whether an epoch of that number and so many slots can be narrow. */
export const canBeNarrow = (number: number, slots: number): boolean => slots <= NARROW_SLOTS && number < NARROW_EPOCH_END

/** By how much a source's resourceVersion can be beyond its base in such an epoch. */
export const componentEnd = (epoch: { readonly slots: number; readonly narrow: boolean }): number => 10 ** componentDigits(epoch)

/** Whether a source's resourceVersion is not beyond what can be told in this epoch. */
export const fits = (epoch: Epoch, slot: number, version: number): boolean => slot < 0 || isSequence(epoch) || version - (epoch.bases[slot] ?? 0) < componentEnd(shapeOf(epoch)) - 1

/** `versions`: per slot the source's own resourceVersion, 0 where nothing was seen. What is beyond its width is told as less, never as more. */
export function encodeVector(epoch: Epoch, versions: readonly number[]): Position {
  const shape = shapeOf(epoch), width = componentDigits(shape), max = componentEnd(shape) - 1
  let sum = 0, text = ''
  for (const [slot, base] of epoch.bases.entries()) {
    const version = versions[slot] ?? 0, component = version === 0 ? 0 : Math.min(Math.max(LONG_AGO, version - base), max)
    sum += component
    text += digits(component, width)
  }
  return `${epoch.number}${epoch.narrow ? text.padStart(NARROW_DIGITS, '0') : digits(sum, SUM_DIGITS) + text}`
}

export function encodeSequence(epoch: Epoch, replica: number, sequence: number): Position {
  return String(epoch.number) + (digits(replica, REPLICA_DIGITS) + digits(sequence, SEQUENCE_DIGITS)).padStart(sequenceDigits(epoch), '0')
}

/** The `minimumDigits` of the epoch of that number and so many slots that comes after `last`: its suffix is no shorter, or an epoch of one digit more would not be larger. */
export const minimumDigitsAfter = (last: Epoch, number: number, slots: number): number =>
  slots <= MAX_VECTOR_SLOTS ? 0 : (isSequence(last) ? last.minimumDigits : String(last.number).length + vectorDigits(last)) + String(number).length - String(last.number).length

/** Undefined: not a position of any of these epochs. `components` are the sources' own versions (base added back; 0 where nothing was seen, 1 where what was seen is before the base, or before the source was set back). */
export function decodePosition(position: Position, epochs: ReadonlyMap<number, Epoch>): DecodedPosition | undefined {
  if (!isPosition(position)) return undefined
  for (const epoch of epochs.values()) {
    const prefix = String(epoch.number)
    if (!position.startsWith(prefix)) continue
    const rest = position.slice(prefix.length)
    if (!isSequence(epoch)) {
      const components = rest.length === vectorDigits(epoch) ? componentsOf(rest, epoch) : undefined
      if (components) return { form: 'vector', epoch: epoch.number, components: components.map((component, slot) => (component <= LONG_AGO ? component : isSetBack(epoch, slot) ? LONG_AGO : component + epoch.bases[slot]!)), vague: vagueOf(components, epoch), outdated: components.flatMap((component, slot) => (component > 0 && isSetBack(epoch, slot) ? [slot] : [])) }
    } else if (rest.length === sequenceDigits(epoch)) {
      return { form: 'sequence', epoch: epoch.number, replica: Number(rest.slice(-(REPLICA_DIGITS + SEQUENCE_DIGITS), -SEQUENCE_DIGITS)), sequence: Number(rest.slice(-SEQUENCE_DIGITS)) }
    }
  }
  return undefined
}

/** Something was seen of the source, nobody can say how much: the base is higher. */
export const LONG_AGO = 1

const isSetBack = ({ setBack }: Epoch, slot: number) => setBack?.includes(slot) ?? false

function vagueOf(components: readonly number[], epoch: Epoch): readonly number[] {
  const max = componentEnd(shapeOf(epoch)) - 1
  return components.flatMap((component, slot) => (component === max || (component === LONG_AGO && epoch.bases[slot]! > 0) ? [slot] : []))
}

/** Undefined where what stands before the components (their sum, or nothing) does not fit them. */
function componentsOf(rest: string, epoch: Epoch): readonly number[] | undefined {
  const width = componentDigits(shapeOf(epoch)), from = rest.length - epoch.bases.length * width
  const components = epoch.bases.map((_, slot) => Number(rest.slice(from + slot * width, from + (slot + 1) * width)))
  return Number(rest.slice(0, from)) === (epoch.narrow ? 0 : components.reduce((sum, component) => sum + component, 0)) ? components : undefined
}

const digits = (value: number, width: number) => String(value).padStart(width, '0')
const shapeOf = ({ bases, narrow = false }: Epoch) => ({ slots: bases.length, narrow })
const componentDigits = ({ slots, narrow }: { readonly slots: number; readonly narrow: boolean }) => (narrow ? Math.min(VERSION_DIGITS, Math.floor(NARROW_DIGITS / slots)) : VERSION_DIGITS)
const vectorDigits = ({ bases, narrow }: Epoch) => (narrow ? NARROW_DIGITS : SUM_DIGITS + bases.length * VERSION_DIGITS)
// The odd number below an epoch's own may have a digit less, and no digit more behind it.
const sequenceDigits = ({ number, minimumDigits }: Epoch) => Math.max(REPLICA_DIGITS + SEQUENCE_DIGITS, minimumDigits - String(number + (number % 2)).length)
const isSequence = ({ bases }: Epoch) => bases.length > MAX_VECTOR_SLOTS
