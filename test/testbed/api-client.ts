import https from 'node:https'
import type { KeyPair } from './certificates.ts'

/** One user's requests to one API server; just enough to wait for things without starting a kubectl each time. */
export class ApiClient {
  readonly #url: string
  readonly #agent: https.Agent

  /** Without `authority` any serving certificate is accepted: for probes that carry no secret. */
  constructor(url: string, { authority, user }: { authority?: string; user?: KeyPair } = {}) {
    this.#url = url
    this.#agent = new https.Agent({ keepAlive: false, rejectUnauthorized: authority !== undefined, ...(authority && { ca: authority }), ...(user && { cert: user.certificate, key: user.key }) })
  }

  /** The body of a 200; any other answer is an error that holds its beginning. */
  async get(path: string): Promise<string> {
    const { status, body } = await new Promise<{ status: number; body: string }>((resolve, reject) => {
      const request = https.get(`${this.#url}${path}`, { agent: this.#agent, timeout: TIMEOUT_MS }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => { chunks.push(chunk) }).on('error', reject).on('end', () => { resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }) })
      })
      request.on('timeout', () => { request.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)) }).on('error', reject)
    })
    if (status !== 200) throw new Error(`GET ${this.#url}${path} answers ${status}: ${body.slice(0, 300)}`)
    return body
  }

  async getJson<T>(path: string): Promise<T> { return JSON.parse(await this.get(path)) as T }
}

const TIMEOUT_MS = 5_000
