import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { constants } from 'node:http2'
import type { Duplex } from 'node:stream'
import { recycle } from '../cache/chunk-sink.ts'
import type { Headers, Response } from '../meta/core.ts'
import { header } from '../meta/headers.ts'

/** What a connection decides for itself: HTTP/2 forbids these, and HTTP/1.1 sets its own. */
const OF_THE_CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'proxy-connection'])

/**
 * Writes a response, no faster than the other side reads; chunks are given back once the socket has taken them.
 * Headers go out before the first chunk of a stream is there. Throws what the body throws; the answer is then to be `cut`.
 * `stalledMs`: one that the other side leaves unread for so long is cut, since it keeps alive whatever state it is read from.
 */
export async function send(out: ServerResponse | Http2ServerResponse, { status, headers, body }: Response, { isHead = false, close = false, stalledMs }: { isHead?: boolean; close?: boolean; stalledMs: number }): Promise<void> {
  out.statusCode = status
  for (const [name, value] of Object.entries(grouped(headers))) out.setHeader(name, value as string | string[])
  if (close && !('stream' in out)) out.setHeader('connection', 'close')
  // GOAWAY: what runs goes on, the next request comes over another connection.
  if ('stream' in out && header(headers, 'connection') === 'close') { const { session } = out.stream; out.once('close', () => session?.close()) }
  // Silence is stalling only while there is something to be read: a watch may have nothing to say.
  let isWaiting = false
  const timed = 'stream' in out ? out.stream : out
  timed.setTimeout(stalledMs)
  timed.on('timeout', () => { if (isWaiting) cut(out) })
  const end = (last?: Uint8Array) => {
    isWaiting = true
    if (last) out.end(last, () => recycle(last))
    else out.end()
  }
  if (isHead || status === 304 || status === 204) { end(); return }
  if (body instanceof Uint8Array) { end(body); return }
  // Of both classes, though the types know it of one only.
  ;(out as ServerResponse).flushHeaders()
  // One listener for the whole stream: a promise per write would pile up listeners.
  let isOpen = true, wake = () => {}
  out.on('drain', () => wake())
  out.on('close', () => { isOpen = false; wake() })
  for await (const chunk of body) {
    if (!isOpen || out.destroyed) return
    isWaiting = !write(out, chunk)
    if (isWaiting) await new Promise<void>((resolve) => { wake = resolve; if (!isOpen) resolve() })
    isWaiting = false
  }
  end()
}

/** Ends an answer so that it does not look whole: HTTP/2 would otherwise close the stream as if all had been said. */
export function cut(out: ServerResponse | Http2ServerResponse): void {
  if ('stream' in out) out.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  else out.destroy()
}

const write = (out: ServerResponse | Http2ServerResponse, chunk: Uint8Array): boolean => ('stream' in out ? out.write(chunk, 'latin1', () => recycle(chunk)) : out.write(chunk, () => recycle(chunk)))

function grouped(headers: Headers): OutgoingHttpHeaders {
  const result: Record<string, string | string[]> = {}
  for (const [name, value] of headers) {
    if (OF_THE_CONNECTION.has(name)) continue
    const known = result[name]
    result[name] = known === undefined ? value : typeof known === 'string' ? [known, value] : [...known, value]
  }
  return result
}

/** A refused upgrade is a normal response on the bare socket, which is then closed: clients fall back to another protocol. */
export async function sendRaw(socket: Duplex, { status, headers, body }: Response): Promise<void> {
  const chunks: Uint8Array[] = []
  if (body instanceof Uint8Array) chunks.push(body)
  else for await (const chunk of body) chunks.push(Buffer.from(chunk))
  const bytes = Buffer.concat(chunks), kept = headers.filter(([name]) => !OF_THE_CONNECTION.has(name) && name !== 'content-length')
  const lines = [...kept, ['content-length', String(bytes.length)], ['connection', 'close']].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.end(Buffer.concat([Buffer.from(`HTTP/1.1 ${status} ${REASONS.get(status) ?? 'Error'}\r\n${lines}\r\n`, 'latin1'), bytes]))
}

/** Answers what was no HTTP/1.1 request, by Node's error `code`, unless an answer to an earlier one is on its way: nothing may be written into that. */
export function refuseConnection(socket: Duplex & { readonly _httpMessage?: ServerResponse | null }, code: string | undefined): void {
  const status = code === 'HPE_HEADER_OVERFLOW' ? 431 : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  if (!socket.writable || socket._httpMessage?.headersSent) { socket.destroy(); return }
  socket.end(`HTTP/1.1 ${status} ${REASONS.get(status)!}\r\nConnection: close\r\n\r\n`, () => socket.destroy())
}

const REASONS = new Map([[400, 'Bad Request'], [401, 'Unauthorized'], [403, 'Forbidden'], [404, 'Not Found'], [405, 'Method Not Allowed'], [408, 'Request Timeout'], [431, 'Request Header Fields Too Large'], [500, 'Internal Server Error'], [502, 'Bad Gateway'], [503, 'Service Unavailable']])
