import type { Kind, ObjectMeta } from './core.ts'
import type { JsonObject } from './json-value.ts'
import { isJsonObject, setMember } from './json-value.ts'
import { StatusError } from './status-error.ts'

/**
 * metadata as a typed server reads it: unknown fields, nulls and empty values are gone, the others have the types they claim.
 * Throws StatusError BadRequest in the words of Go's decoder, as a kube-apiserver does for its own kinds.
 */
export function decodeObjectMeta(value: unknown, kind: Pick<Kind, 'kind' | 'version'>): ObjectMeta {
  const wrong = (found: unknown, where: string, type: string) =>
    StatusError.badRequest(`${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: json: cannot unmarshal ${jsonTypeName(found)} into Go struct field ${where} of type ${type}`)
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
const integer: Decoder = (value, where, wrong) => {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw typeof value === 'number' || JSON.isRawJSON(value) ? wrong({ number: value }, where, 'int64') : wrong(value, where, 'int64')
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
  return { apiVersion: '', kind: '', name: '', uid: '', ...decodeStruct(value, OWNER_REFERENCE, where, wrong) }
}
const managedFieldsEntry: Decoder = (value, where, wrong) => {
  if (!isJsonObject(value)) throw wrong(value, where, 'v1.ManagedFieldsEntry')
  return value
}
/** selfLink is long dead: accepted, never kept. */
const OBJECT_META = new Map<string, Decoder>([
  ['name', text], ['generateName', text], ['namespace', text], ['uid', text], ['resourceVersion', text], ['generation', integer], ['creationTimestamp', text], ['deletionTimestamp', text],
  ['deletionGracePeriodSeconds', integer], ['labels', texts], ['annotations', texts], ['ownerReferences', listOf('v1.OwnerReference', ownerReference)],
  ['finalizers', listOf('string', (value, where, wrong) => text(value, where, wrong) ?? '')], ['managedFields', listOf('v1.ManagedFieldsEntry', managedFieldsEntry)],
])

function jsonTypeName(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (JSON.isRawJSON(value)) return 'number'
  switch (typeof value) {
    case 'string': case 'number': return typeof value
    case 'boolean': return 'bool'
    default: return isJsonObject(value) && 'number' in value && Object.keys(value).length === 1 ? `number ${JSON.stringify(value['number'])}` : 'object'
  }
}
