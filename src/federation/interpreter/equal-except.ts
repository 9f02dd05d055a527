import { equalJson, isJsonObject } from '../../machinery/meta/json-value.ts'
import type { FieldPath } from './fold-rule.ts'

/** Fields to pass over: true for all of one, else those below it. */
export interface Exceptions { readonly [member: string]: true | Exceptions }

export function exceptions(paths: readonly FieldPath[]): Exceptions {
  const tree: { [member: string]: true | Exceptions } = {}
  for (const path of paths) {
    let at = tree
    for (const member of path.slice(0, -1)) at = (at[member] ??= {}) as typeof tree
    at[path.at(-1)!] = true
  }
  return tree
}

export function equalExcept(a: unknown, b: unknown, except: Exceptions | undefined): boolean {
  if (!except) return equalJson(a, b)
  const below = (member: string) => except[member] as Exceptions | undefined
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => equalExcept(item, b[i], below('*')))
  if (!isJsonObject(a) || !isJsonObject(b)) return equalJson(a, b)
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((member) => except[member] === true || equalExcept(a[member], b[member], below(member)))
}
