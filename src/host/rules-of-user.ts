import { postJson } from '../machinery/client/json-client.ts'
import type { Handler, Headers, User } from '../machinery/meta/core.ts'
import { isReason, StatusError } from '../machinery/meta/status-error.ts'

export interface ResourceRule { readonly verbs: readonly string[]; readonly apiGroups?: readonly string[]; readonly resources?: readonly string[]; readonly resourceNames?: readonly string[] }

/** What a user may do in a namespace, as a SelfSubjectRulesReview says it. `evaluationError`: why it may not be all. */
export interface UserRules { readonly resourceRules: readonly ResourceRule[]; readonly incomplete: boolean; readonly evaluationError?: string }

/** '' is no namespace: what is granted in the whole cluster. */
export type RulesOfUser = (user: User, namespace: string, signal: AbortSignal) => Promise<UserRules>

/** Asks the host as the user: there is no other way to list rules. Without the right to impersonate nothing is known, which the answer says. */
export const rulesOfUser = (host: Handler): RulesOfUser => async (user, namespace, signal) => {
  const as: Handler = (request, inner) => host({ ...request, headers: [...request.headers, ...asUser(user)] }, inner)
  try {
    const { status } = await postJson<{ status?: Partial<UserRules> }>(as, '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } }, signal)
    return { resourceRules: status?.resourceRules ?? [], incomplete: status?.incomplete === true, ...(status?.evaluationError && { evaluationError: status.evaluationError }) }
  } catch (error) {
    if (!isReason(error, 'Forbidden')) throw error
    return { resourceRules: [], incomplete: true, evaluationError: 'rules are listed by the host, where this server may not impersonate users: ask about one verb and resource instead' }
  }
}

/** Uid and extra stay behind: rules do not depend on them, and impersonating them would need more rights. */
function asUser({ name, groups }: User): Headers {
  const headers: Headers = [['impersonate-user', name], ...groups.map((group): [string, string] => ['impersonate-group', group])]
  // oxlint-disable-next-line no-control-regex -- a line break would begin another header
  if (headers.some(([, value]) => /[\u0000-\u001f\u007f]/.test(value))) throw StatusError.badRequest('the name of the user or of a group contains control characters')
  // Go reads headers as UTF-8, Node writes latin1.
  return headers.map(([key, value]) => [key, Buffer.from(value, 'utf8').toString('latin1')])
}
