import type { Batch, Change, Entry, Query } from '../meta/core.ts'

/** Whether the query asks for this object. */
export const inScope = (query: Query, entry: Entry): boolean =>
  (query.namespace === undefined || entry.key.startsWith(`${query.namespace}/`)) &&
  (query.name === undefined || entry.key === query.name || entry.key.endsWith(`/${query.name}`)) &&
  (query.where?.matches(entry) ?? true)

/** The changes as one watcher may see them: moving into its selection is ADDED, out of it DELETED with the old object. Watchers of the same selection are handed the same array: encodings are shared by its identity. */
export function select(query: Query, batch: Batch): Batch {
  const { namespace, name, where } = query
  if (namespace === undefined && name === undefined && !where) return batch
  // A selector without a text is somebody's own.
  if (where && where.labels === undefined && where.fields === undefined) return chosen(query, batch)
  const selection = [namespace, name, where?.labels, where?.fields].map((text) => text ?? '').join('\n')
  let known = bySelection.get(batch)
  if (!known) bySelection.set(batch, (known = new Map()))
  let part = known.get(selection)
  if (!part) {
    part = chosen(query, batch)
    if (known.size < SELECTIONS_MAX) known.set(selection, part)
  }
  return part
}

/** Batches stay in the history for long: a thousand watchers with a selector each must not leave a thousand arrays on every one. */
const SELECTIONS_MAX = 16
const bySelection = new WeakMap<Batch, Map<string, Batch>>()

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
