/** RFC 3339 in UTC, to the second: what metadata says of times. `ms` since the epoch. */
export const timestamp = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

/** To the microsecond, as Leases and audit events say times. */
export const microTimestamp = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z')
