import type { ResourceRule, RulesOfUser, UserRules } from '../host/rules-of-user.ts'
import type { Authorizer } from '../machinery/auth/authorizer.ts'
import { isJsonObject } from '../machinery/meta/json-value.ts'
import type { Request, Response, User } from '../machinery/meta/core.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import { decodeObject, formatOf, readBody } from '../machinery/server/body.ts'
import { negotiate } from '../machinery/server/negotiation.ts'
import { respond } from '../machinery/server/respond.ts'

const REVIEW = { group: 'authorization.k8s.io', version: 'v1', kind: 'SelfSubjectRulesReview', namespaced: false }, PATH = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews'

export const isSelfRulesReview = ({ method, path }: Request): boolean => method === 'POST' && path === PATH

interface RulesSource {
  readonly authorizer: Authorizer
  /** Absent: there is no host to ask. */
  readonly rulesOf: RulesOfUser | undefined
  /** Groups that this server serves itself. */
  readonly ownGroups: ReadonlySet<string>
}

/** `kubectl auth can-i --list` through a fleet: the host's rules about mirrored groups and about our own, said as they apply here. Paths need entry to the fleet only. */
export async function selfRulesReview(request: Request, { authorizer, rulesOf, ownGroups }: RulesSource, signal: AbortSignal): Promise<Response> {
  const format = formatOf(request, REVIEW), review = decodeObject(await readBody(request), format, REVIEW, ''), spec = isJsonObject(review['spec']) ? review['spec'] : {}, namespace = spec['namespace']
  if (typeof namespace !== 'string' || namespace === '') throw StatusError.badRequest('no namespace on request')
  const { resourceRules, incomplete, evaluationError } = (await mayAll(request.user!, namespace, authorizer, signal)) ? EVERYTHING : ((await rulesOf?.(request.user!, namespace, signal)) ?? NOTHING)
  const status = { resourceRules: [ALWAYS, ...resourceRules.flatMap((rule) => inFleet(rule, ownGroups))], nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }], incomplete, ...(evaluationError && { evaluationError }) }
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

/** Nothing where a rule is about the host's own groups. `policy.federation` is two: Kubernetes' `policy`, mirrored, and ours. */
function inFleet(rule: ResourceRule, ownGroups: ReadonlySet<string>): readonly ResourceRule[] {
  const apiGroups = (rule.apiGroups ?? []).flatMap((group) => {
    if (!group.endsWith(MIRROR)) return group === '*' ? [group] : []
    const mirrored = group.slice(0, -MIRROR.length)
    return ownGroups.has(group) ? [...(OF_KUBERNETES.has(mirrored) ? [mirrored] : []), group] : [mirrored === 'core' ? '' : mirrored]
  })
  return apiGroups.length > 0 ? [{ ...rule, apiGroups }] : []
}

/** Our own groups that are mirrors too. */
const OF_KUBERNETES = new Set(['policy'])
