import { Backoff } from '../lib/backoff.ts'
import type { Clock } from '../lib/clock.ts'
import { Cache } from '../machinery/cache/cache.ts'
import { reflect } from '../machinery/cache/reflect.ts'
import type { ListerWatcher } from '../machinery/meta/core.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import type { Secrets } from './host.ts'

const PATIENCE_MS = 5000

/** Follows the Secrets of one namespace in any collection, the host's or our own, until the signal aborts. */
export function secretCache(source: ListerWatcher, namespace: string, { clock, random }: { clock: Clock; random: () => number }, signal: AbortSignal): Secrets {
  const cache = new Cache(source.kind, { clock }), listeners = new Set<(name: string) => void>()
  let problem: unknown
  const scoped: ListerWatcher = { kind: source.kind, list: (query, stop) => source.list({ ...query, namespace }, stop), watch: (query, stop) => source.watch({ ...query, namespace }, stop) }
  void Promise.all([
    reflect(scoped, cache, { signal, clock, backoff: new Backoff({ initialMs: 500, maxMs: 15_000, random }), onState: (it) => { problem = it.state === 'broken' ? it.error : undefined } }),
    tell(cache, listeners, signal),
  ]).catch((error: unknown) => { problem = error })
  return {
    namespace,
    get: async (name, stop) => {
      const limit = AbortSignal.any([stop, AbortSignal.timeout(PATIENCE_MS)])
      if (!cache.isReady) await Promise.race([cache.ready, new Promise<void>((resolve) => { limit.addEventListener('abort', () => resolve(), { once: true }) })])
      stop.throwIfAborted()
      if (!cache.isReady) throw new StatusError('ServiceUnavailable', `Secrets in namespace ${namespace} cannot be read${problem instanceof Error ? `: ${problem.message}` : ' yet'}`, { cause: problem })
      const { data } = (cache.get(`${namespace}/${name}`)?.parse() ?? {}) as { data?: Record<string, string> | null }
      return cache.get(`${namespace}/${name}`) && Object.fromEntries(Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]))
    },
    onChange: (listener, stop) => {
      listeners.add(listener)
      stop.addEventListener('abort', () => listeners.delete(listener), { once: true })
    },
  }
}

async function tell(cache: Cache, listeners: ReadonlySet<(name: string) => void>, signal: AbortSignal): Promise<void> {
  // A watch of the cache ends when it falls off the history; the state is then told anew.
  while (!signal.aborted) {
    for await (const batch of cache.watch({ initial: true }, signal)) {
      for (const change of batch) if (change.type !== 'BOOKMARK') for (const listener of listeners) listener(change.entry.key.slice(change.entry.key.indexOf('/') + 1))
    }
  }
}
