import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/suites/manual-clock.ts'
import { autoCompact } from './auto-compact.ts'
import { MemoryStorage } from './memory-storage.ts'

test('keeps at least one interval of history, and goes on after a failure', async () => {
  const storage = new MemoryStorage(), clock = new ManualClock(), stop = new AbortController(), warned: string[] = [], { signal } = stop
  const logger = { debug: () => undefined, info: () => undefined, warn: (_fields: object, message: string) => { warned.push(message) }, error: () => undefined }
  const running = autoCompact(storage, { clock, logger, signal, everyMs: 1000 })
  const isKept = (revision: number) => storage.range('/', { revision }, signal).then(() => true, () => false)
  await clock.advance(500)
  await storage.commit('/a', Buffer.from('1'), 0, signal)
  await clock.advance(1000)
  expect(await isKept(1)).toBe(true)
  await storage.commit('/a', Buffer.from('2'), 2, signal)
  await clock.advance(1000)
  expect([await isKept(1), await isKept(2), await isKept(3)]).toEqual([false, true, true])
  storage.compact = () => Promise.reject(new Error('disk full'))
  await clock.advance(1000)
  expect(warned).toHaveLength(1)
  await clock.advance(1000)
  expect(warned).toHaveLength(2)
  stop.abort()
  await running
})
