import { groupsOf } from '../select/group-clusters.ts'
import type { Filter } from './filter.ts'

/** A cluster cannot be counted to a region, zone, provider or label value that it does not have. */
export const spreadProperty: Filter = ({ cluster, spread }) => {
  const lacking = spread.find((constraint) => (constraint.spreadByLabel !== undefined || (constraint.spreadByField ?? 'cluster') !== 'cluster') && groupsOf(cluster, constraint).length === 0)
  return lacking && { reason: 'NoSpreadProperty', message: `has no ${lacking.spreadByField ?? `label ${lacking.spreadByLabel}`} to spread by` }
}
