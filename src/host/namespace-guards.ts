import { Backoff } from '../lib/backoff.ts'
import type { Clock } from '../lib/clock.ts'
import { Cache } from '../machinery/cache/cache.ts'
import { reflect } from '../machinery/cache/reflect.ts'
import type { Entry, KubeObject, ListerWatcher } from '../machinery/meta/core.ts'
import type { NamespaceGuard } from '../machinery/registry/namespace-guard.ts'

/** Namespaces of another server: followed, so that a write costs no request, and asked for by name before one is called missing. Follows until the signal aborts. */
export function followedNamespaces(namespaces: ListerWatcher, { clock, random }: { readonly clock: Clock; readonly random: () => number }, signal: AbortSignal): NamespaceGuard {
  const cache = new Cache(namespaces.kind, { clock }), direct = storedNamespaces(namespaces)
  void reflect(namespaces, cache, { signal, clock, backoff: new Backoff({ initialMs: 200, maxMs: 15_000, random }) })
  return {
    phase: async (namespace, inner) => {
      const entry = cache.isReady ? cache.get(namespace) : undefined
      return entry ? phaseOf(entry) : direct.phase(namespace, inner)
    },
  }
}

/** Namespaces of the server itself. */
export const storedNamespaces = (namespaces: ListerWatcher): NamespaceGuard => ({
  phase: async (namespace, signal) => {
    const [entry] = (await namespaces.list({ name: namespace }, signal)).entries
    return entry ? phaseOf(entry) : 'missing'
  },
})

function phaseOf(entry: Entry): 'active' | 'terminating' {
  const { metadata, status } = entry.parse() as KubeObject & { status?: { phase?: string } }
  return metadata.deletionTimestamp !== undefined || status?.phase === 'Terminating' ? 'terminating' : 'active'
}
