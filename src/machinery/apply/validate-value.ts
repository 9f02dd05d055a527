import { isJsonObject, type JsonObject } from '../meta/json-value.ts'
import { fieldType, type ListType, LIST_PART, type MapType, MAP_PART, partsOf, type Scalar, SCALAR_PART, type Type } from './apply-schema.ts'
import { fieldElement, indexElement, type PathElement, printElement, printPath } from './field-path.ts'
import { shown, syntax, typeName } from './go-text.ts'
import { itemElement } from './list-item.ts'
import type { TypingMistake } from './typing-error.ts'
import { isNumber } from './value-order.ts'

/** Every mistake of a value: fields that are not declared, other types than declared, items that cannot be told apart. Null fits everywhere but among the items of associative lists. */
export function validateValue(type: Type, value: unknown, options: { readonly allowDuplicates: boolean }): TypingMistake[] {
  const walk = new Validation(options.allowDuplicates)
  walk.visit(type, value)
  return walk.mistakes
}

/** Why a value is not such a scalar; absent and null always are. */
export function scalarMistake(scalar: Scalar, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  switch (scalar) {
    case 'numeric': return isNumber(value) ? undefined : `expected numeric (int or float), got ${typeName(value)}`
    case 'string': return typeof value === 'string' ? undefined : `expected string, got &value.valueUnstructured{Value:${syntax(value)}}`
    case 'boolean': return typeof value === 'boolean' ? undefined : `expected boolean, got &{${shown(value)}}`
    default: return typeof value !== 'object' || isNumber(value) ? undefined : `expected any scalar, got &{${shown(value)}}`
  }
}

/** Why no value can be of such a type. */
export const typeMistake = ({ name, unresolved }: Type): string =>
  unresolved === undefined ? `schema error: invalid atom: ${name === undefined ? 'inlined' : `named type: ${name}`}` : `schema error: no type found matching: ${unresolved}`

class Validation {
  readonly mistakes: TypingMistake[] = []
  readonly #path: PathElement[] = []
  readonly #allowDuplicates: boolean

  constructor(allowDuplicates: boolean) { this.#allowDuplicates = allowDuplicates }

  visit(type: Type, value: unknown): void {
    const parts = partsOf(type, value)
    if (parts & MAP_PART) this.#map(type.map!, value)
    else if (parts & SCALAR_PART) this.#report(scalarMistake(type.scalar!, value))
    else if (parts & LIST_PART) this.#list(type.list!, value)
    else this.#report(typeMistake(type))
  }

  #map(map: MapType, value: unknown): void {
    if (value === null) return
    if (!isJsonObject(value)) { this.#report(`expected map, got &{${shown(value)}}`); return }
    for (const key of Object.keys(value)) if (value[key] !== undefined && !this.#member(map, key, value)) return
  }

  /** False: not declared; what else is wrong with the map is not reported then. */
  #member(map: MapType, key: string, object: JsonObject): boolean {
    const field = map.fields.get(key), isDeclared = field !== undefined || map.rest !== undefined
    this.#path.push(field?.element ?? fieldElement(key))
    if (isDeclared) this.visit(field?.type ?? fieldType(map, key), object[key])
    else this.#report('field not declared in schema')
    this.#path.pop()
    return isDeclared
  }

  #list(list: ListType, value: unknown): void {
    if (value === null) return
    if (!Array.isArray(value)) { this.#report(`expected list, got &{${shown(value)}}`); return }
    const seen = new Set<PathElement>()
    for (const [i, item] of value.entries()) {
      const found = list.associative ? itemElement(list, item) : { element: indexElement(i) }
      // Without its step nothing inside the item, nor behind it, can be named.
      if ('mistake' in found) { this.#report(`element ${i}: ${found.mistake}`); return }
      if (seen.has(found.element) && !this.#allowDuplicates) this.#report(`duplicate entries for key ${printElement(found.element)}`)
      if (list.associative) seen.add(found.element)
      this.#path.push(found.element)
      this.visit(list.item, item)
      this.#path.pop()
    }
  }

  #report(message: string | undefined): void {
    if (message !== undefined) this.mistakes.push({ path: printPath(this.#path), message })
  }
}
