import { cloneJson, getMember, isJsonObject, setMember } from '../../machinery/meta/json-value.ts'
import { patchFailed } from './override-failure.ts'

export interface Operation {
  readonly operator: 'add' | 'remove' | 'replace'
  /** RFC 6901. */
  readonly path: string
  /** Absent: null. */
  readonly value?: unknown
}

/**
 * One operation as RFC 6902 has it, strictly: what is replaced or removed must be there. (The API's own JSON patches are laxer, as a kube-apiserver's are: `machinery/patch`.)
 * Changes `document` in place and answers it; another value only where the whole is replaced. Throws OverrideFailure PatchFailed with the place at which it ends.
 */
export function applyOperation(document: unknown, { operator, path, value = null }: Operation): unknown {
  const tokens = pointerTokens(path), key = tokens.pop()
  if (key === undefined) {
    if (operator === 'remove') throw patchFailed('the whole document cannot be removed')
    return cloneJson(value)
  }
  const parent = valueAt(document, tokens)
  if (Array.isArray(parent)) changeItem(parent, key, operator, value, path)
  else if (isJsonObject(parent)) changeMember(parent, key, operator, value, path)
  else throw noSuchPlace(path)
  return document
}

/** What a pointer leads to. Throws OverrideFailure PatchFailed where there is nothing. */
export function valueAt(document: unknown, tokens: readonly string[]): unknown {
  let value = document
  for (const [depth, token] of tokens.entries()) {
    const next = Array.isArray(value) ? (value[indexOf(token, value.length)] as unknown) : isJsonObject(value) ? getMember(value, token) : undefined
    if (next === undefined) throw noSuchPlace(`/${tokens.slice(0, depth + 1).map(escaped).join('/')}`)
    value = next
  }
  return value
}

/** The keys that a pointer names, unescaped. Throws OverrideFailure PatchFailed where it does not begin with a slash. */
export function pointerTokens(pointer: string): string[] {
  if (pointer !== '' && !pointer.startsWith('/')) throw patchFailed(`${JSON.stringify(pointer)} is no JSON pointer: it must begin with a slash`)
  return pointer.split('/').slice(1).map((token) => token.replaceAll(/~[01]/g, (escape) => (escape === '~1' ? '/' : '~')))
}

const escaped = (token: string) => token.replaceAll('~', '~0').replaceAll('/', '~1')
const noSuchPlace = (path: string) => patchFailed(`the object has no ${path}`)

function changeItem(items: unknown[], key: string, operator: Operation['operator'], value: unknown, path: string): void {
  const isAdded = operator === 'add', index = isAdded && key === '-' ? items.length : indexOf(key, items.length + (isAdded ? 1 : 0))
  if (index < 0) throw noSuchPlace(path)
  if (operator === 'remove') items.splice(index, 1)
  else items.splice(index, isAdded ? 0 : 1, cloneJson(value))
}

function changeMember(fields: Record<string, unknown>, key: string, operator: Operation['operator'], value: unknown, path: string): void {
  if (operator !== 'add' && !Object.hasOwn(fields, key)) throw noSuchPlace(path)
  if (operator === 'remove') delete fields[key]
  else setMember(fields, key, cloneJson(value))
}

/** -1 where it is none, or beyond the `places` there are. */
function indexOf(key: string, places: number): number {
  const index = /^(?:0|[1-9]\d*)$/.test(key) ? Number(key) : -1
  return index < places ? index : -1
}
