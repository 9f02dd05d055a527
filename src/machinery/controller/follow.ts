import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import type { Entry, KubeObject, ListerWatcher } from '../meta/core.ts'

/** `ready`: all that there was has been told once. `done`: the signal has aborted. */
export interface Following { readonly ready: Promise<void>; readonly done: Promise<void> }

const RETRY_MS = 1000

/** `parse`: where objects that others have parsed are at hand; those are not to be changed. */
interface FollowOptions { readonly clock: Clock; readonly logger: Logger; readonly parse?: (entry: Entry) => KubeObject }

/** Tells of every object of a kind, and of each that goes (undefined), until the signal aborts. After a gap what vanished meanwhile is told too. */
export function follow(reader: ListerWatcher, onObject: (key: string, object: KubeObject | undefined) => void, { clock, logger, parse = (entry) => entry.parse() }: FollowOptions, signal: AbortSignal): Following {
  const { promise: ready, resolve } = Promise.withResolvers<void>(), known = new Set<string>()
  if (signal.aborted) resolve()
  signal.addEventListener('abort', () => resolve(), { once: true })
  const gone = (key: string) => { if (known.delete(key)) onObject(key, undefined) }
  const round = async () => {
    const present = new Set<string>()
    for await (const batch of reader.watch({ initial: true }, signal)) for (const change of batch) {
      if (change.type === 'BOOKMARK') {
        if (!change.initial) continue
        for (const key of known) if (!present.has(key)) gone(key)
        resolve()
      } else if (change.type === 'DELETED') gone(change.entry.key)
      else {
        known.add(change.entry.key)
        present.add(change.entry.key)
        onObject(change.entry.key, parse(change.entry))
      }
    }
  }
  const done = (async () => {
    while (!signal.aborted) {
      try { await round() } catch (error) {
        if (!signal.aborted) logger.warn({ resource: reader.kind.plural, error: error instanceof Error ? error.message : String(error) }, 'objects cannot be followed; trying again')
      }
      if (!signal.aborted) await clock.sleep(RETRY_MS, signal)
    }
  })()
  return { ready, done }
}
