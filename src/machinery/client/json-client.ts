import type { Handler, Headers } from '../meta/core.ts'
import { parseJson, stringifyJson } from '../meta/json.ts'
import { StatusError } from '../meta/status-error.ts'
import { bytesOf, failure } from './failure.ts'

/**
 * JSON over a Handler. `path` is percent-encoded and may carry a query (`/api/v1/pods?limit=1`).
 * Errors: StatusError, from the server's Status or by its code; 3xx are errors too, because nothing here follows redirects.
 */
export const getJson = <T>(handler: Handler, path: string, signal: AbortSignal, accept = 'application/json'): Promise<T> => exchange<T>(handler, 'GET', path, undefined, [['accept', accept]], signal)
export const postJson = <T>(handler: Handler, path: string, body: unknown, signal: AbortSignal): Promise<T> => exchange<T>(handler, 'POST', path, body, JSON_BODY, signal)
export const putJson = <T>(handler: Handler, path: string, body: unknown, signal: AbortSignal): Promise<T> => exchange<T>(handler, 'PUT', path, body, JSON_BODY, signal)
export const patchJson = <T>(handler: Handler, path: string, body: unknown, signal: AbortSignal, type = 'application/merge-patch+json'): Promise<T> =>
  exchange<T>(handler, 'PATCH', path, body, [['accept', 'application/json'], ['content-type', type]], signal)
/** `body`: DeleteOptions. */
export const deleteJson = <T>(handler: Handler, path: string, body: unknown, signal: AbortSignal): Promise<T> => exchange<T>(handler, 'DELETE', path, body, JSON_BODY, signal)

const JSON_BODY: Headers = [['accept', 'application/json'], ['content-type', 'application/json']]

async function exchange<T>(handler: Handler, method: string, path: string, body: unknown, headers: Headers, signal: AbortSignal): Promise<T> {
  const [pathname, search = ''] = path.split('?', 2) as [string, string?], bytes = body === undefined ? undefined : Buffer.from(stringifyJson(body))
  const response = await handler({ method, path: pathname, query: new URLSearchParams(search), headers: bytes ? [...headers, ['content-length', String(bytes.length)]] : headers, ...(bytes && { body: once(bytes) }) }, signal)
  if (response.status < 200 || response.status >= 300) throw await failure(response)
  const text = Buffer.from(await bytesOf(response)).toString('utf8')
  try {
    return parseJson(text) as T
  } catch (cause) {
    throw new StatusError('InternalError', `${method} ${pathname}: the answer is not JSON: ${text.slice(0, 100)}`, { cause })
  }
}

/** A body that is there already. */
// oxlint-disable-next-line require-await -- a body is an async iterable
export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> { yield bytes }
