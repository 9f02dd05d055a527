import { isJsonObject, type JsonObject, setMember } from '../meta/json-value.ts'
import { fieldType, type ListType, LIST_PART, MAP_PART, type MapType, partsOf, SCALAR_PART, type Type } from './apply-schema.ts'
import { fieldElement, type PathElement, printElement, printPath } from './field-path.ts'
import { itemElement } from './list-item.ts'
import { TypingError, type TypingMistake } from './typing-error.ts'
import { scalarMistake, typeMistake } from './validate-value.ts'

/**
 * `live` with all that `config` says; nothing is taken away. Both are of one type; the result shares parts with them.
 * Items of associative lists keep the order of `config` among themselves, those that are only in `live` the order they have there.
 * Throws TypingError where neither fits the type, or an item occurs twice in `config`.
 */
export function mergeTyped(type: Type, live: unknown, config: unknown): unknown {
  const walk = new Merging(), merged = walk.visit(type, live, config)
  if (walk.mistakes.length > 0) throw new TypingError(walk.mistakes)
  return merged
}

/** `undefined` is absent, null a value. */
class Merging {
  readonly mistakes: TypingMistake[] = []
  readonly #path: PathElement[] = []

  visit(type: Type, live: unknown, config: unknown): unknown {
    const old = partsOf(type, live), now = partsOf(type, config)
    // A value that changed its form still has to fit as what it was.
    if (config !== undefined && live !== undefined && old !== now) this.#part(type, old, live, config)
    return this.#part(type, config === undefined ? old : now, live, config)
  }

  #part(type: Type, parts: number, live: unknown, config: unknown): unknown {
    if (parts & MAP_PART) return this.#map(type.map!, live, config)
    if (parts & SCALAR_PART) return this.#scalar(type, live, config)
    if (parts & LIST_PART) return this.#list(type.list!, live, config)
    return this.#report(typeMistake(type))
  }

  #scalar(type: Type, live: unknown, config: unknown): unknown {
    const left = scalarMistake(type.scalar!, live), right = scalarMistake(type.scalar!, config)
    if (left === undefined || right === undefined) return preferred(live, config)
    this.#report(`lhs: ${left}`)
    return this.#report(`rhs: ${right}`)
  }

  #map(map: MapType, live: unknown, config: unknown): unknown {
    const left = isJsonObject(live) ? live : undefined, right = isJsonObject(config) ? config : undefined
    // Two empty ones are a leaf: that keeps empty and null apart.
    if (map.atomic || (isEmpty(left) && isEmpty(right))) return preferred(live, config)
    const merged: JsonObject = {}
    if (left) for (const key of Object.keys(left)) this.#member(map, key, left[key], right && own(right, key), merged)
    if (right) for (const key of Object.keys(right)) if (!left || own(left, key) === undefined) this.#member(map, key, undefined, right[key], merged)
    return Object.keys(merged).length > 0 ? merged : undefined
  }

  #member(map: MapType, key: string, live: unknown, config: unknown, merged: JsonObject): void {
    if (live === undefined && config === undefined) return
    const field = map.fields.get(key), value = this.#inside(field?.element ?? fieldElement(key), field?.type ?? fieldType(map, key), live, config)
    if (value !== undefined) setMember(merged, key, value)
  }

  #list(list: ListType, live: unknown, config: unknown): unknown {
    const left = Array.isArray(live) ? live : [], right = Array.isArray(config) ? config : []
    if (!list.associative || (left.length === 0 && right.length === 0)) return preferred(live, config)
    const known = this.mistakes.length, theirs = this.#items(list, right, false), ours = this.#items(list, left, true)
    if (this.mistakes.length > known) return undefined
    const merged = this.#inOrder(list, left, ours, theirs)
    return merged.length > 0 ? merged : undefined
  }

  /**
   * Walks both lists at once. Worked example: live `a b c d e` under config `d x b` gives `a c d e x b`: a is only in live and comes first; b waits, as d is the shared item that has to come next;
   * c is only in live again; d has its turn; e is only in live; then config goes on alone with x and b.
   */
  #inOrder(list: ListType, live: readonly unknown[], ours: Items, theirs: Items): unknown[] {
    const shared = theirs.order.filter((element) => ours.values.has(element)), done = new Set<PathElement>(), merged: unknown[] = []
    let left = 0, right = 0, next = 0
    const put = (element: PathElement, old: unknown, now: unknown) => {
      const value = this.#inside(element, list.item, old, now)
      if (value !== undefined) merged.push(value)
    }
    const take = (element: PathElement) => {
      done.add(element)
      put(element, ours.values.get(element), theirs.values.get(element))
      right++
      if (element === shared[next]) next++
    }
    while (left < ours.order.length || right < theirs.order.length) {
      const mine = ours.order[left], other = theirs.order[right]
      if (mine !== undefined && mine === other) {
        take(mine)
        left++
      } else if (mine !== undefined && !theirs.values.has(mine)) {
        // As it is in live: of items that occur twice each is kept.
        put(mine, live[left], undefined)
        left++
      } else if (mine !== undefined && other !== undefined && next < shared.length && shared[next] !== mine) {
        left++
      } else {
        if (mine !== undefined && done.has(mine)) left++
        if (other !== undefined) take(other)
      }
    }
    return merged
  }

  #items(list: ListType, items: readonly unknown[], allowDuplicates: boolean): Items {
    const order: PathElement[] = [], values = new Map<PathElement, unknown>()
    for (const [i, item] of items.entries()) {
      const found = itemElement(list, item)
      if ('mistake' in found) { this.#report(`element ${i}: ${found.mistake}`); continue }
      const isDouble = values.has(found.element)
      if (isDouble && !allowDuplicates) { this.#report(`duplicate entries for key ${printElement(found.element)}`); continue }
      // Which of the two would be merged with? With neither.
      values.set(found.element, isDouble ? null : item)
      order.push(found.element)
    }
    return { order, values }
  }

  #inside(element: PathElement, type: Type, live: unknown, config: unknown): unknown {
    this.#path.push(element)
    const merged = this.visit(type, live, config)
    this.#path.pop()
    return merged
  }

  #report(message: string): undefined {
    this.mistakes.push({ path: printPath(this.#path), message })
  }
}

interface Items { readonly order: readonly PathElement[]; readonly values: ReadonlyMap<PathElement, unknown> }

const preferred = (live: unknown, config: unknown) => (config === undefined ? live : config)
const isEmpty = (object: JsonObject | undefined) => object === undefined || Object.keys(object).length === 0
const own = (object: JsonObject, key: string): unknown => (Object.hasOwn(object, key) ? object[key] : undefined)
