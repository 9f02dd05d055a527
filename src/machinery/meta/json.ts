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

/** Where a value may begin, a number that is no short integer: negative zero, one with a fraction or an exponent, or of sixteen digits and more. Texts that look so cost time, nothing else; the tag of an image, `web:1.27`, does not. */
const UNSAFE_NUMBER = /(?:^|(?<="\s*):|[[,])\s*(?:-0|-?\d+[.eE]|-?\d{16})/

/** Throws SyntaxError. Numbers that a double would change come back as `JSON.rawJSON` values, which `stringifyJson` writes verbatim; the integer -0 is 0. */
export function parseJson(text: string): unknown {
  if (!UNSAFE_NUMBER.test(text)) return JSON.parse(text)
  return JSON.parse(text, function keep(this: unknown, _key: string, value: unknown, context?: { source?: string }) {
    if (typeof value === 'number' && context?.source !== undefined && String(value) !== context.source) return context.source === '-0' ? 0 : JSON.rawJSON(context.source)
    return value
  } as (this: unknown, key: string, value: unknown) => unknown)
}

const ESCAPED = /[<>&\u2028\u2029]/g
const escape = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

export function stringifyJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent)
  return text.replace(ESCAPED, escape)
}
