import type { Authorizer } from '../machinery/auth/authorizer.ts'
import { forbidden } from '../machinery/auth/authorizer.ts'
import type { Handler, Kind, Resource, User } from '../machinery/meta/core.ts'
import type { ApiGroup, Catalog } from '../machinery/server/catalog.ts'
import type { Fleets } from './fleets.ts'
import { mirroredGroup } from './fleet-authorization.ts'

/** A group version of Kubernetes to serve as `<group>.federation/<version>`. */
export interface MirroredVersion { readonly group: string; readonly version: string }

/**
 * The merged objects of ClusterSet `default` as groups of their own, read-only, for the plain host context: `kubectl get deployments.apps.federation`.
 * No delete verbs, so that the host's collectors never reach into members; no short names and no categories, or `kubectl get deploy` on the host would be ambiguous.
 * A version is served from the start, with no resources until a member is known: an APIService that is down delays the host.
 */
export class MirroredGroups implements Catalog {
  readonly #fleets: Fleets
  readonly #versions: readonly MirroredVersion[]
  #source: readonly ApiGroup[] | undefined
  #groups: readonly ApiGroup[] = []

  constructor(fleets: Fleets, versions: readonly MirroredVersion[]) {
    this.#fleets = fleets
    this.#versions = versions
  }

  groups(): readonly ApiGroup[] {
    const source = this.#fleets.get(SET)?.merged.groups() ?? NONE
    if (source !== this.#source) {
      this.#source = source
      this.#groups = this.#versions.map(({ group, version }) => ({
        name: mirroredGroup(group),
        versions: [{ version, resources: source.find(({ name }) => name === group)?.versions.find((one) => one.version === version)?.resources.map((resource) => mirrored(resource)) ?? [] }],
      }))
    }
    return this.#groups
  }
}

const SET = 'default', NONE: readonly ApiGroup[] = []

function mirrored({ kind, reader }: Resource): Resource {
  const mirror: Kind = { ...kind, group: mirroredGroup(kind.group), shortNames: [], categories: [] }
  return { kind: mirror, reader: { kind: mirror, list: (query, signal) => reader.list(query, signal), watch: (query, signal) => reader.watch(query, signal) } }
}

/** Mirrored groups show a fleet, so whoever reads them needs entry to it. */
export const withEntry = (authorizer: Authorizer, next: Handler): Handler => async (request, signal) => {
  const attributes = { user: request.user as User, verb: 'get', path: request.path, resource: { group: 'cluster.federation', version: 'v1alpha1', resource: 'clustersets', subresource: 'proxy', namespace: '', name: SET } }
  const { allowed, reason } = await authorizer.authorize(attributes, signal)
  if (!allowed) throw forbidden(attributes, reason)
  return next(request, signal)
}
