import type { Kind, KubeObject, Request } from '../meta/core.ts'
import { header } from '../meta/headers.ts'
import type { JsonObject } from '../meta/json-value.ts'
import { isJsonObject } from '../meta/json-value.ts'
import { parseJson } from '../meta/json.ts'
import { StatusError } from '../meta/status-error.ts'
import { decodeEnvelope, decodeMessage, messageOf, PROTOBUF_TYPE, type Envelope } from '../schema/protobuf.ts'
import { MEDIA_TYPES } from './negotiation.ts'
import { apiVersionOf } from './shape.ts'
import { parseYaml } from './yaml.ts'

const MAX_BODY_BYTES = 3 * 1024 * 1024

/** Read only when a handler wants it. Throws StatusError RequestEntityTooLarge. */
export async function readBody({ body, headers }: Request): Promise<Buffer> {
  const tooLarge = () => new StatusError('RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BODY_BYTES}`)
  if (Number(header(headers, 'content-length') ?? 0) > MAX_BODY_BYTES) throw tooLarge()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

type TextFormat = 'json' | 'yaml'
export type InputFormat = TextFormat | 'protobuf'

/** Of bodies that are objects or options. Nothing said means JSON. `message`: whether they may be a message of protobuf. Throws StatusError UnsupportedMediaType. */
export function inputFormat(request: Pick<Request, 'headers'>, { message }: { readonly message: boolean }): InputFormat {
  const type = mediaType(request)
  if (type === '' || type === 'application/json') return 'json'
  if (type === 'application/yaml') return 'yaml'
  if (type === PROTOBUF_TYPE && message) return 'protobuf'
  throw unsupported(message ? `${MEDIA_TYPES}, ${PROTOBUF_TYPE}` : MEDIA_TYPES)
}

/** Of objects of a kind: Kubernetes' own may come as protobuf. */
export const formatOf = (request: Pick<Request, 'headers'>, kind: KindName): InputFormat => inputFormat(request, { message: messageOf(kind) !== undefined })

type KindName = Pick<Kind, 'group' | 'version' | 'kind'>

export const unsupported = (accepted: string): StatusError => new StatusError('UnsupportedMediaType', `the body of the request was in an unknown format - accepted media types include: ${accepted}`)

/** Content-Type without its parameters. */
export const mediaType = ({ headers }: Pick<Request, 'headers'>): string => (header(headers, 'content-type') ?? '').split(';')[0]!.trim().toLowerCase()

/** Throws SyntaxError with a message in the words of Go's decoder, which users know. */
export function decode(bytes: Buffer, format: TextFormat): unknown {
  const text = bytes.toString()
  if (format === 'yaml') {
    try {
      return parseYaml(text)
    } catch (error) {
      throw new SyntaxError(`error converting YAML to JSON: ${(error as Error).message.split('\n')[0]!}`, { cause: error })
    }
  }
  try {
    return parseJson(text)
  } catch (error) {
    throw new SyntaxError(goMessage(error as Error, text), { cause: error })
  }
}

const LITERALS = ['null', 'true', 'false']

function goMessage({ message }: Error, text: string): string {
  if (/Unexpected end|Unterminated/.test(message) || text.trim() === '') return 'unexpected end of JSON input'
  const position = /position (\d+)/.exec(message)?.[1], at = position === undefined ? 0 : Number(position), character = text[at]
  if (character === undefined) return 'unexpected end of JSON input'
  const literal = LITERALS.find(([first]) => first === character)
  if (literal && !message.includes('after JSON')) {
    const wrong = literal.split('').findIndex((letter, i) => text[at + i] !== letter), found = text[at + wrong]
    if (wrong > 0) return found === undefined ? 'unexpected end of JSON input' : `invalid character '${found}' in literal ${literal} (expecting '${literal[wrong]!}')`
  }
  return message.includes('after JSON') ? `invalid character '${character}' after top-level value` : `invalid character '${character}' looking for beginning of value`
}

/**
 * The object of a write. Its apiVersion and kind may be left out, but not say something else; so may its namespace.
 * Throws StatusError BadRequest.
 */
export function decodeObject(bytes: Buffer, format: InputFormat, kind: KindName & Pick<Kind, 'namespaced'>, namespace: string): KubeObject {
  const unrecognized = (why: string) => StatusError.badRequest(`the object provided is unrecognized (must be of type ${kind.kind}): ${why} (${head(bytes)})`)
  if (format === 'protobuf') return checkNamespace(decodeProtobuf(bytes, kind, unrecognized), kind, namespace)
  let value: unknown
  try {
    value = decode(bytes, format)
  } catch (error) {
    throw unrecognized(`couldn't get version/kind; json parse error: ${(error as Error).message}`)
  }
  if (!isJsonObject(value)) throw unrecognized(`couldn't get version/kind; json parse error: json: cannot unmarshal ${Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value} into Go value of type struct`)
  return checkNamespace(checkType(value, kind), kind, namespace)
}

function decodeProtobuf(bytes: Buffer, kind: KindName, unrecognized: (why: string) => StatusError): JsonObject {
  let envelope: Envelope
  try {
    envelope = decodeEnvelope(bytes)
  } catch (error) {
    throw unrecognized((error as Error).message)
  }
  const { message, ...type } = envelope, checked = checkType(type, kind)
  try {
    return { ...decodeMessage(messageOf(kind)!, message), ...checked }
  } catch (error) {
    throw StatusError.badRequest(`${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: ${(error as Error).message}`)
  }
}

const head = (bytes: Buffer) => {
  if (bytes.length === 0) return '<empty>'
  // Text is shown as it is, anything else in hex, both cut after a few bytes (apiserver/pkg/endpoints/handlers/rest.go summarizeData).
  const max = bytes[0] === 0x7b ? 30 : 15, shown = bytes[0] === 0x7b ? bytes.toString('utf8', 0, max) : bytes.toString('hex', 0, max)
  return bytes.length > max ? `${shown} ...` : shown
}

function checkType(object: JsonObject, kind: KindName): JsonObject {
  const expected = apiVersionOf(kind), { apiVersion = '', kind: name = '' } = object
  if (apiVersion !== '' && apiVersion !== expected) throw StatusError.badRequest(`the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected})`)
  if (name !== '' && name !== kind.kind) throw StatusError.badRequest(`${String(name)} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: converting (${kind.version}.${String(name)}) to (${kind.version}.${kind.kind}): unknown conversion`)
  return { ...object, apiVersion: expected, kind: kind.kind }
}

/** Metadata of the wrong type is left for the writer to refuse in its words. */
export function checkNamespace(object: JsonObject, kind: Pick<Kind, 'namespaced'>, namespace: string): KubeObject {
  const metadata = object['metadata'] ?? {}
  if (!isJsonObject(metadata)) return object as KubeObject
  const own = metadata['namespace'] ?? ''
  if (own !== '' && own !== namespace) throw StatusError.badRequest('the namespace of the provided object does not match the namespace sent on the request')
  const { namespace: _, ...rest } = metadata
  return { ...object, metadata: kind.namespaced ? { ...rest, namespace } : rest }
}

/** The name in a body must be that of the path. Empty: taken from the path. */
export function checkName(object: KubeObject, name: string): KubeObject {
  const own = isJsonObject(object.metadata) ? (object.metadata.name ?? '') : ''
  if (own !== '' && own !== name) throw StatusError.badRequest(`the name of the object (${own}) does not match the name on the URL (${name})`)
  return isJsonObject(object.metadata) ? { ...object, metadata: { ...object.metadata, name } } : object
}
