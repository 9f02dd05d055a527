import { canonicalJson, shown, typeName } from '../apply/go-text.ts'
import { isJsonObject } from '../meta/json-value.ts'
import type { StatusError } from '../meta/status-error.ts'
import { failed } from './refusal.ts'

/** What items of a list are found by: the value of their merge key, or the value that they are where there is no key. Values of different types differ: 1 is not "1". Throws StatusError where an item has no such key. */
export function listKey(item: unknown, mergeKey: string): string {
  if (mergeKey === '') return keyText(item)
  if (!isJsonObject(item)) throw noObject(item)
  if (!Object.hasOwn(item, mergeKey)) throw failed(`map: ${shown(item)} does not contain declared merge key: ${mergeKey}`)
  return keyText(item[mergeKey])
}

/** Where each key is first. */
export function keyPositions(keys: readonly string[]): Map<string, number> {
  const positions = new Map<string, number>()
  for (const [index, key] of keys.entries()) if (!positions.has(key)) positions.set(key, index)
  return positions
}

export const noObject = (item: unknown): StatusError => failed(`expected a map[string]interface {}, but received a ${item === null ? '%!s(<nil>)' : typeName(item)}`)

const keyText = (value: unknown) => `${typeName(value)} ${canonicalJson(value)}`
