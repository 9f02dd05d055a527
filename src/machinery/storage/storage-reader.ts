import { inScope, select } from '../cache/select.ts'
import { Scan } from '../cache/scan.ts'
import { SlabEntry } from '../cache/slab-entry.ts'
import type { Batch, Change, Entry, Kind, ListerWatcher, ListQuery, Page, Position, Storage, StoredLine, StoredRecord, WatchQuery } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'
import { keyPrefix } from './storage-key.ts'

/** A stored kind as everyone else sees it. Every read goes to the store: a Cache fed by it serves the many. */
export class StorageReader implements ListerWatcher {
  readonly kind: Kind
  readonly #storage: Storage
  readonly #prefix: string

  constructor(kind: Kind, storage: Storage) {
    this.kind = kind
    this.#storage = storage
    this.#prefix = keyPrefix(kind)
  }

  async list(query: ListQuery, signal: AbortSignal): Promise<Page> {
    const { at, limit = 0 } = query, prefix = this.#scope(query), isPlain = !query.where && query.name === undefined, entries: Entry[] = []
    let revision = at?.match === 'exact' ? await this.#revision(at.position, signal) : undefined, after = query.after === undefined ? undefined : this.#prefix + query.after
    if (at?.match === 'notOlder') await this.#revision(at.position, signal)
    for (;;) {
      const page = await this.#storage.range(prefix, { ...(revision !== undefined && { revision }), ...(after !== undefined && { after }), limit: isPlain && limit > 0 ? limit : PAGE }, signal)
      revision ??= page.revision
      for (const [index, record] of page.records.entries()) {
        after = record.key
        const entry = storedEntry(record)
        if (!inScope(query, entry)) continue
        entries.push(entry)
        if (entries.length !== limit) continue
        const left = page.total - index - 1
        return { entries, position: String(revision), warnings: [], ...(left > 0 && { next: { after: entry.key, ...(isPlain && { remaining: left }) } }) }
      }
      if (!page.more) return { entries, position: String(revision), warnings: [] }
    }
  }

  async *watch(query: WatchQuery, signal: AbortSignal): AsyncGenerator<Batch> {
    try {
      yield* this.#changes(query, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  async *#changes(query: WatchQuery, signal: AbortSignal): AsyncGenerator<Batch> {
    const prefix = this.#scope(query)
    let revision: number
    if (query.initial) {
      if (query.at) await this.#revision(query.at.position, signal)
      let after: string | undefined, at: number | undefined
      for (;;) {
        const page = await this.#storage.range(prefix, { limit: PAGE, ...(at !== undefined && { revision: at }), ...(after !== undefined && { after }) }, signal)
        at ??= page.revision
        after = page.records.at(-1)?.key
        const batch: Change[] = page.records.map(storedEntry).filter((entry) => inScope(query, entry)).map((entry) => ({ type: 'ADDED', entry, position: entry.position }))
        if (!page.more) { yield [...batch, { type: 'BOOKMARK', position: String(at), initial: true }]; break }
        if (batch.length > 0) yield batch
      }
      revision = at
    } else revision = query.at ? Number(query.at.position) : await this.#storage.revision(signal)
    for await (const { lines, revision: seen } of this.#storage.watch(prefix, revision, signal)) {
      const changes = lines.map(change)
      if (lines.at(-1)?.revision !== seen) changes.push({ type: 'BOOKMARK', position: String(seen) })
      const batch = select(query, changes)
      if (batch.length > 0) yield batch
    }
  }

  #scope({ namespace }: ListQuery): string { return namespace === undefined ? this.#prefix : `${this.#prefix}${namespace}/` }

  /** The revision that a position means, once the store has reached it. */
  async #revision(position: Position, signal: AbortSignal): Promise<number> {
    const wanted = Number(position), current = await this.#storage.revision(signal)
    if (!(wanted <= current)) throw StatusError.tooLargeResourceVersion(position, String(current))
    return wanted
  }
}

/** Stored bytes carry no resourceVersion: it is the revision. Values are JSON of one object, with or without apiVersion and kind. */
export function storedEntry({ value, revision }: StoredRecord): SlabEntry {
  const known = made.get(value)
  if (known?.position === String(revision)) return known
  const entry = spliced(value, revision)
  made.set(value, entry)
  return entry
}

/** A writer answers with the entry that the watch of the same store hands on, where both have the same bytes. */
const made = new WeakMap<Uint8Array, SlabEntry>()

function spliced(value: Uint8Array, revision: number): SlabEntry {
  const scan = new Scan(), stored = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (!scan.run(stored, 0, stored.length) || scan.metadata < 0) throw StatusError.internal('a stored value is no Kubernetes object')
  const at = scan.version >= 0 ? scan.version : scan.metadata + 1, behind = scan.version >= 0 ? scan.versionEnd : at
  const text = scan.version >= 0 ? String(revision) : `"resourceVersion":"${revision}",`, bytes = Buffer.allocUnsafeSlow(stored.length - (behind - at) + text.length)
  stored.copy(bytes, 0, 0, at)
  bytes.write(text, at, 'latin1')
  stored.copy(bytes, at + text.length, behind)
  return SlabEntry.read(new Scan(), bytes, 0, bytes.length)!.entry
}

function change({ now, before, revision }: StoredLine): Change {
  const position = String(revision)
  if (now && before) return modification(storedEntry(now), before, position)
  if (now) return { type: 'ADDED', entry: storedEntry(now), position }
  if (!before) throw StatusError.internal('the store told of a deletion without saying of what')
  const previous = storedEntry(before)
  return { type: 'DELETED', entry: previous, previous, position }
}

/** A cache knows by itself what was there before, and never asks. */
function modification(entry: Entry, before: StoredRecord, position: Position): Change {
  let previous: Entry | undefined
  return { type: 'MODIFIED', entry, position, get previous() { return (previous ??= storedEntry(before)) } }
}

const PAGE = 500
