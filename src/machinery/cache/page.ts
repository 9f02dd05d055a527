import type { Entry, Kind, ListQuery, Page, Position, Query } from '../meta/core.ts'
import { inScope } from './select.ts'
import { between, countBetween, lookUp, type Runs } from './sorted-entries.ts'

/** The entries of a snapshot that a query asks for, lazily and in order. */
export function selected(runs: Runs, kind: Kind, query: ListQuery): Iterable<Entry> {
  const { from, to } = bounds(query), key = singleKey(kind, query)
  if (key !== undefined) {
    const entry = lookUp(runs, key)
    return entry && key >= from && inScope(query, entry) ? [entry] : []
  }
  return { [Symbol.iterator]: () => (query.where || query.name !== undefined ? filtered(between(runs, from, to), query) : between(runs, from, to)) }
}

/** A page of a snapshot. Without a limit nothing is looked at until it is read. `among`: those of its entries among which all are that the query asks for. */
export function pageOf(runs: Runs, kind: Kind, query: ListQuery, position: Position, among: Runs = runs): Page {
  const entries = selected(among, kind, query), limit = query.limit ?? 0
  if (limit <= 0 || countBetween(runs, '') <= limit) return { entries, position, warnings: [], ...(isAll(query) && { runs }) }
  const page: Entry[] = [], isSelected = query.where !== undefined || query.name !== undefined
  for (const entry of entries) {
    page.push(entry)
    if (page.length < limit) continue
    // Behind a full page no selector is asked: what is left may match or not, as with a kube-apiserver.
    const after = entry.key, remaining = singleKey(kind, query) === undefined ? countBetween(runs, behind(after), bounds(query).to) : 0
    return { entries: page, position, warnings: [], ...(remaining > 0 && { next: { after, ...(!isSelected && { remaining }) } }) }
  }
  return { entries: page, position, warnings: [] }
}

const isAll = ({ namespace, name, where, after }: ListQuery) => namespace === undefined && name === undefined && where === undefined && after === undefined

/** The first key behind another. */
const behind = (key: string) => `${key}\u0000`

function bounds({ namespace, after }: ListQuery): { from: string; to?: string } {
  const first = namespace === undefined ? '' : `${namespace}/`, next = after === undefined ? '' : behind(after)
  // '0' is the character behind '/'.
  return { from: next > first ? next : first, ...(namespace !== undefined && { to: `${namespace}0` }) }
}

function singleKey(kind: Kind, { namespace, name }: Query): string | undefined {
  if (name === undefined) return undefined
  if (namespace !== undefined) return `${namespace}/${name}`
  return kind.namespaced ? undefined : name
}

function* filtered(entries: Iterable<Entry>, query: ListQuery): Generator<Entry> {
  for (const entry of entries) if (inScope(query, entry)) yield entry
}
