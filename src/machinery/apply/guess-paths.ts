import { isJsonObject } from '../meta/json-value.ts'
import { fieldElement, indexElement, keyElement, type Path, type PathElement } from './field-path.ts'
import { PathSet } from './path-set.ts'
import { presentKeys } from './value-order.ts'

/** The leaves of a value of which no schema is known. Items of lists are found by what often is their key, else by position; empty maps and lists give nothing. */
export const guessPaths = (value: unknown): PathSet => PathSet.from(leaves(value, []))

const LIKELY_KEYS = ['key', 'id', 'name']

function* leaves(value: unknown, path: Path): Generator<Path, void> {
  if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* leaves(item, [...path, itemElement(i, item)])
  else if (isJsonObject(value)) for (const key of presentKeys(value)) yield* leaves(value[key], [...path, fieldElement(key)])
  else yield path
}

function itemElement(index: number, item: unknown): PathElement {
  if (!isJsonObject(item)) return indexElement(index)
  const keys = LIKELY_KEYS.filter((name) => Object.hasOwn(item, name) && item[name] !== null && !Array.isArray(item[name]) && !isJsonObject(item[name]))
  return keys.length > 0 ? keyElement(keys.map((name) => [name, item[name]])) : indexElement(index)
}
