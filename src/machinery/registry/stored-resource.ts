import { Backoff } from '../../lib/backoff.ts'
import type { Logger } from '../../lib/logger.ts'
import { Cache } from '../cache/cache.ts'
import { reflect } from '../cache/reflect.ts'
import type { KubeObject, Resource, Storage, Writer } from '../meta/core.ts'
import type { StoredKind } from '../meta/strategy.ts'
import { StorageReader } from '../storage/storage-reader.ts'
import { scaleResource } from './scale-resource.ts'
import { StoredReader } from './stored-reader.ts'
import type { WriterDependencies } from './stored-writer.ts'
import { StoredWriter } from './stored-writer.ts'

/** `cache`: what its reads are answered from, for those who follow the kind inside this server. */
export interface StoredResource extends Resource { readonly writer: Writer; readonly cache: Cache }

/**
 * A kind that lives in the store, with all its verbs: one cache follows the store and serves every read and watch; writes go to the store by compare-and-set.
 * The cache is fed, and its watches live, until the signal aborts.
 */
export function createStoredResource<T extends KubeObject>(declared: StoredKind<T>, storage: Storage, dependencies: WriterDependencies & { readonly logger: Logger }, signal: AbortSignal): StoredResource {
  // Objects of the kind are all that ever reaches its functions.
  const kind = declared as unknown as StoredKind, { clock, logger } = dependencies, cache = new Cache(kind, { clock })
  const onState = (state: { readonly state: string; readonly error?: unknown }) => { if (state.state === 'broken') logger.warn({ resource: kind.plural, error: state.error }, 'the store cannot be followed') }
  void reflect(new StorageReader(kind, storage), cache, { signal, clock, backoff: new Backoff({ initialMs: 100, maxMs: 5000 }), onState }).finally(() => { cache.close() })
  const resource = { kind, reader: new StoredReader(cache, storage), writer: new StoredWriter(kind, storage, dependencies), deleteCollection: true, status: kind.hasStatus, cache }
  return kind.scale ? { ...resource, scale: scaleResource(resource, kind.scale) } : resource
}
