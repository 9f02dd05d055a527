import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import type { Storage } from '../meta/core.ts'

/** Compacts every `everyMs` to where the store stood one interval before: between one and two intervals of history stay. Runs until the signal aborts. Kubernetes' own interval is the default. Of several replicas the one that leads does it; two that did would each leave an interval of history. */
export async function autoCompact(storage: Storage, options: { readonly clock: Clock; readonly logger: Logger; readonly signal: AbortSignal; readonly everyMs?: number; readonly leads?: () => boolean }): Promise<void> {
  const { clock, logger, signal, everyMs = 300_000, leads = () => true } = options
  let before: number | undefined
  while (!signal.aborted) {
    try {
      const revision = await storage.revision(signal)
      if (before !== undefined && leads()) await storage.compact(before, signal)
      before = revision
    } catch (error) {
      if (!signal.aborted) logger.warn({ error }, 'the store could not be compacted; trying again later')
    }
    await clock.sleep(everyMs, signal)
  }
}
