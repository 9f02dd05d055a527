/** Who may read what in a fleet: the host's RBAC, asked in the vocabulary of the mirrored groups. */
import type { Attributes, Authorizer, Decision } from '../machinery/auth/authorizer.ts'
import { isOurs } from './union-kinds.ts'

/** `apps` → `apps.federation`, the core group → `core.federation`; our own groups stay. */
export const mirroredGroup = (group: string): string => (isOurs(group) ? group : `${group || 'core'}.federation`)

/** GET serves WebSockets too, so a right to get must not be enough to act. */
const ALWAYS_CREATE = new Set(['exec', 'attach', 'portforward'])

/** The same question about the mirrored group. */
export function mirroredAttributes(attributes: Attributes): Attributes {
  const { resource, verb } = attributes
  return resource ? { ...attributes, verb: ALWAYS_CREATE.has(resource.subresource) ? 'create' : verb, resource: { ...resource, group: mirroredGroup(resource.group) } } : attributes
}

/** Documents (discovery, OpenAPI, version) need entry to the fleet only, which was asked before; reviews of oneself are anybody's. */
export async function authorizeInFleet(authorizer: Authorizer, attributes: Attributes, signal: AbortSignal): Promise<Decision> {
  if (!attributes.resource || isSelfReview(attributes)) return { allowed: true, reason: '' }
  return authorizer.authorize(mirroredAttributes(attributes), signal)
}

const isSelfReview = ({ verb, resource }: Attributes) => verb === 'create' && resource !== undefined && SELF_REVIEWS.has(`${resource.resource}.${resource.group}`)
const SELF_REVIEWS = new Set(['selfsubjectaccessreviews.authorization.k8s.io', 'selfsubjectrulesreviews.authorization.k8s.io', 'selfsubjectreviews.authentication.k8s.io'])
