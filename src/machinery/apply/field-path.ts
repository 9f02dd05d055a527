import { isJsonObject } from '../meta/json-value.ts'
import { parseJson } from '../meta/json.ts'
import { canonicalJson, jsonString, printed } from './go-text.ts'
import { compareText, compareValues } from './value-order.ts'

/**
 * One step from a value to a part of it, written as in fieldsV1: `f:<name>` a field, `k:{…}` the item of a map list that has these keys, `v:<JSON>` an item of a set, `i:<n>` an item by position.
 * Texts are canonical (numbers in one form, keys sorted), so that equal steps are equal strings.
 */
export type PathElement = string
export type Path = readonly PathElement[]

export const fieldElement = (name: string): PathElement => `f:${name}`
export const indexElement = (index: number): PathElement => `i:${index}`
export const valueElement = (value: unknown): PathElement => `v:${canonicalJson(value)}`

/** `keys` in any order. */
export function keyElement(keys: readonly (readonly [name: string, value: unknown])[]): PathElement {
  const sorted = keys.length > 1 ? keys.toSorted(([a], [b]) => compareText(a, b)) : keys
  return `k:{${sorted.map(([name, value]) => `${jsonString(name)}:${canonicalJson(value)}`).join(',')}}`
}

/** Reads a step that somebody else wrote; undefined: of a kind that is not known, which readers skip. Throws SyntaxError. */
export function parseElement(text: string): PathElement | undefined {
  if (text[1] !== ':') throw new SyntaxError(`missing colon: ${text}`)
  if (CANONICAL.test(text)) return text
  const content = text.slice(2)
  switch (text[0]) {
    case 'f': return text
    case 'v': return valueElement(parseJson(content))
    case 'k': return keyElement(parseKeys(content))
    case 'i':
      if (!/^[+-]?\d+$/.test(content)) throw new SyntaxError(`parsing ${JSON.stringify(content)}: invalid syntax`)
      return indexElement(Number(content))
    default: return undefined
  }
}

/** Fields before keys before values before positions; then by what they hold. */
export function compareElements(a: PathElement, b: PathElement): number {
  const kind = RANKS.indexOf(a[0]!) - RANKS.indexOf(b[0]!)
  if (kind !== 0 || a === b) return kind
  switch (a[0]) {
    case 'f': return compareText(a, b)
    case 'k': return comparePlainKeys(a, b) ?? compareKeys(keysOf(a), keysOf(b))
    case 'v': return compareValues(parseJson(a.slice(2)), parseJson(b.slice(2)))
    default: return Number(a.slice(2)) - Number(b.slice(2))
  }
}

/** Name of a field step, undefined for the others. */
export const fieldName = (element: PathElement): string | undefined => (element[0] === 'f' ? element.slice(2) : undefined)
export const isKey = (element: PathElement): boolean => element[0] === 'k'

/** Names and values of a key step, sorted by name. */
export const keysOf = (element: PathElement): (readonly [name: string, value: unknown])[] => parseKeys(element.slice(2))

/** As conflicts and mistakes name a path: `.spec.ports[port=80,protocol="TCP"].name`. */
export const printPath = (path: Path): string => path.map(printElement).join('')

export function printElement(element: PathElement): string {
  switch (element[0]) {
    case 'f': return `.${element.slice(2)}`
    case 'k': return `[${keysOf(element).map(([name, value]) => `${name}=${printed(value)}`).join(',')}]`
    case 'v': return `[=${printed(parseJson(element.slice(2)))}]`
    default: return `[${element.slice(2)}]`
  }
}

const RANKS = 'fkvi'
/** What most steps look like; there is nothing to put right in them. */
const CANONICAL = /^(?:f:|k:\{"\w+":(?:"[\w./:-]*"|[1-9]\d{0,14}|0)\}$|v:"[\w./:-]*"$|i:(?:0|[1-9]\d{0,14})$)/

function parseKeys(text: string): (readonly [string, unknown])[] {
  const keys = parseJson(text) ?? {}
  if (!isJsonObject(keys)) throw new SyntaxError(`keys are no object: ${text}`)
  return Object.entries(keys)
}

/** Of two items with one key of the same name and plain texts as its value, which most have. */
function comparePlainKeys(a: PathElement, b: PathElement): number | undefined {
  const one = PLAIN_KEY.exec(a), two = one && PLAIN_KEY.exec(b)
  return two?.[1] === one?.[1] && two ? compareText(one[2]!, two[2]!) : undefined
}

const PLAIN_KEY = /^k:\{"(\w+)":"([\w./:-]*)"\}$/

function compareKeys(a: readonly (readonly [string, unknown])[], b: readonly (readonly [string, unknown])[]): number {
  for (const [i, [name, value]] of a.entries()) {
    const other = b[i]
    if (!other) return 1
    const order = compareText(name, other[0]) || compareValues(value, other[1])
    if (order !== 0) return order
  }
  return a.length - b.length
}
