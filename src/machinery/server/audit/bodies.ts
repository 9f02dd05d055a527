import { gunzipSync } from 'node:zlib'
import type { Headers, Request, Response } from '../../meta/core.ts'
import { header } from '../../meta/headers.ts'
import { isJsonObject } from '../../meta/json-value.ts'
import { parseJson } from '../../meta/json.ts'
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
    const text = (header(headers, 'content-encoding') === 'gzip' ? gunzipSync(bytes, { maxOutputLength: MAX_BYTES }) : bytes).toString(), object = type.endsWith('yaml') ? parseYaml(text) : type === '' || type.endsWith('json') ? parseJson(text) : 'omitted'
    return omitManagedFields ? withoutManagedFields(object) : object
  } catch {
    // What cannot be read is not recorded as an object: the handler has said what is wrong with it.
    return 'omitted'
  }
}

function withoutManagedFields(object: unknown): unknown {
  if (!isJsonObject(object)) return object
  const { metadata, items } = object
  return { ...object, ...(isJsonObject(metadata) && { metadata: Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== 'managedFields')) }), ...(Array.isArray(items) && { items: items.map(withoutManagedFields) }) }
}
