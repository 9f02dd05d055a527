import type { Kind, KubeObject, Request } from '../meta/core.ts'
import { header } from '../meta/headers.ts'
import type { JsonObject } from '../meta/json-value.ts'
import { isJsonObject, MAX_DEPTH } from '../meta/json-value.ts'
import { parseJson } from '../meta/json.ts'
import { StatusError } from '../meta/status-error.ts'
import { jsonTypeName } from '../meta/json-value.ts'
import { jsonMistake } from './json-mistake.ts'
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

/** Content-Type without its parameters; one whose parameters are malformed is none that is known. */
export function mediaType({ headers }: Pick<Request, 'headers'>): string {
  const value = header(headers, 'content-type') ?? ''
  return PARAMETERS.test(value) ? value.split(';')[0]!.trim().toLowerCase() : MALFORMED
}

const PARAMETERS = /^[^;]*(?:;\s*[\w!#$%&'*+.^`|~-]+=(?:[\w!#$%&'*+.^`|~-]+|"(?:[^"\\]|\\.)*")\s*)*;?\s*$/, MALFORMED = 'malformed'

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
  if (nestsDeeperThan(text, MAX_DEPTH)) throw new SyntaxError('exceeded max depth')
  try {
    const value = parseJson(text)
    return LONE_SURROGATE.test(text) ? wellFormed(value) : value
  } catch (error) {
    throw new SyntaxError(jsonMistake(bytes), { cause: error })
  }
}

/** Of JSON, or of what should be: asked before it is parsed, since the parser's own stack is smaller than a body. */
function nestsDeeperThan(text: string, max: number): boolean {
  let depth = 0
  for (const [token] of text.matchAll(STRING_OR_BRACKET)) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    if (depth > max) return true
  }
  return false
}
const STRING_OR_BRACKET = /"(?:[^"\\]|\\.)*"?|[[\]{}]/gs

/** Half a surrogate pair is no character: Go puts U+FFFD in its place. */
const LONE_SURROGATE = /\\u[dD][89a-fA-F]/
const wellFormed = (value: unknown): unknown => {
  if (typeof value === 'string') return value.toWellFormed()
  if (Array.isArray(value)) return value.map(wellFormed)
  return isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key.toWellFormed(), wellFormed(member)])) : value
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
  value ??= {}
  const unreadable = (found: unknown, where: string) => unrecognized(`couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonTypeName(found)} into Go ${where}`)
  if (!isJsonObject(value)) throw unreadable(value, `value of type ${TYPE_META}`)
  for (const field of ['apiVersion', 'kind'] as const) if (typeof (value[field] ?? '') !== 'string') throw unreadable(value[field], `struct field .${field} of type string`)
  const { apiVersion } = value, infinite = HUGE_NUMBER.test(bytes.toString('latin1')) ? infiniteNumber(value) : undefined
  if (infinite !== undefined) throw StatusError.badRequest(`${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: json: cannot unmarshal number ${infinite} into Go value of type float64`)
  if (typeof apiVersion === 'string' && apiVersion.split('/').length > 2) throw unrecognized(`unexpected GroupVersion string: ${apiVersion}`)
  return checkNamespace(checkType(value, kind), kind, namespace)
}

/** Only what has so many digits, or such an exponent, can be beyond a double. */
const HUGE_NUMBER = /\d[eE]\+?\d{3}|\d{300}/
function infiniteNumber(value: unknown): string | undefined {
  if (JSON.isRawJSON(value)) { const { rawJSON } = value as { rawJSON: string }; return Number.isFinite(Number(rawJSON)) ? undefined : rawJSON }
  for (const member of Array.isArray(value) ? value as unknown[] : isJsonObject(value) ? Object.values(value) : []) {
    const found = infiniteNumber(member)
    if (found !== undefined) return found
  }
  return undefined
}

/** The Go type that tells what an object is. */
const TYPE_META = String.raw`struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }`

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
  const max = 30, shown = bytes[0] === 0x7b ? bytes.toString('utf8', 0, max) : bytes.toString('hex', 0, max)
  return bytes.length > max ? `${shown} ...` : shown
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : '')

function checkType(object: JsonObject, kind: KindName): JsonObject {
  const expected = apiVersionOf(kind), apiVersion = textOf(object['apiVersion']), name = textOf(object['kind'])
  if (apiVersion !== '' && apiVersion !== expected) throw StatusError.badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${expected})`)
  if (name !== '' && name !== kind.kind) throw StatusError.badRequest(`${name} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: converting (${kind.version}.${name}) to (${kind.version}.${kind.kind}): unknown conversion`)
  return { ...object, apiVersion: expected, kind: kind.kind }
}

/** Metadata of the wrong type is left for the writer to refuse in its words. */
export function checkNamespace(object: JsonObject, kind: Pick<Kind, 'namespaced'>, namespace: string): KubeObject {
  const metadata = object['metadata'] ?? {}
  if (!isJsonObject(metadata)) return object as KubeObject
  const own = metadata['namespace'] ?? ''
  // What belongs to no namespace drops the one that a client wrote.
  if (own !== '' && own !== namespace && namespace !== '') throw StatusError.badRequest('the namespace of the provided object does not match the namespace sent on the request')
  const { namespace: _, ...rest } = metadata
  return { ...object, metadata: kind.namespaced ? { ...rest, namespace } : rest }
}

/** The name in a body must be there, and be that of the path. Metadata of the wrong type is left for the writer, too. Throws StatusError BadRequest. */
export function checkName(object: KubeObject, name: string): KubeObject {
  const metadata: unknown = object.metadata ?? {}
  if (!isJsonObject(metadata)) return object
  const own = metadata['name'] ?? ''
  if (own === '') throw StatusError.badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`)
  if (typeof own === 'string' && own !== name) throw StatusError.badRequest(`the name of the object (${own}) does not match the name on the URL (${name})`)
  return object
}
