import type { User } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'
import type { RequestInfo } from './request-info.ts'

export interface ResourceAttributes {
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  /** Texts as in the request; only of list, watch and deletecollection. */
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

/** What is asked. `resource` absent: a path such as /version. To ask about another group, copy with another `resource`. */
export interface Attributes {
  readonly user: User
  readonly verb: string
  readonly path: string
  readonly resource?: ResourceAttributes
}

/** `reason` is for people: it follows the words of a refusal. */
export interface Decision { readonly allowed: boolean; readonly reason: string }

export interface Authorizer { authorize(attributes: Attributes, signal: AbortSignal): Promise<Decision> }

export function attributesOf(user: User, info: RequestInfo): Attributes {
  const { verb, path, group, version, resource, subresource, namespace, name, labelSelector, fieldSelector } = info
  if (!info.isResource) return { user, verb, path }
  return { user, verb, path, resource: { group, version, resource, subresource, namespace, name, ...(labelSelector !== undefined && { labelSelector }), ...(fieldSelector !== undefined && { fieldSelector }) } }
}

const ALWAYS_ALLOWED = new Set(['/healthz', '/readyz', '/livez'])

/** Administrators and probes pass (the aggregator's own checks rely on it); all else is for `next` to say. */
export const withPrivileges = (next: Authorizer): Authorizer => ({
  authorize: async (attributes, signal) => {
    if (attributes.user.groups.includes('system:masters')) return { allowed: true, reason: '' }
    if (!attributes.resource && ALWAYS_ALLOWED.has(attributes.path)) return { allowed: true, reason: '' }
    return next.authorize(attributes, signal)
  },
})

/** A server without a host to ask: nobody but administrators and probes. */
export const denyAll: Authorizer = { authorize: () => Promise.resolve({ allowed: false, reason: '' }) }

/** Kubernetes' own words (apiserver/pkg/endpoints/handlers/responsewriters/errors.go). The group named is that of the attributes. */
export function forbidden({ user, verb, path, resource }: Attributes, reason: string): StatusError {
  const quoted = JSON.stringify, who = `User ${quoted(user.name)} cannot ${verb}`
  const said = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;') + (reason && `: ${reason}`)
  if (!resource) return new StatusError('Forbidden', `forbidden: ${said(`${who} path ${quoted(path)}`)}`, { details: {} })
  const { group, namespace, name } = resource, what = resource.subresource ? `${resource.resource}/${resource.subresource}` : resource.resource
  const where = namespace ? `in the namespace ${quoted(namespace)}` : 'at the cluster scope'
  return StatusError.forbidden({ group, resource: resource.resource }, name, said(`${who} resource ${quoted(what)} in API group ${quoted(group)} ${where}`))
}
