import type { ObjectChange } from '../cache/history.ts'
import type { Entry, Handler, Kind, ListerWatcher, Position } from '../meta/core.ts'
import { scopeOfKey } from '../meta/object-key.ts'
import { comparePositions } from '../meta/position.ts'
import { RemoteReader, type Checks } from './remote-reader.ts'

interface Span { readonly from: Position; readonly until: Position }

/**
 * All changes of a kind behind `from`, up to and with `until`, each with what was there before it: servers keep history for about five minutes. Undefined where it cannot be said, or would be more than `max` changes.
 *
 * A watch says what comes, and never that there was nothing more. That is certain once it tells something at `until` or later: a change, or the bookmark that servers send two seconds before a watch of theirs ends
 * (k8s.io/apiserver/pkg/storage/cacher/cache_watcher.go). Asked for three seconds, it comes within the second.
 * Errors: those of the server; Expired where it has forgotten.
 */
export async function changesBetween(kind: Kind, handler: Handler, { from, until, max, ...options }: Span & { readonly max: number; readonly labelSelector?: string; readonly checks: Checks }, signal: AbortSignal): Promise<readonly ObjectChange[] | undefined> {
  const reader = new RemoteReader(kind, handler, { watchSeconds: 3, idleMs: 5_000, ...options }), changes: ObjectChange[] = []
  for await (const batch of reader.watch({ at: { position: from, match: 'notOlder' } }, signal)) {
    for (const change of batch) {
      const isBeyond = comparePositions(change.position, until)
      if (change.type !== 'BOOKMARK' && isBeyond <= 0) changes.push(change)
      if (changes.length > max) return undefined
      if (isBeyond >= 0) return withPrevious(reader, from, changes, signal)
    }
  }
  return undefined
}

/** What was there before the first change of an object is asked for: the state at `from` is history, too. A deletion brings it along. */
async function withPrevious(reader: ListerWatcher, from: Position, changes: readonly ObjectChange[], signal: AbortSignal): Promise<readonly ObjectChange[]> {
  const before = new Map<string, Entry>(), last = new Map<string, Entry | undefined>(), isFirst = new Set<string>()
  const asked = changes.flatMap(({ type, entry: { key } }) => { const first = !isFirst.has(key); isFirst.add(key); return first && type === 'MODIFIED' ? [key] : [] }), at = { position: from, match: 'exact' } as const
  const pages = asked.length > SINGLY_MAX ? [reader.list({ at }, signal)] : asked.map((key) => reader.list({ ...scopeOfKey(key), at }, signal))
  for (const page of await Promise.all(pages)) for (const entry of page.entries) before.set(entry.key, entry)
  return changes.map((change): ObjectChange => {
    const { type, entry } = change, { key } = entry, previous = last.has(key) ? last.get(key) : type === 'DELETED' ? entry : before.get(key)
    last.set(key, type === 'DELETED' ? undefined : entry)
    return previous && type !== 'ADDED' ? { ...change, previous } : change
  })
}

/** Beyond this, all objects in pages are cheaper than each by its name. */
const SINGLY_MAX = 20
