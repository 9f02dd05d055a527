import type { Response } from '../meta/core.ts'
import { StatusError, type Reason, type Status } from '../meta/status-error.ts'

const BY_CODE: Readonly<Record<number, Reason>> = {
  400: 'BadRequest', 401: 'Unauthorized', 403: 'Forbidden', 404: 'NotFound', 405: 'MethodNotAllowed', 406: 'NotAcceptable', 409: 'Conflict', 410: 'Expired', 413: 'RequestEntityTooLarge', 415: 'UnsupportedMediaType',
  422: 'Invalid', 429: 'TooManyRequests', 500: 'InternalError', 503: 'ServiceUnavailable', 504: 'Timeout',
}
const KNOWN = new Set<string>([...Object.values(BY_CODE), 'AlreadyExists', 'Gone', 'ServerTimeout'])
const isKnown = (reason: string | undefined): reason is Reason => reason !== undefined && KNOWN.has(reason)

/** The error that a Status object stands for. A reason we do not know becomes the one of its code. */
export function fromStatus(status: Partial<Status>, code = status.code ?? 500): StatusError {
  const reason = isKnown(status.reason) ? status.reason : (BY_CODE[code] ?? '')
  return new StatusError(reason, status.message || `the server answered ${code}`, { code, ...(status.details && { details: status.details }), ...(status.metadata?.continue && { continueToken: status.metadata.continue }) })
}

/** The error of a response that is no success; reads its body. What is no Status (a proxy's page, another kind of server) is quoted in part. */
export async function failure(response: Response): Promise<StatusError> {
  const text = Buffer.from(await bytesOf(response, 64 << 10)).toString('utf8')
  try {
    const status = JSON.parse(text) as Partial<Status> | null
    if (status?.kind === 'Status') return fromStatus(status, response.status)
  } catch { /* Not JSON: quoted below. */ }
  return fromStatus({ message: `the server answered ${response.status}${text ? `: ${text.slice(0, 200).replace(/\s+/g, ' ').trim()}` : ''}` }, response.status)
}

/** The whole body, or its beginning: reading stops behind `limit` bytes. */
export async function bytesOf({ body }: Response, limit = Infinity): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    size += chunk.length
    if (size >= limit) break
  }
  return Buffer.concat(chunks)
}
