import https from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { KeyPair } from '../testbed/certificates.ts'

export interface RawAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly bytes: Buffer
  readonly text: string
  /** The parsed body. */
  readonly body: RawObject
}

export interface RawObject {
  readonly kind?: string
  readonly apiVersion?: string
  readonly metadata?: { readonly name?: string; readonly uid?: string; readonly resourceVersion?: string; readonly continue?: string; readonly remainingItemCount?: number; readonly annotations?: Readonly<Record<string, string>> }
  readonly items?: readonly RawObject[]
  readonly spec?: { readonly replicas?: number }
  readonly status?: unknown
  readonly reason?: string
  readonly message?: string
  readonly code?: number
  readonly details?: { readonly causes?: readonly { readonly field?: string; readonly reason?: string; readonly message?: string }[] }
  readonly columnDefinitions?: readonly { readonly name: string; readonly type: string; readonly format?: string; readonly priority?: number }[]
  readonly rows?: readonly { readonly cells: readonly unknown[]; readonly object?: RawObject }[]
}

export interface WatchEvent { readonly type: string; readonly object: RawObject }

interface Call { readonly headers?: Readonly<Record<string, string>>; readonly body?: object; readonly signal?: AbortSignal }

/** Plain HTTPS with a client certificate: exactly what the server sends, nothing retried or cached. */
export class RawClient {
  readonly #port: number
  readonly #agent: https.Agent

  constructor(port: number, { authority, user }: { authority?: string; user: KeyPair }) {
    this.#port = port
    this.#agent = new https.Agent({ keepAlive: true, rejectUnauthorized: authority !== undefined, ...(authority && { ca: authority }), cert: user.certificate, key: user.key })
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> { return this.call('GET', path, { headers }) }

  async call(method: string, path: string, call: Call = {}): Promise<RawAnswer> {
    const response = await this.#open(method, path, call), chunks: Buffer[] = []
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
    const bytes = Buffer.concat(chunks), text = bytes.toString()
    return { status: response.statusCode ?? 0, headers: response.headers, bytes, text, get body() { return JSON.parse(text) as RawObject } }
  }

  /** The events of a watch until the signal or the server ends it. An answer other than 200 is an error with its text. */
  async *watch(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const response = await this.#open('GET', path, { signal })
    let rest = ''
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        const lines = `${rest}${chunk.toString()}`.split('\n')
        rest = lines.pop()!
        if (response.statusCode !== 200) continue
        for (const line of lines) yield JSON.parse(line) as WatchEvent
      }
    } catch (error) { if (!signal.aborted) throw error }
    if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${rest}`)
  }

  close(): void { this.#agent.destroy() }

  #open(method: string, path: string, { headers, body, signal }: Call): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const content = body && JSON.stringify(body)
      https.request({ host: '127.0.0.1', port: this.#port, path, method, agent: this.#agent, headers: { ...(content && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(content)) }), ...headers }, ...(signal && { signal }) }, resolve)
        .on('error', reject).end(content)
    })
  }
}
