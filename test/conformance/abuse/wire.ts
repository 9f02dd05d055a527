/** Connections on which anything can be said: bytes over TLS, and frames of HTTP/2 made by hand (RFC 9113). */
import { once } from 'node:events'
import { type TLSSocket, connect } from 'node:tls'
import { systemClock } from '../../../src/lib/clock.ts'

export class Wire {
  readonly socket: TLSSocket
  readonly closed: Promise<void>
  #received: Buffer[] = []

  private constructor(socket: TLSSocket) {
    this.socket = socket
    this.closed = new Promise((resolve) => { socket.once('close', () => { resolve() }) })
    // However it ends, that it ends is what counts.
    socket.on('error', () => undefined)
  }

  static async open(port: number, credentials: object, protocol: 'http/1.1' | 'h2', { reads = true }: { readonly reads?: boolean } = {}): Promise<Wire> {
    const socket = connect({ host: '127.0.0.1', port, ...credentials, ALPNProtocols: [protocol] }), wire = new Wire(socket)
    await once(socket, 'secureConnect')
    if (reads) socket.on('data', (chunk: Buffer) => { wire.#received.push(chunk) })
    else socket.pause()
    return wire
  }

  get received(): string { return Buffer.concat(this.#received).toString('latin1') }

  send(bytes: Uint8Array | string): void { if (this.socket.writable) this.socket.write(bytes) }

  /** Writes so often, no faster than the other side takes it; false: it hung up before. */
  async flood(bytes: Uint8Array, times: number): Promise<boolean> {
    for (let i = 0; i < times && this.socket.writable; i++) if (!this.socket.write(bytes)) await Promise.race([new Promise((resolve) => { this.socket.once('drain', resolve) }), this.closed, systemClock.sleep(200, NEVER)])
    return this.socket.writable
  }

  /** True: the other side hung up in time. */
  async closedWithin(ms: number): Promise<boolean> {
    const over = new AbortController(), isClosed = await Promise.race([this.closed.then(() => true), systemClock.sleep(ms, over.signal).then(() => false)])
    over.abort()
    return isClosed
  }

  destroy(): void { this.socket.destroy() }
}
const { signal: NEVER } = new AbortController()

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
export const FRAME = { data: 0, headers: 1, priority: 2, reset: 3, settings: 4, push: 5, ping: 6, goaway: 7, windowUpdate: 8, continuation: 9 } as const
export const END_STREAM = 1, END_HEADERS = 4

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** GET of `path`, at most 126 bytes long, without compression. */
export const getBlock = (path: string): Buffer => Buffer.concat([Buffer.of(0x82, 0x87, 0x41, 1), Buffer.from('x'), Buffer.of(0x44, path.length), Buffer.from(path)])
export const hello = (): Buffer => Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0)])
