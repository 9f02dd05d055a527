import type { ServerHttp2Session, SecureServerOptions } from 'node:http2'

/** How long a connection may waste what it takes, in milliseconds. */
export interface ConnectionLimits {
  /** For the handshake, and for the headers of an HTTP/1.1 request to be there. */
  readonly headersMs: number
  /** Without a request. */
  readonly idleMs: number
  /** With an answer that the other side does not read. */
  readonly stalledMs: number
}

/** Those of a kube-apiserver (apiserver/pkg/server/secure_serving.go); a stalled answer ends there with the request's own deadline. */
export const CONNECTION_LIMITS: ConnectionLimits = { headersMs: 32_000, idleMs: 90_000, stalledMs: 60_000 }

const HEADER_BYTES = 64 << 10, CHECK_MS = 30_000

/**
 * What Node is told about connections of both protocols. Only the size of headers is bounded, not their number: Node would refuse an HTTP/2 request with more than 128,
 * which a proxy sends for a user of many groups, and drop those of an HTTP/1.1 request beyond 2,000, of which the last may be the one that says who is asking.
 */
export const limiting = ({ headersMs, idleMs }: ConnectionLimits): SecureServerOptions => ({
  handshakeTimeout: headersMs,
  maxHeaderListPairs: HEADER_BYTES >> 2, settings: { maxHeaderListSize: HEADER_BYTES, maxConcurrentStreams: 1_000, initialWindowSize: 256 << 10 }, maxSessionMemory: 256,
  // Node takes all that its HTTP/1.1 server takes; its types know a few.
  ...({ maxHeaderSize: HEADER_BYTES, http1Options: { maxHeaderSize: HEADER_BYTES, keepAliveTimeout: idleMs, headersTimeout: headersMs, connectionsCheckingInterval: Math.min(CHECK_MS, headersMs) } } as object),
})

/** Ends an HTTP/2 connection on which nothing has been asked for so long. */
export function closeWhenIdle(session: ServerHttp2Session, idleMs: number): void {
  let open = 0
  session.on('stream', (stream) => {
    open++
    // The clock has stopped if it went off meanwhile.
    stream.once('close', () => { if (--open === 0) session.setTimeout(idleMs) })
  })
  // Pings and settings count as life, as they do for Go. One that never says anything at all is destroyed: a farewell would wait for its answer.
  session.setTimeout(idleMs)
  session.on('timeout', () => { if (open === 0) session.destroy() })
}
