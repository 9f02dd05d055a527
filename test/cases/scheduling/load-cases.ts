import { readFileSync } from 'node:fs'

/** The cases of one file beside this one. */
export const loadCases = <T>(file: string): T[] => (JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as { cases: T[] }).cases
