import type { Kind, ObjectMeta } from './core.ts'
import type { JsonObject } from './json-value.ts'
import { isJsonObject, jsonTypeName, setMember } from './json-value.ts'
import { StatusError } from './status-error.ts'

/**
 * metadata as a typed server reads it: unknown fields, nulls and empty values are gone, the others have the types they claim.
 * Throws StatusError BadRequest in the words of Go's decoder, as a kube-apiserver does for its own kinds.
 */
export function decodeObjectMeta(value: unknown, kind: Pick<Kind, 'kind' | 'version'>): ObjectMeta {
  const refused = (why: string) => StatusError.badRequest(`${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${why}`)
  const wrong = (found: unknown, where: string, type: string) => refused(type === TIME ? timeMistake(found as string) : `json: cannot unmarshal ${type === 'int64' && isNumber(found) ? `number ${JSON.stringify(found)}` : jsonTypeName(found)} into Go struct field ${where} of type ${type}`)
  if (value !== undefined && value !== null && !isJsonObject(value)) throw wrong(value, `${kind.kind}.metadata`, 'v1.ObjectMeta')
  return decodeStruct(value ?? {}, OBJECT_META, 'ObjectMeta.metadata', wrong)
}

type Decoder = (value: unknown, where: string, wrong: (found: unknown, where: string, type: string) => StatusError) => unknown

/** A field that decodes to undefined is left out. Values that are null or empty count as absent. */
function decodeStruct(value: JsonObject, fields: ReadonlyMap<string, Decoder>, where: string, wrong: Parameters<Decoder>[2]): JsonObject {
  const result: JsonObject = {}
  for (const [name, found] of Object.entries(value)) {
    const decoded = found === null ? undefined : fields.get(name)?.(found, `${where}.${name}`, wrong)
    if (decoded !== undefined) result[name] = decoded
  }
  return result
}

const text: Decoder = (value, where, wrong) => {
  if (typeof value !== 'string') throw wrong(value, where, 'string')
  return value === '' ? undefined : value
}
const TIME = 'a time'
const time: Decoder = (value, where, wrong) => {
  const said = text(value, where, wrong) as string | undefined
  if (said !== undefined && !RFC_3339.test(said)) throw wrong(said, where, TIME)
  return said
}
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)$/
const isNumber = (value: unknown) => typeof value === 'number' || JSON.isRawJSON(value)
const integer: Decoder = (value, where, wrong) => {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw wrong(value, where, 'int64')
}
const flag: Decoder = (value, where, wrong) => {
  if (typeof value !== 'boolean') throw wrong(value, where, 'bool')
  return value
}
const texts: Decoder = (value, where, wrong) => {
  if (!isJsonObject(value)) throw wrong(value, where, 'map[string]string')
  const result: JsonObject = {}
  for (const [key, item] of Object.entries(value)) setMember(result, key, item === null ? '' : (text(item, where, wrong) ?? ''))
  return Object.keys(result).length > 0 ? result : undefined
}
const listOf = (type: string, decode: Decoder): Decoder => (value, where, wrong) => {
  if (!Array.isArray(value)) throw wrong(value, where, `[]${type}`)
  return value.length > 0 ? value.map((item: unknown) => decode(item, where, wrong)) : undefined
}
const OWNER_REFERENCE = new Map<string, Decoder>([['apiVersion', text], ['kind', text], ['name', text], ['uid', text], ['controller', flag], ['blockOwnerDeletion', flag]])
const ownerReference: Decoder = (value, where, wrong) => {
  if (!isJsonObject(value)) throw wrong(value, where, 'v1.OwnerReference')
  // Required fields that are missing stay visible as '': validation names them.
  return { apiVersion: '', kind: '', name: '', uid: '', ...decodeStruct(value, OWNER_REFERENCE, where.replace(/^ObjectMeta/, 'OwnerReference'), wrong) }
}
const managedFieldsEntry: Decoder = (value, where, wrong) => {
  if (!isJsonObject(value)) throw wrong(value, where, 'v1.ManagedFieldsEntry')
  return value
}
/** selfLink is long dead: accepted, never kept. */
const OBJECT_META = new Map<string, Decoder>([
  ['name', text], ['generateName', text], ['namespace', text], ['uid', text], ['resourceVersion', text], ['generation', integer], ['creationTimestamp', time], ['deletionTimestamp', time],
  ['deletionGracePeriodSeconds', integer], ['labels', texts], ['annotations', texts], ['ownerReferences', listOf('v1.OwnerReference', ownerReference)],
  ['finalizers', listOf('string', (value, where, wrong) => text(value, where, wrong) ?? '')], ['managedFields', listOf('v1.ManagedFieldsEntry', managedFieldsEntry)],
])

/** In the words of Go, which names the first part of its layout that the text lacks. */
function timeMistake(text: string): string {
  const layout = ['2006', '-', '01', '-', '02', 'T', '15', ':', '04', ':', '05', 'Z07:00']
  let rest = text
  for (const part of layout) {
    const [found] = (/\d/.test(part[0]!) ? new RegExp(`^\\d{${part.length}}`) : part[0] === 'Z' ? /^(?:Z|[+-]\d\d:\d\d)/ : new RegExp(`^${part}`)).exec(rest) ?? []
    if (found === undefined) return `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(part)}`
    rest = rest.slice(found.length)
  }
  return `parsing time ${JSON.stringify(text)}: extra text: ${JSON.stringify(rest)}`
}
