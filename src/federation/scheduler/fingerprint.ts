import { createHash } from 'node:crypto'
import { canonicalJson } from '../../machinery/apply/go-text.ts'

/** A short text that is equal for equal values, whatever the order of their members. Members that are undefined count as absent. */
export const fingerprint = (value: unknown): string => createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 16)
