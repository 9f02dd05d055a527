import { Worker } from 'node:worker_threads'
import { Pulse } from '../../lib/pulse.ts'
import type { Storage, StoredLine, StoredPage, StoredRecord } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'
import type { SqliteAnswers, SqliteCommit, SqliteCommitted, SqliteLine, SqliteReply, SqliteRequest, StoreFileProblem } from './sqlite-protocol.ts'

/** The store's file cannot be used; the message names it and says what to do. It was not changed. */
export class StoreFileError extends Error {
  override readonly name = 'StoreFileError'
  readonly problem: StoreFileProblem
  constructor(file: string, problem: StoreFileProblem, detail: string) {
    super(`the store file ${file} ${TEXTS[problem].what} (${detail}): ${TEXTS[problem].remedy}`)
    this.problem = problem
  }
}

const TEXTS: Readonly<Record<StoreFileProblem, { what: string; remedy: string }>> = {
  foreign: { what: 'was not made by this program', remedy: 'choose another data directory, or move the file away' },
  newer: { what: 'was made by a later version of this program', remedy: 'run that version, or choose another data directory' },
  damaged: { what: 'is damaged', remedy: 'restore it from a backup, or move it and the files beginning with its name away to start empty' },
  locked: { what: 'is in use by another process', remedy: 'stop that process, or choose another data directory' },
  unusable: { what: 'cannot be opened', remedy: 'check that its directory exists and may be written' },
}

export interface SqliteStorageOptions {
  /** Where the worker's code is; a bundle says where it put it. */
  readonly worker?: URL
  /** How many of the latest changes stay in memory for watches; older ones are read from the file. */
  readonly recentMax?: number
  /** Called when the worker is gone: every call fails from then on. */
  readonly onFailure?: (error: Error) => void
}

/** A store in one file, written by a thread of its own. Durable when answered; commits made in one turn of the event loop, or while others are being written, share a transaction. */
export class SqliteStorage implements Storage {
  readonly #worker: Worker
  readonly #changed = new Pulse()
  readonly #recentMax: number
  readonly #pending = new Map<number, { readonly resolve: (answer: unknown) => void; readonly reject: (error: Error) => void }>()
  #nextId = 1
  #revision: number
  #compacted: number
  /** The latest changes, contiguous, the last one `#revision`. */
  #recent: StoredLine[] = []
  /** What these left at each key; undefined: nothing. */
  #latest = new Map<string, StoredRecord | undefined>()
  #queue: Queued[] = []
  #isFlushing = false
  #failure: Error | undefined

  /** Errors: StoreFileError. */
  static async open(file: string, options: SqliteStorageOptions = {}): Promise<SqliteStorage> {
    const worker = new Worker(options.worker ?? new URL('./sqlite-worker.ts', import.meta.url), { workerData: { file }, name: 'store' })
    const first = await new Promise<SqliteReply>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    if ('refused' in first) throw new StoreFileError(file, first.refused.problem, first.refused.detail)
    if (!('opened' in first)) throw new Error('the store worker did not say that it opened the file')
    return new SqliteStorage(worker, first.opened, options)
  }

  private constructor(worker: Worker, { revision, compacted }: { revision: number; compacted: number }, { recentMax = 2000, onFailure }: SqliteStorageOptions) {
    this.#worker = worker
    this.#revision = revision
    this.#compacted = compacted
    this.#recentMax = recentMax
    worker.removeAllListeners('error')
    worker.on('message', (reply: SqliteReply) => { this.#receive(reply) })
    worker.on('error', (error) => {
      this.#fail(error)
      onFailure?.(error)
    })
    worker.on('exit', () => { this.#fail(new Error('the store is closed')) })
  }

  async range(prefix: string, { revision, after, limit = 0 }: { readonly revision?: number; readonly after?: string; readonly limit?: number }, signal: AbortSignal): Promise<StoredPage> {
    const answer = await this.#ask({ type: 'range', prefix, revision, after, limit }, signal)
    if ('outside' in answer) {
      throw answer.outside === 'future' ? StatusError.tooLargeResourceVersion(String(revision), String(this.#revision)) : StatusError.expired('The resourceVersion for the provided list is too old.')
    }
    return { records: answer.records, revision: answer.revision, more: answer.total > answer.records.length, total: answer.total }
  }

  /** What was written lately is in memory: this process alone writes the file. */
  async get(key: string, signal: AbortSignal): Promise<{ readonly record: StoredRecord | undefined; readonly revision: number }> {
    signal.throwIfAborted()
    this.#assertOpen()
    if (this.#latest.has(key)) return { record: this.#latest.get(key), revision: this.#revision }
    return this.#ask({ type: 'get', key }, signal)
  }

  async commit(key: string, value: Uint8Array | undefined, expect: number, signal: AbortSignal): Promise<{ readonly revision: number } | { readonly current: StoredRecord | undefined }> {
    signal.throwIfAborted()
    this.#assertOpen()
    const result = await new Promise<SqliteCommitted>((resolve, reject) => {
      this.#queue.push({ commit: { key, value, expect }, resolve, reject })
      // After the microtasks of this turn: everyone who was woken together writes together.
      if (!this.#isFlushing) {
        this.#isFlushing = true
        setImmediate(() => { void this.#flush() })
      }
    })
    return 'revision' in result ? { revision: result.revision } : result
  }

  async *watch(prefix: string, after: number, signal: AbortSignal): AsyncGenerator<{ readonly lines: readonly StoredLine[]; readonly revision: number }> {
    const waiter = this.#changed.waiter(signal)
    try {
      while (!signal.aborted) {
        this.#assertOpen()
        if (after < this.#compacted) throw tooOld()
        if (after >= this.#revision) { await waiter.next(); continue }
        const lines = await this.#lines(after)
        if (lines.length === 0 || signal.aborted) continue
        after = lines.at(-1)!.revision
        yield { lines: lines.filter((line) => line.key.startsWith(prefix)), revision: after }
      }
    } finally {
      waiter.close()
    }
  }

  async revision(signal: AbortSignal): Promise<number> {
    signal.throwIfAborted()
    this.#assertOpen()
    return this.#revision
  }

  async compact(revision: number, signal: AbortSignal): Promise<void> {
    if (revision > this.#revision) throw StatusError.tooLargeResourceVersion(String(revision), String(this.#revision))
    const { compacted } = await this.#ask({ type: 'compact', revision }, signal)
    this.#compacted = compacted
    this.#changed.beat()
  }

  /** Waits for the commits that were made. */
  async close(): Promise<void> {
    if (this.#failure) return
    while (this.#isFlushing) await new Promise((resolve) => { setImmediate(resolve) })
    const ended = new Promise((resolve) => { this.#worker.once('exit', resolve) })
    await this.#ask({ type: 'close' }, new AbortController().signal)
    await ended
  }

  /** Changes behind `after`: from memory, or a page from the file. */
  async #lines(after: number): Promise<readonly StoredLine[]> {
    const first = this.#revision - this.#recent.length
    if (after >= first) return this.#recent.slice(after - first, after - first + PAGE)
    const answer = await this.#ask({ type: 'lines', after, limit: PAGE }, undefined)
    if ('outside' in answer) throw tooOld()
    // The file may already hold more than was announced as durable here: the rest comes with its own answer.
    return answer.lines.filter((line) => line.revision <= this.#revision).map(storedLine)
  }

  async #flush(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        const queued = this.#queue.splice(0, COMMITS_MAX), known = queued.map(({ commit: { key, expect } }) => this.#known(key, expect))
        try {
          const { results } = await this.#ask({ type: 'commit', commits: queued.map(({ commit }, index) => (known[index] ? { ...commit, isKnown: true } : commit)) }, undefined)
          this.#announce(queued, known, results)
        } catch (error) {
          for (const { reject } of queued) reject(error as Error)
        }
        // Those just answered may want to write again: let them join the next transaction.
        await new Promise((resolve) => { setImmediate(resolve) })
      }
    } finally {
      this.#isFlushing = false
    }
  }

  #known(key: string, revision: number): StoredRecord | undefined {
    const record = this.#latest.get(key)
    return record?.revision === revision ? record : undefined
  }

  #announce(queued: readonly Queued[], known: readonly (StoredRecord | undefined)[], results: readonly SqliteCommitted[]): void {
    for (const [index, result] of results.entries()) {
      const { commit: { key, value }, resolve } = queued[index]!
      resolve(result)
      if (!('revision' in result)) continue
      const { revision, before = known[index] } = result, now = value && { key, value, revision }
      this.#revision = revision
      this.#latest.set(key, now)
      this.#recent.push({ key, revision, ...(now && { now }), ...(before && { before }) })
    }
    if (this.#recent.length > this.#recentMax * 2) {
      this.#recent = this.#recent.slice(-this.#recentMax)
      this.#latest = new Map(this.#recent.map(({ key, now }) => [key, now]))
    }
    this.#changed.beat()
  }

  #ask<T extends SqliteRequest>(request: T, signal: AbortSignal | undefined): Promise<SqliteAnswers[T['type']]> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      this.#assertOpen()
      const id = this.#nextId++
      this.#pending.set(id, { resolve: (answer) => { resolve(answer as SqliteAnswers[T['type']]) }, reject })
      this.#send(id, request)
    })
  }

  #send(id: number, request: SqliteRequest): void {
    if (request.type !== 'commit') { this.#worker.postMessage({ id, request }, []); return }
    // A view would be sent with the whole buffer that it looks at.
    const commits = request.commits.map((commit) => ({ ...commit, value: commit.value && new Uint8Array(commit.value) }))
    this.#worker.postMessage({ id, request: { type: 'commit', commits } }, commits.flatMap(({ value }) => (value ? [value.buffer] : [])))
  }

  #receive(reply: SqliteReply): void {
    const waiting = this.#pending.get(reply.id)
    this.#pending.delete(reply.id)
    if ('answer' in reply) waiting?.resolve(reply.answer)
    else if ('error' in reply) waiting?.reject(StatusError.internal(`the store failed: ${reply.error}`))
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const { reject } of this.#pending.values()) reject(StatusError.unavailable(error.message))
    this.#pending.clear()
    this.#changed.beat()
  }

  #assertOpen(): void { if (this.#failure) throw StatusError.unavailable(this.#failure.message) }
}

interface Queued { readonly commit: SqliteCommit; readonly resolve: (result: SqliteCommitted) => void; readonly reject: (error: Error) => void }

/** Changes per page; commits per transaction. */
const PAGE = 500, COMMITS_MAX = 1000

const tooOld = () => StatusError.expired('The resourceVersion for the provided watch is too old.')

const storedLine = ({ key, revision, now, before }: SqliteLine): StoredLine => ({ key, revision, ...(now && { now }), ...(before && { before }) })
