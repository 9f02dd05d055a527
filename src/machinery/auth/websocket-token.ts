import type { Headers } from '../meta/core.ts'
import { header, headerValues } from '../meta/headers.ts'
import { StatusError } from '../meta/status-error.ts'

const PREFIX = 'base64url.bearer.authorization.k8s.io.', NAME = 'sec-websocket-protocol'

const protocolsOf = (value: string) => value.split(',').map((text) => text.trim()).filter(Boolean)

/**
 * The bearer token of a browser, which cannot set headers on a WebSocket and puts it among the subprotocols (apiserver/pkg/authentication/request/websocket/protocol.go).
 * Throws StatusError Unauthorized where it is malformed, repeated, or alone: the server has to have another protocol to choose.
 */
export function webSocketToken(headers: Headers): string | undefined {
  if ((header(headers, 'upgrade') ?? '').trim().toLowerCase() !== 'websocket') return undefined
  const protocols = headerValues(headers, NAME).flatMap(protocolsOf), [token, ...more] = protocols.filter((protocol) => protocol.startsWith(PREFIX)).map((protocol) => protocol.slice(PREFIX.length))
  if (token === undefined) return undefined
  if (more.length > 0) throw StatusError.unauthorized('multiple base64.bearer.authorization tokens specified')
  if (protocols.length === 1) throw StatusError.unauthorized('missing additional subprotocols')
  const bytes = Buffer.from(token, 'base64url'), text = bytes.toString()
  if (bytes.toString('base64url') !== token || !Buffer.from(text).equals(bytes)) throw StatusError.unauthorized('invalid base64.bearer.authorization token encoding')
  return text
}

/** A token is for this server only: it is neither chosen as a protocol nor passed on. */
export const withoutWebSocketToken = (headers: Headers): Headers =>
  headers.flatMap(([name, value]) => {
    if (name !== NAME || !value.includes(PREFIX)) return [[name, value] as const]
    const kept = protocolsOf(value).filter((protocol) => !protocol.startsWith(PREFIX))
    return kept.length > 0 ? [[name, kept.join(', ')] as const] : []
  })
