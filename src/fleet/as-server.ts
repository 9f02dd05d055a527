import { forwarded } from '../federation/member/impersonate.ts'
import { once } from '../machinery/client/json-client.ts'
import type { Headers, Request } from '../machinery/meta/core.ts'
import { withoutHeaders } from '../machinery/meta/headers.ts'
import type { Body } from './member-body.ts'

const DROPPED = new Set(['accept', 'accept-encoding', 'content-length', 'content-type'])

/** A user's request as this server makes it of the host: without a credential or an identity of the user, and to be answered in JSON. */
export function asServer({ method, path, query, headers }: Omit<Request, 'body'>, { bytes, type }: Body): Request {
  const kept: Headers = [...withoutHeaders(forwarded(headers), (name) => DROPPED.has(name)), ['accept', 'application/json'], ...(bytes.length > 0 ? [['content-type', type] as const, ['content-length', String(bytes.length)] as const] : [])]
  return { method, path, query, headers: kept, ...(bytes.length > 0 && { body: once(bytes) }) }
}
