import { expect, test } from 'vitest'
import { storageSuite } from '../../../test/suites/storage-suite.ts'
import { MemoryStorage } from './memory-storage.ts'

storageSuite('MemoryStorage', () => Promise.resolve(new MemoryStorage()))

test('forgets by itself what is beyond its history', async () => {
  const storage = new MemoryStorage({ historyMax: 10 }), { signal } = new AbortController()
  let revision = 0
  for (let i = 0; i < 40; i++) {
    const done = await storage.commit('/a', Uint8Array.of(i), revision, signal)
    revision = 'revision' in done ? done.revision : 0
  }
  await expect(storage.range('/', { revision: 5 }, signal)).rejects.toMatchObject({ reason: 'Expired' })
  expect((await storage.range('/', { revision: revision - 10 }, signal)).records.map(({ value }) => [...value])).toEqual([[29]])
})
