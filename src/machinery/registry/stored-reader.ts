import type { Cache } from '../cache/cache.ts'
import type { Batch, Kind, ListerWatcher, ListQuery, Page, Storage, WatchQuery } from '../meta/core.ts'
import { isReason } from '../meta/status-error.ts'
import { StorageReader } from '../storage/storage-reader.ts'

/**
 * Reads of a stored kind, answered from its cache. Where no position is asked for, the cache first catches up with the store: a write that was acknowledged before the call is seen.
 * States that the cache no longer remembers are read from the store.
 */
export class StoredReader implements ListerWatcher {
  readonly kind: Kind
  readonly #cache: Cache
  readonly #storage: Storage
  readonly #behind: StorageReader

  constructor(cache: Cache, storage: Storage) {
    this.kind = cache.kind
    this.#cache = cache
    this.#storage = storage
    this.#behind = new StorageReader(cache.kind, storage)
  }

  async list(query: ListQuery, signal: AbortSignal): Promise<Page> {
    const consistent = await this.#consistent(query, signal)
    try {
      return await this.#cache.list(consistent, signal)
    } catch (error) {
      if (query.at?.match === 'exact' && isReason(error, 'Expired')) return await this.#behind.list(query, signal)
      throw error
    }
  }

  async *watch(query: WatchQuery, signal: AbortSignal): AsyncGenerator<Batch> {
    yield* this.#cache.watch(await this.#consistent(query, signal), signal)
  }

  async #consistent<Q extends ListQuery | WatchQuery>(query: Q, signal: AbortSignal): Promise<Q> {
    return query.at ? query : { ...query, at: { position: String(await this.#storage.revision(signal)), match: 'notOlder' } }
  }
}
