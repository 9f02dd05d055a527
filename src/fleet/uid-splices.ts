/**
 * An identity-bound object points to others by uid: its owners, and what an Event is about. Where those are folded in the fleet, the uid it shows
 * must be the folded object's, or `describe`, `rollout history` and owner trees would not join up. Uids are spliced in place, nothing is parsed but the reference.
 */
import { Buffer } from 'node:buffer'
import { groupOf, type Reference as FoldedReference } from '../federation/interpreter/folded-uid.ts'
import type { SlabEntry } from '../machinery/cache/slab-entry.ts'
import type { Splice } from './cluster-entry.ts'

interface Reference { readonly apiVersion?: string; readonly kind?: string; readonly namespace?: string; readonly name?: string; readonly uid?: string }

/** Undefined: not folded here, the member's uid stays. */
export type UidOf = (reference: FoldedReference) => string | undefined

/** The uids that the fleet shows, as bytes: objects of one owner share them. */
export class FoldedUids {
  readonly #uidOf: UidOf
  readonly #bytes = new Map<string, Uint8Array>()

  constructor(uidOf: UidOf) { this.#uidOf = uidOf }

  /** Undefined as with `UidOf`. */
  bytesOf(reference: FoldedReference): Uint8Array | undefined {
    const uid = this.#uidOf(reference), known = uid && this.#bytes.get(uid)
    if (!uid || known) return known || undefined
    // Owners come and go.
    if (this.#bytes.size >= UIDS_MAX) this.#bytes.clear()
    const bytes = Buffer.from(uid, 'latin1')
    this.#bytes.set(uid, bytes)
    return bytes
  }
}

const UIDS_MAX = 10_000

/** `references`: fields besides ownerReferences that point to an object, as bytes up to their brace (`referenceFields`). */
export function uidSplices(entry: SlabEntry, references: readonly Buffer[], uids: FoldedUids): readonly Splice[] {
  const { slab, metadata, metadataEnd, start, end, key } = entry, slash = key.indexOf('/'), namespace = slash < 0 ? '' : key.slice(0, slash), splices: Splice[] = []
  const add = (from: number, to: number, isList: boolean) => {
    if (from < 0) return
    const close = slab.indexOf(isList ? CLOSE_LIST : CLOSE_OBJECT, from)
    if (close < 0 || close >= to) return
    const parsed = JSON.parse(slab.toString('utf8', from, close + 1)) as Reference | Reference[]
    for (const reference of Array.isArray(parsed) ? parsed : [parsed]) {
      const { apiVersion = '', kind = '', name = '', uid } = reference
      const folded = uid && uids.bytesOf({ group: groupOf(apiVersion), kind, namespace: isList ? namespace : (reference.namespace ?? ''), name })
      if (!folded) continue
      const at = slab.indexOf(`"${uid}"`, from, 'latin1')
      if (at >= 0 && at < close) splices.push({ from: at + 1, to: at + 1 + uid.length, bytes: folded })
    }
  }
  add(valueAt(slab, OWNERS, metadata, metadataEnd), metadataEnd, true)
  for (const member of references) add(valueAt(slab, member, start, end), end, false)
  return splices
}

/** What an Event is about, and a volume's claim. */
export const referenceFields = (kind: string): readonly Buffer[] => (kind === 'Event' ? ['involvedObject', 'regarding', 'related'] : kind === 'PersistentVolume' ? ['claimRef'] : []).map((field) => Buffer.from(`"${field}":{`))

const OWNERS = Buffer.from('"ownerReferences":['), CLOSE_LIST = 93, CLOSE_OBJECT = 125

/** Inside strings the quotes are escaped, so only a real member matches. */
function valueAt(slab: Buffer, member: Buffer, from: number, to: number): number {
  const at = slab.subarray(from, to).indexOf(member)
  return at < 0 ? -1 : from + at + member.length - 1
}
