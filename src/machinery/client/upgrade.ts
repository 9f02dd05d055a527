import { once } from 'node:events'
import http from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Connection, Headers, Request, Response } from '../meta/core.ts'

/**
 * Asks the server behind `socket` to switch protocols, and once it has (101), joins both sockets until either ends. Any other answer is returned for the caller to send:
 * kubectl falls back from WebSocket to SPDY only after an ordinary error.
 */
export async function upgrade(socket: Socket, request: Request, protocol: string, { socket: client, head }: Connection, signal: AbortSignal): Promise<Response | undefined> {
  const query = request.query.toString(), wanted = request.headers.filter(([name]) => name !== 'content-length')
  const call = http.request({
    method: request.method, path: request.path + (query && `?${query}`), createConnection: () => socket, signal,
    headers: [...wanted.flat(), ...(request.method === 'GET' ? [] : ['content-length', '0']), 'connection', 'Upgrade', 'upgrade', protocol] as unknown as http.OutgoingHttpHeaders,
  })
  call.end()
  const outcome = await Promise.race([
    once(call, 'upgrade', { signal }).then((it) => ({ switched: it as [http.IncomingMessage, Duplex, Buffer] })),
    once(call, 'response', { signal }).then((it) => ({ refused: (it as [http.IncomingMessage])[0] })),
  ])
  if ('refused' in outcome) return { status: outcome.refused.statusCode ?? 502, headers: pairs(outcome.refused.rawHeaders), body: outcome.refused }
  const [response, server, first] = outcome.switched
  client.write(`HTTP/1.1 101 ${response.statusMessage || 'Switching Protocols'}\r\n${chunked(response.rawHeaders).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`, 'latin1')
  if (first.length) client.write(first)
  if (head.length) server.write(head)
  void join(client, server, signal)
  return undefined
}

/** Copies both ways. A half that ends cleanly is ended on the other side (port-forward needs that); an error or the signal destroys both. */
async function join(client: Duplex, server: Duplex, signal: AbortSignal): Promise<void> {
  // Two pipelines over one socket listen for its end more often than Node takes for normal.
  for (const socket of [client, server]) socket.setMaxListeners(PIPELINE_LISTENERS)
  const both = [pipeline(client, server, { signal }), pipeline(server, client, { signal })]
  // A socket that breaks is how exec sessions end: there is nobody left to tell.
  await Promise.allSettled(both)
  client.destroy()
  server.destroy()
}

const PIPELINE_LISTENERS = 20

const chunked = (raw: readonly string[]) => Array.from({ length: raw.length / 2 }, (_, at): [string, string] => [raw[at * 2]!, raw[at * 2 + 1]!])
const pairs = (raw: readonly string[]): Headers => chunked(raw).map(([name, value]): [string, string] => [name.toLowerCase(), value]).filter(([name]) => name !== 'transfer-encoding' && name !== 'connection')
