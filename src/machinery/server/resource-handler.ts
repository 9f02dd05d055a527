import type { Clock } from '../../lib/clock.ts'
import type { Authorizer } from '../auth/authorizer.ts'
import { forbidden } from '../auth/authorizer.ts'
import { requestInfo } from '../auth/request-info.ts'
import type { Handler, Request, Response, Upgrader, User, WriteOptions } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'
import type { Catalog } from './catalog.ts'
import { connection } from './connect.ts'
import { getObject, listObjects } from './read.ts'
import { pageNotFound, respondError, warningHeaders } from './respond.ts'
import type { Route } from './route.ts'
import { notServed, route } from './route.ts'
import type { WatchContext } from './watch.ts'
import { watchObjects } from './watch.ts'
import { watchOverWebSocket } from './watch-websocket.ts'
import { wantsWebSocket } from './websocket.ts'
import type { WriteContext } from './write.ts'
import { checkPatchType, createObject, deleteObject, deleteObjects, patchObject, updateObject } from './write.ts'

export interface ResourceOptions {
  readonly clock: Clock
  readonly random: () => number
  /** For what depends on old and new; the request itself was authorised before. */
  readonly authorizer: Authorizer
}

/**
 * All verbs of everything in a catalog, below /api and /apis. The user must be set (system:anonymous counts).
 * Throws StatusError, which a filter outside turns into a response.
 */
export function resourceHandler(catalog: Catalog, options: ResourceOptions): Handler {
  return async (request, signal) => {
    const info = requestInfo(request.method, request.path, request.query), groups = catalog.groups()
    if (!info.isResource) throw notServed()
    if (!groups.some(({ name }) => name === info.group)) return pageNotFound()
    const found = route(groups, request.method, info)
    if (found.action !== 'connect') {
      if (found.action === 'patch') checkPatchType(found.target.kind, request)
      const { deprecation } = found.target.kind
      return deprecation === undefined ? serve(found, request, options, signal) : withWarning(deprecation, request, async () => serve(found, request, options, signal))
    }
    const { connector, to } = connection(found, info)
    return connector.handle(to, request, signal)
  }
}

/** Refusals carry the warning too. */
async function withWarning(text: string, request: Request, answer: () => Promise<Response>): Promise<Response> {
  const warning = warningHeaders([text])
  try {
    const response = await answer()
    return { ...response, headers: [...warning, ...response.headers] }
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    return respondError(error, request, warning)
  }
}

/** Switches of protocol: connecting subresources, and watches over WebSocket. */
export function resourceUpgrader(catalog: Catalog, context: WatchContext): Upgrader {
  return async (request, socket, signal) => {
    const info = requestInfo(request.method, request.path, request.query), groups = catalog.groups()
    if (!info.isResource || !groups.some(({ name }) => name === info.group)) return pageNotFound()
    const found = route(groups, request.method, info)
    if (found.action === 'watch' && wantsWebSocket(request)) return watchOverWebSocket(found.target, found.name, request, socket, context, signal)
    if (found.action !== 'connect') throw StatusError.badRequest('this path cannot be upgraded')
    const { connector, to } = connection(found, info)
    if (!connector.upgrade) throw StatusError.badRequest(`the subresource ${found.subresource} cannot be upgraded`)
    return connector.upgrade(to, request, socket, signal)
  }
}

function serve(found: Exclude<Route, { action: 'connect' }>, request: Request, options: ResourceOptions, signal: AbortSignal): Response | Promise<Response> {
  const { target } = found, { passOn } = target.resource, now = options.clock.now(), context = (): WriteContext => writeContext(request, options, now, signal)
  if (passOn && !OURS.has(found.action)) return passOn('name' in found ? found.name : undefined, request, signal)
  switch (found.action) {
    case 'get': return getObject(target, found.name, request, now, signal)
    case 'list': return listObjects(target, request, now, signal)
    case 'watch': return watchObjects(target, found.name, request, options, signal)
    case 'create': return createObject(target, context(), signal)
    case 'update': return updateObject(target, found.name, found.subresource, context(), signal)
    case 'patch': return patchObject(target, found.name, found.subresource, context(), signal)
    case 'delete': return deleteObject(target, found.name, context(), signal)
    default: return deleteObjects(target, context(), signal)
  }
}

/** What is not passed on: what is read here, and what is chosen here and then passed on one by one. */
const OURS: ReadonlySet<string> = new Set(['get', 'list', 'watch', 'deletecollection'])

function writeContext(request: Request, { authorizer }: ResourceOptions, now: number, signal: AbortSignal): WriteContext {
  const { user } = request
  if (!user) throw new Error('no user in the request: authentication comes before the handler')
  return { request, user, now, authorize: authorizeCallback(authorizer, user, request.path, signal) }
}

const authorizeCallback = (authorizer: Authorizer, user: User, path: string, signal: AbortSignal): WriteOptions['authorize'] =>
  async (verb, { group, resource, namespace = '', name = '', subresource = '' }) => {
    const attributes = { user, verb, path, resource: { group, version: '*', resource, namespace, name, subresource } }
    const { allowed, reason } = await authorizer.authorize(attributes, signal)
    if (!allowed) throw forbidden(attributes, reason)
  }
