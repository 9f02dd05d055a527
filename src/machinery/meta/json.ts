/**
 * JSON as Go's encoder and decoder treat it, where JavaScript's differ: integers beyond 2^53 survive (as raw JSON), floats keep their text,
 * and `<`, `>`, `&`, U+2028 and U+2029 are escaped (official JavaScript clients split watch lines at U+2028).
 */
interface RawJson { readonly rawJSON: string }
declare global {
  interface JSON {
    rawJSON(text: string): RawJson
    isRawJSON(value: unknown): value is RawJson
  }
}

/** Where a value may begin, a number that is no short integer: negative zero, one with a fraction or an exponent, or of sixteen digits and more. It may still stand in a string. */
const UNSAFE_NUMBER = /(?:^|[:[,])\s*(?:-0|-?\d+[.eE]|-?\d{16})/g

/** Throws SyntaxError. Numbers that a double would change come back as `JSON.rawJSON` values, which `stringifyJson` writes verbatim; the integer -0 is 0. */
export function parseJson(text: string): unknown {
  // Five times as fast as with a reviver.
  if (!hasUnsafeNumber(text)) return JSON.parse(text)
  return JSON.parse(text, function keep(this: unknown, _key: string, value: unknown, context?: { source?: string }) {
    if (typeof value === 'number' && context?.source !== undefined && String(value) !== context.source) return context.source === '-0' ? 0 : JSON.rawJSON(context.source)
    return value
  } as (this: unknown, key: string, value: unknown) => unknown)
}

/** Texts often look so, as in `"image":"web:1.27"` or `"cidrs":"10.0.0.0/8,172.16.0.0/12"`. A colon outside of strings stands behind a key; for the others strings are passed over. */
function hasUnsafeNumber(text: string): boolean {
  let outside = 0
  for (const { index, 0: found } of text.matchAll(UNSAFE_NUMBER)) {
    if (found.startsWith(':') && !BEHIND_KEY.has(text.charCodeAt(index - 1))) continue
    const number = index + found.length - 1
    while (outside <= number) {
      const open = text.indexOf('"', outside)
      if (open < 0 || open > number) return true
      outside = stringEnd(text, open)
    }
  }
  return false
}

/** Behind the string that opens at `open`; behind everything where it does not end. */
function stringEnd(text: string, open: number): number {
  for (let from = open + 1; ;) {
    const quote = text.indexOf('"', from)
    if (quote < 0) return text.length
    let escapes = 0
    while (text.charCodeAt(quote - 1 - escapes) === BACKSLASH) escapes++
    if (escapes % 2 === 0) return quote + 1
    from = quote + 1
  }
}

const BACKSLASH = 92, BEHIND_KEY = new Set(Array.from('" \t\r\n', (character) => character.charCodeAt(0)))
const ESCAPED = /[<>&\u2028\u2029]/g
const escape = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

export function stringifyJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent)
  return text.replace(ESCAPED, escape)
}
