import type { Authorizer } from '../machinery/auth/authorizer.ts'
import { parseJson } from '../machinery/meta/json.ts'
import { isJsonObject } from '../machinery/meta/json-value.ts'
import { header } from '../machinery/meta/headers.ts'
import type { Request, Response } from '../machinery/meta/core.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import { respond } from '../machinery/server/respond.ts'
import { negotiate } from '../machinery/server/negotiation.ts'
import { authorizeInFleet } from './fleet-authorization.ts'
import { decodeSelfReview } from './self-review-protobuf.ts'

const PATH = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'

export const isSelfAccessReview = ({ method, path }: Request): boolean => method === 'POST' && path === PATH

/** `kubectl auth can-i` through a fleet: answered as a read there would be. */
export async function selfAccessReview(request: Request, authorizer: Authorizer, signal: AbortSignal): Promise<Response> {
  const spec = await specOf(request), { resourceAttributes: asked, nonResourceAttributes } = spec, text = (from: unknown, field: string) => (isJsonObject(from) && typeof from[field] === 'string' ? from[field] : '')
  const resource = isJsonObject(asked) ? { group: text(asked, 'group'), version: text(asked, 'version'), resource: text(asked, 'resource'), subresource: text(asked, 'subresource'), namespace: text(asked, 'namespace'), name: text(asked, 'name') } : undefined
  const decision = await authorizeInFleet(authorizer, { user: request.user!, verb: text(asked ?? nonResourceAttributes, 'verb'), path: text(nonResourceAttributes, 'path'), ...(resource && { resource }) }, signal)
  const status = { allowed: decision.allowed, ...(decision.reason && { reason: decision.reason }) }
  return respond(201, { kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', metadata: {}, spec, status }, negotiate(request))
}

const MAX_BYTES = 64 << 10, PROTOBUF = 'application/vnd.kubernetes.protobuf', ACCEPTED = ['application/json', PROTOBUF]

async function specOf({ body, headers }: Request): Promise<{ readonly resourceAttributes?: unknown; readonly nonResourceAttributes?: unknown }> {
  const type = (header(headers, 'content-type') ?? 'application/json').split(';')[0]!.trim(), chunks: Uint8Array[] = []
  if (!ACCEPTED.includes(type)) throw new StatusError('UnsupportedMediaType', `the body of the request was in an unknown format - accepted media types include: ${ACCEPTED.join(', ')}`)
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > MAX_BYTES) throw new StatusError('RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BYTES}`)
    chunks.push(chunk)
  }
  const bytes = Buffer.concat(chunks)
  try {
    if (type === PROTOBUF) return decodeSelfReview(bytes)
    const review = parseJson(bytes.toString())
    return isJsonObject(review) && isJsonObject(review['spec']) ? review['spec'] : {}
  } catch (error) {
    throw StatusError.badRequest(`the review cannot be read: ${(error as Error).message}`)
  }
}
