import { gunzipSync } from 'node:zlib'
import type { Headers, Request, Response } from '../../meta/core.ts'
import { header } from '../../meta/headers.ts'
import { isJsonObject } from '../../meta/json-value.ts'
import { parseJson } from '../../meta/json.ts'
import { decodeEnvelope, decodeMessage, messageOf, PROTOBUF_TYPE } from '../../schema/protobuf.ts'
import { parseYaml } from '../yaml.ts'

/** Larger bodies are not recorded: an event says so instead. */
const MAX_BYTES = 1 << 20

/** What passed through, up to a bound; undefined once it was more than that. */
export class Copy {
  #chunks: Uint8Array[] = []
  #size = 0

  add(chunk: Uint8Array): void {
    this.#size += chunk.length
    // Chunks are used again once they are written.
    if (this.#size <= MAX_BYTES) this.#chunks.push(Buffer.from(chunk))
    else this.#chunks = []
  }

  get bytes(): Buffer | undefined { return this.#size <= MAX_BYTES ? Buffer.concat(this.#chunks) : undefined }
}

export async function* copied(body: AsyncIterable<Uint8Array>, copy: Copy): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    copy.add(chunk)
    yield chunk
  }
}

export const copyRequest = (request: Request, copy: Copy): Request => (request.body ? { ...request, body: copied(request.body, copy) } : request)

export function copyResponse(response: Response, copy: Copy): Response {
  const { body } = response
  if (!(body instanceof Uint8Array)) return { ...response, body: copied(body, copy) }
  copy.add(body)
  return response
}

/** An object to record; 'omitted' where there is something that cannot be; undefined: there is nothing. */
export function recordable(headers: Headers, copy: Copy, omitManagedFields: boolean): unknown {
  const { bytes } = copy, type = (header(headers, 'content-type') ?? '').split(';')[0]!.trim()
  if (bytes?.length === 0) return undefined
  if (!bytes) return 'omitted'
  try {
    const object = decoded(type, header(headers, 'content-encoding') === 'gzip' ? gunzipSync(bytes, { maxOutputLength: MAX_BYTES }) : bytes)
    return omitManagedFields ? withoutManagedFields(object) : object
  } catch {
    // What cannot be read is not recorded as an object: the handler has said what is wrong with it.
    return 'omitted'
  }
}

function decoded(type: string, bytes: Buffer): unknown {
  if (type.endsWith('yaml')) return parseYaml(bytes.toString())
  if (type === '' || type.endsWith('json')) return parseJson(bytes.toString())
  if (type !== PROTOBUF_TYPE) return 'omitted'
  const { message, apiVersion, kind } = decodeEnvelope(bytes), slash = apiVersion.indexOf('/'), name = messageOf({ group: apiVersion.slice(0, Math.max(slash, 0)), version: apiVersion.slice(slash + 1), kind })
  return name === undefined ? 'omitted' : { kind, apiVersion, ...decodeMessage(name, message) }
}

function withoutManagedFields(object: unknown): unknown {
  if (!isJsonObject(object)) return object
  const { metadata, items } = object
  return { ...object, ...(isJsonObject(metadata) && { metadata: Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== 'managedFields')) }), ...(Array.isArray(items) && { items: items.map(withoutManagedFields) }) }
}
