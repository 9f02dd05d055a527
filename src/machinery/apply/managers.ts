import { type Path, printPath } from './field-path.ts'
import { PathSet } from './path-set.ts'
import { compareText } from './value-order.ts'

/** What one manager owns, in the words of one API version. `applied`: by applying, so that it can also take away; else by updates. */
export interface ManagedSet { readonly set: PathSet; readonly apiVersion: string; readonly applied: boolean }

/** By the manager's name or identifier. A manager that owns nothing is not listed. */
export type Managers = ReadonlyMap<string, ManagedSet>

/** One field that somebody else owns with another value. */
export interface Conflict { readonly manager: string; readonly path: Path }

/** By manager, then by path. */
export function conflictsOf(sets: Managers): Conflict[] {
  return [...sets].toSorted(([a], [b]) => compareText(a, b)).flatMap(([manager, { set }]) => [...set.paths()].map((path) => ({ manager, path })))
}

export const pathsOf = (conflicts: readonly Conflict[]): PathSet => PathSet.from(conflicts.map(({ path }) => path))

/**
 * One text for all of them, after a prefix of the caller's: `conflict with "m": .spec.x`, or from two on a list by manager.
 * `name` writes a manager. Texts as in structured-merge-diff/merge/conflict.go.
 */
export function describeConflicts(conflicts: readonly Conflict[], name: (manager: string) => string): string {
  const [first] = conflicts
  if (first && conflicts.length === 1) return `conflict with ${name(first.manager)}: ${printPath(first.path)}`
  const byManager = Map.groupBy(conflicts, ({ manager }) => manager)
  return [...byManager].toSorted(([a], [b]) => compareText(a, b)).flatMap(([manager, list]) => [`conflicts with ${name(manager)}:`, ...list.map(({ path }) => `- ${printPath(path)}`)]).join('\n')
}

export function equalManagers(a: Managers, b: Managers): boolean {
  return a.size === b.size && [...a].every(([manager, { set, apiVersion, applied }]) => {
    const other = b.get(manager)
    return other !== undefined && other.apiVersion === apiVersion && other.applied === applied && other.set.equals(set)
  })
}

/** What only one of two states knows, by manager; of a manager whose version changed, everything it has now. */
export function managersDifference(a: Managers, b: Managers): Managers {
  const difference = new Map<string, ManagedSet>()
  for (const [manager, before] of a) {
    const after = b.get(manager)
    if (after && before.apiVersion !== after.apiVersion) { difference.set(manager, after); continue }
    const set = after ? before.set.difference(after.set).union(after.set.difference(before.set)) : before.set
    if (!set.isEmpty) difference.set(manager, after ? { set, apiVersion: after.apiVersion, applied: false } : before)
  }
  for (const [manager, after] of b) if (!a.has(manager) && !after.set.isEmpty) difference.set(manager, after)
  return difference
}
