import { shown } from '../apply/go-text.ts'
import { isJsonObject } from '../meta/json-value.ts'
import { DIRECTIVE } from './directive.ts'
import { keyPositions, listKey, noObject } from './list-key.ts'
import { failed } from './refusal.ts'

/**
 * `items`, those that `wanted` names in its order, the others in the order of `live`. Where the two meet, an item of `live` stands before a wanted one if it did so there: it is put as early as that allows.
 * Worked example: a x b y, wanted b a → x b a y: x stood before b, and y before neither.
 * Throws StatusError where `wanted` lists what cannot be looked up.
 */
export function inOrder(items: readonly unknown[], wanted: readonly unknown[], live: readonly unknown[], mergeKey: string): readonly unknown[] {
  // Nothing to order. Upstream fails here, but an empty list never reaches it: Go leaves it out.
  if (items.length === 0) return items
  const keyOf = (item: unknown) => listKey(item, mergeKey), keyed = items.map((item) => ({ item, key: keyOf(item) }))
  const wantedAt = keyPositions(wantedKeys(wanted, keyed.map(({ key }) => key), mergeKey)), liveAt = keyPositions(live.filter((item) => mergeKey === '' || (isJsonObject(item) && Object.hasOwn(item, mergeKey))).map(keyOf))
  const by = (positions: ReadonlyMap<string, number>) => (a: { key: string }, b: { key: string }) => (positions.get(a.key) ?? Infinity) - (positions.get(b.key) ?? Infinity) || 0
  const first = keyed.filter(({ key }) => wantedAt.has(key)).toSorted(by(wantedAt)), others = keyed.filter(({ key }) => !wantedAt.has(key)).toSorted(by(liveAt)), result: unknown[] = []
  const standsBefore = (a: string, b: string) => liveAt.has(a) && liveAt.has(b) && liveAt.get(a)! < liveAt.get(b)!
  let next = 0
  for (const { item, key } of first) {
    while (next < others.length && standsBefore(others[next]!.key, key)) result.push(others[next++]!.item)
    result.push(item)
  }
  return [...result, ...others.slice(next).map(({ item }) => item)]
}

/** An item is looked for from the front; what is no object is noticed on the way. */
function wantedKeys(wanted: readonly unknown[], keys: readonly string[], mergeKey: string): string[] {
  const odd = mergeKey === '' ? -1 : wanted.findIndex((item) => !isJsonObject(item))
  if (odd >= 0) {
    const before = new Set(wanted.slice(0, odd).map((item) => listKey(item, mergeKey)))
    throw keys.every((key) => before.has(key)) ? noObject(wanted[odd]) : failed(`value for key ${odd} is not a map`)
  }
  return wanted.map((item) => listKey(item, mergeKey))
}

/** Throws StatusError unless what the patch sets of a list stands in `order`, in this order. */
export function checkOrder(patch: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  if (order.length === 0 || patch.length === 0) return
  const odd = mergeKey === '' ? -1 : patch.findIndex((item) => !isJsonObject(item))
  if (odd >= 0) throw noObject(patch[odd])
  const directiveOf = (item: unknown) => (isJsonObject(item) && Object.hasOwn(item, DIRECTIVE) ? item[DIRECTIVE] : undefined), items = patch.filter((item) => directiveOf(item) !== 'delete')
  let next = 0
  for (const element of order) {
    // A directive behind the last item that the order names is an item too many; upstream looks no further, either.
    while (next < items.length && directiveOf(items[next]) !== undefined) next++
    if (next < items.length && listKey(items[next], mergeKey) === listKey(element, mergeKey)) next++
  }
  if (next < items.length) throw failed(`The order in patch list:\n${shown(patch)}\n doesn't match $setElementOrder list:\n${shown(order)}\n`)
}
