/** Values as `parseJson` gives them. `JSON.rawJSON` numbers are scalars here: they must be neither walked nor compared by identity. */
export type JsonObject = { [key: string]: unknown }

export const isJsonObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value)

/** Deeper bodies and patched objects are refused: Go's decoders stop at 10,000, where the stack of whatever walks a value here has long been used up. */
export const MAX_DEPTH = 1_000

/** How many objects and arrays lie inside each other, itself included: 0 for a scalar. Without recursion, so that it can be asked of anything. */
export function depthOf(value: unknown): number {
  let depth = 0
  for (let level = [value].filter(isContainer); level.length > 0; depth++) level = level.flatMap((container) => Object.values(container).filter(isContainer))
  return depth
}

const isContainer = (value: unknown): value is object => Array.isArray(value) || isJsonObject(value)

/** Sets a member whatever its name: assigning `__proto__` would change the object's prototype instead. */
export function setMember(object: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  else object[key] = value
}

/** Members of the object itself only. */
export const getMember = (object: JsonObject, key: string): unknown => (Object.hasOwn(object, key) ? object[key] : undefined)

/** As Go's decoder names the type of a value. */
export function jsonTypeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (JSON.isRawJSON(value)) return 'number'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

export function cloneJson<T>(value: T): T {
  if (Array.isArray(value)) return value.map(cloneJson) as T
  if (!isJsonObject(value)) return value
  const copy: JsonObject = {}
  for (const key of Object.keys(value)) setMember(copy, key, cloneJson(value[key]))
  return copy as T
}

/** Order of members does not matter; numbers are equal if their texts are. Members that are undefined count as absent. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => equalJson(item, b[i]))
  if (isJsonObject(a)) {
    if (!isJsonObject(b)) return false
    const keys = present(a)
    return keys.length === present(b).length && keys.every((key) => Object.hasOwn(b, key) && equalJson(a[key], b[key]))
  }
  return (JSON.isRawJSON(a) || JSON.isRawJSON(b)) && numberText(a) === numberText(b)
}

const present = (object: JsonObject) => Object.keys(object).filter((key) => object[key] !== undefined)
const numberText = (value: unknown) => (JSON.isRawJSON(value) ? (value as { rawJSON: string }).rawJSON : typeof value === 'number' ? String(value) : undefined)
