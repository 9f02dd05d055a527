import { type Comparison, filterComparison } from './compare-values.ts'
import { type Conflict, conflictsOf, type ManagedSet, type Managers } from './managers.ts'
import type { PathFilter } from './path-pattern.ts'
import { PathSet } from './path-set.ts'
import { pruned } from './prune-unapplied.ts'
import { reconcilePaths } from './reconcile-paths.ts'
import type { TypedValue } from './typed-value.ts'
import { equalValues } from './value-order.ts'

/** How objects of one kind are merged and owned. */
export interface Rules {
  /** The object in another API version; undefined: that version is not (or no longer) known, and who owned something in it owns nothing. Throws where conversion fails. */
  readonly convert: (object: TypedValue, apiVersion: string) => TypedValue | undefined
  /** What is compared and owned in a version; absent: everything. */
  readonly filter?: (apiVersion: string) => PathFilter | undefined
  /** Answers the merged object even where it equals the live one. */
  readonly returnInputOnNoop?: boolean
}

interface Write { readonly live: TypedValue; readonly apiVersion: string; readonly managers: Managers; readonly manager: string }

/**
 * Who owns what after `manager` has replaced `live` by `next` (create, PUT, a patch already carried out): it gets what it added or changed, everyone else loses what changed or went.
 * Both objects are in `apiVersion`. Never conflicts.
 */
export function update(rules: Rules, { live, next, apiVersion, managers, manager }: Write & { readonly next: TypedValue }): Managers {
  const { owners, comparison } = moved(rules, { live, next, apiVersion, managers: reconciled(rules, live, managers), manager })
  const { added, removed, modified } = comparison, before = owners.get(manager)?.set ?? PathSet.empty
  const set = filtered(rules, apiVersion, before.difference(removed).union(modified).union(added))
  owners.delete(manager)
  if (!set.isEmpty) owners.set(manager, { set, apiVersion, applied: false })
  return owners
}

/** `object` is absent where it equals the live one. */
export type Applied = { readonly state: 'applied'; readonly object?: TypedValue; readonly managers: Managers } | { readonly state: 'conflict'; readonly conflicts: readonly Conflict[] }

/**
 * Merges what `manager` wants (`config`) onto `live`, takes away what it wanted last time, wants no longer and nobody else owns, and makes it the owner of what it wants.
 * A field that another manager owns with another value is a conflict, unless `force` takes it. Throws TypingError where an object does not fit its type.
 */
export function apply(rules: Rules, { live, config, apiVersion, managers, manager, force }: Write & { readonly config: TypedValue; readonly force: boolean }): Applied {
  const before = reconciled(rules, live, managers), last = before.get(manager)
  const wanted = filtered(rules, apiVersion, config.paths()), owners = new Map(before).set(manager, { set: wanted, apiVersion, applied: true })
  const next = pruned(rules.convert, live.merge(config), { wanted, owners, apiVersion, last }), result = moved(rules, { live, next, apiVersion, managers: owners, manager })
  if (!force && result.taken.size > 0) return { state: 'conflict', conflicts: conflictsOf(result.taken) }
  const isSame = !rules.returnInputOnNoop && equalValues(live.value, next.value)
  return { state: 'applied', managers: result.owners, ...(!isSame && { object: next }) }
}

interface Moved { readonly owners: Map<string, ManagedSet>; readonly taken: Managers; readonly comparison: Comparison }

/** Takes from everyone but `manager` what has changed from `live` to `next`, compared in the version each of them speaks. `taken`: what they owned of what changed or came. */
function moved(rules: Rules, { live, next, apiVersion, managers, manager }: Write & { readonly next: TypedValue }): Moved {
  const compared = (before: TypedValue, after: TypedValue, version: string) => {
    const filter = rules.filter?.(version), comparison = before.compare(after)
    return filter ? filterComparison(comparison, filter) : comparison
  }
  const comparison = compared(live, next, apiVersion), byVersion = new Map<string, Comparison | undefined>([[apiVersion, comparison]])
  const inVersion = (version: string): Comparison | undefined => {
    if (byVersion.has(version)) return byVersion.get(version)
    const before = rules.convert(live, version), after = before && rules.convert(next, version), result = before && after && compared(before, after, version)
    byVersion.set(version, result)
    return result
  }
  const owners = new Map<string, ManagedSet>(), taken = new Map<string, ManagedSet>()
  for (const [name, owned] of managers) {
    const changes = name === manager ? undefined : inVersion(owned.apiVersion)
    if (!changes) {
      if (name === manager && !owned.set.isEmpty) owners.set(name, owned)
      continue
    }
    const conflict = owned.set.intersection(changes.modified.union(changes.added)), set = owned.set.difference(conflict).difference(changes.removed)
    if (!conflict.isEmpty) taken.set(name, { set: conflict, apiVersion: owned.apiVersion, applied: false })
    if (!set.isEmpty) owners.set(name, set === owned.set ? owned : { ...owned, set })
  }
  return { owners, taken, comparison }
}

/** Brings what was owned in line with types that have changed since. Managers of versions that are gone are dropped. */
function reconciled(rules: Rules, live: TypedValue, managers: Managers): Managers {
  const result = new Map<string, ManagedSet>()
  for (const [manager, owned] of managers) {
    const versioned = rules.convert(live, owned.apiVersion)
    if (!versioned) continue
    const set = reconcilePaths(owned.set, versioned.type)
    result.set(manager, set ? { ...owned, set } : owned)
  }
  return result
}

const filtered = (rules: Rules, apiVersion: string, set: PathSet): PathSet => rules.filter?.(apiVersion)?.(set) ?? set
