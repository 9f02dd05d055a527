import table from '../../../openapi/kubernetes/protobuf.json' with { type: 'json' }
import { setMember, type JsonObject } from '../meta/json-value.ts'
import { FORMS, type TableField } from './protobuf-forms.ts'
import { BYTES, FIXED64, packedNumbers, VARINT, wireFields, type WireField } from './protobuf-wire.ts'

/**
 * Objects of Kubernetes' own kinds in protobuf, as typed clients send them. They become what Go's JSON encoder makes of them, less its nulls.
 *
 * The wire does not tell null from zero by itself: Go's encoders send what is no pointer even when it is zero, and leave out pointers that are nil.
 * So `replicas: 0` (a pointer) is kept, and an empty `generateName` (no pointer, omitempty) is not; the table says which is which.
 */

export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf'
/** Before every object. */
const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0])
/** Far beyond any real object (each level of a schema in a CustomResourceDefinition takes three), and short of the stack's end. */
const MAX_DEPTH = 300
/** Fields by number, from 1 on; all of them are bytes. */
const UNKNOWN = ['TypeMeta', 'Raw', 'ContentEncoding', 'ContentType'], TYPE_META = ['APIVersion', 'Kind']

/** Name of the message that stands for objects of a kind; undefined: the kind has none. */
export const messageOf = ({ group, version, kind }: { readonly group: string; readonly version: string; readonly kind: string }): string | undefined => {
  const key = `${group ? `${group}/` : ''}${version} ${kind}`, { kinds } = table as { kinds: Readonly<Record<string, string>> }
  return Object.hasOwn(kinds, key) ? kinds[key] : undefined
}

export interface Envelope { readonly apiVersion: string; readonly kind: string; readonly message: Buffer }

/** What stands around an object (runtime.Unknown). Throws SyntaxError in the words of apimachinery/pkg/runtime/serializer/protobuf. */
export function decodeEnvelope(body: Buffer): Envelope {
  if (body.length === 0) throw new SyntaxError('empty data')
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) throw new SyntaxError(`provided data does not appear to be a protobuf message, expected prefix [${[...MAGIC].join(' ')}]`)
  if (body.length === MAGIC.length) throw new SyntaxError('empty body')
  const unknown = parts(body.subarray(MAGIC.length), 'Unknown', UNKNOWN), type = parts(unknown.get(1) ?? NOTHING, 'TypeMeta', TYPE_META)
  return { apiVersion: (type.get(1) ?? NOTHING).toString(), kind: (type.get(2) ?? NOTHING).toString(), message: unknown.get(2) ?? NOTHING }
}

const NOTHING = Buffer.alloc(0)

function parts(message: Buffer, name: string, fields: readonly string[]): ReadonlyMap<number, Buffer> {
  const check = (number: number, wire: number) => { if (number <= fields.length && wire !== BYTES) throw wrongWire(wire, fields[number - 1]!) }
  return new Map([...wireFields(message, name, check)].map(({ number, value }) => [number, value as Buffer]))
}

/** `name`: as `messageOf` gives it. Throws SyntaxError where it is no such message. */
export const decodeMessage = (name: string, message: Buffer): JsonObject => decodeFields(name, message, 0)

interface Field { readonly name: string; readonly type: string; readonly isPointer: boolean; readonly isList: boolean; readonly isMap: boolean; readonly isInline: boolean; readonly omitsEmpty: boolean }
type Fields = ReadonlyMap<number, Field>
const compiled = new Map<string, Fields>()

function fieldsOf(type: string): Fields {
  let fields = compiled.get(type)
  if (!fields) {
    const described = FORMS[type]?.fields ?? (table as unknown as { messages: Readonly<Record<string, Readonly<Record<string, TableField>>>> }).messages[type]
    if (!described) throw new Error(`the table has no message ${type}`)
    fields = new Map(Object.entries(described).map(([number, [name, type, flags]]) =>
      [Number(number), { name, type, isPointer: flags.includes('*'), isList: flags.includes('[]'), isMap: flags.includes('{}'), isInline: flags.includes('+'), omitsEmpty: flags.includes('?') }]))
    compiled.set(type, fields)
  }
  return fields
}

function decodeFields(type: string, message: Buffer, depth: number): JsonObject {
  const fields = fieldsOf(type), sent = new Map<number, WireField[]>(), name = shortName(type)
  if (depth > MAX_DEPTH) throw new SyntaxError(`proto: ${name}: nested more than ${MAX_DEPTH} levels deep`)
  const check = (number: number, wire: number) => {
    const field = fields.get(number)
    if (field && !fits(field, wire)) throw wrongWire(wire, goName(field))
  }
  for (const each of wireFields(message, name, check)) {
    const known = sent.get(each.number)
    if (known) known.push(each)
    else if (fields.has(each.number)) sent.set(each.number, [each])
  }
  const object: JsonObject = {}
  for (const [number, field] of fields) {
    const values = sent.get(number) ?? []
    if (field.isInline) Object.assign(object, decodeFields(field.type, joined(values), depth + 1))
    else {
      const value = field.isMap ? mapOf(field, values, depth + 1) : field.isList ? listOf(field, values, depth + 1) : one(field, values, depth + 1)
      if (value !== undefined) object[field.name] = value
    }
  }
  return object
}

/** Numbers of a list may be packed. */
const fits = ({ type, isList, isMap }: Field, wire: number) => (isMap ? wire === BYTES : wire === wireOf(type) || (isList && wire === BYTES))
const shortName = (type: string) => type.slice(type.lastIndexOf('.') + 1)
/** A field's name in errors is that of Go's struct, about. */
const goName = ({ name, type, isInline }: Field) => (isInline || name === 'metadata' ? shortName(type) : name[0]!.toUpperCase() + name.slice(1))
const wrongWire = (wire: number, field: string) => new SyntaxError(`proto: wrong wireType = ${wire} for field ${field}`)
const wireOf = (type: string) => (type === 'bool' || type === 'int32' || type === 'int64' ? VARINT : type === 'double' ? FIXED64 : BYTES)

/** `depth`, here and below: that of a message in this place. */
function one({ type, isPointer, omitsEmpty }: Field, values: readonly WireField[], depth: number): unknown {
  if (values.length === 0 && (isPointer || type === 'bytes')) return undefined
  const value = decodeValue(type, values, depth)
  return omitsEmpty && !isPointer && (value === '' || value === 0 || value === false) ? undefined : value
}

function listOf({ type }: Field, values: readonly WireField[], depth: number): unknown[] | undefined {
  const wire = wireOf(type), items = values.flatMap((each) => (each.wire === wire ? [each] : [...packedNumbers(each.value as Buffer, wire)].map((value) => ({ ...each, wire, value }))))
  // What is null in a list stays there.
  return items.length === 0 ? undefined : items.map((item) => decodeValue(type, [item], depth) ?? null)
}

/** Entries are messages of a key and a value, either of which may be left out where it is zero. */
function mapOf({ name, type }: Field, values: readonly WireField[], depth: number): JsonObject | undefined {
  if (values.length === 0) return undefined
  const object: JsonObject = {}, check = (number: number, wire: number) => { if (number <= 2 && wire !== (number === 1 ? BYTES : wireOf(type))) throw wrongWire(wire, name) }
  for (const { value } of values) {
    const entry = [...wireFields(value as Buffer, name, check)]
    setMember(object, decodeValue('string', entry.filter(({ number }) => number === 1), depth) as string, decodeValue(type, entry.filter(({ number }) => number === 2), depth) ?? null)
  }
  return object
}

/** Of what was sent for it the last counts, or all of it together where it is a message; nothing sent is zero. */
function decodeValue(type: string, values: readonly WireField[], depth: number): unknown {
  const sent = values.at(-1)?.value
  switch (type) {
    case 'string': return (sent as Buffer | undefined)?.toString() ?? ''
    case 'bytes': return (sent as Buffer | undefined)?.toString('base64') ?? ''
    case 'bool': return ((sent as bigint | undefined) ?? 0n) !== 0n
    case 'int32': return Number(BigInt.asIntN(32, (sent as bigint | undefined) ?? 0n))
    case 'int64': return integer(BigInt.asIntN(64, (sent as bigint | undefined) ?? 0n))
    case 'double': return double((sent as Buffer | undefined)?.readDoubleLE() ?? 0)
    default: {
      const message = joined(values), form = FORMS[type], object = decodeFields(type, message, depth)
      return form ? form.json(object, message.length === 0) : object
    }
  }
}

/** A message sent in pieces is their concatenation. */
const joined = (values: readonly WireField[]): Buffer => (values.length === 1 ? (values[0]!.value as Buffer) : Buffer.concat(values.map(({ value }) => value as Buffer)))

const integer = (value: bigint): unknown => (value === BigInt.asIntN(53, value) ? Number(value) : JSON.rawJSON(String(value)))

function double(value: number): number {
  if (!Number.isFinite(value)) throw new SyntaxError(`json: unsupported value: ${value}`)
  return value
}
