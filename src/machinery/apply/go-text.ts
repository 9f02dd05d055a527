import { isJsonObject } from '../meta/json-value.ts'
import { compareText, isNumber, numberText, presentKeys } from './value-order.ts'

/** JSON as Go writes it into names of fields sets: members sorted, `<`, `>` and `&` escaped, no blanks. Equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return jsonString(value)
  if (isNumber(value)) return numberText(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (isJsonObject(value)) return `{${presentKeys(value).toSorted(compareText).map((key) => `${jsonString(key)}:${canonicalJson(value[key])}`).join(',')}}`
  return constant(value)
}

/** A JSON string; Go has no short forms for backspace and form feed. */
export function jsonString(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : `"${text.toWellFormed().replace(ESCAPED, (character) => SHORT[character] ?? `\\u${hex(character.charCodeAt(0), 4)}`)}"`
}

/** A value inside a printed path: `[name="a"]`, `[=1.5]`. */
export function printed(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (isNumber(value)) return printedNumber(value)
  if (Array.isArray(value)) return `[${value.map(printed).join(',')}]`
  if (isJsonObject(value)) return presentKeys(value).map((key) => `${key}=${printed(value[key])}`).join('')
  return constant(value)
}

/** Go's `%q`. */
export function quoted(text: string): string {
  return `"${text.toWellFormed().replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0)!
    return GO_SHORT[character] ?? (code < 0x80 ? `\\x${hex(code, 2)}` : code <= 0xffff ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`)
  })}"`
}

/** Go's `%v` of decoded JSON: `map[a:1 b:[x y]]`. */
export function shown(value: unknown): string {
  if (isNumber(value)) return printedNumber(value)
  if (Array.isArray(value)) return `[${value.map(shown).join(' ')}]`
  if (isJsonObject(value)) return `map[${presentKeys(value).toSorted(compareText).map((key) => `${key}:${shown(value[key])}`).join(' ')}]`
  return typeof value === 'string' ? value : value === null || value === undefined ? '<nil>' : constant(value)
}

/** Go's `%#v` of decoded JSON. */
export function syntax(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (isNumber(value)) return printedNumber(value)
  if (Array.isArray(value)) return `[]interface {}{${value.map(syntax).join(', ')}}`
  if (isJsonObject(value)) return `map[string]interface {}{${presentKeys(value).toSorted(compareText).map((key) => `${quoted(key)}:${syntax(value[key])}`).join(', ')}}`
  return value === null || value === undefined ? 'interface {}(nil)' : constant(value)
}

/** Go's `%T` of decoded JSON. */
export function typeName(value: unknown): string {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  if (isNumber(value)) return /^-?\d+$/.test(numberText(value)) ? 'int64' : 'float64'
  return Array.isArray(value) ? '[]interface {}' : isJsonObject(value) ? 'map[string]interface {}' : '<nil>'
}

/** Go turns to exponents below 1e-4, JavaScript below 1e-6, and Go's have two digits at least. */
function printedNumber(value: unknown): string {
  const text = numberText(value), number = Math.abs(Number(text))
  return number !== 0 && number < 1e-4 ? Number(text).toExponential().replace(/e-(\d)$/, 'e-0$1') : text
}

const constant = (value: unknown) => (value === true ? 'true' : value === false ? 'false' : 'null')
const hex = (code: number, digits: number) => code.toString(16).padStart(digits, '0')
const PLAIN = /^[ !#-%'-;=?-[\]-~]*$/
// eslint-disable-next-line no-control-regex -- these are what has to be escaped
const ESCAPED = /["\\<>&\u0000-\u001f\u2028\u2029]/g
const UNPRINTABLE = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu
const SHORT: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }
const GO_SHORT: Readonly<Record<string, string>> = { ...SHORT, '\u0007': '\\a', '\b': '\\b', '\f': '\\f', '\v': '\\v' }
