import type { Kind, ListQuery, Query, WatchQuery } from '../meta/core.ts'
import { isTrue } from '../auth/request-info.ts'
import type { FieldError } from '../meta/status-error.ts'
import { fieldError, StatusError } from '../meta/status-error.ts'
import type { Continuation } from './continue-token.ts'
import { decodeContinue } from './continue-token.ts'

type At = Pick<Query, 'at'>
type Versions = Pick<Kind, 'longVersions'>
/** Any state that is held will do: no position is older. */
const ANY: At = { at: { position: '0', match: 'notOlder' } }

/**
 * What a list's parameters ask for: resourceVersion, resourceVersionMatch, limit and continue by Kubernetes' matrix (apiserver/pkg/storage/cacher/delegator).
 * Throws StatusError BadRequest for what cannot be read, Invalid for what makes no sense.
 */
export function listOptions(query: URLSearchParams, namespace: string, of: Versions = {}): Pick<ListQuery, 'at' | 'limit' | 'after'> & { readonly continuation?: Continuation } {
  const version = query.get('resourceVersion') ?? '', match = query.get('resourceVersionMatch') ?? '', token = query.get('continue') ?? '', limit = integer(query, 'limit') ?? 0
  integer(query, 'timeoutSeconds')
  refuse(listErrors(version, match, token, query.has('sendInitialEvents')))
  if (token !== '') {
    if (version !== '' && version !== '0') throw StatusError.badRequest('specifying resource version is not allowed when using continue')
    const continuation = decodeContinue(token, namespace), { position, after } = continuation
    return { continuation, after, ...(limit > 0 && version === '' && { limit }), ...(position !== undefined && { at: { position, match: 'exact' } }) }
  }
  if (version === '0') return ANY
  const position = version === '' ? undefined : parsed(version, of, (text) => StatusError.badRequest(`invalid resource version: ${text}`))
  const exact = match === 'Exact' || (match === '' && limit > 0)
  return { ...(limit > 0 && { limit }), ...(position !== undefined && { at: { position, match: exact ? 'exact' : 'notOlder' } }) }
}

/** Where a get's answer may come from. A malformed version is an error without a reason there, as in Kubernetes. */
export function getAt(query: URLSearchParams, of: Versions = {}): At {
  const version = query.get('resourceVersion') ?? ''
  if (version === '') return {}
  return version === '0' ? ANY : { at: { position: parsed(version, of, (text) => new StatusError('', text)), match: 'notOlder' } }
}

/** What a watch's parameters ask for. `timeoutMs` 0: the server chooses. */
export function watchOptions(query: URLSearchParams, of: Versions = {}): Pick<WatchQuery, 'at' | 'initial'> & { readonly bookmarks: boolean; readonly timeoutMs: number } {
  const version = query.get('resourceVersion') ?? '', match = query.get('resourceVersionMatch') ?? '', send = query.has('sendInitialEvents') ? isTrue(query.get('sendInitialEvents')) : undefined
  const timeoutSeconds = integer(query, 'timeoutSeconds') ?? 0
  integer(query, 'limit')
  refuse(watchErrors(match, query.get('continue') ?? '', send !== undefined))
  const fresh = version === '' || version === '0', initial = send ?? fresh
  const at: At = version === '' ? {} : version === '0' ? (initial ? ANY : {}) : { at: { position: parsed(version, of, (text) => new StatusError('', text)), match: 'notOlder' } }
  return { ...at, initial, bookmarks: isTrue(query.get('allowWatchBookmarks')), timeoutMs: Math.max(0, timeoutSeconds) * 1_000 }
}

const FIELD = 'resourceVersionMatch', MAX_UINT64 = 2n ** 64n - 1n
const refuse = (errors: readonly FieldError[]) => { if (errors.length > 0) throw StatusError.invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors) }

function listErrors(version: string, match: string, token: string, send: boolean): FieldError[] {
  const errors: FieldError[] = []
  if (match !== '') {
    if (version === '') errors.push(fieldError.forbidden(FIELD, 'resourceVersionMatch is forbidden unless resourceVersion is provided'))
    if (token !== '') errors.push(fieldError.forbidden(FIELD, 'resourceVersionMatch is forbidden when continue is provided'))
    if (match !== 'Exact' && match !== 'NotOlderThan') errors.push(fieldError.notSupported(FIELD, match, ['Exact', 'NotOlderThan', '']))
    if (match === 'Exact' && version === '0') errors.push(fieldError.forbidden(FIELD, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
  }
  if (send) errors.push(fieldError.forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  return errors
}

function watchErrors(match: string, token: string, send: boolean): FieldError[] {
  const errors: FieldError[] = []
  if (match === '' && !send) return errors
  if (!send) errors.push(fieldError.forbidden(FIELD, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'))
  if (send && match !== 'NotOlderThan') errors.push(fieldError.forbidden(FIELD, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'))
  if (match !== '' && token !== '') errors.push(fieldError.forbidden(FIELD, 'resourceVersionMatch is forbidden when continue is provided'))
  if (match !== '' && match !== 'NotOlderThan') errors.push(fieldError.notSupported(FIELD, match, ['NotOlderThan']))
  return errors
}

function parsed(version: string, { longVersions = false }: Versions, error: (text: string) => StatusError): string {
  const mistake = !/^\d+$/.test(version) ? 'invalid syntax' : !longVersions && BigInt(version) > MAX_UINT64 ? 'value out of range' : undefined
  if (mistake) throw error(`resourceVersion: Invalid value: ${JSON.stringify(version)}: strconv.ParseUint: parsing ${JSON.stringify(version)}: ${mistake}`)
  return version.replace(/^0+(?=\d)/, '')
}

/** An int64 of a query. Throws StatusError BadRequest. */
export function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  const mistake = !/^[-+]?\d+$/.test(text) ? 'invalid syntax' : BigInt.asIntN(64, BigInt(text.replace('+', ''))) !== BigInt(text.replace('+', '')) ? 'value out of range' : undefined
  if (mistake) throw StatusError.badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: ${mistake}`)
  return Number(text)
}
