import type { Resource } from '../meta/core.ts'

/** One group with its versions, preferred first. The name '' is the core group, served under /api. */
export interface ApiGroup { readonly name: string; readonly versions: readonly ApiVersion[] }
export interface ApiVersion { readonly version: string; readonly resources: readonly Resource[] }

/** What a server serves. The array is the same one until something changes: documents and routes are memoised by its identity. */
export interface Catalog { groups(): readonly ApiGroup[] }

export const findVersion = (groups: readonly ApiGroup[], group: string, version: string): ApiVersion | undefined =>
  index(groups).get(`${group}/${version}`)?.version

export const findResource = (groups: readonly ApiGroup[], group: string, version: string, plural: string): Resource | undefined =>
  index(groups).get(`${group}/${version}`)?.resources.get(plural)

interface Indexed { readonly version: ApiVersion; readonly resources: ReadonlyMap<string, Resource> }
const indexes = new WeakMap<readonly ApiGroup[], ReadonlyMap<string, Indexed>>()

function index(groups: readonly ApiGroup[]): ReadonlyMap<string, Indexed> {
  let known = indexes.get(groups)
  if (!known) {
    known = new Map(groups.flatMap((group) => group.versions.map((version) => [`${group.name}/${version.version}`, { version, resources: new Map(version.resources.map((resource) => [resource.kind.plural, resource])) }] as const)))
    indexes.set(groups, known)
  }
  return known
}
