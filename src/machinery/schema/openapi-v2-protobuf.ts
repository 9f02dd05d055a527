/**
 * An OpenAPI v2 document in protobuf, as kubectl and client-go ask for it first: gnostic's messages, with the field numbers of gnostic-models/openapiv2/OpenAPIv2.proto.
 * Only what documents of Kubernetes servers hold is encoded; anything else is left out, which readers of protobuf expect.
 */
import { isJsonObject, type JsonObject } from '../meta/json-value.ts'
import { stringifyJson } from '../meta/json.ts'

export const encodeOpenApiV2 = (document: object): Buffer => encode('Document', document as JsonObject)

type Encoder = (value: unknown) => readonly Buffer[]
type Fields = Readonly<Record<string, readonly [number, Encoder]>>

const VARINT = 0, FIXED64 = 1, BYTES = 2

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let left = BigInt.asUintN(64, value)
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128)
  bytes.push(Number(left))
  return Buffer.from(bytes)
}

const tag = (field: number, wire: number) => varint(BigInt(field << 3 | wire))
const bytesField = (field: number, bytes: Buffer) => Buffer.concat([tag(field, BYTES), varint(BigInt(bytes.length)), bytes])

/** What stands behind a field's tag, which `field` puts before each of it. */
const field = (number: number, wire: number, make: (value: unknown) => Buffer | undefined): readonly [number, Encoder] => [number, (value) => {
  const made = make(value)
  return made === undefined ? [] : [Buffer.concat([tag(number, wire), made])]
}]
const prefixed = (bytes: Buffer) => Buffer.concat([varint(BigInt(bytes.length)), bytes])
const string = (number: number) => field(number, BYTES, (value) => (typeof value === 'string' ? prefixed(Buffer.from(value)) : undefined))
const boolean = (number: number) => field(number, VARINT, (value) => (value === true ? varint(1n) : undefined))
const integer = (number: number) => field(number, VARINT, (value) => (typeof value === 'bigint' || Number.isInteger(value) ? varint(BigInt(value as number)) : undefined))
const double = (number: number) => field(number, FIXED64, (value) => {
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(Number(value))
  return bytes
})
const repeated = ([number, one]: readonly [number, Encoder]): readonly [number, Encoder] => [number, (value) => (Array.isArray(value) ? value.flatMap((each: unknown) => one(each)) : [])]
const bytes = (number: number, make: (value: unknown) => Buffer | undefined) => field(number, BYTES, (value) => { const made = make(value); return made && prefixed(made) })
const message = (number: number, name: string) => bytes(number, (value) => (isJsonObject(value) ? encode(name, value) : undefined))
/** Any value is YAML there, and JSON is YAML. */
const anyValue = (value: unknown) => bytesField(2, Buffer.from(stringifyJson(value)))
const any = (number: number) => bytes(number, (value) => (value === undefined ? undefined : anyValue(value)))
const named = (name: string, value: Buffer) => Buffer.concat([bytesField(1, Buffer.from(name)), bytesField(2, value)])
/** Names with values, as a message that repeats pairs in its field 1. */
const map = (number: number, make: (value: JsonObject) => Buffer) => bytes(number, (value) => (isJsonObject(value) ? Buffer.concat(Object.entries(value).flatMap(([name, each]) => (isJsonObject(each) ? [bytesField(1, named(name, make(each)))] : []))) : undefined))
const mapOf = (number: number, name: string) => map(number, (value) => encode(name, value))

/** $ref, or the thing itself, as fields 2 and 1 of one message. */
const referable = (make: (value: JsonObject) => Buffer) => (value: JsonObject) => ('$ref' in value ? bytesField(2, encode('JsonReference', value)) : bytesField(1, make(value)))
const PARAMETER_PLACES = new Map([['header', 1], ['formData', 2], ['query', 3], ['path', 4]])
function parameter(value: JsonObject): Buffer {
  if (value['in'] === 'body') return bytesField(1, encode('BodyParameter', value))
  const place = PARAMETER_PLACES.get(value['in'] as string) ?? 3
  return bytesField(2, bytesField(place, encode(place === 2 || place === 3 ? 'OptionalValueParameter' : 'ValueParameter', value)))
}
const parameters = (number: number) => repeated(bytes(number, (value) => (isJsonObject(value) ? referable(parameter)(value) : undefined)))
const response = (value: JsonObject) => referable((plain) => encode('Response', plain))(value)
const security = (value: JsonObject) => (value['type'] === 'basic' ? bytesField(1, encode('BasicAuthenticationSecurity', value)) : value['type'] === 'apiKey' ? bytesField(2, encode('ApiKeySecurity', value)) : Buffer.alloc(0))
const requirement = bytes(12, (value) => (isJsonObject(value) ? Buffer.concat(Object.entries(value).map(([name, scopes]) => bytesField(1, named(name, Buffer.concat(Array.isArray(scopes) ? scopes.map((scope) => bytesField(1, Buffer.from(String(scope)))) : []))))) : undefined))

/** Checks of values, in the order that all messages have them; `first` is the number of the first one. */
const checks = (first: number): Fields => Object.fromEntries(([
  ['default', any], ['maximum', double], ['exclusiveMaximum', boolean], ['minimum', double], ['exclusiveMinimum', boolean], ['maxLength', integer], ['minLength', integer], ['pattern', string], ['maxItems', integer], ['minItems', integer], ['uniqueItems', boolean],
  ['enum', (number: number) => repeated(any(number))], ['multipleOf', double],
] as const).map(([name, make], at) => [name, make(first + at)]))
const primitive = (first: number): Fields => ({ type: string(first), format: string(first + 1), items: message(first + 2, 'PrimitivesItems'), collectionFormat: string(first + 3), ...checks(first + 4) })

/** Per message: fields by their name in JSON, and the number of the field that takes extensions (`x-…`). */
const MESSAGES: Readonly<Record<string, { readonly fields: Fields; readonly extensions?: number }>> = {
  Document: {
    fields: {
      swagger: string(1), info: message(2, 'Info'), host: string(3), basePath: string(4), schemes: repeated(string(5)), consumes: repeated(string(6)), produces: repeated(string(7)), paths: message(8, 'Paths'), definitions: mapOf(9, 'Schema'),
      parameters: map(10, parameter), responses: mapOf(11, 'Response'), security: repeated(requirement), securityDefinitions: map(13, security), tags: repeated(message(14, 'Tag')), externalDocs: message(15, 'ExternalDocs'),
    }, extensions: 16,
  },
  Info: { fields: { title: string(1), version: string(2), description: string(3), termsOfService: string(4), contact: message(5, 'Contact'), license: message(6, 'License') }, extensions: 7 },
  Contact: { fields: { name: string(1), url: string(2), email: string(3) }, extensions: 4 },
  License: { fields: { name: string(1), url: string(2) }, extensions: 3 },
  Tag: { fields: { name: string(1), description: string(2), externalDocs: message(3, 'ExternalDocs') }, extensions: 4 },
  ExternalDocs: { fields: { description: string(1), url: string(2) }, extensions: 3 },
  PathItem: { fields: { $ref: string(1), get: message(2, 'Operation'), put: message(3, 'Operation'), post: message(4, 'Operation'), delete: message(5, 'Operation'), options: message(6, 'Operation'), head: message(7, 'Operation'), patch: message(8, 'Operation'), parameters: parameters(9) }, extensions: 10 },
  Operation: {
    fields: {
      tags: repeated(string(1)), summary: string(2), description: string(3), externalDocs: message(4, 'ExternalDocs'), operationId: string(5), produces: repeated(string(6)), consumes: repeated(string(7)), parameters: parameters(8), responses: message(9, 'Responses'),
      schemes: repeated(string(10)), deprecated: boolean(11), security: repeated(requirement),
    }, extensions: 13,
  },
  JsonReference: { fields: { $ref: string(1), description: string(2) } },
  BodyParameter: { fields: { description: string(1), name: string(2), in: string(3), required: boolean(4), schema: message(5, 'Schema') }, extensions: 6 },
  ValueParameter: { fields: { required: boolean(1), in: string(2), description: string(3), name: string(4), ...primitive(5) }, extensions: 22 },
  OptionalValueParameter: { fields: { required: boolean(1), in: string(2), description: string(3), name: string(4), allowEmptyValue: boolean(5), ...primitive(6) }, extensions: 23 },
  PrimitivesItems: { fields: primitive(1), extensions: 18 },
  Response: { fields: { description: string(1), schema: bytes(2, (value) => (isJsonObject(value) ? bytesField(1, encode('Schema', value)) : undefined)) }, extensions: 5 },
  BasicAuthenticationSecurity: { fields: { type: string(1), description: string(2) }, extensions: 3 },
  ApiKeySecurity: { fields: { type: string(1), name: string(2), in: string(3), description: string(4) }, extensions: 5 },
  Schema: {
    fields: {
      $ref: string(1), format: string(2), title: string(3), description: string(4), default: any(5), multipleOf: double(6), maximum: double(7), exclusiveMaximum: boolean(8), minimum: double(9), exclusiveMinimum: boolean(10), maxLength: integer(11), minLength: integer(12), pattern: string(13),
      maxItems: integer(14), minItems: integer(15), uniqueItems: boolean(16), maxProperties: integer(17), minProperties: integer(18), required: repeated(string(19)), enum: repeated(any(20)),
      additionalProperties: bytes(21, (value) => (typeof value === 'boolean' ? Buffer.concat([tag(2, VARINT), varint(value ? 1n : 0n)]) : isJsonObject(value) ? bytesField(1, encode('Schema', value)) : undefined)),
      type: bytes(22, (value) => Buffer.concat((Array.isArray(value) ? value : [value]).map((each) => bytesField(1, Buffer.from(String(each)))))),
      items: bytes(23, (value) => Buffer.concat((Array.isArray(value) ? value : [value]).filter(isJsonObject).map((each) => bytesField(1, encode('Schema', each))))),
      allOf: repeated(message(24, 'Schema')), properties: mapOf(25, 'Schema'), discriminator: string(26), readOnly: boolean(27), externalDocs: message(29, 'ExternalDocs'), example: any(30),
    }, extensions: 31,
  },
}

const pairs = (value: JsonObject, number: number, isWanted: (name: string) => boolean, make: (value: unknown) => Buffer): Buffer[] => Object.entries(value).flatMap(([name, each]) => (isWanted(name) ? [bytesField(number, named(name, make(each)))] : []))
const isExtension = (name: string) => name.startsWith('x-')

function encode(name: string, value: JsonObject): Buffer {
  // These two repeat named values beside their extensions.
  if (name === 'Paths') return Buffer.concat([...pairs(value, 1, isExtension, anyValue), ...pairs(value, 2, (each) => each.startsWith('/'), (each) => encode('PathItem', each as JsonObject))])
  if (name === 'Responses') return Buffer.concat([...pairs(value, 1, (each) => !isExtension(each), (each) => response(each as JsonObject)), ...pairs(value, 2, isExtension, anyValue)])
  const { fields, extensions } = MESSAGES[name]!
  return Buffer.concat(Object.entries(value).flatMap(([key, each]) => {
    if (isExtension(key)) return extensions === undefined ? [] : [bytesField(extensions, named(key, anyValue(each)))]
    return Object.hasOwn(fields, key) && each !== undefined ? fields[key]![1](each) : []
  }))
}
