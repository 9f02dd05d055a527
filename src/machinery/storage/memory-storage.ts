import { Pulse } from '../../lib/pulse.ts'
import { between, countBetween, SortedEntries, type Runs } from '../cache/sorted-entries.ts'
import type { Storage, StoredLine, StoredPage, StoredRecord } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'

/** A store that is gone with the process: for tests and simulated members. */
export class MemoryStorage implements Storage {
  readonly #historyMax: number
  readonly #records = new SortedEntries<StoredRecord>()
  readonly #changed = new Pulse()
  /** Line i is revision `#compacted + 1 + i`. */
  #log: StoredLine[] = []
  #compacted = 1
  #revision = 1
  #isClosed = false

  /** `historyMax`: how many changes are kept at least; the oldest are compacted by themselves. */
  constructor({ historyMax = 50_000 }: { historyMax?: number } = {}) { this.#historyMax = historyMax }

  async range(prefix: string, { revision, after, limit = 0 }: { readonly revision?: number; readonly after?: string; readonly limit?: number }, signal: AbortSignal): Promise<StoredPage> {
    this.#assertUsable(signal)
    const runs = this.#at(revision), to = `${prefix}\u{10ffff}`, from = after !== undefined && after >= prefix ? `${after}\u0000` : prefix
    const records: StoredRecord[] = []
    for (const record of between(runs, from, to)) {
      if (limit > 0 && records.length === limit) break
      records.push(record)
    }
    const total = countBetween(runs, from, to)
    return { records, revision: revision ?? this.#revision, more: total > records.length, total }
  }

  async get(key: string, signal: AbortSignal): Promise<{ readonly record: StoredRecord | undefined; readonly revision: number }> {
    this.#assertUsable(signal)
    return { record: this.#records.get(key), revision: this.#revision }
  }

  async commit(key: string, value: Uint8Array | undefined, expect: number, signal: AbortSignal): Promise<{ readonly revision: number } | { readonly current: StoredRecord | undefined }> {
    this.#assertUsable(signal)
    const before = this.#records.get(key)
    if ((before?.revision ?? 0) !== expect || (value === undefined && !before)) return { current: before }
    const revision = ++this.#revision, now = value && { key, value, revision }
    this.#records.set(key, now)
    this.#log.push({ key, revision, ...(now && { now }), ...(before && { before }) })
    if (this.#log.length > this.#historyMax * 2) this.#forget(this.#revision - this.#historyMax)
    this.#changed.beat()
    return { revision }
  }

  async *watch(prefix: string, after: number, signal: AbortSignal): AsyncGenerator<{ readonly lines: readonly StoredLine[]; readonly revision: number }> {
    const waiter = this.#changed.waiter(signal)
    try {
      while (!signal.aborted) {
        this.#assertUsable(signal)
        if (after < this.#compacted) throw StatusError.expired('The resourceVersion for the provided watch is too old.')
        if (after >= this.#revision) { await waiter.next(); continue }
        const lines = this.#log.slice(after - this.#compacted, after - this.#compacted + LINES_MAX)
        after += lines.length
        yield { lines: lines.filter((line) => line.key.startsWith(prefix)), revision: after }
      }
    } finally {
      waiter.close()
    }
  }

  async revision(signal: AbortSignal): Promise<number> {
    this.#assertUsable(signal)
    return this.#revision
  }

  async compact(revision: number, signal: AbortSignal): Promise<void> {
    this.#assertUsable(signal)
    if (revision > this.#revision) throw StatusError.tooLargeResourceVersion(String(revision), String(this.#revision))
    this.#forget(revision)
    this.#changed.beat()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#changed.beat()
  }

  #assertUsable(signal: AbortSignal): void {
    signal.throwIfAborted()
    if (this.#isClosed) throw StatusError.unavailable('the store is closed')
  }

  #forget(revision: number): void {
    if (revision <= this.#compacted) return
    this.#log = this.#log.slice(revision - this.#compacted)
    this.#compacted = revision
  }

  #at(revision: number | undefined): Runs<StoredRecord> {
    if (revision === undefined || revision === this.#revision) return this.#records.snapshot()
    if (revision > this.#revision) throw StatusError.tooLargeResourceVersion(String(revision), String(this.#revision))
    if (revision < this.#compacted) throw StatusError.expired('The resourceVersion for the provided list is too old.')
    const then = this.#records.fork()
    for (let i = this.#log.length - 1; i >= revision - this.#compacted; i--) {
      const { key, before } = this.#log[i]!
      then.set(key, before)
    }
    return then.snapshot()
  }
}

const LINES_MAX = 1000
