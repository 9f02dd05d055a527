import { parseFieldSelector } from '../meta/field-selector.ts'
import { StatusError } from '../meta/status-error.ts'

/**
 * What a request asks for, from method, path and query alone; routing and authorisation read the same answer.
 * Source: apiserver/pkg/endpoints/request/requestinfo.go. Segments are split before they are decoded, so an encoded slash cannot move a boundary.
 */
export interface RequestInfo {
  /** False: `path` is all there is, and the verb is the method in lower case. */
  readonly isResource: boolean
  /** Decoded, as authorisation of a non-resource path sees it. */
  readonly path: string
  /** get list watch create update patch delete deletecollection proxy; '' for methods without a meaning here. */
  readonly verb: string
  /** '' is the core group. */
  readonly group: string
  readonly version: string
  readonly namespace: string
  readonly resource: string
  readonly name: string
  readonly subresource: string
  /** Resource, name, subresource and what follows, decoded. */
  readonly parts: readonly string[]
  /** What follows the subresource, raw as sent: '' or '/api/v1/pods'. */
  readonly rest: string
  /** The path began with `watch/`: no selectors, and a name may follow. */
  readonly viaWatchPath: boolean
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

/** Throws StatusError BadRequest where the path is not decodable, or names a special verb without a resource. */
export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const plain: RequestInfo = { isResource: false, path: decode(path), verb: method.toLowerCase(), group: '', version: '', namespace: '', resource: '', name: '', subresource: '', parts: [], rest: '', viaWatchPath: false }
  const raw = path.replaceAll(/^\/+|\/+$/g, '').split('/'), [prefix] = raw
  if (raw.length < 3 || (prefix !== 'api' && (prefix !== 'apis' || raw.length < 4))) return plain
  const parts = raw.map(decode), group = prefix === 'apis' ? parts[1]! : '', version = parts[prefix === 'apis' ? 2 : 1]!
  let at = prefix === 'apis' ? 3 : 2, verb = VERBS.get(method) ?? ''
  const special = parts[at] === 'watch' || parts[at] === 'proxy'
  if (special) {
    if (parts.length < at + 2) throw StatusError.badRequest(`unable to determine kind and namespace from url, ${path}`)
    verb = parts[at++]!
  }
  const namespace = parts[at] === 'namespaces' ? (parts[at + 1] ?? '') : ''
  if (parts[at] === 'namespaces' && parts.length > at + 2 && !NAMESPACE_SUBRESOURCES.has(parts[at + 2]!)) at += 2
  const [resource = '', name = '', third = ''] = parts.slice(at), subresource = verb === 'proxy' ? '' : third
  return withQuery({ ...plain, isResource: true, verb, group, version, namespace, resource, name, subresource, parts: parts.slice(at), rest: restOf(path, at + 3, raw), viaWatchPath: special && verb === 'watch' }, special, query)
}

const VERBS = new Map([['POST', 'create'], ['GET', 'get'], ['HEAD', 'get'], ['PUT', 'update'], ['PATCH', 'patch'], ['DELETE', 'delete']])
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize'])
const WITH_SELECTORS = new Set(['list', 'watch', 'deletecollection'])

/** A path without a name is a collection; a field selector that fixes the name counts as one, so that RBAC's resourceNames match. */
function withQuery(info: RequestInfo, special: boolean, query: URLSearchParams): RequestInfo {
  let { verb, name } = info
  if (name === '' && verb === 'get') {
    verb = isTrue(query.get('watch')) ? 'watch' : 'list'
    name = selectedName(query) ?? ''
  } else if (name === '' && verb === 'delete') verb = 'deletecollection'
  if (verb === info.verb && name === info.name) return info
  const selectors = !special && WITH_SELECTORS.has(verb), label = query.get('labelSelector'), field = query.get('fieldSelector')
  return { ...info, verb, name, ...(selectors && label && { labelSelector: label }), ...(selectors && field && { fieldSelector: field }) }
}

/** As Kubernetes reads booleans of a query: present and neither `false` nor `0`. */
export const isTrue = (value: string | null): boolean => value !== null && value.toLowerCase() !== 'false' && value !== '0'

function selectedName(query: URLSearchParams): string | undefined {
  const text = query.get('fieldSelector')
  if (!text) return undefined
  let name: string | undefined
  try {
    name = parseFieldSelector(text).exact('metadata.name')
  } catch {
    // The handler says what is wrong with the selector; here it just names nothing.
    return undefined
  }
  return name && isPathSegment(name) ? name : undefined
}

/** What may stand as one segment of a path: names of objects and namespaces. */
export const isPathSegment = (text: string): boolean => text !== '' && text !== '.' && text !== '..' && !text.includes('/') && !text.includes('%')

function decode(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    throw StatusError.badRequest(`invalid URL escape in ${JSON.stringify(text)}`)
  }
}

/** The raw tail behind the first `count` segments, with its slash. Slashes before the first segment are not counted. */
function restOf(path: string, count: number, raw: readonly string[]): string {
  if (raw.length < count) return ''
  const lead = /^\/*/.exec(path)![0].length
  return path.slice(lead + raw.slice(0, count).join('/').length)
}
