import table from '../../../openapi/kubernetes/protobuf.json' with { type: 'json' }
import { cloneJson, setMember, type JsonObject } from '../meta/json-value.ts'
import { FORMS, type TableField } from './protobuf-forms.ts'
import { BYTES, FIXED64, VARINT, WireReader, type WireValue } from './protobuf-wire.ts'

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
  const found = new Map<number, Buffer>()
  for (const reader = new WireReader(message, name); reader.next();) {
    const field = fields[reader.number - 1]
    if (field === undefined) reader.skip()
    else if (reader.wire !== BYTES) throw wrongWire(reader.wire, field)
    else found.set(reader.number, reader.value() as Buffer)
  }
  return found
}

/** `name`: as `messageOf` gives it. Throws SyntaxError where it is no such message. */
export const decodeMessage = (name: string, message: Buffer): JsonObject => decodeFields(name, message, 0)

interface Field { readonly name: string; readonly type: string; readonly wire: number; readonly isPointer: boolean; readonly isList: boolean; readonly isMap: boolean; readonly isInline: boolean; readonly omitsEmpty: boolean }
/** `zeros`: what JSON shows of fields that were not sent, by number. */
interface Message { readonly name: string; readonly fields: ReadonlyMap<number, Field>; readonly zeros: readonly (readonly [number, Field, unknown])[] }

const compiled = new Map<string, Message>()

function messageFor(type: string): Message {
  const known = compiled.get(type)
  if (known) return known
  const described = FORMS[type]?.fields ?? (table as unknown as { messages: Readonly<Record<string, Readonly<Record<string, TableField>>>> }).messages[type]
  if (!described) throw new Error(`the table has no message ${type}`)
  const fields = Object.entries(described).map(([number, [name, type, flags]]): [number, Field] =>
    [Number(number), { name, type, wire: wireOf(type), isPointer: flags.includes('*'), isList: flags.includes('[]'), isMap: flags.includes('{}'), isInline: flags.includes('+'), omitsEmpty: flags.includes('?') }])
  // Only what is no pointer has a zero, and Go allows no type to hold itself that way.
  const zeros = fields.map(([number, field]) => [number, field, zeroOf(field)] as const).filter(([, , zero]) => zero !== undefined)
  const made = { name: shortName(type), fields: new Map(fields), zeros }
  compiled.set(type, made)
  return made
}

function zeroOf({ type, isPointer, isList, isMap, omitsEmpty }: Field): unknown {
  if (isPointer || isList || isMap || type === 'bytes') return undefined
  const zero = decodeValue(type, [], 0)
  return omitsEmpty && isZero(zero) ? undefined : zero
}

const isZero = (value: unknown) => value === '' || value === 0 || value === false

function decodeFields(type: string, bytes: Buffer, depth: number): JsonObject {
  const message = messageFor(type), sent = new Map<number, WireValue[]>()
  if (depth > MAX_DEPTH) throw new SyntaxError(`proto: ${message.name}: nested more than ${MAX_DEPTH} levels deep`)
  for (const reader = new WireReader(bytes, message.name); reader.next();) {
    const { number, wire } = reader, field = message.fields.get(number), known = sent.get(number)
    if (!field) reader.skip()
    else if (!fits(field, wire)) throw wrongWire(wire, goName(field))
    else {
      const values = known ?? []
      if (!known) sent.set(number, values)
      if (wire === field.wire) values.push(reader.value())
      else for (const packed = new WireReader(reader.value() as Buffer, message.name); !packed.isDone;) values.push(packed.value(field.wire))
    }
  }
  const object: JsonObject = {}
  for (const [number, values] of sent) {
    const field = message.fields.get(number)!, value = field.isMap ? mapOf(field, values, depth + 1) : field.isList ? listOf(field, values, depth + 1) : one(field, values, depth + 1)
    show(object, field, value)
  }
  for (const [number, field, zero] of message.zeros) if (!sent.has(number)) show(object, field, cloneJson(zero))
  return object
}

function show(object: JsonObject, { name, isInline }: Field, value: unknown): void {
  if (isInline) Object.assign(object, value)
  else if (value !== undefined) object[name] = value
}

/** Numbers of a list may be packed. */
const fits = ({ wire: own, isList, isMap }: Field, wire: number) => (isMap ? wire === BYTES : wire === own || (isList && wire === BYTES))
const shortName = (type: string) => type.slice(type.lastIndexOf('.') + 1)
/** A field's name in errors is that of Go's struct, about. */
const goName = ({ name, type, isInline }: Field) => (isInline || name === 'metadata' ? shortName(type) : name[0]!.toUpperCase() + name.slice(1))
const wrongWire = (wire: number, field: string) => new SyntaxError(`proto: wrong wireType = ${wire} for field ${field}`)
const wireOf = (type: string) => (type === 'bool' || type === 'int32' || type === 'int64' ? VARINT : type === 'double' ? FIXED64 : BYTES)

/** `depth`, here and below: that of a message in this place. */
function one({ type, isPointer, omitsEmpty }: Field, values: readonly WireValue[], depth: number): unknown {
  const value = decodeValue(type, values, depth)
  return omitsEmpty && !isPointer && isZero(value) ? undefined : value
}

/** What is null in a list stays there. A list of nothing, packed, is none. */
const listOf = ({ type }: Field, values: readonly WireValue[], depth: number) => (values.length === 0 ? undefined : values.map((value) => decodeValue(type, [value], depth) ?? null))

/** Entries are messages of a key and a value, either of which may be left out where it is zero. */
function mapOf({ name, type, wire }: Field, values: readonly WireValue[], depth: number): JsonObject {
  const object: JsonObject = {}
  for (const entry of values) {
    const keys: WireValue[] = [], items: WireValue[] = []
    for (const reader = new WireReader(entry as Buffer, name); reader.next();) {
      if (reader.number > 2) reader.skip()
      else if (reader.wire !== (reader.number === 1 ? BYTES : wire)) throw wrongWire(reader.wire, name)
      else (reader.number === 1 ? keys : items).push(reader.value())
    }
    setMember(object, decodeValue('string', keys, depth) as string, decodeValue(type, items, depth) ?? null)
  }
  return object
}

/** Of what was sent for it the last counts, or all of it together where it is a message; nothing sent is zero. */
function decodeValue(type: string, values: readonly WireValue[], depth: number): unknown {
  const sent = values.at(-1)
  switch (type) {
    case 'string': return (sent as Buffer | undefined)?.toString() ?? ''
    case 'bytes': return (sent as Buffer | undefined)?.toString('base64') ?? ''
    case 'bool': return Boolean(sent)
    case 'int32': return typeof sent === 'bigint' ? Number(BigInt.asIntN(32, sent)) : Number(sent ?? 0) | 0
    case 'int64': return typeof sent === 'bigint' ? integer(BigInt.asIntN(64, sent)) : Number(sent ?? 0)
    case 'double': return double(Number(sent ?? 0))
    default: {
      const message = joined(values as readonly Buffer[]), form = FORMS[type], object = decodeFields(type, message, depth)
      return form ? form.json(object, message.length === 0) : object
    }
  }
}

/** A message sent in pieces is their concatenation. */
const joined = (values: readonly Buffer[]): Buffer => (values.length === 1 ? values[0]! : Buffer.concat(values))

const integer = (value: bigint): unknown => (value === BigInt.asIntN(53, value) ? Number(value) : JSON.rawJSON(String(value)))

function double(value: number): number {
  if (!Number.isFinite(value)) throw new SyntaxError(`json: unsupported value: ${value}`)
  return value
}
