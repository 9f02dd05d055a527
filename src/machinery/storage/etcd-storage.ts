import type { ITxnRequest } from 'etcd3'
import { systemClock, type Clock } from '../../lib/clock.ts'
import { silentLogger, type Logger } from '../../lib/logger.ts'
import type { Storage, StoredLine, StoredPage, StoredRecord } from '../meta/core.ts'
import { isReason, StatusError } from '../meta/status-error.ts'
import { EtcdConnection, type EtcdTls } from './etcd-connection.ts'
import { EtcdTail } from './etcd-tail.ts'
import { EtcdWatch, storedRecord } from './etcd-watch.ts'

export interface EtcdStorageOptions {
  /** `https://10.0.0.1:2379`; the scheme is the same for all. */
  readonly servers: readonly string[]
  /** Everything of ours is below it: `/federation`. Other keys of the same etcd are never touched. */
  readonly prefix: string
  readonly tls?: EtcdTls
  /** How many of the latest changes stay in memory for watches; older ones are asked of etcd. */
  readonly recentMax?: number
  /** How long a call waits for an etcd that is away. */
  readonly patienceMs?: number
  readonly clock?: Clock
  readonly random?: () => number
  readonly logger?: Logger
}

/** etcd cannot be used as it is; the message says what to do. Nothing was changed there. */
export class EtcdStoreError extends Error { override readonly name = 'EtcdStoreError' }

const FORMAT = 1, PROGRAM = 'federation-apiserver', PAGE = 500, CATCH_UP_MS = 200

/**
 * A store that several replicas share. A revision is etcd's own, so it also grows with what others write there.
 * Keys: PREFIX/format (the mark), PREFIX/data/… (records), PREFIX/barrier (written only to servers before 3.4.25 and 3.5.8).
 */
export class EtcdStorage implements Storage {
  readonly #connection: EtcdConnection
  readonly #root: string
  readonly #clock: Clock
  readonly #tail: EtcdTail
  readonly #running: Promise<void>
  readonly #closing = new AbortController()
  readonly #writes = new Set<Promise<unknown>>()
  readonly #watchRange: { begin: Buffer; end: Buffer; ask?: () => void }
  #compacted = 0
  /** A read of the revision that has not been sent yet: all who call until then share it. */
  #nextRevision: Promise<number> | undefined
  #revisionAsked: Promise<unknown> = Promise.resolve()

  /** Errors: EtcdStoreError. */
  static async open(options: EtcdStorageOptions, signal: AbortSignal): Promise<EtcdStorage> {
    const { servers, tls, clock = systemClock, patienceMs = 10_000 } = options, prefix = `/${options.prefix.replace(/^\/+|\/+$/g, '')}`
    if (prefix === '/') throw new EtcdStoreError('an etcd prefix must name a place of its own, such as /federation')
    const secure = servers.filter((server) => server.startsWith('https://')).length
    if (servers.length === 0 || servers.some((server) => !/^https?:\/\/[^/]+$/.test(server)) || (secure > 0 && secure < servers.length)) throw new EtcdStoreError(`etcd servers must be URLs of one scheme without a path, such as https://10.0.0.1:2379, not ${servers.join(',') || 'none'}`)
    if (tls && secure === 0) throw new EtcdStoreError(`certificates are given for etcd, but ${servers.join(',')} is not https: use https:// URLs, or leave the certificates out`)
    const connection = new EtcdConnection({ servers, clock, patienceMs, ...(tls && { tls }) })
    try {
      const revision = await mark(connection, prefix, signal)
      return new EtcdStorage(connection, prefix, revision, await hasReliableProgress(connection, signal), options)
    } catch (error) {
      connection.close()
      if (!isReason(error, 'ServiceUnavailable', 'Timeout', 'InternalError')) throw error
      throw new EtcdStoreError(`${error.message}: check that etcd runs there, --etcd-servers and, for https, --etcd-cafile, --etcd-certfile and --etcd-keyfile`, { cause: error })
    }
  }

  private constructor(connection: EtcdConnection, prefix: string, revision: number, isReliable: boolean, { clock = systemClock, random = Math.random, logger = silentLogger, recentMax = 2000 }: EtcdStorageOptions) {
    this.#connection = connection
    this.#root = `${prefix}/data`
    this.#clock = clock
    const barrier: ITxnRequest = { success: [{ request_put: { key: Buffer.from(`${prefix}/barrier`), value: Buffer.alloc(0) } }] }
    const ask = () => { this.#connection.write(barrier).catch((error: unknown) => { logger.debug({ error }, 'the store could not be asked how far it is') }) }
    this.#watchRange = { ...prefixRange(`${prefix}/`), ...(!isReliable && { ask }) }
    this.#tail = new EtcdTail({ connection, ...this.#watchRange, revision, current: (signal) => this.#readRevision(signal), recentMax, clock, random, logger })
    this.#running = this.#tail.run(this.#closing.signal)
  }

  async range(prefix: string, { revision, after, limit = 0 }: { readonly revision?: number; readonly after?: string; readonly limit?: number }, signal: AbortSignal): Promise<StoredPage> {
    this.#assertUsable(signal)
    const { begin, end } = prefixRange(this.#root + prefix), records: StoredRecord[] = []
    let from = after !== undefined && after >= prefix ? Buffer.from(`${this.#root}${after}\0`) : begin, at = revision, total: number | undefined
    for (;;) {
      const page = await this.#range({ key: from, range_end: end, limit: limit > 0 ? Math.min(PAGE, limit - records.length) : PAGE, ...(at !== undefined && { revision: at }) }, revision, signal)
      at ??= Number(page.header.revision)
      total ??= Number(page.count)
      for (const kv of page.kvs) records.push(this.#record(storedRecord(kv)))
      if (!page.more || records.length === limit) return { records, revision: at, more: total > records.length, total }
      from = Buffer.concat([page.kvs.at(-1)!.key, Buffer.alloc(1)])
    }
  }

  async get(key: string, signal: AbortSignal): Promise<{ readonly record: StoredRecord | undefined; readonly revision: number }> {
    this.#assertUsable(signal)
    const { kvs: [kv], header } = await this.#connection.range({ key: this.#key(key) }, signal)
    return { record: kv && this.#record(storedRecord(kv)), revision: Number(header.revision) }
  }

  async commit(key: string, value: Uint8Array | undefined, expect: number, signal: AbortSignal): Promise<{ readonly revision: number } | { readonly current: StoredRecord | undefined }> {
    this.#assertUsable(signal)
    // etcd would answer the deletion of nothing as done.
    if (value === undefined && expect === 0) return { current: (await this.get(key, signal)).record }
    const etcdKey = this.#key(key)
    const writing = this.#connection.write({
      compare: [{ key: etcdKey, target: 'Mod', result: 'Equal', mod_revision: expect }],
      success: [value ? { request_put: { key: etcdKey, value: Buffer.from(value.buffer, value.byteOffset, value.byteLength) } } : { request_delete_range: { key: etcdKey } }],
      failure: [{ request_range: { key: etcdKey } }],
    })
    this.#writes.add(writing)
    try {
      const { succeeded, header, responses } = await writing
      if (succeeded) return { revision: Number(header.revision) }
      const [kv] = responses[0]?.response_range.kvs ?? []
      return { current: kv && this.#record(storedRecord(kv)) }
    } finally {
      this.#writes.delete(writing)
    }
  }

  async *watch(prefix: string, after: number, signal: AbortSignal): AsyncGenerator<{ readonly lines: readonly StoredLine[]; readonly revision: number }> {
    const waiter = this.#tail.waiter(signal)
    try {
      while (!signal.aborted) {
        if (this.#closing.signal.aborted) throw closed()
        if (after < this.#compacted) throw StatusError.expired('The resourceVersion for the provided watch is too old.')
        if (after < this.#tail.first) {
          for await (const { lines, revision } of this.#catchUp(after, signal)) {
            after = revision
            yield { lines: this.#below(prefix, lines), revision }
          }
          continue
        }
        const page = this.#tail.since(after)
        if (!page) { await waiter.next(); continue }
        after = page.revision
        yield { lines: this.#below(prefix, page.lines), revision: after }
      }
    } finally {
      waiter.close()
    }
  }

  async revision(signal: AbortSignal): Promise<number> {
    this.#assertUsable(signal)
    const own = (this.#nextRevision ??= (async () => {
      await this.#revisionAsked.catch(() => undefined)
      this.#nextRevision = undefined
      const asked = this.#readRevision(this.#closing.signal)
      this.#revisionAsked = asked
      return asked
    })())
    const revision = await own.catch((error: unknown) => { throw this.#closing.signal.aborted ? closed() : error })
    signal.throwIfAborted()
    this.#tail.wants(revision, this.#closing.signal)
    return revision
  }

  async compact(revision: number, signal: AbortSignal): Promise<void> {
    this.#assertUsable(signal)
    const current = await this.#readRevision(signal)
    if (revision > current) throw StatusError.tooLargeResourceVersion(String(revision), String(current))
    try {
      await this.#connection.compact(revision, signal)
    } catch (error) {
      // Another replica was further already.
      if (!isReason(error, 'Expired')) throw error
    }
    this.#compacted = Math.max(this.#compacted, revision)
    this.#tail.wake()
  }

  /** Waits for the commits that were made. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#tail.wake()
    await Promise.allSettled(this.#writes)
    await this.#running
    this.#connection.close()
  }

  /** From etcd itself, until the tail can go on. A cut begins again behind the last that was told. Errors: Expired. */
  async *#catchUp(after: number, signal: AbortSignal): AsyncGenerator<{ readonly lines: readonly StoredLine[]; readonly revision: number }> {
    const both = AbortSignal.any([signal, this.#closing.signal]), watch = new EtcdWatch({ connection: this.#connection, ...this.#watchRange, after, silentMs: CATCH_UP_MS, clock: this.#clock })
    try {
      for await (const batch of watch.run(both)) {
        yield batch
        if (batch.revision >= this.#tail.first) return
      }
    } catch (error) {
      if (isReason(error, 'Expired')) throw error
      await this.#clock.sleep(CATCH_UP_MS, both)
    }
  }

  async #range(request: Parameters<EtcdConnection['range']>[0], revision: number | undefined, signal: AbortSignal): ReturnType<EtcdConnection['range']> {
    try {
      return await this.#connection.range(request, signal)
    } catch (error) {
      if (isReason(error, 'Timeout') && revision !== undefined) throw StatusError.tooLargeResourceVersion(String(revision), String(await this.#readRevision(signal)))
      throw error
    }
  }

  async #readRevision(signal: AbortSignal): Promise<number> { return Number((await this.#connection.range({ key: Buffer.from(`${this.#root}/`), count_only: true }, signal)).header.revision) }

  #below(prefix: string, lines: readonly StoredLine[]): readonly StoredLine[] {
    const root = this.#root + prefix, own = (record: StoredRecord | undefined) => record && this.#record(record)
    return lines.filter(({ key }) => key.startsWith(root)).map(({ key, now, before, revision }) => ({ key: key.slice(this.#root.length), revision, ...(now && { now: own(now)! }), ...(before && { before: own(before)! }) }))
  }

  #key(key: string): Buffer { return Buffer.from(this.#root + key) }
  #record(record: StoredRecord): StoredRecord { return { ...record, key: record.key.slice(this.#root.length) } }

  #assertUsable(signal: AbortSignal): void {
    signal.throwIfAborted()
    if (this.#closing.signal.aborted) throw closed()
  }
}

const closed = () => StatusError.unavailable('the store is closed')

function prefixRange(prefix: string): { begin: Buffer; end: Buffer } {
  const begin = Buffer.from(prefix), end = Buffer.from(prefix)
  // UTF-8 has no byte 0xff.
  end[end.length - 1]!++
  return { begin, end }
}

/** Marks the prefix as ours, or finds the mark there; answers the store's revision. */
async function mark(connection: EtcdConnection, prefix: string, signal: AbortSignal): Promise<number> {
  const key = Buffer.from(`${prefix}/format`), { begin, end } = prefixRange(`${prefix}/`), own = JSON.stringify({ program: PROGRAM, format: FORMAT })
  const look: ITxnRequest = { success: [{ request_range: { key } }, { request_range: { key: begin, range_end: end, limit: 1, keys_only: true } }] }
  for (;;) {
    const { header, responses } = await connection.repeatable(look, signal), [kv] = responses[0]?.response_range.kvs ?? [], [any] = responses[1]?.response_range.kvs ?? []
    if (kv) {
      assertOurs(kv.value.toString(), prefix, connection.servers)
      return Number(header.revision)
    }
    if (any) throw new EtcdStoreError(`the prefix ${prefix} of etcd at ${connection.servers} holds keys of another program (${any.key.toString()}): choose another --etcd-prefix`)
    const put: ITxnRequest = { compare: [{ key, target: 'Mod', result: 'Equal', mod_revision: 0 }], success: [{ request_put: { key, value: Buffer.from(own) } }] }
    await connection.repeatable(put, signal)
  }
}

function assertOurs(text: string, prefix: string, servers: string): void {
  let found: { program?: unknown; format?: unknown } = {}
  try { found = JSON.parse(text) as typeof found } catch { /* no mark of ours, as said below */ }
  if (found?.program !== PROGRAM || typeof found.format !== 'number') throw new EtcdStoreError(`the prefix ${prefix} of etcd at ${servers} was not made by this program: choose another --etcd-prefix`)
  if (found.format > FORMAT) throw new EtcdStoreError(`the prefix ${prefix} of etcd at ${servers} was made by a later version of this program (its format is ${found.format}, this program knows ${FORMAT}): run that version, or choose another --etcd-prefix`)
}

/** Before these versions an answer to a progress request could run ahead of changes that were still to be sent (etcd issue 15220). */
async function hasReliableProgress(connection: EtcdConnection, signal: AbortSignal): Promise<boolean> {
  const [major = 0, minor = 0, patch = 0] = (await connection.version(signal)).split('.').map((part) => Number.parseInt(part, 10))
  return major > 3 || minor > 5 || (minor === 5 && patch >= 8) || (minor === 4 && patch >= 25)
}
