import { isJsonObject, type JsonObject } from '../meta/json-value.ts'
import { fieldType, type ListType, LIST_PART, MAP_PART, type MapType, partsOf, SCALAR_PART, type Type } from './apply-schema.ts'
import { fieldElement, type Path, type PathElement, printPath } from './field-path.ts'
import { itemElement } from './list-item.ts'
import type { PathFilter } from './path-pattern.ts'
import { PathSet } from './path-set.ts'
import { TypingError, type TypingMistake } from './typing-error.ts'
import { scalarMistake, typeMistake } from './validate-value.ts'
import { equalValues } from './value-order.ts'

/** Fields and items that only the second of two values has, that only the first has, and leaves in which they differ. */
export interface Comparison { readonly added: PathSet; readonly removed: PathSet; readonly modified: PathSet }

/** Both of one type. Throws TypingError where neither fits it. */
export function compareTyped(type: Type, before: unknown, after: unknown): Comparison {
  const walk = new Comparing()
  walk.visit(type, before, after)
  if (walk.mistakes.length > 0) throw new TypingError(walk.mistakes)
  return { added: PathSet.from(walk.added), removed: PathSet.from(walk.removed), modified: PathSet.from(walk.modified) }
}

export const filterComparison = ({ added, removed, modified }: Comparison, filter: PathFilter): Comparison => ({ added: filter(added), removed: filter(removed), modified: filter(modified) })

/** `undefined` is absent, null a value. */
class Comparing {
  readonly added: Path[] = []
  readonly removed: Path[] = []
  readonly modified: Path[] = []
  readonly mistakes: TypingMistake[] = []
  readonly #path: PathElement[] = []

  visit(type: Type, before: unknown, after: unknown): void {
    // Nothing can be found inside one and the same value.
    if (before === after) return
    const old = partsOf(type, before), now = partsOf(type, after)
    // What is absent takes any form; a value that changed its form is looked at as both.
    if (after !== undefined && before !== undefined && old !== now) this.#part(type, old, before, after)
    const isLeaf = this.#part(type, after === undefined ? old : now, before, after)
    if (isLeaf) return
    if (before === undefined) this.added.push([...this.#path])
    else if (after === undefined) this.removed.push([...this.#path])
  }

  /** True: compared as a whole. */
  #part(type: Type, parts: number, before: unknown, after: unknown): boolean {
    if (parts & MAP_PART) return this.#map(type.map!, before, after)
    if (parts & SCALAR_PART) return this.#scalar(type, before, after)
    if (parts & LIST_PART) return this.#list(type.list!, before, after)
    return this.#report(typeMistake(type))
  }

  #scalar(type: Type, before: unknown, after: unknown): boolean {
    const left = scalarMistake(type.scalar!, before), right = scalarMistake(type.scalar!, after)
    if (left === undefined || right === undefined) return this.#leaf(before, after)
    this.#report(`lhs: ${left}`)
    return this.#report(`rhs: ${right}`)
  }

  #map(map: MapType, before: unknown, after: unknown): boolean {
    const left = isJsonObject(before) ? before : undefined, right = isJsonObject(after) ? after : undefined
    // Two empty ones are a leaf: that keeps empty and null apart.
    if (map.atomic || (isEmpty(left) && isEmpty(right))) return this.#leaf(before, after)
    if (left) for (const key of Object.keys(left)) this.#member(map, key, left[key], right && own(right, key))
    if (right) for (const key of Object.keys(right)) if (!left || own(left, key) === undefined) this.#member(map, key, undefined, right[key])
    return false
  }

  #member(map: MapType, key: string, before: unknown, after: unknown): void {
    if (before === undefined && after === undefined) return
    const field = map.fields.get(key)
    this.#inside(field?.element ?? fieldElement(key), field?.type ?? fieldType(map, key), before, after)
  }

  #list(list: ListType, before: unknown, after: unknown): boolean {
    const left = Array.isArray(before) ? before : undefined, right = Array.isArray(after) ? after : undefined
    if (!list.associative || (!left?.length && !right?.length)) return this.#leaf(before, after)
    const old = this.#items(list, left ?? []), now = this.#items(list, right ?? [])
    for (const [element, items] of old) this.#item(list, element, items, now.get(element) ?? [])
    for (const [element, items] of now) if (!old.has(element)) this.#item(list, element, [], items)
    return false
  }

  /** Items that occur twice are one leaf, which comes and goes with its being double. */
  #item(list: ListType, element: PathElement, before: readonly unknown[], after: readonly unknown[]): void {
    if (before.length <= 1 && after.length <= 1) { this.#inside(element, list.item, before[0], after[0]); return }
    if (before.length >= 2 && after.length >= 2) {
      if (!equalValues(before, after)) this.modified.push([...this.#path, element])
    } else if (before.length >= 2) {
      if (after.length > 0) this.#inside(element, list.item, undefined, after[0])
      this.removed.push([...this.#path, element])
    } else {
      if (before.length > 0) this.#inside(element, list.item, before[0], undefined)
      this.added.push([...this.#path, element])
    }
  }

  #items(list: ListType, items: readonly unknown[]): Map<PathElement, unknown[]> {
    const byElement = new Map<PathElement, unknown[]>()
    for (const [i, item] of items.entries()) {
      const found = itemElement(list, item)
      if ('mistake' in found) { this.#report(`element ${i}: ${found.mistake}`); continue }
      const known = byElement.get(found.element)
      if (known) known.push(item)
      else byElement.set(found.element, [item])
    }
    return byElement
  }

  #inside(element: PathElement, type: Type, before: unknown, after: unknown): void {
    this.#path.push(element)
    this.visit(type, before, after)
    this.#path.pop()
  }

  #leaf(before: unknown, after: unknown): true {
    if (before === undefined) this.added.push([...this.#path])
    else if (after === undefined) this.removed.push([...this.#path])
    else if (!equalValues(before, after)) this.modified.push([...this.#path])
    return true
  }

  #report(message: string): false {
    this.mistakes.push({ path: printPath(this.#path), message })
    return false
  }
}

const isEmpty = (object: JsonObject | undefined) => object === undefined || Object.keys(object).length === 0
const own = (object: JsonObject, key: string): unknown => (Object.hasOwn(object, key) ? object[key] : undefined)
