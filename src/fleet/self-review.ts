import type { Authorizer } from '../machinery/auth/authorizer.ts'
import { isJsonObject } from '../machinery/meta/json-value.ts'
import type { Request, Response } from '../machinery/meta/core.ts'
import { decodeObject, formatOf, readBody } from '../machinery/server/body.ts'
import { respond } from '../machinery/server/respond.ts'
import { negotiate } from '../machinery/server/negotiation.ts'
import { authorizeInFleet } from './fleet-authorization.ts'

const REVIEW = { group: 'authorization.k8s.io', version: 'v1', kind: 'SelfSubjectAccessReview', namespaced: false }, PATH = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'

export const isSelfAccessReview = ({ method, path }: Request): boolean => method === 'POST' && path === PATH

/** `kubectl auth can-i` through a fleet: answered as a read there would be. */
export async function selfAccessReview(request: Request, authorizer: Authorizer, signal: AbortSignal): Promise<Response> {
  const format = formatOf(request, REVIEW), review = decodeObject(await readBody(request), format, REVIEW, ''), spec = isJsonObject(review['spec']) ? review['spec'] : {}
  const { resourceAttributes: asked, nonResourceAttributes } = spec, text = (from: unknown, field: string) => (isJsonObject(from) && typeof from[field] === 'string' ? from[field] : '')
  const resource = isJsonObject(asked) ? { group: text(asked, 'group'), version: text(asked, 'version'), resource: text(asked, 'resource'), subresource: text(asked, 'subresource'), namespace: text(asked, 'namespace'), name: text(asked, 'name') } : undefined
  const decision = await authorizeInFleet(authorizer, { user: request.user!, verb: text(asked ?? nonResourceAttributes, 'verb'), path: text(nonResourceAttributes, 'path'), ...(resource && { resource }) }, signal)
  const status = { allowed: decision.allowed, ...(decision.reason && { reason: decision.reason }) }
  return respond(201, { kind: REVIEW.kind, apiVersion: `${REVIEW.group}/${REVIEW.version}`, metadata: {}, spec, status }, negotiate(request))
}

