import type { Batch, Change, Entry, Query } from '../meta/core.ts'

/** Whether the query asks for this object. */
export const inScope = (query: Query, entry: Entry): boolean =>
  (query.namespace === undefined || entry.key.startsWith(`${query.namespace}/`)) &&
  (query.name === undefined || entry.key === query.name || entry.key.endsWith(`/${query.name}`)) &&
  (query.where?.matches(entry) ?? true)

/** The changes as one watcher may see them: moving into its selection is ADDED, out of it DELETED with the old object. All of them, or all of a namespace, are the same array for everyone: encodings are shared by its identity. */
export function select(query: Query, batch: Batch): Batch {
  const { namespace, name, where } = query
  if (name !== undefined || where) return chosen(query, batch)
  return namespace === undefined ? batch : ofNamespace(namespace, batch)
}

/** All watchers of a namespace are handed the same batch, so that they share encodings, too. */
const byNamespace = new WeakMap<Batch, Map<string, Batch>>()

function ofNamespace(namespace: string, batch: Batch): Batch {
  let known = byNamespace.get(batch)
  if (!known) byNamespace.set(batch, (known = new Map()))
  let part = known.get(namespace)
  if (!part) known.set(namespace, (part = chosen({ namespace }, batch)))
  return part
}

function chosen(query: Query, batch: Batch): Batch {
  const seen: Change[] = []
  for (const change of batch) {
    if (change.type === 'BOOKMARK') { seen.push(change); continue }
    const { entry, previous, position } = change, now = change.type !== 'DELETED' && inScope(query, entry), before = previous !== undefined && inScope(query, previous)
    if (now) seen.push(before === (change.type === 'MODIFIED') ? change : { ...change, type: before ? 'MODIFIED' : 'ADDED' })
    // A real deletion keeps its entry: the last state as the source told it.
    else if (before || (change.type === 'DELETED' && !previous && inScope(query, entry))) seen.push(change.type === 'DELETED' ? change : { type: 'DELETED', entry: previous!, previous: previous!, position })
  }
  return seen
}
