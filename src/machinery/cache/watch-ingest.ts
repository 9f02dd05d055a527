import type { KubeObject } from '../meta/core.ts'
import { parseJson } from '../meta/json.ts'
import type { Status } from '../meta/status-error.ts'
import { closeOf, Scan } from './scan.ts'
import { Slab } from './slab.ts'
import { SlabEntry } from './slab-entry.ts'

/** One line of a watch response. A bookmark's object has metadata only; ERROR carries a Status. */
export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly entry: SlabEntry }
  | { readonly type: 'BOOKMARK'; readonly object: KubeObject }
  | { readonly type: 'ERROR'; readonly status: Status }

/** Cuts the bytes of a watch response into events while they arrive. */
export class WatchIngest {
  readonly #slab: Slab
  readonly #scan = new Scan()
  /** An event whose object is complete and whose closing brace has not come yet. */
  #open: WatchEvent | undefined

  /** Slabs of watches are small: objects that change seldom would keep the bytes of those that change often. */
  constructor({ slabMaxBytes = CHANGES_SLAB_BYTES }: { slabMaxBytes?: number } = {}) { this.#slab = new Slab(slabMaxBytes) }

  /** From here on changes come, no state whose objects stay together. */
  settle(): void { this.#slab.limit(CHANGES_SLAB_BYTES) }

  /** The events that became complete, in order. The caller may reuse `bytes`. Throws SyntaxError for what is no watch stream. */
  write(bytes: Uint8Array): WatchEvent[] {
    const slab = this.#slab, events: WatchEvent[] = []
    slab.append(bytes)
    for (let byte = slab.peek(); byte !== undefined; byte = slab.peek()) {
      if (this.#open) {
        if (byte !== CLOSE) throw new SyntaxError('not a watch stream: an event has more than type and object')
        slab.begin++
        events.push(this.#open)
        this.#open = undefined
      } else if (byte !== OPEN) throw new SyntaxError('not a watch stream: an event is no object')
      else if (!this.#quick()) {
        const event = this.#careful()
        if (!event) break
        events.push(event)
      }
    }
    return events
  }

  /** Whether an event was cut off. */
  get isPartial(): boolean { return this.#open !== undefined || this.#slab.peek() !== undefined }

  /** What API servers write: `{"type":"ADDED","object":{…}}`. True: the event is open. */
  #quick(): boolean {
    const { bytes, begin, fill } = this.#slab
    for (const { type, head } of HEADS) {
      if (fill - begin < head.length || bytes.compare(head, 0, head.length, begin, begin + head.length) !== 0) continue
      const found = SlabEntry.read(this.#scan, bytes, begin + head.length, fill)
      if (!found) return false
      this.#slab.begin = found.next
      this.#open = { type, entry: found.entry }
      return true
    }
    return false
  }

  #careful(): WatchEvent | undefined {
    const { bytes, begin, fill } = this.#slab, end = closeOf(bytes, begin, fill)
    if (end < 0) return undefined
    const { type, object } = parseJson(bytes.toString('utf8', begin, end)) as { type?: unknown; object?: unknown }
    this.#slab.begin = end
    if (typeof object !== 'object' || object === null) throw new SyntaxError('not a watch stream: an event has no object')
    if (type === 'BOOKMARK') return { type, object: object as KubeObject }
    if (type === 'ERROR') return { type, status: object as Status }
    if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') return { type, entry: SlabEntry.of(object as KubeObject) }
    throw new SyntaxError(`not a watch stream: unknown event type ${JSON.stringify(type)}`)
  }
}

const OPEN = 123, CLOSE = 125, CHANGES_SLAB_BYTES = 64 << 10
const HEADS = (['MODIFIED', 'ADDED', 'DELETED'] as const).map((type) => ({ type, head: Buffer.from(`{"type":"${type}","object":`) }))
