import type { Headers } from './core.ts'

/** The first value of a header; `name` in lower case. */
export function header(headers: Headers, name: string): string | undefined {
  for (const [key, value] of headers) if (key === name) return value
  return undefined
}

/** All values of a header, in order, never split. */
export const headerValues = (headers: Headers, name: string): string[] => headers.filter(([key]) => key === name).map(([, value]) => value)

export const withoutHeaders = (headers: Headers, drop: (name: string) => boolean): Headers => headers.filter(([name]) => !drop(name))
