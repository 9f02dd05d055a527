/**
 * `clustersets/{name}/proxy`: a complete Kubernetes API root over the merged objects of a fleet, and below `/by-cluster` over every object by itself.
 *
 *   request ── entry to the set (host, and this server's own chain) ── inner verb: deadline, limits, rights in the mirrored group ── API root of the fleet
 */
import type { Clock } from '../lib/clock.ts'
import type { RulesOfUser } from '../host/rules-of-user.ts'
import { attributesOf, forbidden, type Authorizer } from '../machinery/auth/authorizer.ts'
import { requestInfo } from '../machinery/auth/request-info.ts'
import type { Connector, ConnectTarget, Handler, Request, Upgrader } from '../machinery/meta/core.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import { apiHandler } from '../machinery/server/api-handler.ts'
import type { ApiGroup } from '../machinery/server/catalog.ts'
import type { RequestLimits } from '../machinery/server/chain.ts'
import { compose, type Filter } from '../machinery/server/filter.ts'
import { compression } from '../machinery/server/filters/compression.ts'
import { deadline } from '../machinery/server/filters/deadline.ts'
import { maxInFlight } from '../machinery/server/filters/in-flight.ts'
import type { OpenApiProvider } from '../machinery/server/openapi.ts'
import { resourceHandler, resourceUpgrader } from '../machinery/server/resource-handler.ts'
import { authorizeInFleet, mirroredAttributes, mirroredGroup } from './fleet-authorization.ts'
import type { FleetCatalog } from './fleet-catalog.ts'
import { FleetDocuments } from './fleet-documents.ts'
import type { Fleets } from './fleets.ts'
import { ReviewedCatalog } from './reviews.ts'

interface FleetEndpointOptions {
  readonly fleets: Fleets
  readonly clock: Clock
  readonly random: () => number
  readonly authorizer: Authorizer
  /** What the host lets a user do. Absent: there is no host. */
  readonly rulesOf?: RulesOfUser
  /** What this server serves itself, in a fleet too. */
  readonly ownGroups: () => readonly ApiGroup[]
  readonly version: object
  readonly ownOpenApi: OpenApiProvider
  readonly limits?: RequestLimits
  /** Measures the inner requests of a fleet. */
  readonly measure?: (catalog: FleetCatalog) => Filter
  /** Told what the inner request is: the outer one says only that a fleet was entered. */
  readonly annotate?: (annotations: Record<string, string>) => void
}

const BY_CLUSTER = '/by-cluster'

export function fleetEndpoint(options: FleetEndpointOptions): Connector {
  const { fleets } = options, roots = new WeakMap<FleetCatalog, Root>(), limits = [deadline(options.clock, options.limits?.timeoutMs), maxInFlight(options.limits)] as const
  const find = ({ name, path }: ConnectTarget): { root: Root; path: string } => {
    const fleet = fleets.get(name)
    if (!fleet) throw StatusError.notFound({ group: 'cluster.federation', resource: 'clustersets' }, name)
    const byCluster = path === BY_CLUSTER || path.startsWith(`${BY_CLUSTER}/`), catalog = byCluster ? fleet.byCluster : fleet.merged
    let root = roots.get(catalog)
    if (!root) roots.set(catalog, (root = rootOf(catalog, fleet.merged, limits, options)))
    return { root, path: (byCluster ? path.slice(BY_CLUSTER.length) : path) || '/' }
  }
  return {
    verbs: ['create', 'delete', 'get', 'patch', 'update'],
    responseKind: { group: 'cluster.federation', version: 'v1alpha1', kind: 'ClusterSetProxyOptions' },
    handle: (target, request, signal) => {
      const { root, path } = find(target), inner = { ...request, path }
      annotateInner(target.name, inner, options)
      return root.handler(inner, signal)
    },
    upgrade: async (target, request, connection, signal) => {
      const { root, path } = find(target), inner = { ...request, path }
      annotateInner(target.name, inner, options)
      await authorize(options.authorizer, inner, signal)
      return root.upgrader(inner, connection, signal)
    },
  }
}

function annotateInner(set: string, { method, path, query }: Request, { annotate }: FleetEndpointOptions): void {
  if (!annotate) return
  const { isResource, verb, group, resource, subresource, namespace, name } = requestInfo(method, path, query), what = `${resource}.${mirroredGroup(group)}${subresource && `/${subresource}`}`
  annotate({ 'fleet.federation/set': set, 'fleet.federation/verb': verb, ...(isResource ? { 'fleet.federation/resource': what, ...(namespace && { 'fleet.federation/namespace': namespace }), ...(name && { 'fleet.federation/name': name }) } : { 'fleet.federation/path': path }) })
}

interface Root { readonly handler: Handler; readonly upgrader: Upgrader }

function rootOf(catalog: FleetCatalog, merged: FleetCatalog, limits: readonly Filter[], { clock, random, authorizer, rulesOf, ownGroups, version, ownOpenApi, measure }: FleetEndpointOptions): Root {
  const inFleet: Authorizer = { authorize: (attributes, signal) => authorizeInFleet(authorizer, attributes, signal) }
  const served = new ReviewedCatalog(catalog, { authorizer, rulesOf, own: () => pluralsOf(ownGroups()), host: () => merged.member('')?.handler })
  const api = apiHandler({ catalog: served, resources: resourceHandler(served, { clock, random, authorizer: inFleet }), clock, version, openApi: new FleetDocuments(catalog, ownOpenApi, clock) })
  const authorized: Filter = (next) => async (request, signal) => {
    await authorize(authorizer, request, signal)
    return next(request, signal)
  }
  return { handler: compose([...(measure ? [measure(catalog)] : []), ...limits, authorized, compression], api), upgrader: resourceUpgrader(served, { clock, random }) }
}

const pluralsOf = (groups: readonly ApiGroup[]) => new Map(groups.map(({ name, versions }) => [name, new Set(versions.flatMap(({ resources }) => resources.map(({ kind }) => kind.plural)))]))

async function authorize(authorizer: Authorizer, request: Request, signal: AbortSignal): Promise<void> {
  const { user, method, path, query } = request
  if (!user) throw StatusError.internal('no user found for the request')
  const attributes = attributesOf(user, requestInfo(method, path, query)), { allowed, reason } = await authorizeInFleet(authorizer, attributes, signal)
  // Said in the mirrored vocabulary: that is what a rule has to name.
  if (!allowed) throw forbidden(mirroredAttributes(attributes), reason)
}
