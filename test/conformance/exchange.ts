import { Agent, request as httpsRequest, type RequestOptions } from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

export type Pairs = readonly (readonly [name: string, value: string])[]
export interface Sent { readonly method: string; readonly target: string; readonly headers: Pairs; readonly body?: Buffer; readonly auth?: { readonly bearer?: string } }
export interface Received { readonly status: number; readonly headers: Pairs; readonly data: Buffer }

/** A server over TLS, asked as one administrator unless a request says otherwise. */
export class Client {
  readonly #options: RequestOptions
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })

  constructor(port: number, credentials: { readonly ca: string; readonly cert: string; readonly key: string }) { this.#options = { host: '127.0.0.1', port, ...credentials } }

  async send(sent: Sent): Promise<Received> {
    const response = await this.#start(sent, sent.auth ? undefined : this.#agent), chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    return { status: response.statusCode!, headers: pairsOf(response), data: Buffer.concat(chunks) }
  }

  /** A watch: answers once the headers are there. */
  async open(sent: Sent, websocket: boolean): Promise<WatchStream> {
    const upgrade: Pairs = websocket ? [['Connection', 'Upgrade'], ['Upgrade', 'websocket'], ['Sec-WebSocket-Version', '13'], ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==']] : []
    const stream = new WatchStream()
    const response = await this.#start({ ...sent, headers: [...sent.headers, ...upgrade] }, undefined, (socket, head) => { stream.frames(socket, head) })
    await stream.follow(response)
    return stream
  }

  close(): void { this.#agent.destroy() }

  #start({ method, target, headers, body, auth }: Sent, agent: Agent | undefined, onUpgrade?: (socket: Duplex, head: Buffer) => void): Promise<IncomingMessage> {
    const { cert, key, ...anonymous } = this.#options, identity = auth ? anonymous : { ...anonymous, cert, key }
    const all = new Map<string, string[]>()
    for (const [name, value] of [...headers, ...(auth?.bearer === undefined ? [] : [['Authorization', `Bearer ${auth.bearer}`] as const])]) all.set(name, [...(all.get(name) ?? []), value])
    if (body) all.set('Content-Length', [String(body.length)])
    else if (['POST', 'PUT', 'PATCH'].includes(method)) all.set('Content-Length', ['0'])
    return new Promise((resolve, reject) => {
      const out = httpsRequest({ ...identity, method, path: target, headers: Object.fromEntries([...all].map(([name, values]) => [name, values.length === 1 ? values[0]! : values])), agent: agent ?? false } as RequestOptions)
      out.once('response', resolve).once('error', reject).once('upgrade', (response, socket, head) => { onUpgrade?.(socket, head); resolve(response) })
      out.end(body)
    })
  }
}

const pairsOf = ({ rawHeaders }: IncomingMessage): Pairs => rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name, rawHeaders[index + 1]!] as const] : []))

/** A watch in the background: one JSON value a line, or a WebSocket message. */
export class WatchStream {
  events: string[] = []
  ended = false
  status = 0
  headers: Pairs = []
  /** The answer, where it is no stream. */
  body: Buffer | undefined
  #socket: { destroy(): unknown } | undefined
  #changed = Promise.withResolvers<void>()

  async follow(response: IncomingMessage): Promise<void> {
    this.status = response.statusCode!
    this.headers = pairsOf(response)
    if (this.status === 101) return
    this.#socket = response
    if (this.status === 200) { void this.#lines(response); return }
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    this.body = Buffer.concat(chunks)
    this.ended = true
  }

  /** Until something came, or the time is over. */
  async changed(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await Promise.race([this.#changed.promise, new Promise<void>((resolve) => { timer = setTimeout(resolve, ms) })])
    clearTimeout(timer)
  }

  close(): void { this.#socket?.destroy() }

  async #lines(response: IncomingMessage): Promise<void> {
    let rest = ''
    response.setEncoding('utf8')
    try {
      for await (const chunk of response) {
        const lines = (rest + (chunk as string)).split('\n')
        rest = lines.pop()!
        for (const line of lines) if (line.trim() !== '') this.#push(line)
      }
    } catch {
      // Cut: that is an end as well.
    }
    this.#end()
  }

  frames(socket: Duplex, head: Buffer): void {
    let held = head
    this.#socket = socket
    const read = () => {
      for (;;) {
        const frame = frameOf(held)
        if (!frame) return
        held = held.subarray(frame.end)
        if (frame.code === 8) { socket.destroy(); this.#end(); return }
        if (frame.code === 1 || frame.code === 2) this.#push(frame.data.toString())
      }
    }
    socket.on('data', (chunk: Buffer) => { held = Buffer.concat([held, chunk]); read() }).on('close', () => { this.#end() }).on('error', () => { this.#end() })
    read()
  }

  #push(text: string): void { this.events.push(text); this.#wake() }
  #end(): void { this.ended = true; this.#wake() }
  #wake(): void { this.#changed.resolve(); this.#changed = Promise.withResolvers<void>() }
}

/** A server's frames are not masked. Undefined: not all there yet. */
function frameOf(bytes: Buffer): { code: number; data: Buffer; end: number } | undefined {
  if (bytes.length < 2) return undefined
  const short = bytes[1]! & 127, at = short === 126 ? 4 : short === 127 ? 10 : 2
  if (bytes.length < at) return undefined
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
  return bytes.length < at + length ? undefined : { code: bytes[0]! & 15, data: bytes.subarray(at, at + length), end: at + length }
}
