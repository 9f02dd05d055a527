import { expect, test } from 'vitest'
import { storageSuite } from '../../../test/suites/storage-suite.ts'
import { encryptedStorage } from './encrypted-storage.ts'
import { MemoryStorage } from './memory-storage.ts'
import { ValueCipher } from './value-cipher.ts'

const { signal } = new AbortController(), key = (name: string, fill: number) => `${name}:${Buffer.alloc(32, fill).toString('base64')}`
const bytes = (text: string) => new TextEncoder().encode(text), text = (value: Uint8Array | undefined) => Buffer.from(value ?? []).toString()

storageSuite('an encrypted store', () => Promise.resolve(encryptedStorage(new MemoryStorage(), new ValueCipher(key('a', 1)))))

test('nothing is kept in the clear; what was kept so, or by an older key, is read and worth writing', async () => {
  const plain = new MemoryStorage(), before = encryptedStorage(plain, new ValueCipher(key('a', 1))), now = encryptedStorage(plain, new ValueCipher(`${key('b', 2)}\n${key('a', 1)}`))
  await plain.commit('/clear', bytes('{"n":1}'), 0, signal)
  await before.commit('/older', bytes('{"n":2}'), 0, signal)
  await now.commit('/newest', bytes('{"n":3}'), 0, signal)
  expect((await now.range('/', {}, signal)).records.map(({ key: at, value, isStale = false }) => [at, text(value), isStale])).toEqual([['/clear', '{"n":1}', true], ['/newest', '{"n":3}', false], ['/older', '{"n":2}', true]])
  expect((await plain.range('/', {}, signal)).records.map(({ value }) => text(value).slice(0, 17))).toEqual(['{"n":1}', 'enc:aesgcm:v1:b:', 'enc:aesgcm:v1:a:'].map((it) => expect.stringContaining(it) as string))
  const { record } = await now.get('/older', signal)
  await now.commit('/older', record!.value, record!.revision, signal)
  expect([(await now.get('/older', signal)).record?.isStale, text((await plain.get('/older', signal)).record?.value).slice(0, 16)]).toEqual([undefined, 'enc:aesgcm:v1:b:'])
})

test('where a value cannot be read, reading it fails, and says which', async () => {
  const plain = new MemoryStorage()
  await encryptedStorage(plain, new ValueCipher(key('a', 1))).commit('/x', bytes('{}'), 0, signal)
  const other = encryptedStorage(plain, new ValueCipher(key('b', 2)))
  await expect(other.get('/x', signal)).rejects.toMatchObject({ reason: 'InternalError', message: expect.stringContaining('/x is encrypted by key "a"') as string })
  await expect(other.range('/', {}, signal)).rejects.toMatchObject({ reason: 'InternalError' })
  await expect((async () => { for await (const _ of other.watch('/', 1, signal)) break })()).rejects.toMatchObject({ reason: 'InternalError' })
})
