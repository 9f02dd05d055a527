import type { Headers, Request, User } from '../meta/core.ts'
import { header, headerValues, withoutHeaders } from '../meta/headers.ts'
import { StatusError } from '../meta/status-error.ts'
import type { Attributes, Authorizer, ResourceAttributes } from './authorizer.ts'
import { forbidden } from './authorizer.ts'
import { unescapeKey } from './front-proxy.ts'

/**
 * Acts as another user where the request's `impersonate-*` headers ask for it and the user may (apiserver/pkg/endpoints/filters/impersonation).
 * Only for callers that reach this server directly: a host resolves impersonation before it passes a request on.
 * Throws StatusError BadRequest and Forbidden. Answers the request itself where nothing is asked.
 */
export async function impersonate(request: Request, user: User, authorizer: Authorizer, signal: AbortSignal): Promise<Request> {
  const { headers } = request, wanted = wantedUser(headers)
  if (!wanted) return request
  for (const [group, resource] of wanted.asks) {
    const attributes: Attributes = { user, verb: 'impersonate', path: '', resource: { group, version: group ? 'v1' : '', subresource: '', namespace: '', name: '', resource: '', ...resource } }
    const { allowed, reason } = await authorizer.authorize(attributes, signal)
    if (!allowed) throw forbidden(attributes, reason)
  }
  return { ...request, user: wanted.user, headers: withoutHeaders(headers, (name) => name.startsWith('impersonate-')) }
}

type Ask = readonly [group: string, resource: Partial<ResourceAttributes>]
const EXTRA = 'impersonate-extra-', AUTHENTICATION = 'authentication.k8s.io', ANONYMOUS = 'system:anonymous'

/** As Go prints what is asked for. */
function nameless(uid: string, groups: readonly string[], extras: readonly (readonly [string, string])[]): string {
  const texts = (values: readonly string[]) => `[]string{${values.map((value) => JSON.stringify(value)).join(', ')}}`, extra = Map.groupBy(extras, ([key]) => key)
  const shown = [...extra].map(([key, pairs]) => `${JSON.stringify(key)}:${texts(pairs.map(([, value]) => value))}`).toSorted().join(', ')
  return `&user.DefaultInfo{Name:"", UID:${JSON.stringify(uid)}, Groups:${groups.length > 0 ? texts(groups) : '[]string(nil)'}, Extra:${extra.size > 0 ? `map[string][]string{${shown}}` : 'map[string][]string(nil)'}}`
}

function wantedUser(headers: Headers): { user: User; asks: readonly Ask[] } | undefined {
  const name = header(headers, 'impersonate-user'), uid = header(headers, 'impersonate-uid'), named = headerValues(headers, 'impersonate-group')
  const extras = headers.flatMap(([key, value]) => (key.startsWith(EXTRA) ? [[unescapeKey(key.slice(EXTRA.length)), value] as const] : []))
  if (!name) {
    if (named.length > 0 || uid || extras.length > 0) throw StatusError.badRequest(`requested ${nameless(uid ?? '', named, extras)} without impersonating a user name`)
    return undefined
  }
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name), implied = account && named.length === 0 ? ['system:serviceaccounts', `system:serviceaccounts:${account[1]!}`] : named
  const asks: Ask[] = [
    account ? ['', { resource: 'serviceaccounts', namespace: account[1]!, name: account[2]! }] : ['', { resource: 'users', name }],
    ...named.map((group): Ask => ['', { resource: 'groups', name: group }]),
    ...extras.map(([key, value]): Ask => [AUTHENTICATION, { resource: 'userextras', subresource: key, name: value }]),
    ...(uid ? [[AUTHENTICATION, { resource: 'uids', name: uid }] satisfies Ask] : []),
  ]
  const extra: Record<string, string[]> = Object.create(null) as Record<string, string[]>
  for (const [key, value] of extras) (extra[key] ??= []).push(value)
  return { user: { name, ...(uid && { uid }), groups: complete(name, implied), extra }, asks }
}

function complete(name: string, groups: readonly string[]): readonly string[] {
  if (name === ANONYMOUS) return groups.includes('system:unauthenticated') ? groups : [...groups, 'system:unauthenticated']
  return groups.includes('system:authenticated') || groups.includes('system:unauthenticated') ? groups : [...groups, 'system:authenticated']
}
