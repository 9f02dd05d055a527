import { shown, typeName } from '../apply/go-text.ts'
import type { JsonObject } from '../meta/json-value.ts'
import { isJsonObject } from '../meta/json-value.ts'
import { DIRECTIVE, unknownDirective } from './directive.ts'
import { inOrder } from './element-order.ts'
import type { FieldRule } from './field-rule.ts'
import { keyPositions, listKey } from './list-key.ts'
import { failed, rejected } from './refusal.ts'

interface Merging {
  /** The patch is of scalars to take out. */
  readonly isDeletion: boolean
  readonly mergeItem: (item: JsonObject, change: JsonObject) => JsonObject
}

/** Two lists as one, each item once: those of the patch in its order, new ones before what is there (`inOrder`). Throws StatusError where items are of different types, are lists, or have no merge key. */
export function mergeLists(original: readonly unknown[], patch: readonly unknown[], { schema, mergeKey }: FieldRule, { isDeletion, mergeItem }: Merging): readonly unknown[] {
  if (original.length === 0 && patch.length === 0) return original
  const keyOf = (item: unknown) => listKey(item, mergeKey)
  if (!holdsObjects(original, patch)) {
    if (isDeletion) return without(original, patch)
    const both = [...original, ...patch], first = keyPositions(both.map((item) => listKey(item, '')))
    return inOrder(both.filter((item, index) => first.get(listKey(item, '')) === index), patch, original, mergeKey)
  }
  if (mergeKey === '') throw failed(`cannot merge lists without merge key for ${schema?.type === 'string' ? 'string' : schema?.type === 'integer' ? 'int' : schema?.type === 'boolean' ? 'bool' : 'struct'}`)
  const { kept, changes } = afterDirectives(original as readonly JsonObject[], patch as readonly JsonObject[], mergeKey), merged: JsonObject[] = [...kept]
  // Items that are there may lack the key: they are not found.
  const positions = keyPositions(kept.map((item, index) => (Object.hasOwn(item, mergeKey) ? keyOf(item) : `${index}`)))
  for (const change of changes) {
    const key = keyOf(change), at = positions.get(key)
    if (at === undefined) positions.set(key, merged.push(change) - 1)
    else merged[at] = mergeItem(merged[at]!, change)
  }
  return inOrder(merged, changes, kept, mergeKey)
}

/**
 * The order that items of both lists are taken to have had, where the patch sets one: those that it adds stand behind the others, as many as it deletes.
 * Upstream came to this by merging into the array that it then reads the order from, and its own tests hold it to it.
 */
export function orderBefore(original: readonly unknown[], patch: readonly unknown[], { strategy, mergeKey }: FieldRule): readonly unknown[] {
  if (strategy !== 'merge' || mergeKey === '') return original
  const { kept, changes } = afterDirectives(original as readonly JsonObject[], patch as readonly JsonObject[], mergeKey), known = new Set(kept.filter((item) => Object.hasOwn(item, mergeKey)).map((item) => listKey(item, mergeKey)))
  return [...kept, ...changes.filter((item) => !known.has(listKey(item, mergeKey)))].slice(0, original.length)
}

/** Whether the items of both lists are objects; all must be of one type. */
function holdsObjects(...lists: readonly (readonly unknown[])[]): boolean {
  const [first, ...rest] = lists.flat(1)
  if (Array.isArray(first)) throw rejected()
  if (rest.some((item) => typeName(item) !== typeName(first))) throw failed(`list element types are not identical: ${shown(lists)}`)
  return isJsonObject(first)
}

function without(items: readonly unknown[], gone: readonly unknown[]): readonly unknown[] {
  const keys = new Set(gone.map((item) => listKey(item, '')))
  return items.filter((item) => !keys.has(listKey(item, '')))
}

/** Carries out the items of the patch that are directives: `{"name": "a", "$patch": "delete"}` takes out every item of this key, `{"$patch": "replace"}` puts the others in place of all. */
function afterDirectives(original: readonly JsonObject[], patch: readonly JsonObject[], mergeKey: string): { readonly kept: readonly JsonObject[]; readonly changes: readonly JsonObject[] } {
  const gone = new Set<string>(), changes = patch.filter((item) => !Object.hasOwn(item, DIRECTIVE))
  let isReplaced = false
  for (const item of patch) {
    if (!Object.hasOwn(item, DIRECTIVE)) continue
    switch (item[DIRECTIVE]) {
      case 'delete': gone.add(listKey(item, mergeKey)); break
      case 'replace': isReplaced = true; break
      case 'merge': throw failed('merging lists cannot yet be specified in the patch')
      default: throw unknownDirective(item)
    }
  }
  if (isReplaced) return { kept: changes, changes: [] }
  return { kept: original.filter((item) => !Object.hasOwn(item, mergeKey) || !gone.has(listKey(item, mergeKey))), changes }
}
