import type { Clock } from '../../lib/clock.ts'
import type { Request, Response } from '../meta/core.ts'
import { encodeOpenApiV2 } from '../schema/openapi-v2-protobuf.ts'
import { StatusError } from '../meta/status-error.ts'
import { hashed, respondHashed } from './etag.ts'
import { covers, notAcceptable, parseAccept } from './negotiation.ts'
import { pageNotFound } from './respond.ts'

/** Where OpenAPI documents come from. The same object is answered until it changes: its bytes and hash are kept by its identity. */
export interface OpenApiProvider {
  v2(signal: AbortSignal): Promise<object>
  /** The document of one path of `paths`; undefined: there is none. */
  v3(path: string, signal: AbortSignal): Promise<object | undefined>
  /** What the v3 root lists: `apis/apps/v1`, `api/v1`, `version`, … */
  paths(): readonly string[]
}

const YEAR_MS = 365 * 24 * 3_600_000

/** What clients ask for, and what they are told they get. */
const PROTOBUF_ASKED = ['application/com.github.proto-openapi.spec.v2@v1.0+protobuf', 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'], PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

/** /openapi/v2, as JSON or protobuf, /openapi/v3 and its documents, as JSON. `segments`: the decoded path. */
export async function serveOpenApi(provider: OpenApiProvider, segments: readonly string[], request: Request, clock: Clock, signal: AbortSignal): Promise<Response> {
  const accepted = parseAccept(request.headers), isV2 = segments[1] === 'v2' && segments.length === 2
  const first = accepted.find((clause) => covers(clause, 'application/json') || (isV2 && PROTOBUF_ASKED.some((type) => covers(clause, type))))
  if (isV2 && first && !covers(first, 'application/json')) return respondHashed(hashed(await provider.v2(signal), encodeOpenApiV2), request, PROTOBUF, [])
  if (accepted.length > 0 && !accepted.some((clause) => covers(clause, 'application/json'))) throw notAcceptable('only the following media types are accepted: application/json')
  const [, version, ...rest] = segments
  if (version === 'v2' && rest.length === 0) return respondHashed(hashed(await provider.v2(signal)), request, 'application/json', [])
  if (version !== 'v3') return pageNotFound()
  return rest.length === 0 ? respondRoot(provider, request, signal) : respondDocument(provider, rest.join('/'), request, clock, signal)
}

const roots = new WeakMap<readonly string[], { readonly key: string; readonly document: object }>()

/**
 * The documents there are, each under a URL with its hash. A document that cannot be made just now is listed without one.
 * URLs begin with /openapi/v3, whatever prefix this server is reached through: client-go puts its own before them.
 */
async function respondRoot(provider: OpenApiProvider, request: Request, signal: AbortSignal): Promise<Response> {
  const paths = provider.paths()
  const hashes = await Promise.all(paths.map(async (path) => {
    try {
      const document = await provider.v3(path, signal)
      return document && hashed(document).hash
    } catch (error) {
      if (signal.aborted) throw error
      return ''
    }
  }))
  const key = hashes.join()
  let root = roots.get(paths)
  if (root?.key !== key) {
    const listed = paths.flatMap((path, index) => (hashes[index] === undefined ? [] : [[path, { serverRelativeURL: `/openapi/v3/${path}${hashes[index] ? `?hash=${hashes[index]}` : ''}` }] as const]))
    roots.set(paths, (root = { key, document: { paths: Object.fromEntries(listed) } }))
  }
  return respondHashed(hashed(root.document), request, 'application/json', [])
}

/** With the present hash a document may be kept for ever. A hash of yesterday is answered all the same, but not to be kept: the aggregator turns redirects into errors. */
async function respondDocument(provider: OpenApiProvider, path: string, request: Request, clock: Clock, signal: AbortSignal): Promise<Response> {
  const document = provider.paths().includes(path) ? await provider.v3(path, signal) : undefined
  if (!document) throw new StatusError('NotFound', 'the server could not find the requested resource', { details: {} })
  const known = hashed(document), asked = request.query.get('hash'), made = madeAt.get(document) ?? new Date(clock.now()).toUTCString()
  madeAt.set(document, made)
  return respondHashed(known, request, 'application/json', [['last-modified', made], ...(asked === known.hash ? [['cache-control', 'public, immutable'], ['expires', new Date(clock.now() + YEAR_MS).toUTCString()]] as const : [])])
}

/** When a document was first handed out. */
const madeAt = new WeakMap<object, string>()
