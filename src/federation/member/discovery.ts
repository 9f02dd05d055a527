import type { Handler } from '../../machinery/meta/core.ts'
import { bytesOf, failure } from '../../machinery/client/failure.ts'
import { getJson } from '../../machinery/client/json-client.ts'
import { header } from '../../machinery/meta/headers.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'

/** A kind as a member serves it in one version. */
export interface DiscoveredKind {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  readonly verbs: readonly string[]
  /** Names: status, scale, log, … */
  readonly subresources: readonly string[]
  /** The version is the one the member prefers for the group. */
  readonly preferred: boolean
}

export interface Discovery {
  readonly kinds: readonly DiscoveredKind[]
  /** 'group/version' whose server did not answer the member: nothing is known about them, which is not absence. */
  readonly stale: readonly string[]
  /** ETags of /api and /apis: the same ones mean the same document. */
  readonly tags: readonly string[]
}

const AGGREGATED = ['v2', 'v2beta1'].map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`).join(',')

/** Asks /api and /apis in one request each where the member can, else version by version. Answers `previous` itself while nothing changed. Throws StatusError; a member that is no Kubernetes API server is said to be none. */
export async function discover(handler: Handler, previous: Discovery | undefined, signal: AbortSignal): Promise<Discovery> {
  const roots = await Promise.all(['/api', '/apis'].map((path, at) => root(handler, path, previous?.tags[at] ?? '', signal)))
  const tags = roots.map(({ tag }) => tag)
  if (previous && roots.every(({ unchanged }) => unchanged)) return previous
  // One of the two answered 304: both are wanted in full to build the whole.
  const full = await Promise.all(roots.map((it, at) => (it.unchanged ? root(handler, at === 0 ? '/api' : '/apis', '', signal) : Promise.resolve(it))))
  const parts = await Promise.all(full.map(async ({ document, path }) => ('items' in document ? fromAggregated(document as AggregatedDocument) : await fromLegacy(handler, path, document as LegacyRoot, signal))))
  const kinds = parts.flatMap((part) => part.kinds), stale = parts.flatMap((part) => part.stale)
  if (kinds.length === 0 && stale.length === 0) throw new StatusError('InternalError', 'it serves no Kubernetes resources: check that spec.apiEndpoint is that of a Kubernetes API server')
  return { kinds: [...kinds, ...keptFrom(previous, stale)], stale, tags }
}

/** What was known about versions that are stale now. */
const keptFrom = (previous: Discovery | undefined, stale: readonly string[]) => (previous?.kinds ?? []).filter(({ group, version }) => stale.includes(groupVersion(group, version)))

export const groupVersion = (group: string, version: string): string => (group ? `${group}/${version}` : version)

interface AggregatedDocument { items: { metadata?: { name?: string }; versions?: { version: string; freshness?: string; resources?: AggregatedResource[] }[] }[] }
interface AggregatedResource {
  resource: string
  responseKind?: { kind?: string }
  scope: string
  singularResource?: string
  verbs?: string[]
  shortNames?: string[]
  categories?: string[]
  subresources?: { subresource: string }[]
}
interface LegacyRoot { versions?: string[]; groups?: { name: string; versions: { version: string }[]; preferredVersion?: { version: string } }[] }
interface LegacyResource { name: string; kind: string; namespaced: boolean; singularName?: string; verbs?: string[]; shortNames?: string[]; categories?: string[] }
interface Part { readonly kinds: readonly DiscoveredKind[]; readonly stale: readonly string[] }

async function root(handler: Handler, path: string, tag: string, signal: AbortSignal): Promise<{ path: string; unchanged: boolean; tag: string; document: object }> {
  const response = await handler({ method: 'GET', path, query: new URLSearchParams(), headers: [['accept', `${AGGREGATED},application/json`], ...(tag ? [['if-none-match', tag] as const] : [])] }, signal)
  if (response.status === 304) {
    await bytesOf(response)
    return { path, unchanged: true, tag, document: {} }
  }
  if (response.status !== 200) throw await failure(response)
  const text = Buffer.from(await bytesOf(response)).toString('utf8')
  try {
    const document = JSON.parse(text) as unknown
    if (typeof document === 'object' && document !== null && ('items' in document || 'versions' in document || 'groups' in document)) return { path, unchanged: false, tag: header(response.headers, 'etag') ?? '', document }
  } catch { /* Not JSON: said below. */ }
  throw new StatusError('InternalError', `${path} answers no Kubernetes discovery document: check that spec.apiEndpoint is that of a Kubernetes API server`)
}

function fromAggregated({ items }: AggregatedDocument): Part {
  const kinds: DiscoveredKind[] = [], stale: string[] = []
  for (const { metadata, versions = [] } of items) {
    const group = metadata?.name ?? ''
    for (const [at, { version, freshness, resources = [] }] of versions.entries()) {
      if (freshness === 'Stale') { stale.push(groupVersion(group, version)); continue }
      for (const { resource, responseKind, scope, singularResource, verbs = [], shortNames = [], categories = [], subresources = [] } of resources) {
        kinds.push({
          group, version, kind: responseKind?.kind ?? '', plural: resource, singular: singularResource ?? '', shortNames, categories, namespaced: scope === 'Namespaced', verbs,
          subresources: subresources.map((it) => it.subresource), preferred: at === 0,
        })
      }
    }
  }
  return { kinds, stale }
}

async function fromLegacy(handler: Handler, path: string, { versions, groups }: LegacyRoot, signal: AbortSignal): Promise<Part> {
  const wanted = groups ? groups.flatMap((group) => group.versions.map(({ version }) => ({ group: group.name, version, preferred: version === (group.preferredVersion ?? group.versions[0])?.version }))) : (versions ?? []).map((version, at) => ({ group: '', version, preferred: at === 0 }))
  const parts = await Promise.all(wanted.map(async ({ group, version, preferred }): Promise<Part> => {
    try {
      const { resources = [] } = await getJson<{ resources?: LegacyResource[] }>(handler, `${path}/${groupVersion(group, version)}`, signal)
      return { stale: [], kinds: resources.filter(({ name }) => !name.includes('/')).map(({ name, kind, namespaced, singularName = '', verbs = [], shortNames = [], categories = [] }) => ({
        group, version, kind, plural: name, singular: singularName, shortNames, categories, namespaced, verbs, preferred,
        subresources: resources.filter((it) => it.name.startsWith(`${name}/`)).map((it) => it.name.slice(name.length + 1)),
      })) }
    } catch (error) {
      // An extension server that is down takes its group away from nobody.
      if (signal.aborted || !(error instanceof StatusError) || error.code < 500) throw error
      return { kinds: [], stale: [groupVersion(group, version)] }
    }
  }))
  return { kinds: parts.flatMap((part) => part.kinds), stale: parts.flatMap((part) => part.stale) }
}
