import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { ManualClock, settle } from '../../test/suites/manual-clock.ts'
import { eventKind } from '../apis/core/v1/event.ts'
import { silentLogger } from '../lib/logger.ts'
import type { WriteOptions } from '../machinery/meta/core.ts'
import { createStoredResource } from '../machinery/registry/stored-resource.ts'
import { MemoryStorage } from '../machinery/storage/memory-storage.ts'
import { expireEvents } from './event-expiry.ts'

const end = new AbortController(), { signal } = end, MINUTE = 60_000
afterEach(() => { end.abort() })
const as: WriteOptions = { user: { name: 'server', groups: ['system:masters'], extra: {} }, manager: 'server', authorize: () => Promise.resolve(), warn: () => undefined }

test('Events go an hour after they were last written', async () => {
  const clock = new ManualClock(), events = createStoredResource(eventKind, new MemoryStorage(), { clock, randomUuid: randomUUID, randomSuffix: () => 'x', logger: silentLogger }, signal)
  const create = (name: string) => events.writer.create({ metadata: { namespace: 'shop', name }, involvedObject: { namespace: 'shop' } }, as, signal)
  const pass = async (minutes: number) => { for (let minute = 0; minute < minutes; minute++) { await clock.advance(MINUTE); for (let turn = 0; turn < 50; turn++) await settle() } }
  const names = async () => Array.from((await events.reader.list({}, signal)).entries, ({ key }) => key)
  void expireEvents({ events, as, clock, logger: silentLogger }, signal)
  await create('told-once')
  await create('repeated')
  await pass(30)
  await events.writer.update('shop/repeated', (current) => ({ ...current!, count: 2 }), as, signal)
  await create('later')
  await pass(29)
  expect(await names()).toEqual(['shop/later', 'shop/repeated', 'shop/told-once'])
  await pass(6)
  expect(await names(), 'looked at every five minutes').toEqual(['shop/later', 'shop/repeated'])
  await pass(30)
  expect(await names()).toEqual([])
})
