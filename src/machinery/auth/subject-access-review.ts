import { parseFieldSelector } from '../meta/field-selector.ts'
import { parseLabelSelector } from '../meta/label-selector.ts'
import type { Attributes, Authorizer, Decision, ResourceAttributes } from './authorizer.ts'
import { ExpiringCache } from './expiring-cache.ts'
import type { ReviewOptions } from './review.ts'
import { review } from './review.ts'

const ALLOWED_TTL_MS = 10_000, DENIED_TTL_MS = 10_000, MAX_ANSWERS = 8_192, MAX_CACHED_CHARACTERS = 10_000

/** Asks the host (plugin/pkg/authorizer/webhook). Throws where the host does not answer: that is no refusal. */
export function subjectAccessReviews(options: ReviewOptions): Authorizer {
  const answers = new ExpiringCache<Decision>({ max: MAX_ANSWERS, now: () => options.clock.now(), ttlMs: ({ allowed }) => (allowed ? ALLOWED_TTL_MS : DENIED_TTL_MS) })
  return {
    authorize: async (attributes) => {
      const spec = specOf(attributes), load = () => ask(spec, options)
      // What callers control must not fill the memory.
      return controlled(attributes) >= MAX_CACHED_CHARACTERS ? load() : answers.get(JSON.stringify(spec), load)
    },
  }
}

async function ask(spec: object, options: ReviewOptions): Promise<Decision> {
  const status = await review('/apis/authorization.k8s.io/v1/subjectaccessreviews', { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec }, options)
  return { allowed: status['allowed'] === true && status['denied'] !== true, reason: typeof status['reason'] === 'string' ? status['reason'] : '' }
}

const controlled = ({ path, resource }: Attributes) =>
  resource ? [resource.namespace, resource.group, resource.version, resource.resource, resource.subresource, resource.name, resource.labelSelector ?? '', resource.fieldSelector ?? ''].reduce((sum, text) => sum + text.length, 0) : path.length

/** Empty fields are left out, as Go's `omitempty` does: equal questions have one text. */
function specOf({ user, verb, path, resource }: Attributes): object {
  return {
    user: user.name, ...(user.uid && { uid: user.uid }), groups: user.groups, ...(Object.keys(user.extra).length > 0 && { extra: user.extra }),
    ...(resource ? { resourceAttributes: { verb, ...present(resource), ...selectorsOf(resource) } } : { nonResourceAttributes: { path, verb } }),
  }
}

const present = ({ namespace, group, version, resource, subresource, name }: ResourceAttributes) =>
  Object.fromEntries(Object.entries({ namespace, group, version, resource, subresource, name }).filter(([, value]) => value !== ''))

/** Unparsable selectors are left out: that asks for more than will be read, and the handler refuses them anyway. */
function selectorsOf({ labelSelector, fieldSelector }: ResourceAttributes): object {
  const labels = parsed(() => (labelSelector ? parseLabelSelector(labelSelector).matchExpressions() : [])), fields = parsed(() => (fieldSelector ? parseFieldSelector(fieldSelector).requirements : []))
  return {
    ...(labels.length > 0 && { labelSelector: { requirements: labels } }),
    ...(fields.length > 0 && { fieldSelector: { requirements: fields.map(({ field, operator, value }) => ({ key: field, operator: operator === '=' ? 'In' : 'NotIn', values: [value] })) } }),
  }
}

function parsed<T>(parse: () => readonly T[]): readonly T[] {
  try {
    return parse()
  } catch {
    return []
  }
}
