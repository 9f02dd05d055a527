import type { Gzip } from 'node:zlib'
import { constants, createGzip } from 'node:zlib'
import { requestInfo } from '../../auth/request-info.ts'
import { recycle } from '../../cache/chunk-sink.ts'
import type { Headers, Request, Response } from '../../meta/core.ts'
import { headerValues } from '../../meta/headers.ts'
import type { Filter } from '../filter.ts'
import { isLongRunning } from '../long-running.ts'

const THRESHOLD_BYTES = 128 << 10

/** Large answers are compressed, fast rather than small, where the client says plain `gzip` (apiserver/pkg/endpoints/handlers/responsewriters/writers.go). */
export const compression: Filter = (next) => async (request, signal) => {
  const response = await next(request, signal)
  if (!accepts(request) || response.status !== 200 || response.headers.some(([name]) => name === 'content-encoding')) return response
  const { gzip, ...plain } = response
  if (gzip) return gzipped(plain, gzip())
  if (response.body instanceof Uint8Array) return response.body.length > THRESHOLD_BYTES ? gzipped(response, compress([response.body], pieces([]))) : response
  const ahead: Uint8Array[] = [], rest = response.body[Symbol.asyncIterator]()
  for (let size = 0; size <= THRESHOLD_BYTES; ) {
    const { done, value } = await rest.next()
    if (done) return { ...response, body: pieces(ahead) }
    ahead.push(value)
    size += value.length
  }
  return gzipped(response, compress(ahead, { [Symbol.asyncIterator]: () => rest }))
}

const accepts = (request: Request) =>
  headerValues(request.headers, 'accept-encoding').some((value) => value.split(',').some((word) => word.trim() === 'gzip')) && !isLongRunning(requestInfo(request.method, request.path, request.query))

function gzipped(response: Response, body: AsyncIterable<Uint8Array>): Response {
  const headers: Headers = [...response.headers.filter(([name]) => name !== 'content-length'), ['content-encoding', 'gzip'], ['vary', 'Accept-Encoding']]
  return { ...response, headers, body }
}

async function* compress(ahead: readonly Uint8Array[], rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gzip = createGzip({ level: constants.Z_BEST_SPEED, chunkSize: 64 << 10 }), fed = feed(gzip, ahead, rest)
  fed.catch((error: unknown) => gzip.destroy(error instanceof Error ? error : new Error(String(error))))
  try {
    for await (const chunk of gzip) yield chunk as Buffer
    await fed
  } finally {
    gzip.destroy()
  }
}

async function feed(gzip: Gzip, ahead: readonly Uint8Array[], rest: AsyncIterable<Uint8Array>): Promise<void> {
  // One listener for the whole stream: `once` per chunk would pile up listeners.
  let wake = () => {}
  gzip.on('drain', () => wake()).on('close', () => wake())
  const write = async (chunk: Uint8Array) => {
    if (!gzip.destroyed && !gzip.write(chunk, () => recycle(chunk))) await new Promise<void>((resolve) => { wake = resolve; if (gzip.destroyed) resolve() })
    return !gzip.destroyed
  }
  for (const chunk of ahead) if (!(await write(chunk))) return
  for await (const chunk of rest) if (!(await write(chunk))) return
  gzip.end()
}

async function* pieces(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> { yield* chunks }
