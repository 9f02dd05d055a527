import { isJsonObject } from '../meta/json-value.ts'
import { fieldType, type ListType, LIST_PART, MAP_PART, type MapType, NO_TYPE, partsOf, SCALAR_PART, type Type } from './apply-schema.ts'
import { fieldElement, fieldName, isKey, type PathElement } from './field-path.ts'
import { itemElement } from './list-item.ts'
import { type Branch, PathSet } from './path-set.ts'
import { typeMistake } from './validate-value.ts'
import { TypingError } from './typing-error.ts'

/**
 * What applying a value owns: its leaves (scalars, atomic lists and maps, nulls, empty maps), the items of associative lists, and members that are not declared.
 * Items that occur twice are owned as a whole. Of a declared field only what is in it is owned. Throws TypingError where the schema itself is broken.
 */
export const ownedPaths = (type: Type, value: unknown): PathSet => ownedIn(type, value).below ?? PathSet.empty

/** Adds every declared field on the way to a member: without, removing all that is in a field would leave it there as null. */
export function withNamedFields(set: PathSet, type: Type): PathSet {
  const branches = new Map<PathElement, Branch>()
  let isSame = true
  for (const [element, branch] of set.branches()) {
    const { member, below } = branch
    const name = fieldName(element), field = name === undefined ? undefined : type.map?.fields.get(name)
    const inner = name !== undefined ? field?.type ?? type.map?.rest ?? NO_TYPE : isKey(element) ? type.list?.item ?? NO_TYPE : NO_TYPE
    const named = below && withNamedFields(below, inner), isMember = member || (below !== undefined && field !== undefined)
    branches.set(element, named === below && isMember === member ? branch : { member: isMember, below: named })
    isSame &&= branches.get(element) === branch
  }
  return isSame ? set : new PathSet(branches)
}

const LEAF: Branch = { member: true, below: undefined }, NOTHING: Branch = { member: false, below: undefined }

function ownedIn(type: Type, value: unknown): Branch {
  const parts = partsOf(type, value)
  if (parts & MAP_PART) return type.map!.atomic ? LEAF : isJsonObject(value) ? inMap(type.map!, value) : NOTHING
  if (parts & SCALAR_PART) return LEAF
  if (parts & LIST_PART) return type.list!.associative ? Array.isArray(value) ? inList(type.list!, value) : NOTHING : LEAF
  throw new TypingError([{ path: '', message: typeMistake(type) }])
}

function inMap(map: MapType, object: Record<string, unknown>): Branch {
  const branches = new Map<PathElement, Branch>()
  for (const key of Object.keys(object)) {
    const value = object[key]
    if (value === undefined) continue
    const field = map.fields.get(key), branch = ownedIn(field?.type ?? fieldType(map, key), value)
    const member = branch.member || field === undefined || value === null || (isJsonObject(value) && Object.keys(value).length === 0)
    if (member || branch.below) branches.set(field?.element ?? fieldElement(key), member === branch.member ? branch : { member, below: branch.below })
  }
  return branches.size > 0 ? { member: false, below: new PathSet(branches) } : NOTHING
}

function inList(list: ListType, items: readonly unknown[]): Branch {
  const branches = new Map<PathElement, Branch>()
  for (const item of items) {
    const found = itemElement(list, item)
    if ('mistake' in found) continue
    branches.set(found.element, branches.has(found.element) ? LEAF : { member: true, below: ownedIn(list.item, item).below })
  }
  return branches.size > 0 ? { member: false, below: new PathSet(branches) } : NOTHING
}
