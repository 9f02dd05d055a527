import { isJsonObject, type JsonObject, setMember } from '../meta/json-value.ts'
import { fieldType, type ListType, LIST_PART, MAP_PART, type MapType, partsOf, SCALAR_PART, type Type } from './apply-schema.ts'
import { fieldElement, isKey, keysOf, type Path } from './field-path.ts'
import { itemElement } from './list-item.ts'
import { PathSet } from './path-set.ts'

/** The value without the fields and items in the set; null: nothing is left. A field whose whole content goes stays as null unless it is in the set too. */
export const removeItems = (type: Type, value: unknown, items: PathSet): unknown => remove(type, value, items)

/** Only the fields and items in the set, and the way to them; null: none. */
export const extractItems = (type: Type, value: unknown, items: PathSet): unknown => extract(type, value, items)

/** The set with the key fields of every item of a map list on the way to a member that the value has: what is extracted can then be applied again. */
export function withKeyFields(items: PathSet, present: PathSet): PathSet {
  const keys: Path[] = []
  for (const path of items.paths()) {
    if (!present.has(path)) continue
    for (const [i, element] of path.entries()) if (isKey(element)) for (const [name] of keysOf(element)) keys.push([...path.slice(0, i + 1), fieldElement(name)])
  }
  return keys.length > 0 ? items.union(PathSet.from(keys)) : items
}

function remove(type: Type, value: unknown, items: PathSet): unknown {
  const parts = partsOf(type, value)
  if (parts & MAP_PART) return isJsonObject(value) && !type.map!.atomic ? removeFromMap(type.map!, value, items) : null
  if (parts & SCALAR_PART) return value
  if (parts & LIST_PART) return Array.isArray(value) && type.list!.associative ? removeFromList(type.list!, value, items) : null
  return null
}

function removeFromMap(map: MapType, object: JsonObject, items: PathSet): JsonObject | null {
  const rest: JsonObject = {}
  for (const key of Object.keys(object)) {
    const value = object[key], field = map.fields.get(key), branch = items.get(field?.element ?? fieldElement(key))
    if (value === undefined || branch?.member) continue
    setMember(rest, key, branch?.below ? remove(field?.type ?? fieldType(map, key), value, branch.below) : value)
  }
  return Object.keys(rest).length > 0 ? rest : null
}

function removeFromList(list: ListType, values: readonly unknown[], items: PathSet): unknown[] | null {
  const rest: unknown[] = []
  for (const value of values) {
    const found = itemElement(list, value), branch = 'element' in found ? items.get(found.element) : undefined
    if (!branch?.member) rest.push(branch?.below ? remove(list.item, value, branch.below) : value)
  }
  return rest.length > 0 ? rest : null
}

function extract(type: Type, value: unknown, items: PathSet): unknown {
  const parts = partsOf(type, value)
  if (parts & MAP_PART) return !isJsonObject(value) ? null : type.map!.atomic || Object.keys(value).length === 0 ? value : extractFromMap(type.map!, value, items)
  if (parts & SCALAR_PART) return value
  if (parts & LIST_PART) return !Array.isArray(value) ? null : !type.list!.associative || value.length === 0 ? value : extractFromList(type.list!, value, items)
  return null
}

function extractFromMap(map: MapType, object: JsonObject, items: PathSet): JsonObject | null {
  const found: JsonObject = {}
  for (const key of Object.keys(object)) {
    const value = object[key], field = map.fields.get(key), branch = items.get(field?.element ?? fieldElement(key))
    if (value === undefined || !branch) continue
    // Of a granular field that is a member itself, only what its own level names is found: sets of leaves, which this is for, have no such members.
    setMember(found, key, extract(field?.type ?? fieldType(map, key), value, branch.member ? items : branch.below!))
  }
  return Object.keys(found).length > 0 ? found : null
}

function extractFromList(list: ListType, values: readonly unknown[], items: PathSet): unknown[] | null {
  const kept: unknown[] = []
  for (const value of values) {
    const found = itemElement(list, value), branch = 'element' in found ? items.get(found.element) : undefined
    if (branch) kept.push(branch.below ? extract(list.item, value, branch.below) : value)
  }
  return kept.length > 0 ? kept : null
}
