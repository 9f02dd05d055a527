import type { Filter } from './filter.ts'

/** A Cluster that is being deleted. */
export const leaving: Filter = ({ cluster: { metadata } }) => (metadata.deletionTimestamp ? { reason: 'Leaving', message: `leaves the fleet since ${metadata.deletionTimestamp}` } : undefined)
