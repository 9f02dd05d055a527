/** What a fleet serves: the union of what its members serve, one version per kind. Pure. */
import { compareVersions } from '../machinery/meta/version-order.ts'
import { isIdentityBound } from '../federation/interpreter/identity-bound.ts'
import type { DiscoveredKind } from '../federation/member/discovery.ts'

export interface UnionKind extends DiscoveredKind {
  /** Members that serve this version, by name. */
  readonly clusters: readonly string[]
  /** Members that serve the kind in other versions only. */
  readonly otherVersions: readonly string[]
  readonly identityBound: boolean
}

/**
 * Per group and plural the version that every member serving the kind has, as the first member by name prefers; where there is none, the one that most have.
 * Left out: groups that this server serves itself, and kinds that can be neither got nor listed (reviews).
 */
export function unionKinds(members: readonly { readonly cluster: string; readonly kinds: readonly DiscoveredKind[] }[]): readonly UnionKind[] {
  const byResource = new Map<string, { cluster: string; kind: DiscoveredKind }[]>()
  for (const { cluster, kinds } of members.toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1))) {
    for (const kind of kinds) {
      if (isOurs(kind.group) || (!kind.verbs.includes('list') && !kind.verbs.includes('get'))) continue
      const id = `${kind.group}/${kind.plural}`, found = byResource.get(id)
      if (found) found.push({ cluster, kind })
      else byResource.set(id, [{ cluster, kind }])
    }
  }
  return [...byResource.values()].map(chooseVersion).toSorted((a, b) => compare(a.group, b.group) || compare(a.plural, b.plural))
}

/** Our own groups and the mirrored ones: `apps.federation`. */
export const isOurs = (group: string): boolean => group.endsWith('.federation')

function chooseVersion(served: readonly { cluster: string; kind: DiscoveredKind }[]): UnionKind {
  const all = new Set(served.map(({ cluster }) => cluster)), having = (version: string) => served.filter(({ kind }) => kind.version === version).map(({ cluster }) => cluster)
  const versions = [...new Set(served.map(({ kind }) => kind.version))]
  const order = versions.toSorted((a, b) => having(b).length - having(a).length || Number(prefers(served, b)) - Number(prefers(served, a)) || compareVersions(a, b))
  const version = order[0]!, clusters = having(version), serving = new Set(clusters), [kind, ...others] = served.flatMap((one) => (one.kind.version === version ? [one.kind] : [])) as [DiscoveredKind, ...DiscoveredKind[]]
  // A member that has less refuses it itself. Reads go to all, as the first has them.
  const verbs = new Set([...kind.verbs, ...others.flatMap((other) => other.verbs.filter(isWrite))]), subresources = new Set([kind, ...others].flatMap((one) => one.subresources))
  return { ...kind, verbs: [...verbs], subresources: [...subresources], clusters, otherVersions: [...all].filter((cluster) => !serving.has(cluster)), identityBound: isIdentityBound(kind.group, kind.plural) }
}

/** Whether a verb of discovery changes objects. */
export const isWrite = (verb: string): boolean => WRITES.has(verb)
const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection'])
const prefers = (served: readonly { kind: DiscoveredKind }[], version: string) => served.find(({ kind }) => kind.preferred)?.kind.version === version
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
