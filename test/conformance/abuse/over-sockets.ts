import { once } from 'node:events'
import http2 from 'node:http2'
import { systemClock } from '../../../src/lib/clock.ts'
import type { Received } from '../exchange.ts'
import type { HostileRequest } from './hostile-requests.ts'
import { Wire } from './wire.ts'

export interface Asking { readonly ask: (request: HostileRequest) => Promise<Received | undefined>; readonly close: () => void }

/** A watch, and a request that is not all there, are left after a moment. */
const LEFT_MS = 300

/** Bytes as they are, whether HTTP/1.1 allows them or not; one connection each. Undefined: closed without an answer, or left. Throws where neither happens within `maxMs`. */
export function overHttp1(port: number, credentials: object, maxMs: number): Asking {
  const ask = async ({ method, target, headers, body }: HostileRequest): Promise<Received | undefined> => {
    const wire = await Wire.open(port, credentials, 'http/1.1'), length = headers.some(([name]) => name === 'content-length' || name === 'transfer-encoding') ? '' : `Content-Length: ${body?.length ?? 0}\r\n`
    wire.send(Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: x\r\n${length}${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}Connection: close\r\n\r\n`))
    if (body) wire.send(body)
    try {
      if (await wire.closedWithin(isLeft({ method, target, headers }) ? LEFT_MS : maxMs)) return parsed(wire.received)
      if (isLeft({ method, target, headers })) return undefined
      throw new Error(`no answer within ${maxMs} ms: ${wire.received.slice(0, 200)}`)
    } finally { wire.destroy() }
  }
  return { ask, close: () => undefined }
}

const isLeft = ({ target, headers }: Pick<HostileRequest, 'method' | 'target' | 'headers'>): boolean => /watch/i.test(target) || headers.some(([name]) => ['content-length', 'transfer-encoding', 'upgrade', 'connection', 'expect'].includes(name))

/** The last answer, since a 100 may come before it; that alone is none. */
function parsed(text: string): Received | undefined {
  const at = text.lastIndexOf('HTTP/1.1 '), end = text.indexOf('\r\n\r\n', at)
  if (at < 0 || end < 0 || text.startsWith('HTTP/1.1 100', at)) return undefined
  const [first, ...lines] = text.slice(at, end).split('\r\n'), headers = lines.map((line): [string, string] => { const colon = line.indexOf(':'); return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] })
  const rest = Buffer.from(text.slice(end + 4), 'latin1'), isChunked = headers.some(([name, value]) => name === 'transfer-encoding' && value === 'chunked')
  return { status: Number(first!.split(' ')[1]), headers, data: isChunked ? joined(rest) : rest }
}

function joined(bytes: Buffer): Buffer {
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const line = bytes.indexOf('\r\n', at), size = Number.parseInt(bytes.toString('latin1', at, line), 16)
    if (line < 0 || !(size > 0)) break
    chunks.push(bytes.subarray(line + 2, line + 2 + size))
    at = line + 4 + size
  }
  return Buffer.concat(chunks)
}

/** Streams of connections that are renewed where the server gave one up. What Node's client refuses to send counts as closed. */
export function overHttp2(port: number, credentials: object, maxMs: number): Asking {
  let session: http2.ClientHttp2Session | undefined
  const connected = () => {
    if (!session || session.closed || session.destroyed) session = http2.connect(`https://127.0.0.1:${port}`, { ...credentials, maxSendHeaderBlockLength: 1 << 20 }).on('error', () => undefined)
    return session
  }
  const ask = async (request: HostileRequest): Promise<Received | undefined> => {
    const { method, target, headers, body } = request, lists: Record<string, string[]> = Object.create(null) as Record<string, string[]>
    for (const [name, value] of headers) (lists[name] ??= []).push(value)
    let stream: http2.ClientHttp2Stream
    try {
      stream = connected().request({ ...Object.fromEntries(Object.entries(lists).map(([name, values]) => [name, values.length === 1 ? values[0]! : values])), ':method': method, ':path': target }, { endStream: body === undefined })
    } catch { return undefined }
    const chunks: Buffer[] = [], closed = once(stream.on('error', () => undefined).on('data', (chunk: Buffer) => { chunks.push(chunk) }), 'close').then(() => true, () => true)
    let answer: http2.IncomingHttpHeaders | undefined
    stream.once('response', (received) => { answer = received })
    if (body) stream.end(body)
    const over = new AbortController(), left = isLeft(request), isDone = await Promise.race([closed, systemClock.sleep(left ? LEFT_MS : maxMs, over.signal).then(() => false)])
    over.abort()
    stream.close(http2.constants.NGHTTP2_CANCEL)
    if (!isDone && !left) throw new Error(`no answer within ${maxMs} ms`)
    if (!isDone || !answer || stream.rstCode !== http2.constants.NGHTTP2_NO_ERROR) return undefined
    return { status: Number(answer[':status']), headers: Object.entries(answer).flatMap(([name, value]) => (name.startsWith(':') ? [] : [value ?? ''].flat().map((one): [string, string] => [name, one]))), data: Buffer.concat(chunks) }
  }
  return { ask, close: () => { session?.destroy() } }
}
