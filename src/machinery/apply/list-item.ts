import { isJsonObject } from '../meta/json-value.ts'
import type { ListType } from './apply-schema.ts'
import { keyElement, type PathElement, valueElement } from './field-path.ts'
import { quoted } from './go-text.ts'

/** The step to an item of an associative list, or why there is none. A key that is missing takes its default; without one the item is another one than with any value of that key. */
export function itemElement(list: ListType, item: unknown): { readonly element: PathElement } | { readonly mistake: string } {
  if (list.keys.length === 0) return setItem(item)
  if (item === null) return { mistake: 'associative list with keys may not have a null element' }
  if (!isJsonObject(item)) return { mistake: 'associative list with keys may not have non-map elements' }
  const keys: (readonly [string, unknown])[] = []
  for (const name of list.keys) {
    const given = Object.hasOwn(item, name) ? item[name] : undefined
    if (given === undefined && !list.item.map) return { mistake: `couldn't find default value for ${name}: associative list may not have non-map types` }
    const value = given === undefined ? list.item.map?.fields.get(name)?.default : given
    if (value !== undefined) keys.push([name, value])
  }
  if (keys.length === 0) return { mistake: `associative list with keys has an element that omits all key fields [${list.keys.map(quoted).join(' ')}] (and doesn't have default values for any key fields)` }
  return { element: keyElement(keys) }
}

function setItem(item: unknown): { readonly element: PathElement } | { readonly mistake: string } {
  if (item === null) return { mistake: "associative list without keys has an element that's an explicit null" }
  if (Array.isArray(item)) return { mistake: 'not supported: associative list with lists as elements' }
  if (isJsonObject(item)) return { mistake: "associative list without keys has an element that's a map type" }
  return { element: valueElement(item) }
}
