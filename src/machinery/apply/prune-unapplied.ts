import type { ManagedSet, Managers } from './managers.ts'
import { withNamedFields } from './owned-paths.ts'
import { PathSet } from './path-set.ts'
import type { TypedValue } from './typed-value.ts'

interface Ownership { readonly wanted: PathSet; readonly owners: Managers; readonly apiVersion: string; readonly last: ManagedSet | undefined }
type Convert = (object: TypedValue, apiVersion: string) => TypedValue | undefined

/**
 * Takes out of a merged object what its manager applied last time (`last`) and nobody owns now: neither the manager by its new configuration nor anyone else, in whatever version they speak.
 * `wanted` is the manager's new set, which `owners` has too; the result is in `apiVersion`. An unknown last version takes nothing away.
 */
export function pruned(convert: Convert, merged: TypedValue, { wanted, owners, apiVersion, last }: Ownership): TypedValue {
  if (!last || last.set.isEmpty) return merged
  // All of it is wanted again, and with an item the way to it: nothing would go.
  if (last.apiVersion === apiVersion && last.set.difference(wanted).isEmpty) return merged
  const before = convert(merged, last.apiVersion)
  if (!before) return merged
  const bare = before.remove(withNamedFields(last.set, before.type))
  const kept = withOnlyLast(convert, before, withOwned(convert, before, bare, last.apiVersion, owners), last), result = convert(kept, apiVersion)
  if (!result) throw new Error(`objects cannot be converted to ${apiVersion}, the version they are applied in`)
  return result
}

/** Puts back what somebody owns. The version of what was taken comes first: conversion may need it. */
function withOwned(convert: Convert, merged: TypedValue, bare: TypedValue, version: string, owners: Managers): TypedValue {
  const versions = [...Map.groupBy(owners.values(), ({ apiVersion }) => apiVersion)].toSorted(([a], [b]) => Number(b === version) - Number(a === version))
  let all = merged, rest = bare
  for (const [apiVersion, sets] of versions) {
    const whole = convert(all, apiVersion), some = whole && convert(rest, apiVersion)
    if (!whole || !some) continue
    all = whole
    const owned = sets.reduce((union, { set }) => union.union(set), PathSet.empty), keep = some.namedPaths().union(withNamedFields(owned, all.type))
    rest = all.remove(all.namedPaths().difference(keep))
  }
  return rest
}

/** Puts back what was not the manager's: what went with an item that it owned, but belongs to updaters or to nobody. */
function withOnlyLast(convert: Convert, merged: TypedValue, bare: TypedValue, last: ManagedSet): TypedValue {
  const rest = convert(bare, last.apiVersion)
  if (!rest) return merged
  const { type } = merged, gone = merged.namedPaths().difference(rest.namedPaths())
  return merged.remove(gone.intersection(withNamedFields(last.set, type)))
}
