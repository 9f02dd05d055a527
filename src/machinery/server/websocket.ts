/** The server's end of a WebSocket (RFC 6455) on which only the server speaks: handshake, text messages, and what a client may say meanwhile (ping, close). No extensions, no fragments. */
import { createHash } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { Connection, Request, Response } from '../meta/core.ts'
import { header, headerValues } from '../meta/headers.ts'
import { CONNECTION_LIMITS } from './connection-limits.ts'

/** Whether a request asks for this protocol, and not for another one. */
export const wantsWebSocket = ({ headers }: Pick<Request, 'headers'>): boolean => (header(headers, 'upgrade') ?? '').trim().toLowerCase() === 'websocket'

/**
 * Answers the handshake; a Response refuses it. The rules are those of Go's x/net/websocket, which kube-apiserver uses for watches:
 * an Origin is needed (403), one subprotocol may be offered and is then chosen.
 */
export function acceptWebSocket({ headers }: Pick<Request, 'headers'>, { socket, head, stalledMs = CONNECTION_LIMITS.stalledMs }: Connection): WebSocket | Response {
  const key = header(headers, 'sec-websocket-key') ?? '', protocols = headerValues(headers, 'sec-websocket-protocol').flatMap((value) => value.split(',')).map((value) => value.trim()).filter(Boolean)
  if (header(headers, 'sec-websocket-version') !== '13') return { status: 400, headers: [['sec-websocket-version', '13']], body: Buffer.from('bad websocket version\n') }
  if (Buffer.from(key, 'base64').length !== 16 || protocols.length > 1) return { status: 400, headers: [], body: Buffer.from('bad websocket handshake\n') }
  const origin = header(headers, 'origin') ?? ''
  if (origin === '' || origin === 'null' || !URL.canParse(origin)) return { status: 403, headers: [], body: new Uint8Array() }
  const accept = createHash('sha1').update(key + GUID).digest('base64'), [protocol] = protocols
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`}\r\n`, 'latin1')
  return new WebSocket(socket, head, stalledMs)
}

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11', CLOSE_WAIT_MS = 1_000
/** Of a message, written at once: progress is counted in these. */
const PIECE_BYTES = 64 << 10
const TEXT = 1, CLOSE = 8, PING = 9, PONG = 10, NORMAL = 1000, PROTOCOL_ERROR = 1002

class WebSocket {
  readonly #socket: Duplex
  readonly #frames = new ClientFrames()
  readonly #closed = new AbortController()
  readonly #stalledMs: number
  /** Nothing may be written into a message: settles when the last one is whole. */
  #said = Promise.resolve()
  #isSpeaking = false
  #wake = () => {}

  constructor(socket: Duplex, head: Uint8Array, stalledMs: number) {
    this.#socket = socket
    this.#stalledMs = stalledMs
    socket.on('drain', () => this.#wake()).on('close', () => this.#over()).on('end', () => this.#finish(NORMAL))
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    if (head.length > 0) this.#read(head)
  }

  /** Aborts once the client has gone, or has said that it will. */
  get closed(): AbortSignal { return this.#closed.signal }

  /** Resolves when the socket takes more. A client that leaves a piece unread for `stalledMs` is cut, since it keeps alive whatever state it is told; pings do not help it. */
  send(text: Uint8Array): Promise<void> {
    this.#said = this.#speak(text)
    return this.#said
  }

  async #speak(text: Uint8Array): Promise<void> {
    if (this.#closed.signal.aborted) return
    this.#isSpeaking = true
    this.#socket.cork()
    this.#socket.write(frameHead(TEXT, text.length))
    for (let at = 0; at < text.length && this.#socket.writable; at += PIECE_BYTES) {
      const isTaken = this.#socket.write(text.subarray(at, at + PIECE_BYTES))
      if (at === 0) this.#socket.uncork()
      // What has begun is finished even if the client has said good-bye meanwhile.
      if (!isTaken && !this.#closed.signal.aborted) await this.#taken()
    }
    this.#isSpeaking = false
  }

  async #taken(): Promise<void> {
    const late = setTimeout(() => this.#socket.destroy(), this.#stalledMs)
    await new Promise<void>((resolve) => { this.#wake = resolve })
    clearTimeout(late)
  }

  close(): void { this.#finish(NORMAL) }

  #read(chunk: Uint8Array): void {
    for (const frame of this.#frames.push(chunk)) {
      if (this.#closed.signal.aborted) return
      if (frame === 'broken') this.#finish(PROTOCOL_ERROR)
      else if (frame.opcode === CLOSE) this.#finish(frame.payload.length >= 2 ? Buffer.from(frame.payload).readUInt16BE() : NORMAL)
      else if (frame.opcode === PING && !this.#isSpeaking && !this.#socket.writableNeedDrain) this.#socket.write(Buffer.concat([frameHead(PONG, frame.payload.length), frame.payload]))
    }
  }

  #finish(code: number): void {
    if (this.#closed.signal.aborted) return
    void this.#farewell(code)
    // A client that neither answers nor goes is not waited for.
    const late = setTimeout(() => this.#socket.destroy(), CLOSE_WAIT_MS)
    this.#socket.once('close', () => clearTimeout(late))
    this.#over()
  }

  async #farewell(code: number): Promise<void> {
    await this.#said
    if (this.#socket.writable) this.#socket.end(Buffer.concat([frameHead(CLOSE, 2), Buffer.of(code >> 8, code & 255)]))
  }

  #over(): void {
    this.#closed.abort()
    this.#wake()
  }
}

function frameHead(opcode: number, length: number): Buffer {
  if (length < 126) return Buffer.of(0x80 | opcode, length)
  const head = Buffer.alloc(length < 65_536 ? 4 : 10)
  head[0] = 0x80 | opcode
  head[1] = length < 65_536 ? 126 : 127
  if (length < 65_536) head.writeUInt16BE(length, 2)
  else head.writeBigUInt64BE(BigInt(length), 2)
  return head
}

type ControlFrame = { readonly opcode: number; readonly payload: Uint8Array } | 'broken'
const MAX_HEAD_BYTES = 14, MAX_CONTROL_BYTES = 125

/** Reads a client's frames. Only control frames are kept, which are small; data is skipped as it comes, so that nothing a client sends is held. */
class ClientFrames {
  #held: Buffer = Buffer.alloc(0)
  #skip = 0n
  #isBroken = false

  push(chunk: Uint8Array): ControlFrame[] {
    const frames: ControlFrame[] = []
    let bytes = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    while (!this.#isBroken && bytes.length > 0) {
      if (this.#skip > 0n) {
        const skipped = this.#skip < BigInt(bytes.length) ? Number(this.#skip) : bytes.length
        this.#skip -= BigInt(skipped)
        bytes = bytes.subarray(skipped)
        continue
      }
      const head = readHead(bytes)
      if (head === undefined) break
      const { opcode, length, size, isMasked, isFinal } = head, isControl = opcode >= CLOSE
      if (!isMasked || (isControl && (!isFinal || length > MAX_CONTROL_BYTES))) { this.#isBroken = true; frames.push('broken'); break }
      if (isControl) {
        if (bytes.length < size + Number(length)) break
        const mask = bytes.subarray(size - 4, size), payload = Buffer.from(bytes.subarray(size, size + Number(length))).map((byte, at) => byte ^ mask[at % 4]!)
        bytes = bytes.subarray(size + Number(length))
        frames.push({ opcode, payload })
      } else {
        this.#skip = length
        bytes = bytes.subarray(size)
      }
    }
    // Never more than one head and the payload of a control frame.
    this.#held = this.#isBroken ? Buffer.alloc(0) : Buffer.from(bytes.subarray(0, MAX_HEAD_BYTES + MAX_CONTROL_BYTES))
    return frames
  }
}

/** The head of a frame, mask included; undefined where it is not all there. */
function readHead(bytes: Buffer): { opcode: number; length: bigint; size: number; isMasked: boolean; isFinal: boolean } | undefined {
  if (bytes.length < 2) return undefined
  const short = bytes[1]! & 127, isMasked = (bytes[1]! & 128) !== 0, lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0, size = 2 + lengthBytes + (isMasked ? 4 : 0)
  if (bytes.length < size) return undefined
  const length = short === 126 ? BigInt(bytes.readUInt16BE(2)) : short === 127 ? bytes.readBigUInt64BE(2) : BigInt(short)
  return { opcode: bytes[0]! & 15, length, size, isMasked, isFinal: (bytes[0]! & 128) !== 0 }
}
