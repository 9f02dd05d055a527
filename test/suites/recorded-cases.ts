import { readFileSync } from 'node:fs'
import { isJsonObject } from '../../src/machinery/meta/json-value.ts'

/** The cases of a file in `test/cases`. They are frozen: what is tested must not change what it is given. */
export const recordedCases = <T>(file: string): T[] => (JSON.parse(readFileSync(new URL(`../cases/${file}`, import.meta.url), 'utf8'), (_, value: unknown) => Object.freeze(value)) as { cases: T[] }).cases

/** Absent, null, 0, "", [] and {} are the same to the recordings. */
export function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.length > 0 ? value.map((item) => withoutEmpty(item)) : undefined
  if (!isJsonObject(value)) return value === 0 || value === '' || value === null ? undefined : value
  const members = Object.entries(value).map(([key, member]) => [key, withoutEmpty(member)] as const).filter(([, member]) => member !== undefined)
  return members.length > 0 ? Object.fromEntries(members) : undefined
}
