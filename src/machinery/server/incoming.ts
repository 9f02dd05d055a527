import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Headers, Peer, Request } from '../meta/core.ts'

const LONGEST_CHAIN = 8

/** One request of either protocol. Header values are taken pair by pair: Node would join repeated ones with commas. */
export function incoming(message: IncomingMessage | Http2ServerRequest, peer: Peer): Request {
  const url = (message.url ?? '/').replace(/^https?:\/\/[^/]*/i, '') || '/', at = url.indexOf('?'), path = at < 0 ? url : url.slice(0, at), method = message.method ?? 'GET'
  const headers = pairs(message.rawHeaders), base = { method, path, query: readQuery(at < 0 ? '' : url.slice(at + 1)), headers, peer }
  return method === 'GET' || method === 'HEAD' ? base : { ...base, body: bodyOf(message) }
}

function pairs(raw: readonly string[]): Headers {
  const headers: [string, string][] = []
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase()
    if (name === ':authority') headers.push(['host', raw[at + 1]!])
    else if (!name.startsWith(':')) headers.push([name, raw[at + 1]!])
  }
  return headers
}

/** Read only when wanted. A reader that stops early, at its limit, must not tear down the connection before the answer is out. */
const bodyOf = (message: IncomingMessage | Http2ServerRequest): AsyncIterable<Uint8Array> =>
  ({ [Symbol.asyncIterator]: () => message.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array> })

/** Who is at the other end; one object per connection, so that certificates are verified once. */
export function peerOf(socket: TLSSocket): Peer {
  const certificates: Uint8Array[] = []
  for (let certificate = socket.getPeerX509Certificate(); certificate && certificates.length < LONGEST_CHAIN; certificate = certificate.issuerCertificate) certificates.push(certificate.raw)
  return { address: socket.remoteAddress ?? '', certificates }
}

/** As Go reads it: a pair with a semicolon or an escape that is none is dropped. */
const readQuery = (text: string) => new URLSearchParams(UNREADABLE.test(text) ? text.split('&').filter((pair) => !UNREADABLE.test(pair)).join('&') : text)
const UNREADABLE = /;|%(?![\da-fA-F]{2})/
