import { constants } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from 'node:http2'
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SecureContextOptions, TLSSocket } from 'node:tls'
import type { RequestHandler } from 'express'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { requestInfo } from '../auth/request-info.ts'
import type { Handler, Peer, Request, Response, Upgrader } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'
import type { ConnectionLimits } from './connection-limits.ts'
import { closeWhenIdle, CONNECTION_LIMITS, limiting } from './connection-limits.ts'
import { incoming, peerOf } from './incoming.ts'
import { isLongRunning } from './long-running.ts'
import { cut, refuseConnection, send, sendRaw } from './outgoing.ts'
import { rareRoutes } from './rare-routes.ts'
import { respondError } from './respond.ts'

export interface ServeOptions {
  readonly handler: Handler
  /** Absent: upgrades are refused. */
  readonly upgrader?: Upgrader
  /** For paths outside /api, /apis and /openapi, before `handler` sees them: pages, assets, metrics. */
  readonly routes?: RequestHandler
  readonly tls: SecureContextOptions
  readonly address: string
  /** 0: any. */
  readonly port: number
  readonly logger: Logger
  readonly clock: Clock
  /** Absent: a kube-apiserver's. */
  readonly limits?: ConnectionLimits
}

export interface RunningServer {
  readonly port: number
  /** New connections use another certificate. */
  setTls(tls: SecureContextOptions): void
  /** Accepts nothing more, ends watches, waits for the rest up to `graceMs`, then cuts. */
  shutdown(graceMs: number): Promise<void>
}

const HOT = /^\/(?:apis?|openapi)(?:\/|\?|$)/

/** HTTP/2 and HTTP/1.1 on one TLS port. Client certificates are asked for and verified per request, not here. Throws where the port cannot be had; aborting the signal closes at once. */
export async function serveHttps(options: ServeOptions, signal: AbortSignal): Promise<RunningServer> {
  const server = createSecureServer({
    ...options.tls, allowHTTP1: true, minVersion: 'TLSv1.2', requestCert: true, rejectUnauthorized: false,
    // A resumed session would bring the client's certificate without those between it and the authority.
    secureOptions: constants.SSL_OP_NO_TICKET,
    ...limiting(options.limits ?? CONNECTION_LIMITS),
  })
  // Read by Node only from here.
  ;(server as { maxHeadersCount?: number }).maxHeadersCount = 0
  const running = new Running(server, options)
  await listen(server, options)
  signal.addEventListener('abort', () => void running.shutdown(0), { once: true })
  if (signal.aborted) await running.shutdown(0)
  return running
}

async function listen(server: Http2SecureServer, { port, address }: ServeOptions): Promise<void> {
  try {
    server.listen(port, address)
    await once(server, 'listening')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException, where = `${address.includes(':') ? `[${address}]` : address}:${port}`
    if (code === 'EADDRINUSE') throw new Error(`cannot listen on ${where}: the port is in use by another program; stop that one or choose another port`, { cause: error })
    if (code === 'EACCES') throw new Error(`cannot listen on ${where}: permission denied; ports below 1024 need privileges, choose a higher one`, { cause: error })
    throw new Error(`cannot listen on ${where}: ${(error as Error).message}`, { cause: error })
  }
}

type Incoming = IncomingMessage | Http2ServerRequest
type Outgoing = ServerResponse | Http2ServerResponse

class Running implements RunningServer {
  readonly #server: Http2SecureServer
  readonly #options: ServeOptions
  readonly #peers = new WeakMap<object, Peer>()
  readonly #sockets = new Set<TLSSocket>()
  readonly #sessions = new Set<ServerHttp2Session>()
  /** Ends what would never end by itself. */
  readonly #endless = new AbortController()
  #active = 0
  #idle = () => {}
  #shutdown: Promise<void> | undefined

  constructor(server: Http2SecureServer, options: ServeOptions) {
    this.#server = server
    this.#options = options
    // A stream may be announced when its connection has gone: there is nobody to answer, and nobody to ask who it was.
    const handle = (request: Incoming, response: Outgoing) => { if (!('stream' in request) || (request.stream.session && !request.stream.session.destroyed)) void this.#handle(request, response) }
    const rare = options.routes && rareRoutes(options.routes, handle)
    server.on('request', (request: Http2ServerRequest, response: Http2ServerResponse) => { (rare && !HOT.test(request.url) ? rare : handle)(request, response) })
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => void this.#upgrade(request, socket, head))
    server.on('secureConnection', (socket: TLSSocket) => this.#admit(socket))
    server.on('session', (session) => {
      this.#sessions.add(session)
      closeWhenIdle(session, (options.limits ?? CONNECTION_LIMITS).idleMs)
      session.on('close', () => this.#sessions.delete(session)).on('error', (error: Error) => this.#note(error))
    })
    // One that never finishes its handshake cannot be told so.
    server.on('tlsClientError', (error: Error, socket: TLSSocket) => { this.#note(error); socket.destroy() }).on('sessionError', (error: Error) => this.#note(error))
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => { this.#note(error); refuseConnection(socket, error.code) })
    server.on('error', (error: Error) => this.#options.logger.error({ error: error.message }, 'server'))
  }

  get port(): number { return (this.#server.address() as AddressInfo).port }

  setTls(tls: SecureContextOptions): void { this.#server.setSecureContext(tls) }

  shutdown(graceMs: number): Promise<void> { return (this.#shutdown ??= this.#drain(graceMs)) }

  async #drain(graceMs: number): Promise<void> {
    const { clock } = this.#options, over = new AbortController(), closed = once(this.#server, 'close')
    this.#server.close()
    this.#endless.abort()
    for (const session of this.#sessions) session.close()
    if (this.#active > 0 && graceMs > 0) await Promise.race([new Promise<void>((resolve) => { this.#idle = resolve }), clock.sleep(graceMs, over.signal)])
    over.abort()
    for (const session of this.#sessions) if (graceMs === 0 || this.#active > 0) session.destroy()
    for (const socket of this.#sockets) if (graceMs === 0 || this.#active > 0) socket.destroy(); else socket.end()
    const late = new AbortController()
    await Promise.race([closed, clock.sleep(1_000, late.signal)])
    late.abort()
    for (const socket of this.#sockets) socket.destroy()
  }

  #admit(socket: TLSSocket): void {
    // Nagle's algorithm holds small HTTP/1.1 answers back for 20 ms and more.
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 180_000)
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
  }

  #peer(request: Incoming): Peer {
    const connection: object = 'stream' in request ? (request.stream.session ?? request.socket) : request.socket
    let peer = this.#peers.get(connection)
    if (!peer) this.#peers.set(connection, (peer = peerOf(request.socket as TLSSocket)))
    return peer
  }

  async #handle(message: Incoming, out: Outgoing): Promise<void> {
    const gone = new AbortController()
    let isSent = false
    this.#active++
    out.on('close', () => {
      if (!isSent) gone.abort()
      if (--this.#active === 0) this.#idle()
    })
    // A reset arrives here; what follows from it is the `close`.
    out.on('error', (error: Error) => this.#note(error))
    try {
      const request = incoming(message, this.#peer(message)), response = await this.#answer(request, gone.signal)
      await send(out, response, { isHead: request.method === 'HEAD', close: this.#shutdown !== undefined, stalledMs: (this.#options.limits ?? CONNECTION_LIMITS).stalledMs })
      isSent = true
    } catch (error) {
      if (!gone.signal.aborted) this.#options.logger.error({ path: message.url, error: error instanceof Error ? error.stack : error }, 'response failed')
      if (out.headersSent) cut(out)
      else { out.statusCode = 500; out.end() }
    }
  }

  async #answer(request: Request, signal: AbortSignal): Promise<Response> {
    if (this.#shutdown) return respondError(StatusError.unavailable('apiserver is shutting down', 1), request)
    return this.#options.handler(request, endlessPath(request) ? AbortSignal.any([signal, this.#endless.signal]) : signal)
  }

  async #upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const gone = new AbortController()
    socket.on('close', () => gone.abort()).on('error', (error: Error) => this.#note(error))
    try {
      const request = incoming(message, this.#peer(message)), { upgrader } = this.#options
      const refused = this.#shutdown || !upgrader
        ? respondError(this.#shutdown ? StatusError.unavailable('apiserver is shutting down', 1) : StatusError.badRequest('this server does not switch protocols'), request)
        : await upgrader(request, { socket, head, stalledMs: (this.#options.limits ?? CONNECTION_LIMITS).stalledMs }, AbortSignal.any([gone.signal, this.#endless.signal]))
      if (refused) await sendRaw(socket, refused)
    } catch (error) {
      this.#options.logger.error({ path: message.url, error: error instanceof Error ? error.stack : error }, 'upgrade failed')
      socket.destroy()
    }
  }

  #note(error: Error): void { this.#options.logger.debug({ error: error.message }, 'connection') }
}

function endlessPath({ method, path, query }: Request): boolean {
  try {
    return isLongRunning(requestInfo(method, path, query))
  } catch {
    // The handler says what is wrong with the path.
    return false
  }
}
