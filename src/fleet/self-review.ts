import type { Authorizer } from '../machinery/auth/authorizer.ts'
import { parseJson } from '../machinery/meta/json.ts'
import { isJsonObject, type JsonObject } from '../machinery/meta/json-value.ts'
import type { Request, Response } from '../machinery/meta/core.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import { respond } from '../machinery/server/respond.ts'
import { negotiate } from '../machinery/server/negotiation.ts'
import { authorizeInFleet } from './fleet-authorization.ts'

const PATH = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'

export const isSelfAccessReview = ({ method, path }: Request): boolean => method === 'POST' && path === PATH

/** `kubectl auth can-i` through a fleet: answered as a read there would be. */
export async function selfAccessReview(request: Request, authorizer: Authorizer, signal: AbortSignal): Promise<Response> {
  const review = await bodyOf(request), spec = isJsonObject(review['spec']) ? review['spec'] : {}, asked = isJsonObject(spec['resourceAttributes']) ? spec['resourceAttributes'] : undefined
  const path = isJsonObject(spec['nonResourceAttributes']) ? spec['nonResourceAttributes'] : {}, text = (from: JsonObject, field: string) => (typeof from[field] === 'string' ? from[field] : '')
  const resource = asked && { group: text(asked, 'group'), version: text(asked, 'version'), resource: text(asked, 'resource'), subresource: text(asked, 'subresource'), namespace: text(asked, 'namespace'), name: text(asked, 'name') }
  const decision = await authorizeInFleet(authorizer, { user: request.user!, verb: text(asked ?? path, 'verb'), path: text(path, 'path'), ...(resource && { resource }) }, signal)
  const status = { allowed: decision.allowed, ...(decision.reason && { reason: decision.reason }) }
  return respond(201, { kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', metadata: {}, spec, status }, negotiate(request))
}

const MAX_BYTES = 64 << 10

async function bodyOf({ body, headers }: Request): Promise<JsonObject> {
  const type = headers.find(([name]) => name === 'content-type')?.[1] ?? 'application/json', chunks: Uint8Array[] = []
  if (!type.startsWith('application/json')) throw new StatusError('UnsupportedMediaType', 'the body of the request was in an unknown format - accepted media types include: application/json')
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > MAX_BYTES) throw new StatusError('RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BYTES}`)
    chunks.push(chunk)
  }
  try {
    const value = parseJson(Buffer.concat(chunks).toString())
    if (isJsonObject(value)) return value
  } catch (error) {
    throw StatusError.badRequest(`the review is not JSON: ${(error as Error).message}`)
  }
  throw StatusError.badRequest('the review is not an object')
}
