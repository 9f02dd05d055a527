import { isJsonObject } from '../../src/machinery/meta/json-value.ts'

export interface Difference { readonly path: string; readonly want: unknown; readonly got: unknown }

/** Where two answers differ. Numbers keep their kind: 1 is not 1.0, and integers count to their last digit. */
export function differences(want: unknown, got: unknown, path = ''): Difference[] {
  if (isJsonObject(want) && isJsonObject(got)) {
    return [...new Set([...Object.keys(want), ...Object.keys(got)])].flatMap((key) => {
      const at = path ? `${path}.${key}` : key
      if (!Object.hasOwn(got, key)) return [{ path: at, want: want[key], got: '<absent>' }]
      return Object.hasOwn(want, key) ? differences(want[key], got[key], at) : [{ path: at, want: '<absent>', got: got[key] }]
    })
  }
  if (Array.isArray(want) && Array.isArray(got)) {
    return Array.from({ length: Math.max(want.length, got.length) }, (_, i) => {
      const at = `${path}[${i}]`
      if (i >= got.length) return [{ path: at, want: want[i] as unknown, got: '<absent>' }]
      return i >= want.length ? [{ path: at, want: '<absent>', got: got[i] as unknown }] : differences(want[i], got[i], at)
    }).flat()
  }
  return scalar(want) === scalar(got) || want === '<any>' ? [] : [{ path, want, got }]
}

function scalar(value: unknown): string {
  const text = JSON.isRawJSON(value) ? value.rawJSON : typeof value === 'number' ? String(value) : undefined
  if (text === undefined) return JSON.stringify(value) ?? 'undefined'
  return /[.eE]/.test(text) ? `float ${Number(text)}` : `integer ${text}`
}
