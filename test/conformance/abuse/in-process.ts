import { X509Certificate } from 'node:crypto'
import type { Handler, Peer } from '../../../src/machinery/meta/core.ts'
import type { Received } from '../exchange.ts'
import type { HostileRequest } from './hostile-requests.ts'

const STREAM_MS = 20

/** Asks the handler as the port would, without one. A stream that goes on is left after a moment. Throws where a request takes longer than `maxMs`. */
export function inProcess(handler: Handler, certificate: string, maxMs: number): ((request: HostileRequest) => Promise<Received>) & { readonly peer: Peer } {
  const peer = { address: '127.0.0.1', certificates: [new X509Certificate(certificate).raw] }
  const ask = async ({ method, target, headers, body }: HostileRequest): Promise<Received> => {
    const at = target.indexOf('?'), path = at < 0 ? target : target.slice(0, at), query = new URLSearchParams(at < 0 ? '' : target.slice(at + 1)), stop = new AbortController()
    const request = { method, path, query, headers, peer, ...(method !== 'GET' && method !== 'HEAD' && { body: pieces(body ?? Buffer.alloc(0)) }) }
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => { timer = setTimeout(() => { reject(new Error(`no answer within ${maxMs} ms`)) }, maxMs) })
    try {
      const response = await Promise.race([handler(request, stop.signal), late]), leave = setTimeout(() => { stop.abort() }, STREAM_MS)
      try {
        return { status: response.status, headers: response.headers, data: await Promise.race([whole(response.body), late]) }
      } finally {
        clearTimeout(leave)
      }
    } finally {
      clearTimeout(timer)
      stop.abort()
    }
  }
  return Object.assign(ask, { peer })
}

async function* pieces(body: Buffer): AsyncGenerator<Uint8Array> { for (let at = 0; at < body.length; at += 65_536) yield body.subarray(at, at + 65_536) }

async function whole(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<Buffer> {
  if (body instanceof Uint8Array) return Buffer.from(body)
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}
