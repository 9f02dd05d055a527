import type { Headers, Request, Response } from '../meta/core.ts'
import { parseJson, stringifyJson } from '../meta/json.ts'
import type { Status } from '../meta/status-error.ts'
import { StatusError } from '../meta/status-error.ts'
import type { Representation } from './negotiation.ts'
import { negotiateError } from './negotiation.ts'
import { stringifyYaml } from './yaml.ts'

/** Above this, indenting for a person costs more than it helps. */
const MAX_PRETTY_BYTES = 64 << 20

/** A value that is small and made here: documents and Status objects. */
export function respond(status: number, value: unknown, { format, pretty }: Representation, headers: Headers = []): Response {
  const text = format === 'yaml' ? stringifyYaml(value) : pretty ? stringifyJson(value, 2) : `${stringifyJson(value)}\n`
  return bytesResponse(status, Buffer.from(text), format === 'yaml' ? 'application/yaml' : 'application/json', headers)
}

export function respondText(status: number, text: string, headers: Headers = []): Response {
  return bytesResponse(status, Buffer.from(text), 'text/plain; charset=utf-8', [...headers, ['x-content-type-options', 'nosniff']])
}

/** What is no part of the API. */
export const pageNotFound = (): Response => respondText(404, '404 page not found\n')

/** The Status of an error, as the request wants it. What is no StatusError has no reason. */
export function respondError(error: unknown, request: Pick<Request, 'headers' | 'query'>, headers: Headers = []): Response {
  const status: Status = statusOf(error), retry = status.details?.retryAfterSeconds
  return respond(status.code ?? 500, status, negotiateError(request), retry ? [...headers, ['retry-after', String(retry)]] : headers)
}

export const statusOf = (error: unknown): Status => (error instanceof StatusError ? error : new StatusError('', error instanceof Error ? error.message : String(error), { cause: error })).status()

/** JSON bytes that were made elsewhere, in the representation that was negotiated. */
export function respondBytes(status: number, json: Uint8Array, { format, pretty }: Representation, headers: Headers = []): Response {
  if (format === 'yaml' || (pretty && json.length <= MAX_PRETTY_BYTES)) return respond(status, parseJson(Buffer.from(json).toString()), { format, pretty }, headers)
  return bytesResponse(status, json, 'application/json', headers)
}

const bytesResponse = (status: number, body: Uint8Array, type: string, headers: Headers): Response =>
  ({ status, headers: [['content-type', type], ['content-length', String(body.length)], ...headers], body })

/** Texts as `Warning: 299` headers, each once; very many are cut short (apiserver/pkg/endpoints/filters/warning.go). */
export function warningHeaders(texts: readonly string[]): Headers {
  const unique = [...new Set(texts)], isLong = unique.reduce((sum, text) => sum + text.length, 0) > 4_096
  // Header values are bytes to Node: UTF-8 goes through latin1.
  return unique.map((text) => ['warning', `299 - "${Buffer.from((isLong ? text.slice(0, 256) : text).replaceAll(/\p{Cc}/gu, ' ').replaceAll(/["\\]/g, String.raw`\$&`)).toString('latin1')}"`] as const)
}
