import { isJsonObject } from '../../src/machinery/meta/json-value.ts'

/** `a.b[0]`, `[name=x]`, `["key.with.dots"]`. Undefined where there is nothing. */
export function lookup(value: unknown, path: string): unknown {
  let found = value
  for (const part of path.match(/\["[^"]*"\]|[^.[\]]+|\[[^\]]*\]/g) ?? []) {
    found = part.startsWith('[') ? inBrackets(found, part.slice(1, -1)) : isJsonObject(found) && Object.hasOwn(found, part) ? found[part] : undefined
    if (found === undefined || found === null) return undefined
  }
  return found
}

function inBrackets(value: unknown, part: string): unknown {
  if (part.startsWith('"')) return isJsonObject(value) ? value[part.slice(1, -1)] : undefined
  const at = part.indexOf('=')
  if (at < 0) return Array.isArray(value) ? (value as unknown[])[Number(part)] : undefined
  return Array.isArray(value) ? value.find((item: unknown) => { const found = lookup(item, part.slice(0, at)); return typeof found === 'string' && found === part.slice(at + 1) }) : undefined
}
