import type { ResourceRule, RulesOfUser, UserRules } from '../host/rules-of-user.ts'
import type { Authorizer } from '../machinery/auth/authorizer.ts'
import { isJsonObject } from '../machinery/meta/json-value.ts'
import type { Request, Response, User } from '../machinery/meta/core.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import { decodeObject, formatOf, readBody } from '../machinery/server/body.ts'
import { negotiate } from '../machinery/server/negotiation.ts'
import { respond } from '../machinery/server/respond.ts'

const REVIEW = { group: 'authorization.k8s.io', version: 'v1', kind: 'SelfSubjectRulesReview', namespaced: false }

interface RulesSource {
  readonly authorizer: Authorizer
  /** Absent: there is no host to ask. */
  readonly rulesOf: RulesOfUser | undefined
  /** What this server serves itself: plurals by group. */
  readonly own: ReadonlyMap<string, ReadonlySet<string>>
}

/** `kubectl auth can-i --list` through a fleet: the host's rules about mirrored groups and about our own, said as they apply here. Paths need entry to the fleet only. */
export async function selfRulesReview(request: Request, { authorizer, rulesOf, own }: RulesSource, signal: AbortSignal): Promise<Response> {
  const format = formatOf(request, REVIEW), review = decodeObject(await readBody(request), format, REVIEW, ''), spec = isJsonObject(review['spec']) ? review['spec'] : {}, namespace = spec['namespace']
  if (typeof namespace !== 'string' || namespace === '') throw StatusError.badRequest('no namespace on request')
  const { resourceRules, incomplete, evaluationError } = (await mayAll(request.user!, namespace, authorizer, signal)) ? EVERYTHING : ((await rulesOf?.(request.user!, namespace, signal)) ?? NOTHING)
  const status = { resourceRules: [ALWAYS, ...resourceRules.flatMap((rule) => inFleet(rule, own))], nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }], incomplete, ...(evaluationError && { evaluationError }) }
  return respond(201, { kind: REVIEW.kind, apiVersion: `${REVIEW.group}/${REVIEW.version}`, metadata: {}, spec, status }, negotiate(request))
}

/** Administrators need no list: only a rule about everything allows this. */
async function mayAll(user: User, namespace: string, authorizer: Authorizer, signal: AbortSignal): Promise<boolean> {
  const { allowed } = await authorizer.authorize({ user, verb: '*', path: '', resource: { group: '*', version: '*', resource: '*', subresource: '', namespace, name: '' } }, signal)
  return allowed
}

const ALWAYS: ResourceRule = { verbs: ['create'], apiGroups: [REVIEW.group], resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'] }
const EVERYTHING: UserRules = { resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }], incomplete: false }
const NOTHING: UserRules = { resourceRules: [], incomplete: false }
const MIRROR = '.federation'

/** Nothing where a rule is about the host's own groups. `policy.federation` is two: Kubernetes' `policy`, mirrored, and ours; their resources differ. */
function inFleet(rule: ResourceRule, own: RulesSource['own']): readonly ResourceRule[] {
  const { apiGroups = [], resources = [] } = rule
  return apiGroups.flatMap((group): ResourceRule[] => {
    if (group === '*') return [{ ...rule, apiGroups: [group] }]
    if (!group.endsWith(MIRROR)) return []
    const mirrored = group.slice(0, -MIRROR.length), isOwn = (resource: string) => own.get(group)?.has(resource.split('/')[0]!) ?? false
    const parts = [{ group, resources: resources.filter((resource) => isOwn(resource) || (resource === '*' && own.has(group))) }, { group: mirrored === 'core' ? '' : mirrored, resources: resources.filter((resource) => !isOwn(resource)) }]
    return parts.flatMap((part) => (part.resources.length > 0 ? [{ ...rule, apiGroups: [part.group], resources: part.resources }] : []))
  })
}
