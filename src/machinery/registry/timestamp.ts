/** RFC 3339 in UTC, to the second: what metadata says of times. `ms` since the epoch. */
export const timestamp = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
