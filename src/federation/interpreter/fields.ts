/** Reading and changing fields by path, without changing what is given: results share all that is not on the way. */
import type { JsonObject } from '../../machinery/meta/json-value.ts'
import { getMember, isJsonObject, setMember } from '../../machinery/meta/json-value.ts'
import { parseQuantity, type Quantity } from '../../machinery/meta/quantity.ts'
import { numberOf, plain } from './columns/column.ts'
import type { FieldPath } from './fold-rule.ts'

/** Written with dots, `spec.template`, or as a list where a member's name has dots of its own. `*` is every item of a list, or every member of a map. */
export type Path = string | FieldPath

const membersOf = (path: Path): FieldPath => (typeof path === 'string' ? path.split('.') : path)

/** Undefined where the field, or one on the way, is absent or null. */
export const valueAt = (object: unknown, path: Path): unknown => membersOf(path).reduce<unknown>((value, member) => (isJsonObject(value) ? getMember(value, member) : undefined), object) ?? undefined

/** All fields that a path with `*` stands for. */
export const valuesAt = (object: unknown, path: Path): unknown[] => membersOf(path).reduce((values, member) => values.flatMap((value) => membersNamed(value, member)), [object])

function membersNamed(value: unknown, member: string): unknown[] {
  const found = member !== '*' ? [valueAt(value, [member])] : Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : []
  return found.filter((item) => item !== undefined && item !== null)
}

/** Zero where there is no number. */
export const countAt = (object: unknown, path: Path): number => numberOf(valueAt(object, path))

export const objectAt = (object: unknown, path: Path): JsonObject | undefined => { const value = valueAt(object, path); return isJsonObject(value) ? value : undefined }
export const listAt = (object: unknown, path: Path): readonly unknown[] => { const value = valueAt(object, path); return Array.isArray(value) ? value : [] }
/** Empty strings count as absent, as they do in Kubernetes. */
export const textAt = (object: unknown, path: Path): string | undefined => { const value = valueAt(object, path); return typeof value === 'string' && value !== '' ? value : undefined }

/** `value` undefined: the field is left out, and no parents are made for it. */
export function withField<T extends JsonObject>(object: T, path: Path, value: unknown): T {
  const [member, ...rest] = membersOf(path), inner = rest.length > 0 ? objectAt(object, [member!]) : undefined
  if (value === undefined && (rest.length > 0 ? !inner : !Object.hasOwn(object, member!))) return object
  const changed = { ...object }
  if (rest.length > 0) setMember(changed, member!, withField(inner ?? {}, rest, value))
  else if (value === undefined) delete changed[member!]
  else setMember(changed, member!, value)
  return changed
}

export const withoutFields = <T extends JsonObject>(object: T, paths: readonly Path[]): T => paths.reduce((left, path) => withField(left, path, undefined), object)

/** Numbers are written as text or as numbers. Undefined where neither stands. */
export function quantityAt(object: unknown, path: Path): Quantity | undefined {
  const value = valueAt(object, path)
  return typeof value === 'string' || typeof value === 'number' || JSON.isRawJSON(value) ? parseQuantity(plain(value)) : undefined
}
