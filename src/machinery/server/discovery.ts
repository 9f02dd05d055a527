import { createHash } from 'node:crypto'
import type { Kind, Request, Resource, Response } from '../meta/core.ts'
import { header } from '../meta/headers.ts'
import type { ApiGroup, ApiVersion, Catalog } from './catalog.ts'
import { findVersion } from './catalog.ts'
import { hashed, respondHashed } from './etag.ts'
import { covers, MEDIA_TYPES, negotiate, notAcceptable, parseAccept } from './negotiation.ts'
import { pageNotFound, respond } from './respond.ts'
import { notServed } from './route.ts'
import { apiVersionOf } from './shape.ts'

/**
 * /api, /apis and what lies directly below: which groups, versions and resources there are, in the plain form and, for the two roots, in the aggregated one.
 * `segments`: the decoded path. Documents are made once per catalog.
 */
export function discover(catalog: Catalog, segments: readonly string[], request: Request): Response {
  const groups = catalog.groups(), [prefix, first, second] = segments
  if (segments.length === 1) {
    const own = groups.filter(({ name }) => (name === '') === (prefix === 'api'))
    if (prefix === 'api' && own.length === 0) return pageNotFound()
    return wantsAggregated(request) ? respondAggregated(groups, prefix!, request) : respond(200, prefix === 'api' ? apiVersions(own[0]!, request) : groupList(own), negotiate(request))
  }
  const name = prefix === 'api' ? '' : first!, group = groups.find((candidate) => candidate.name === name)
  if (!group) return pageNotFound()
  if (prefix === 'apis' && segments.length === 2) return respond(200, { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(group) }, negotiate(request))
  const version = findVersion(groups, name, (prefix === 'api' ? first : second)!)
  if (!version) throw notServed()
  return respond(200, resourceList(group, version), negotiate(request))
}

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

/** The first clause that can be served decides. Throws StatusError NotAcceptable where none can. */
function wantsAggregated({ headers }: Request): boolean {
  const clauses = parseAccept(headers)
  for (const { parameters, ...clause } of clauses) {
    const transform = ['g', 'v', 'as'].map((name) => parameters.get(name) ?? '').join(' ')
    if (transform === '  ' && (covers({ parameters, ...clause }, 'application/json') || covers({ parameters, ...clause }, 'application/yaml'))) return false
    if (transform === 'apidiscovery.k8s.io v2 APIGroupDiscoveryList' && covers({ parameters, ...clause }, 'application/json')) return true
  }
  if (clauses.length === 0) return false
  throw notAcceptable(`only the following media types are accepted: ${MEDIA_TYPES}`)
}

const aggregated = new WeakMap<readonly ApiGroup[], Map<string, object>>()

function respondAggregated(groups: readonly ApiGroup[], prefix: string, request: Request): Response {
  let documents = aggregated.get(groups)
  if (!documents) aggregated.set(groups, (documents = new Map()))
  let document = documents.get(prefix)
  if (!document) {
    const items = groups.filter(({ name }) => (name === '') === (prefix === 'api')).map((group) => ({
      metadata: group.name ? { name: group.name } : {},
      versions: group.versions.map(({ version, resources }) => ({ version, resources: sorted(resources).map(resourceDiscovery), freshness: 'Current' })),
    }))
    documents.set(prefix, (document = { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items }))
  }
  return respondHashed(hashed(document), request, AGGREGATED, [['cache-control', 'public']])
}

const sorted = (resources: readonly Resource[]) => resources.toSorted((a, b) => (a.kind.plural < b.kind.plural ? -1 : 1))

/** Exactly what works: garbage collection and namespace deletion act on it. */
export const verbsOf = ({ writer, passOn, deleteCollection, onlyCreate }: Resource): readonly string[] =>
  onlyCreate ? ['create'] : ['get', 'list', 'watch', ...(writer ?? passOn ? ['create', 'delete', 'patch', 'update', ...(deleteCollection ? ['deletecollection'] : [])] : [])].sort()
const statusVerbs = ({ writer }: Resource): readonly string[] => (writer ? ['get', 'patch', 'update'] : ['get'])
const names = ({ shortNames, categories }: Kind) => ({ ...(shortNames.length > 0 && { shortNames }), ...(categories.length > 0 && { categories }) })
/** Subresources with a kind of their own; those that refuse every verb are not told. */
const connectors = ({ connect = {}, scale }: Resource) => Object.entries({ ...(scale && { scale: { responseKind: { group: scale.kind.group, version: scale.kind.version, kind: scale.kind.kind }, verbs: statusVerbs(scale) } }), ...connect }).filter(([, { verbs }]) => verbs.length > 0).toSorted(([a], [b]) => (a < b ? -1 : 1))

function resourceDiscovery(resource: Resource): object {
  const { kind } = resource, responseKind = { group: kind.group, version: kind.version, kind: kind.kind }
  const subresources = [
    ...connectors(resource).map(([subresource, { responseKind, verbs }]) => ({ subresource, responseKind, verbs })),
    ...(resource.status ? [{ subresource: 'status', responseKind, verbs: statusVerbs(resource) }] : []),
  ].sort((a, b) => (a.subresource < b.subresource ? -1 : 1))
  return { resource: kind.plural, responseKind, scope: kind.namespaced ? 'Namespaced' : 'Cluster', singularResource: kind.singular, verbs: verbsOf(resource), ...names(kind), ...(subresources.length > 0 && { subresources }) }
}

function resourceList({ name: group }: ApiGroup, { version, resources }: ApiVersion): object {
  const entries = resources.flatMap((resource) => {
    const { kind } = resource, common = { singularName: '', namespaced: kind.namespaced }
    return [
      { name: kind.plural, singularName: kind.singular, namespaced: kind.namespaced, kind: kind.kind, verbs: verbsOf(resource), ...names(kind), ...(resource.writer && { storageVersionHash: storageVersionHash(kind) }) },
      ...(resource.status ? [{ name: `${kind.plural}/status`, ...common, kind: kind.kind, verbs: statusVerbs(resource) }] : []),
      ...connectors(resource).map(([subresource, { responseKind, verbs }]) => ({
        name: `${kind.plural}/${subresource}`, ...common,
        ...((responseKind.group !== group || responseKind.version !== version) && { group: responseKind.group, version: responseKind.version }), kind: responseKind.kind, verbs,
      })),
    ]
  })
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersionOf({ group, version }), resources: entries.sort((a, b) => (a.name < b.name ? -1 : 1)) }
}

/** Tells clients that objects of two versions are stored as one (apiserver/pkg/endpoints/discovery/storageversionhash.go). */
const storageVersionHash = ({ group, version, kind, storageVersion = version }: Kind) => createHash('sha256').update(`${group}/${storageVersion}/${kind}`).digest().subarray(0, 8).toString('base64')

const apiGroup = ({ name, versions }: ApiGroup) => {
  const all = versions.map(({ version }) => ({ groupVersion: apiVersionOf({ group: name, version }), version }))
  return { name, versions: all, ...(all[0] && { preferredVersion: all[0] }) }
}
const groupList = (groups: readonly ApiGroup[]) => ({ kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(apiGroup) })
const apiVersions = ({ versions }: ApiGroup, { headers }: Request) =>
  ({ kind: 'APIVersions', versions: versions.map(({ version }) => version), serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: header(headers, 'host') ?? '' }] })
