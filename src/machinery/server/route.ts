import type { RequestInfo } from '../auth/request-info.ts'
import { isPathSegment } from '../auth/request-info.ts'
import type { Kind, Resource } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'
import type { ApiGroup } from './catalog.ts'
import { findResource } from './catalog.ts'

/** What a resource path asks of a resource. `name` '' in a watch: a collection. */
export type Route =
  | { readonly action: 'get' | 'update' | 'patch' | 'delete'; readonly target: Target; readonly name: string; readonly subresource?: Subresource }
  | { readonly action: 'list' | 'create' | 'deletecollection'; readonly target: Target }
  | { readonly action: 'watch'; readonly target: Target; readonly name: string }
  | { readonly action: 'connect'; readonly target: Target; readonly name: string; readonly subresource: string }

/** A Scale is routed to the resource of Scales. */
export type Subresource = 'status' | 'scale'

export interface Target { readonly resource: Resource; readonly kind: Kind; /** '' for cluster-scoped kinds and for all namespaces. */ readonly namespace: string }

const ITEM_ACTIONS = new Map([['GET', 'get'], ['PUT', 'update'], ['PATCH', 'patch'], ['DELETE', 'delete']] as const)

/** Throws StatusError: NotFound and MethodNotAllowed as a group answers for paths and methods that it does not have, BadRequest for impossible names. */
export function route(groups: readonly ApiGroup[], method: string, info: RequestInfo): Route {
  const resource = findResource(groups, info.group, info.version, info.resource)
  if (!resource || info.verb === 'proxy') throw notServed()
  const { kind } = resource, ofNamespaces = kind.plural === 'namespaces' && kind.group === '', namespace = ofNamespaces ? '' : info.namespace, [, name, subresource] = info.parts
  if (!kind.namespaced && namespace !== '') throw notServed()
  if (namespace !== '' && !isPathSegment(namespace)) throw StatusError.badRequest(`Namespace parameter invalid: ${JSON.stringify(namespace)}: ${problem(namespace)}`)
  const target = { resource, kind, namespace }
  if (resource.onlyCreate && (method !== 'POST' || name !== undefined)) throw wrongMethod()
  if (info.viaWatchPath) {
    if (subresource !== undefined) throw notServed()
    if (method !== 'GET') throw wrongMethod()
    return { action: 'watch', target, name: name === undefined ? '' : checked(name) }
  }
  if (name === undefined) return collection(target, method, info.verb)
  if (kind.namespaced && namespace === '') throw notServed()
  return subresource === undefined ? item(target, method, checked(name)) : below(target, method, checked(name), subresource, info)
}

function collection(target: Target, method: string, verb: string): Route {
  const { resource: { writer, passOn, deleteCollection }, kind, namespace } = target, confined = !kind.namespaced || namespace !== ''
  if (method === 'GET') return verb === 'watch' ? { action: 'watch', target, name: '' } : { action: 'list', target }
  if (method === 'POST' && (writer ?? passOn) && confined) return { action: 'create', target }
  if (method === 'DELETE' && (writer ?? passOn) && deleteCollection && confined) return { action: 'deletecollection', target }
  throw wrongMethod()
}

function item(target: Target, method: string, name: string): Route {
  const action = ITEM_ACTIONS.get(method as 'GET'), { writer, passOn } = target.resource
  if (!action || (action !== 'get' && !writer && !passOn)) throw wrongMethod()
  return { action, target, name }
}

function below(target: Target, method: string, name: string, subresource: string, info: RequestInfo): Route {
  if (Object.hasOwn(target.resource.connect ?? {}, subresource)) return { action: 'connect', target, name, subresource }
  const { scale, status } = target.resource
  if (info.parts.length > 3) throw notServed()
  if (subresource === 'scale' && scale) return { ...onObject({ ...target, resource: scale, kind: scale.kind }, method, name), subresource }
  if (subresource !== 'status' || !status) throw notServed()
  return { ...onObject(target, method, name), subresource }
}

function onObject(target: Target, method: string, name: string) {
  const action = ITEM_ACTIONS.get(method as 'GET')
  if (!action || action === 'delete' || (action !== 'get' && !target.resource.writer)) throw wrongMethod()
  return { action, target, name }
}

function checked(name: string): string {
  if (name === '') throw StatusError.badRequest('name must be provided')
  if (!isPathSegment(name)) throw StatusError.badRequest(`Name parameter invalid: ${JSON.stringify(name)}: ${problem(name)}`)
  return name
}

const problem = (text: string) => (text === '.' || text === '..' ? `may not be '${text}'` : [...(text.includes('/') ? [`may not contain '/'`] : []), ...(text.includes('%') ? [`may not contain '%'`] : [])].join(';'))

/** The answers inside a group's paths (apiserver/pkg/server/handler.go). */
export const notServed = (): StatusError => new StatusError('NotFound', 'the server could not find the requested resource', { details: {} })
const wrongMethod = () => new StatusError('MethodNotAllowed', 'the server does not allow this method on the requested resource', { details: {} })
