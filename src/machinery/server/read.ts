import { recycle } from '../cache/chunk-sink.ts'
import type { Headers, Page, Query, Request, Response } from '../meta/core.ts'
import { isReason, StatusError } from '../meta/status-error.ts'
import { compileSelector } from '../meta/selector.ts'
import { fieldSelectorName } from '../meta/field-selector.ts'
import { isTrue } from '../auth/request-info.ts'
import { encodeContinue, expiredContinue } from './continue-token.ts'
import { gzipList } from './gzip-list.ts'
import { getAt, listOptions } from './list-options.ts'
import type { Representation } from './negotiation.ts'
import { negotiate } from './negotiation.ts'
import { respondBytes, warningHeaders } from './respond.ts'
import type { Target } from './route.ts'
import type { Shape } from './shape.ts'
import { listChunks, objectBytes } from './shape.ts'
import { shapeFor } from './shapes.ts'

/** One object by name; NotFound where it is not. */
export async function getObject({ resource: { reader }, kind, namespace }: Target, name: string, request: Request, now: number, signal: AbortSignal): Promise<Response> {
  const representation = negotiate(request, { transforms: true }), shape = shapeFor(kind, representation, request.query, 'object')
  if (isTrue(request.query.get('export'))) throw StatusError.badRequest('the export parameter, deprecated since v1.14, is no longer supported')
  const page = await reader.list({ ...scope(kind.namespaced, namespace), name, ...getAt(request.query, kind) }, signal)
  const [entry] = page.entries
  if (!entry) throw StatusError.notFound({ group: kind.group, resource: kind.plural }, name)
  return respondBytes(200, objectBytes(shape, entry, now), representation, warningHeaders(page.warnings))
}

export async function listObjects(target: Target, request: Request, now: number, signal: AbortSignal): Promise<Response> {
  const { resource: { reader }, kind, namespace } = target, representation = negotiate(request, { transforms: true }), shape = shapeFor(kind, representation, request.query, 'list')
  const { continuation, ...options } = listOptions(request.query, namespace, kind)
  let page: Page
  try {
    page = await reader.list({ ...scope(kind.namespaced, namespace), ...selection(target, request.query), ...options }, signal)
  } catch (error) {
    if (continuation && isReason(error, 'Expired')) throw expiredContinue(continuation.after, namespace)
    if (options.at?.match === 'exact' && isReason(error, 'Expired')) throw StatusError.expired('The resourceVersion for the provided list is too old.')
    throw error
  }
  return respondPage(page, { shape, representation, namespace, now })
}

/** '' means everywhere, which a query says by leaving the namespace out. */
export const scope = (namespaced: boolean, namespace: string): Pick<Query, 'namespace'> => (namespaced && namespace !== '' ? { namespace } : {})

/** Selectors of a collection. One that fixes metadata.name makes it the read of a single key. */
export function selection({ kind }: Target, query: URLSearchParams): Pick<Query, 'name' | 'where'> {
  const labels = query.get('labelSelector') ?? '', fields = query.get('fieldSelector') ?? ''
  if (labels === '' && fields === '') return {}
  const where = compileSelector({ labels, fields }, kind), name = fieldSelectorName(fields)
  return { ...((where.labels !== undefined || where.fields !== undefined) && { where }), ...(name !== undefined && name !== '' && { name }) }
}

/** Small pages have a length; large ones are streamed as they are computed. */
export function respondPage(page: Page, { shape, representation, namespace, now }: { readonly shape: Shape; readonly representation: Representation; readonly namespace: string; readonly now: number }): Response {
  const headers = warningHeaders(page.warnings), token = page.next && encodeContinue({ position: page.position, after: page.next.after }, namespace), chunks = listChunks(shape, page, token, now)
  if (representation.format === 'yaml' || representation.pretty) {
    const all = [...chunks], json = Buffer.concat(all)
    for (const chunk of all) recycle(chunk)
    return respondBytes(200, json, representation, headers)
  }
  const first = chunks.next(), second = first.done ? first : chunks.next()
  if (first.done || second.done) return { status: 200, headers: [...JSON_TYPE, ['content-length', String(first.value?.length ?? 0)], ...headers], body: first.value ?? Buffer.alloc(0) }
  const { runs } = page, gzip = runs && runs.length > 1 && !shape.aging ? { gzip: () => gzipList(shape, runs, { resourceVersion: page.position }, now) } : {}
  return { status: 200, headers: [...JSON_TYPE, ...headers], body: stream([first.value, second.value], chunks), ...gzip }
}

export const JSON_TYPE: Headers = [['content-type', 'application/json']]

async function* stream(ahead: readonly Buffer[], rest: Iterable<Buffer>): AsyncGenerator<Uint8Array> {
  yield* ahead
  yield* rest
}
