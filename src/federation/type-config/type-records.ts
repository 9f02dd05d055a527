import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import type { Storage, StoredRecord } from '../../machinery/meta/core.ts'
import { isReason } from '../../machinery/meta/status-error.ts'
import { recordId, type TypeRecord } from './type-record.ts'

const PREFIX = '/federation/schemas/', RETRY_MS = 1000

/** The custom kinds that can be distributed, in the store. The replica that leads writes them, all follow. */
export class TypeRecords {
  readonly #storage: Storage
  readonly #held = new Map<string, TypeRecord>()
  readonly #revisions = new Map<string, number>()
  readonly #listeners = new Set<(id: string, record: TypeRecord | undefined) => void>()

  private constructor(storage: Storage) { this.#storage = storage }

  static async open(storage: Storage, signal: AbortSignal): Promise<TypeRecords> {
    const records = new TypeRecords(storage)
    await records.#read(signal)
    return records
  }

  get(id: string): TypeRecord | undefined { return this.#held.get(id) }

  /** Called with each record there is and each that changes or goes (undefined), until the signal aborts. */
  onRecord(listener: (id: string, record: TypeRecord | undefined) => void, signal: AbortSignal): void {
    for (const [id, record] of this.#held) listener(id, record)
    this.#listeners.add(listener)
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true })
  }

  /** Errors: what the store says of values that are too large. */
  async put(record: TypeRecord, signal: AbortSignal): Promise<void> {
    const id = recordId(record), value = Buffer.from(JSON.stringify(record))
    this.#take(id, record, await this.#commit(id, value, signal))
  }

  async remove(id: string, signal: AbortSignal): Promise<void> { this.#take(id, undefined, await this.#commit(id, undefined, signal)) }

  /** Takes over what other replicas write, until the signal aborts. */
  async follow({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const revision = await this.#read(signal)
        for await (const { lines } of this.#storage.watch(PREFIX, revision, signal)) for (const line of lines) this.#take(line.key.slice(PREFIX.length), line.now && parse(line.now), line.revision)
      } catch (error) {
        if (signal.aborted) return
        if (!isReason(error, 'Expired')) logger.warn({ error: String(error) }, 'the schemas of custom kinds cannot be followed; trying again')
        await clock.sleep(RETRY_MS, signal)
      }
    }
  }

  /** All there is; answers the revision that this is of. */
  async #read(signal: AbortSignal): Promise<number> {
    const present = new Set<string>()
    let at: number | undefined
    for (let after: string | undefined; ;) {
      const page = await this.#storage.range(PREFIX, { limit: 100, ...(at !== undefined && { revision: at }), ...(after !== undefined && { after }) }, signal)
      at ??= page.revision
      for (const record of page.records) {
        const id = record.key.slice(PREFIX.length)
        present.add(id)
        this.#take(id, parse(record), record.revision)
      }
      if (!page.more) break
      after = page.records.at(-1)!.key
    }
    for (const id of this.#held.keys()) if (!present.has(id)) this.#take(id, undefined, at)
    return at
  }

  /** What was written later than what is told now stays. */
  #take(id: string, record: TypeRecord | undefined, revision: number): void {
    if (revision <= (this.#revisions.get(id) ?? 0) || (!record && !this.#held.has(id))) return
    this.#revisions.set(id, revision)
    if (record) this.#held.set(id, record)
    else this.#held.delete(id)
    for (const listener of this.#listeners) listener(id, record)
  }

  async #commit(id: string, value: Buffer | undefined, signal: AbortSignal): Promise<number> {
    const key = PREFIX + id
    let { record } = await this.#storage.get(key, signal)
    for (;;) {
      if (value === undefined && !record) return this.#storage.revision(signal)
      const done = await this.#storage.commit(key, value, record?.revision ?? 0, signal)
      if ('revision' in done) return done.revision
      record = done.current
    }
  }
}

const parse = ({ value }: StoredRecord): TypeRecord => JSON.parse(Buffer.from(value).toString()) as TypeRecord
