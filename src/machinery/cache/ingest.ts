import { parseJson } from '../meta/json.ts'
import { closeOf, Scan } from './scan.ts'
import { Slab, STATE_SLAB_BYTES } from './slab.ts'
import { SlabEntry } from './slab-entry.ts'

/** A list response without its items. */
export interface ListEnvelope { readonly apiVersion?: string; readonly kind?: string; readonly items?: unknown; readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string; readonly remainingItemCount?: number } }

/** Cuts the bytes of one list response into entries while they arrive: they are copied once, into slabs, and nothing is parsed. */
export class Ingest {
  readonly #onEntry: (entry: SlabEntry) => void
  readonly #slab: Slab
  readonly #scan = new Scan()
  #state: 'head' | 'items' | 'tail' = 'head'
  #head = ''

  /** `slab`: where entries are kept; the pages of one list can share it. */
  constructor(onEntry: (entry: SlabEntry) => void, slab = new Slab(STATE_SLAB_BYTES)) {
    this.#onEntry = onEntry
    this.#slab = slab
  }

  /** The caller may reuse `bytes`. Throws SyntaxError for what is no list of Kubernetes objects. */
  write(bytes: Uint8Array): void {
    const slab = this.#slab
    slab.append(bytes)
    if (this.#state === 'head') {
      const items = itemsOf(slab.bytes, slab.begin, slab.fill)
      if (items < 0) return
      this.#head = slab.bytes.toString('utf8', slab.begin, items)
      slab.begin = items
      this.#state = 'items'
    }
    while (this.#state === 'items') {
      const byte = slab.peek()
      if (byte === undefined) return
      if (byte === CLOSE) { this.#state = 'tail'; return }
      if (byte !== OPEN) throw new SyntaxError('not a list of Kubernetes objects: an item is no object')
      const found = SlabEntry.read(this.#scan, slab.bytes, slab.begin, slab.fill)
      if (!found) return
      slab.begin = found.next
      this.#onEntry(found.entry)
    }
  }

  /** To be called behind the last byte. Throws SyntaxError where the response was cut off. Metadata may stand behind the items: custom resources have their keys sorted. */
  end(): ListEnvelope {
    const slab = this.#slab, rest = slab.bytes.toString('utf8', slab.begin, slab.fill)
    slab.begin = slab.fill
    if (this.#state === 'items') throw new SyntaxError('the list response ends in the middle')
    return parseJson(this.#head + rest) as ListEnvelope
  }
}

const QUOTE = 34, COLON = 58, OPEN_LIST = 91, BACKSLASH = 92, CLOSE = 93, OPEN = 123, CLOSE_OBJECT = 125, ITEMS = Buffer.from('items')

/** The offset behind the `[` of the top-level member items; -1 where it has not come yet. Heads are short: reading them again with each arrival costs nothing. */
function itemsOf(bytes: Buffer, at: number, limit: number): number {
  let from = 0, to = 0, isItems = false
  while (at < limit && bytes[at] !== OPEN) at++
  for (let i = at + 1; i < limit; i++) {
    const byte = bytes[i]!
    if (byte === QUOTE) {
      from = ++i
      while (i < limit && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1
      to = i
    } else if (byte === COLON) isItems = bytes.subarray(from, to).equals(ITEMS)
    else if (byte === OPEN_LIST && isItems) return i + 1
    else if (byte === OPEN || byte === OPEN_LIST) {
      const end = closeOf(bytes, i, limit)
      if (end < 0) return -1
      i = end - 1
    } else if (byte === CLOSE_OBJECT) return -1
  }
  return -1
}
