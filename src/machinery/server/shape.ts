import { ChunkSink, recycle } from '../cache/chunk-sink.ts'
import type { Batch, Entry, Kind, Page, Position, Sink } from '../meta/core.ts'

/**
 * One way to write the objects of a kind: as they are, as their metadata only, or as rows of a table.
 * What follows the objects' bytes is the same for all of them: lists, single objects, events of a watch.
 */
export interface Shape {
  /** All before the first item of a list, and all after the last. */
  listStart(meta: ListMeta, isEmpty: boolean): string
  listEnd(isEmpty: boolean): string
  item(sink: Sink, entry: Entry, now: number): void
  /** An object that stands alone. `position` replaces its resourceVersion; `first`: nothing was sent before it. */
  object(sink: Sink, entry: Entry, now: number, position: Position | undefined, first: boolean): void
  /** The object of a bookmark. */
  bookmark(position: Position, initial: boolean): string
  /** Texts change with time, so that an encoding is good for a second only. */
  readonly aging: boolean
  /** Memo of `batchBytes`: encodings by the batch's identity. */
  readonly encoded: Encoded
}

export interface ListMeta { readonly resourceVersion: Position; readonly continue?: string; readonly remainingItemCount?: number }
interface Encoding { readonly bytes: Buffer; readonly second: number }
export interface Encoded { readonly plain: WeakMap<Batch, Encoding>; readonly withBookmarks: WeakMap<Batch, Encoding> }
export const encoded = (): Encoded => ({ plain: new WeakMap(), withBookmarks: new WeakMap() })

export const apiVersionOf = ({ group, version }: Pick<Kind, 'group' | 'version'>): string => (group ? `${group}/${version}` : version)

/** Chunks of about 64 KB, to be given back once written. Nothing is computed ahead of the reader. */
export function* listChunks(shape: Shape, page: Page, token: string | undefined, now: number): Generator<Buffer> {
  const sink = new ChunkSink()
  let count = 0
  const meta: ListMeta = { resourceVersion: page.position, ...(token !== undefined && { continue: token }), ...(page.next?.remaining !== undefined && { remainingItemCount: page.next.remaining }) }
  for (const entry of page.entries) {
    put(sink, count++ === 0 ? shape.listStart(meta, false) : ',')
    shape.item(sink, entry, now)
    if (sink.ready > 0) yield* sink.take()
  }
  if (count === 0) put(sink, shape.listStart(meta, true))
  put(sink, shape.listEnd(count === 0))
  put(sink, '\n')
  yield* sink.end()
}

export function objectBytes(shape: Shape, entry: Entry, now: number): Buffer {
  const sink = new ChunkSink()
  shape.object(sink, entry, now, undefined, true)
  put(sink, '\n')
  return joined(sink)
}

/** From here on encodings are not kept: large batches are the initial state of one watcher. */
const MAX_SHARED_BYTES = 256 << 10

/**
 * The lines of a batch. Every watcher is handed the same batch and, but for the first, the same bytes.
 * `bookmarks`: the client asked for them. `first`: nothing was sent on this stream yet.
 */
export function* batchChunks(shape: Shape, batch: Batch, options: { readonly bookmarks: boolean; readonly first: boolean; readonly now: number }): Generator<Buffer> {
  const { bookmarks, now } = options, memo = bookmarks ? shape.encoded.withBookmarks : shape.encoded.plain, second = shape.aging ? Math.floor(now / 1000) : 0
  const shared = !(options.first && shape.aging) && sizeOf(batch) <= MAX_SHARED_BYTES
  const known = shared ? memo.get(batch) : undefined
  if (known?.second === second) {
    yield known.bytes
    return
  }
  const sink = new ChunkSink()
  let { first } = options
  for (const change of batch) {
    if (change.type === 'BOOKMARK') {
      if (bookmarks) put(sink, `{"type":"BOOKMARK","object":${shape.bookmark(change.position, change.initial === true)}}\n`)
      continue
    }
    put(sink, EVENT[change.type])
    shape.object(sink, change.entry, now, change.position === change.entry.position ? undefined : change.position, first)
    put(sink, '}\n')
    first = false
    if (!shared && sink.ready > 0) yield* sink.take()
  }
  if (!shared) {
    yield* sink.end()
    return
  }
  const bytes = joined(sink)
  memo.set(batch, { bytes, second })
  if (bytes.length > 0) yield bytes
}

const EVENT = { ADDED: '{"type":"ADDED","object":', MODIFIED: '{"type":"MODIFIED","object":', DELETED: '{"type":"DELETED","object":' } as const

function sizeOf(batch: Batch): number {
  let bytes = 0
  for (const change of batch) if (change.type !== 'BOOKMARK') bytes += change.entry.size
  return bytes
}

/** A copy of its own: the sink's chunks go back at once. */
function joined(sink: ChunkSink): Buffer {
  const chunks = sink.end(), bytes = Buffer.concat(chunks)
  for (const chunk of chunks) recycle(chunk)
  return bytes
}

const constants = new Map<string, Buffer>()

/** Texts recur for every object of a kind, so their bytes are kept; positions and tokens do not, so they are not. */
export function put(sink: Sink, text: string): void {
  let bytes = constants.get(text)
  if (!bytes) {
    bytes = Buffer.from(text)
    if (text.length < 64 && constants.size < 4_096 && !/\d{3}/.test(text)) constants.set(text, bytes)
  }
  sink.put(bytes)
}
