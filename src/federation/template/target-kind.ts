import definitions from '../../../openapi/kubernetes/definitions.json' with { type: 'json' }
import resources from '../../../openapi/kubernetes/resources.json' with { type: 'json' }
import type { ScalePaths } from '../../machinery/meta/core.ts'
import { dns1035Label, dns1123Label, dns1123Subdomain, pathSegmentName } from '../../machinery/meta/names.ts'
import type { Definitions } from '../../machinery/schema/resolve-schema.ts'
import { groupOf } from '../interpreter/folded-uid.ts'
import { isIdentityBound } from '../interpreter/identity-bound.ts'

/** A kind whose objects can be distributed: what is known of it without asking any cluster. */
export interface TargetKind {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
  readonly shortNames: readonly string[]
  readonly hasStatus: boolean
  /** Kubernetes' own: its schema says how lists are merged by strategic merge patches. */
  readonly isBuiltIn: boolean
  readonly scale?: ScalePaths
  /** Name of its definition, and where that and all it refers to are found. */
  readonly definition: string
  readonly definitions: Definitions
  readonly validateName: (name: string) => readonly string[]
}

interface Described { kind: string; plural: string; namespaced: boolean; schema: string; verbs: string[]; shortNames?: string[]; subresources?: Record<string, unknown> }

/** Shapes of Kubernetes' own kinds. */
const kubernetesDefinitions = definitions as unknown as Definitions

const LEFT_OUT = new Set(['apiregistration.k8s.io', 'events.k8s.io', 'internal.apiserver.k8s.io', 'storagemigration.k8s.io'])

const RBAC = 'rbac.authorization.k8s.io'
/** Whose names are not those of DNS subdomains. */
const NAMES: ReadonlyMap<string, (name: string) => readonly string[]> = new Map([
  ...['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'].map((kind) => [`${RBAC}/${kind}`, pathSegmentName] as const), ['/Namespace', dns1123Label], ['/Service', dns1035Label],
])

/** Where a kube-apiserver reads and writes the replicas of its own kinds. The selector of Scale is text, these kinds' is an object: it is left out. */
const scalePaths = (_kind: string): ScalePaths => ({ specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', defaultReplicas: 1 })

/**
 * Kubernetes' own kinds that can be distributed, each in the newest stable version of its group. Not: what stands for one cluster's own state
 * (nodes, leases, events, …), and what registers servers with a cluster. Pods and PersistentVolumes are, though fleets list them one by one.
 */
export const builtInTargets: readonly TargetKind[] = newestStable(resources as unknown as Readonly<Record<string, readonly Described[]>>).flatMap(({ group, version, kinds }) =>
  kinds.filter(({ kind, plural, verbs }) => verbs.includes('create') && verbs.includes('watch') && (kind === 'Pod' || kind === 'PersistentVolume' || !isIdentityBound(group, plural))).map(
    ({ kind, plural, namespaced, schema, shortNames = [], subresources = {} }): TargetKind => ({
      group, version, kind, plural, namespaced, shortNames, isBuiltIn: true, hasStatus: 'status' in subresources, ...('scale' in subresources && { scale: scalePaths(kind) }),
      definition: schema, definitions: kubernetesDefinitions, validateName: NAMES.get(`${group}/${kind}`) ?? dns1123Subdomain,
    })))

/** Why objects of a resource cannot be distributed whatever a FederatedTypeConfig says, for people; undefined: they might. */
export function whyNotDistributable(group: string, plural: string): string | undefined {
  if (builtInTargets.some((target) => target.group === group && target.plural === plural)) return undefined
  if (group.endsWith('.federation')) return 'it is a kind of this server itself'
  if (isIdentityBound(group, plural)) return 'its objects stand for the state of one cluster'
  return KUBERNETES_GROUPS.has(group) || LEFT_OUT.has(group) ? 'it is none of the kinds of Kubernetes that can be distributed' : undefined
}

const KUBERNETES_GROUPS = new Set(Object.keys(resources).map(groupOf))

function newestStable(described: Readonly<Record<string, readonly Described[]>>): readonly { group: string; version: string; kinds: readonly Described[] }[] {
  const groups = new Map<string, { group: string; version: string; kinds: readonly Described[] }>()
  for (const [groupVersion, kinds] of Object.entries(described)) {
    const slash = groupVersion.indexOf('/'), group = slash < 0 ? '' : groupVersion.slice(0, slash), version = groupVersion.slice(slash + 1), known = groups.get(group)
    if (LEFT_OUT.has(group) || !/^v\d+$/.test(version) || (known && Number(known.version.slice(1)) > Number(version.slice(1)))) continue
    groups.set(group, { group, version, kinds })
  }
  return [...groups.values()]
}
