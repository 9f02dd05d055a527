import { expect, test } from 'vitest'
import { listWatchSuite, type ListWatchBed } from '../../../test/suites/list-watch-suite.ts'
import { testKind } from '../../../test/suites/test-kind.ts'
import { Backoff } from '../../lib/backoff.ts'
import { systemClock } from '../../lib/clock.ts'
import { Cache } from '../cache/cache.ts'
import { reflect } from '../cache/reflect.ts'
import type { KubeObject } from '../meta/core.ts'
import { stringifyJson } from '../meta/json.ts'
import { MemoryStorage } from './memory-storage.ts'
import { keyPrefix } from './storage-key.ts'
import { storedEntry, StorageReader } from './storage-reader.ts'

const kind = testKind(), { signal } = new AbortController()

async function store(storage: MemoryStorage, key: string, object: KubeObject | undefined): Promise<number> {
  const path = keyPrefix(kind) + key, { record } = await storage.get(path, signal)
  const value = object && Buffer.from(stringifyJson({ apiVersion: 'test.federation/v1', kind: 'Thing', ...object })), done = await storage.commit(path, value, record?.revision ?? 0, signal)
  return 'revision' in done ? done.revision : Promise.reject(new Error('lost a race'))
}

listWatchSuite('StorageReader', async (): Promise<ListWatchBed> => {
  const storage = new MemoryStorage()
  return {
    reader: new StorageReader(kind, storage),
    write: async (key, object) => { await store(storage, key, object) },
    forget: async () => { await storage.compact(await storage.revision(signal), signal) },
    close: () => storage.close(),
  }
})

listWatchSuite('Cache over a StorageReader', async (): Promise<ListWatchBed> => {
  const storage = new MemoryStorage(), cache = new Cache(kind), stop = new AbortController()
  const reflecting = reflect(new StorageReader(kind, storage), cache, { signal: stop.signal, clock: systemClock, backoff: new Backoff({ initialMs: 1, maxMs: 10 }) })
  return {
    reader: cache,
    write: async (key, object) => { await cache.reached(String(await store(storage, key, object)), signal) },
    close: async () => {
      stop.abort()
      await reflecting
      cache.close()
    },
  }
})

listWatchSuite('Cache over a Cache', async (): Promise<ListWatchBed> => {
  const storage = new MemoryStorage(), first = new Cache(kind), second = new Cache(kind), stop = new AbortController()
  const options = () => ({ signal: stop.signal, clock: systemClock, backoff: new Backoff({ initialMs: 1, maxMs: 10 }) })
  const reflecting = [reflect(new StorageReader(kind, storage), first, options()), reflect(first, second, options())]
  return {
    reader: second,
    write: async (key, object) => { await second.reached(String(await store(storage, key, object)), signal) },
    close: async () => {
      stop.abort()
      await Promise.all(reflecting)
    },
  }
})

test('the version is the revision, even over one that was stored', () => {
  const entry = (value: string) => storedEntry({ key: '/x', value: Buffer.from(`zz${value}`).subarray(2), revision: 42 }).parse()
  expect(entry('{"kind":"K","apiVersion":"v1","metadata":{"name":"a"},"s":1}')).toEqual({ metadata: { resourceVersion: '42', name: 'a' }, s: 1 })
  expect(entry('{"metadata":{"name":"a","resourceVersion":"7"}}')).toEqual({ metadata: { resourceVersion: '42', name: 'a' } })
  expect(() => entry('{"name":"a"}')).toThrow('no Kubernetes object')
})

test('a position in the future', async () => {
  const storage = new MemoryStorage(), reader = new StorageReader(kind, storage), at = (position: string) => ({ at: { position, match: 'exact' } as const })
  await store(storage, 'a/1', { metadata: { name: '1', namespace: 'a' } })
  for (const position of ['3', '99999999999999999999999999']) await expect(reader.list(at(position), signal)).rejects.toMatchObject({ message: `Timeout: Too large resource version: ${position}, current: 2` })
})

test('writes to other kinds move the position', async () => {
  const storage = new MemoryStorage(), seen: unknown[] = [], stop = new AbortController()
  await storage.commit('/other/things/a', Buffer.from('{}'), 0, signal)
  for await (const batch of new StorageReader(kind, storage).watch({ at: { position: '1', match: 'notOlder' } }, stop.signal)) {
    seen.push(batch)
    stop.abort()
  }
  expect(seen).toEqual([[{ type: 'BOOKMARK', position: '2' }]])
})

test('the core group has a name among keys', () => {
  expect([keyPrefix({ group: '', plural: 'secrets' }), keyPrefix({ group: 'apps', plural: 'deployments' })]).toEqual(['/core/secrets/', '/apps/deployments/'])
})
