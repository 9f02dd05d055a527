import type { Event } from '../apis/core/v1/event.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Resource, WriteOptions } from '../machinery/meta/core.ts'
import { isReason } from '../machinery/meta/status-error.ts'

interface EventExpiryOptions { readonly events: Resource; readonly as: WriteOptions; readonly clock: Clock; readonly logger: Logger }

/** kube-apiserver's `--event-ttl`. */
const KEPT_MS = 60 * 60_000, EVERY_MS = 5 * 60_000

/** Deletes Events an hour after they were last written, as a kube-apiserver does, until the signal aborts: for a server that keeps its own. */
export async function expireEvents({ events: { reader, writer }, as, clock, logger }: EventExpiryOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(EVERY_MS, signal)
    if (signal.aborted) return
    try {
      for (const entry of (await reader.list({}, signal)).entries) {
        if (clock.now() - lastWritten(entry.parse() as Event) < KEPT_MS) continue
        // Written meanwhile, or deleted by somebody else: it is not ours to delete any more.
        await writer!.delete(entry.key, { ...as, position: entry.position }, signal).catch((error: unknown) => { if (!isReason(error, 'Conflict', 'NotFound')) throw error })
      }
    } catch (error) {
      if (!signal.aborted) logger.warn({ error: error instanceof Error ? error.message : error }, 'events that have run out could not be deleted; trying again')
    }
  }
}

/** Managed fields say when; who repeats an Event says so in it too. */
function lastWritten({ metadata: { creationTimestamp, managedFields = [] }, lastTimestamp }: Event): number {
  const times = [creationTimestamp, lastTimestamp, ...managedFields.map((entry) => (entry as { time?: string }).time)]
  return Math.max(...times.map((time) => Date.parse(time ?? '')).filter((time) => !Number.isNaN(time)), 0)
}
