import type { Filter } from './filter.ts'

/** Labels, fields, names and exclusions of the placement; for overflow, those of any tier. */
export const affinity: Filter = ({ cluster, term }) => {
  if (term.tierOf(cluster) !== undefined) return undefined
  return { reason: 'NotSelected', message: term.name === undefined ? 'is not selected by the placement' : `is not selected by the affinity ${term.name}` }
}
