import type { Logger } from '../../lib/logger.ts'
import type { Queue } from '../../lib/queue.ts'

interface ControllerOptions {
  /** In log lines. */
  readonly name: string
  readonly queue: Queue
  /** What puts keys into the queue; each runs until the signal aborts. */
  readonly sources: readonly ((queue: Queue, signal: AbortSignal) => Promise<void>)[]
  /** Brings one key's world to what it should be, from the present state only. A throw is tried again with growing delays. */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<{ readonly requeueAfterMs?: number }>
  readonly concurrency: number
  readonly logger: Logger
}

/** Runs until the signal aborts and all work under way has ended. A source that fails ends the controller with its error. */
export async function runController({ name, queue, sources, reconcile, concurrency, logger }: ControllerOptions, signal: AbortSignal): Promise<void> {
  const stop = new AbortController(), end = () => stop.abort(signal.reason)
  signal.addEventListener('abort', end)
  if (signal.aborted) end()
  const feeding = Promise.all(sources.map((source) => source(queue, stop.signal)))
  // Without sources left to run, work still comes from requeues.
  const failed = feeding.then(() => new Promise<void>((resolve) => { stop.signal.addEventListener('abort', () => resolve()); if (stop.signal.aborted) resolve() }))
  const workers = Array.from({ length: concurrency }, () => work())
  try {
    await failed
  } finally {
    stop.abort()
    await Promise.all(workers)
    signal.removeEventListener('abort', end)
  }

  async function work(): Promise<void> {
    for (let key = await queue.take(stop.signal); key !== undefined; key = await queue.take(stop.signal)) {
      try {
        const { requeueAfterMs } = await reconcile(key, stop.signal)
        queue.succeeded(key)
        if (requeueAfterMs !== undefined) queue.add(key, requeueAfterMs)
      } catch (error) {
        if (!stop.signal.aborted) logger.warn({ controller: name, key, error, retryMs: queue.retry(key) }, `${name}: ${key}: ${error instanceof Error ? error.message : String(error)}`)
      } finally {
        queue.done(key)
      }
    }
  }
}
