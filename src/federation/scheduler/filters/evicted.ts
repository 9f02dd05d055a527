import type { Filter } from './filter.ts'

/** A cluster that the template is leaving gets nothing until its copy there is gone. */
export const evicted: Filter = ({ evicted: why }) => (why === undefined ? undefined : { reason: 'Evicted', message: `is being left: ${why}` })
