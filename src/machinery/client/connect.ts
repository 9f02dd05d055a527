/**
 * A server behind sockets as a `Handler`. Short requests and watches have pools of their own, so that a hundred watches never keep a GET waiting, nor a thousand writes a health check,
 * and a limit on silence for the one that the other must not have.
 */
import type { Readable } from 'node:stream'
import { callbackify } from 'node:util'
import { Pool, type buildConnector } from 'undici'
import { withClientSpan } from '../../lib/tracing.ts'
import { header } from '../meta/headers.ts'
import type { Connection, Handler, Headers, Request, Upgrader } from '../meta/core.ts'
import type { ConnectOptions } from './connect-options.ts'
import { answerError, connectionError } from './connection-error.ts'
import { dial } from './dial.ts'
import { upgrade } from './upgrade.ts'

export interface MemberConnection {
  readonly handler: Handler
  /** HTTP/1.1 protocol switches, WebSocket and SPDY, GET or POST. A refusal comes back as a Response. */
  readonly upgrade: Upgrader
  /** Takes no new requests and ends once those under way have ended by themselves, watches too. */
  drain(): Promise<void>
  /** Cuts everything under way. */
  close(): Promise<void>
}

const SHORT_CONNECTIONS = 16, HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'te', 'trailer', 'expect', 'host', 'proxy-authorization'])

/** Errors of the handler: StatusError ServiceUnavailable naming the server and the remedy where no answer came; answers of any status are Responses. Redirects are not followed. */
export function connect(options: ConnectOptions): MemberConnection {
  const url = new URL(options.server), base = url.pathname.replace(/\/$/, ''), closing = new AbortController()
  const connector = callbackify(() => dialInTime(options, closing.signal)) as unknown as buildConnector.connector
  const pool = (connections: number | null) => new Pool(url.origin, { connect: connector, connections, pipelining: 1, keepAliveTimeout: 60_000, keepAliveMaxTimeout: 600_000, clientTtl: null })
  const short = pool(SHORT_CONNECTIONS), long = pool(null)

  const handler: Handler = (request, signal) => withClientSpan(request.method, { 'server.address': url.hostname, 'url.path': request.path }, request.headers, (headers) => ask({ ...request, headers }, signal))
  const ask: Handler = async (request, signal) => {
    const lasting = isLongRunning(request), { requestTimeoutMs } = options
    try {
      const query = request.query.toString()
      const answer = await (lasting || PROBE.test(request.path) ? long : short).request({
        method: request.method, path: base + request.path + (query && `?${query}`), headers: (await outgoing(options, request.headers, signal)).flat(), signal: AbortSignal.any([signal, closing.signal]),
        headersTimeout: lasting && !isWatch(request) ? 0 : requestTimeoutMs, bodyTimeout: lasting ? 0 : requestTimeoutMs, responseHeaders: 'raw', ...(request.body && { body: request.body as unknown as Readable }),
      })
      return { status: answer.statusCode, headers: pairs(answer.headers as unknown as string[]), body: answered(answer.body, options.server, signal) }
    } catch (error) {
      throw connectionError(error, options.server, signal)
    }
  }
  return {
    handler,
    upgrade: async (request: Request, connection: Connection, signal: AbortSignal) => {
      try {
        const headers = await outgoing(options, request.headers, signal)
        const socket = await dialInTime(options, AbortSignal.any([signal, closing.signal]))
        return await upgrade(socket, { ...request, path: base + request.path, headers: [['host', url.host], ...headers] }, header(request.headers, 'upgrade') ?? 'websocket', connection, signal)
      } catch (error) {
        throw connectionError(error, options.server, signal)
      }
    },
    drain: async () => { await Promise.all([short.close(), long.close()]) },
    close: async () => {
      closing.abort(new Error('the connection was closed'))
      await Promise.all([short.destroy(), long.destroy()])
    },
  }
}

const isWatch = ({ query }: Request) => query.has('watch') && query.get('watch') !== 'false' && query.get('watch') !== '0'
/** Whether a server is well must not wait behind what it is asked to do. */
const PROBE = /^\/(?:readyz|healthz|livez)$/
/** Nothing limits the silence of these: watches have bookmarks, followed logs and proxied services have nothing. */
const isLongRunning = (request: Request) => isWatch(request) || (request.query.has('follow') && request.query.get('follow') !== 'false') || /\/(?:proxy|exec|attach|portforward)(?:\/|$)/.test(request.path)

async function dialInTime(options: ConnectOptions, signal: AbortSignal) {
  const limit = AbortSignal.timeout(options.requestTimeoutMs)
  try {
    return await dial(options, AbortSignal.any([signal, limit]))
  } catch (error) {
    if (limit.aborted && !signal.aborted) throw Object.assign(new Error('no connection in time', { cause: error }), { code: 'DIAL_TIMEOUT' })
    throw error
  }
}

/** A credential of ours replaces whatever Authorization was there; hop-by-hop headers end here. */
async function outgoing(options: ConnectOptions, headers: Headers, signal: AbortSignal): Promise<[string, string][]> {
  const { token, authorization } = options
  const own = authorization ? await authorization(signal) : token === undefined ? undefined : `Bearer ${typeof token === 'string' ? token : await token(signal)}`
  const kept = headers.filter(([name]) => !HOP_BY_HOP.has(name) && name !== 'authorization').map(([name, value]): [string, string] => [name, value])
  return own === undefined ? kept : [...kept, ['authorization', own]]
}

function pairs(raw: readonly string[]): Headers {
  const headers: [string, string][] = []
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase()
    if (!HOP_BY_HOP.has(name)) headers.push([name, raw[at + 1]!])
  }
  return headers
}

async function* answered(body: AsyncIterable<Uint8Array>, server: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (error) {
    throw answerError(error, server, signal)
  }
}
