import type { PathElement } from './field-path.ts'
import { type Branch, PathSet } from './path-set.ts'

/** What is compared and owned at all; the rest is taken out of every set. */
export type PathFilter = (set: PathSet) => PathSet

/** Takes out the given paths and everything below them: fields that an endpoint resets are nobody's. */
export const excluding = (excluded: PathSet): PathFilter => (set) => set.without(excluded)

/** Steps of a path, and `*` for any step. */
export type PathPattern = readonly string[]

/**
 * Keeps the members on the way to, at, or below a match of any pattern: `[['f:spec', 'f:containers', '*', 'f:resources']]` lets only these be changed.
 * Where `*` and named steps meet at one place, the named ones are ignored.
 */
export function including(...patterns: PathPattern[]): PathFilter {
  const pattern = patterns.map(patternTree).reduce<Pattern>(mergePatterns, new Map())
  return (set) => filtered(set, patterns.length === 0 ? EVERYTHING : pattern)
}

const EVERYTHING = 'everything'
type Pattern = typeof EVERYTHING | ReadonlyMap<string, Pattern>

const patternTree = (steps: PathPattern): Pattern => steps.reduceRight<Pattern>((below, step) => new Map([[step, below]]), EVERYTHING)

function mergePatterns(a: Pattern, b: Pattern): Pattern {
  if (a === EVERYTHING || b === EVERYTHING) return EVERYTHING
  const merged = new Map(a)
  for (const [step, below] of b) merged.set(step, merged.has(step) ? mergePatterns(merged.get(step)!, below) : below)
  return merged
}

function filtered(set: PathSet, pattern: Pattern): PathSet {
  if (pattern === EVERYTHING) return set
  const branches = new Map<PathElement, Branch>()
  for (const [element, { member, below }] of set.branches()) {
    const next = pattern.get('*') ?? pattern.get(element), rest = next && below && filtered(below, next)
    if (next && (member || (rest && !rest.isEmpty))) branches.set(element, { member, below: rest?.isEmpty ? undefined : rest })
  }
  return new PathSet(branches)
}
