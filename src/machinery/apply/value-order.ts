import { isJsonObject, type JsonObject } from '../meta/json-value.ts'

/**
 * A total order over JSON values, as structured-merge-diff/value.Compare: numbers, strings, booleans, lists, maps, null; strings by their UTF-8 bytes.
 * Raw numbers (`JSON.rawJSON`) are compared exactly where both are integers, else as doubles.
 */
export function compareValues(a: unknown, b: unknown): number {
  const kind = kindOf(a), other = kindOf(b)
  if (kind !== other) return kind < other ? -1 : 1
  switch (kind) {
    case NUMBER: return compareNumbers(a, b)
    case STRING: return compareText(a as string, b as string)
    case BOOLEAN: return Number(a) - Number(b)
    case LIST: return compareLists(a as unknown[], b as unknown[])
    case MAP: return compareMaps(a as JsonObject, b as JsonObject)
    default: return 0
  }
}

/** Whether two values are the same to apply: whole floats equal integers, the order of members does not matter, undefined members count as absent. */
export function equalValues(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return isNumber(a) && isNumber(b) && compareNumbers(a, b) === 0
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => equalValues(item, b[i]))
  if (!isJsonObject(a) || !isJsonObject(b)) return isNumber(a) && isNumber(b) && compareNumbers(a, b) === 0
  const keys = presentKeys(a)
  return keys.length === presentKeys(b).length && keys.every((key) => Object.hasOwn(b, key) && b[key] !== undefined && equalValues(a[key], b[key]))
}

/** Order of UTF-8 bytes, which is that of code points: JavaScript's own differs where surrogates meet U+E000 to U+FFFF. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) {
    const one = a.charCodeAt(i), two = b.charCodeAt(i)
    if (one !== two) return rank(one) - rank(two)
  }
  return a.length - b.length
}

/** Names of members that are there, in their own order. */
export const presentKeys = (object: JsonObject): string[] => {
  const keys = Object.keys(object)
  return keys.some((key) => object[key] === undefined) ? keys.filter((key) => object[key] !== undefined) : keys
}

export const isNumber = (value: unknown): boolean => typeof value === 'number' || JSON.isRawJSON(value)

/** The shortest text that keeps a number: whole floats are integers, integers too large for a double keep their digits. */
export function numberText(value: unknown): string {
  if (!JSON.isRawJSON(value)) return String(value)
  const { rawJSON: text } = value, number = Number(text)
  return INTEGER.test(text) && !Number.isSafeInteger(number) ? text : String(number)
}

const NUMBER = 0, STRING = 1, BOOLEAN = 2, LIST = 3, MAP = 4, NULL = 5
const INTEGER = /^-?\d+$/
const rank = (unit: number) => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800)

function kindOf(value: unknown): number {
  switch (typeof value) {
    case 'number': return NUMBER
    case 'string': return STRING
    case 'boolean': return BOOLEAN
    default: return Array.isArray(value) ? LIST : JSON.isRawJSON(value) ? NUMBER : isJsonObject(value) ? MAP : NULL
  }
}

function compareNumbers(a: unknown, b: unknown): number {
  const one = numberText(a), two = numberText(b)
  if (one === two) return 0
  if (INTEGER.test(one) && INTEGER.test(two)) return BigInt(one) < BigInt(two) ? -1 : 1
  return Math.sign(Number(one) - Number(two))
}

function compareLists(a: readonly unknown[], b: readonly unknown[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = compareValues(a[i], b[i])
    if (order !== 0) return order
  }
  return Math.sign(a.length - b.length)
}

function compareMaps(a: JsonObject, b: JsonObject): number {
  const ours = presentKeys(a), theirs = presentKeys(b), all = [...new Set([...ours, ...theirs])].toSorted(compareText)
  for (const [i, key] of all.entries()) {
    // A map that has come to its end is the smaller one; else the one that lacks a key is the larger.
    if (i === ours.length) return -1
    if (i === theirs.length) return 1
    if (!Object.hasOwn(a, key)) return 1
    if (!Object.hasOwn(b, key)) return -1
    const order = compareValues(a[key], b[key])
    if (order !== 0) return order
  }
  return 0
}
