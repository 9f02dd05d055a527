import { forwarded } from '../federation/member/impersonate.ts'
import { once } from '../machinery/client/json-client.ts'
import type { Headers, Request } from '../machinery/meta/core.ts'
import { withoutHeaders } from '../machinery/meta/headers.ts'

const DROPPED = new Set(['accept', 'accept-encoding', 'content-length'])

/** A user's request as this server makes it of the host: without a credential or an identity of the user, and to be answered in JSON. */
export function asServer({ method, path, query, headers }: Omit<Request, 'body'>, body: Uint8Array): Request {
  const kept: Headers = [...withoutHeaders(forwarded(headers), (name) => DROPPED.has(name)), ['accept', 'application/json'], ...(body.length > 0 ? [['content-length', String(body.length)] as const] : [])]
  return { method, path, query, headers: kept, ...(body.length > 0 && { body: once(body) }) }
}
