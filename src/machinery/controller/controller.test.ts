import { expect, test } from 'vitest'
import { silentLogger } from '../../lib/logger.ts'
import { Queue } from '../../lib/queue.ts'
import { runController } from './controller.ts'

test('keys from sources are worked on, failures again, requeues later, until the signal', async () => {
  const stop = new AbortController(), seen: string[] = []
  const running = runController({
    name: 'test', queue: new Queue({ initialMs: 1 }), concurrency: 2, logger: silentLogger,
    sources: [async (queue, signal) => { queue.add('fails'); queue.add('again'); await new Promise((resolve) => { signal.addEventListener('abort', resolve) }) }],
    reconcile: (key) => {
      seen.push(key)
      const times = seen.filter((it) => it === key).length
      if (key === 'fails' && times < 3) return Promise.reject(new Error('not yet'))
      return Promise.resolve(key === 'again' && times < 2 ? { requeueAfterMs: 1 } : {})
    },
  }, stop.signal)
  await expect.poll(() => seen.toSorted()).toEqual(['again', 'again', 'fails', 'fails', 'fails'])
  stop.abort()
  await running
})

test('a source that fails ends it with that error', async () => {
  await expect(runController({ name: 'test', queue: new Queue(), concurrency: 1, logger: silentLogger, sources: [() => Promise.reject(new Error('broken'))], reconcile: () => Promise.resolve({}) }, new AbortController().signal)).rejects.toThrow('broken')
})
