import { isJsonObject, type JsonObject } from '../machinery/meta/json-value.ts'
import type { Authorizer } from '../machinery/auth/authorizer.ts'
import type { Kind, Request, Response, User } from '../machinery/meta/core.ts'
import { fieldError, type FieldError, StatusError } from '../machinery/meta/status-error.ts'
import { decodeObject, formatOf, readBody } from '../machinery/server/body.ts'
import { respond } from '../machinery/server/respond.ts'
import { negotiate } from '../machinery/server/negotiation.ts'
import { authorizeInFleet } from './fleet-authorization.ts'

interface Asked { readonly review: Pick<Kind, 'group' | 'version' | 'kind' | 'namespaced'>; /** '' but for local reviews. */ readonly namespace: string }

const SELF = 'SelfSubjectAccessReview'

/** `kubectl auth can-i` through a fleet, and the same about others: answered as a request there would be. Errors: StatusError Invalid. */
export async function accessReview(request: Request, { review, namespace }: Asked, authorizer: Authorizer, signal: AbortSignal): Promise<Response> {
  const object = decodeObject(await readBody(request), formatOf(request, review), review, namespace), spec = isJsonObject(object['spec']) ? object['spec'] : {}
  const { resourceAttributes: asked, nonResourceAttributes } = spec, mistakes = mistakesOf(spec, review, namespace)
  if (mistakes.length > 0) throw StatusError.invalid(review, '', mistakes)
  const resource = isJsonObject(asked) ? { group: text(asked, 'group'), version: text(asked, 'version'), resource: text(asked, 'resource'), subresource: text(asked, 'subresource'), namespace: text(asked, 'namespace'), name: text(asked, 'name') } : undefined
  const user = review.kind === SELF ? request.user! : userOf(spec)
  const decision = await authorizeInFleet(authorizer, { user, verb: text(asked ?? nonResourceAttributes, 'verb'), path: text(nonResourceAttributes, 'path'), ...(resource && { resource }) }, signal)
  const status = { allowed: decision.allowed, ...(decision.reason && { reason: decision.reason }) }
  return respond(201, { kind: review.kind, apiVersion: `${review.group}/${review.version}`, metadata: namespace ? { namespace } : {}, spec, status }, negotiate(request))
}

const text = (from: unknown, field: string): string => (isJsonObject(from) && typeof from[field] === 'string' ? from[field] : '')
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [])

function userOf(spec: JsonObject): User {
  const uid = text(spec, 'uid'), extra = isJsonObject(spec['extra']) ? spec['extra'] : {}
  return { name: text(spec, 'user'), groups: texts(spec['groups']), extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, texts(values)])), ...(uid !== '' && { uid }) }
}

/** Those that a kube-apiserver finds (pkg/apis/authorization/validation). */
function mistakesOf(spec: JsonObject, { kind }: Asked['review'], namespace: string): FieldError[] {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec
  return [
    ...(resource && path ? [fieldError.invalid('spec.nonResourceAttributes', 'object', 'cannot be specified in combination with resourceAttributes')] : []),
    ...(resource || path ? [] : [fieldError.invalid('spec.resourceAttributes', 'null', 'exactly one of nonResourceAttributes or resourceAttributes must be specified')]),
    ...(kind === SELF || text(spec, 'user') !== '' || texts(spec['groups']).length > 0 ? [] : [fieldError.invalid('spec.user', '', 'at least one of user or group must be specified')]),
    ...(kind === 'LocalSubjectAccessReview' && path ? [fieldError.invalid('spec.nonResourceAttributes', 'object', 'disallowed on this kind of request')] : []),
    ...(kind === 'LocalSubjectAccessReview' && resource && text(resource, 'namespace') !== namespace ? [fieldError.invalid('spec.resourceAttributes.namespace', text(resource, 'namespace'), 'must match metadata.namespace')] : []),
  ]
}
