import type { WorkloadAffinity } from '../../apis/cluster.federation/v1alpha1/placement.ts'
import { count } from '../../lib/count.ts'

/** The groups that a template is in: by its namespace and the value of the label that its placement names. A template without the label is in none. */
export interface GroupNames { readonly affinity?: string; readonly antiAffinity?: string }

/** Those that share a group with a template, itself left out. */
export interface GroupPeers {
  /** As key=value. */
  readonly group: string
  /** That are placed somewhere. */
  readonly placed: number
  /** By cluster, how many of them are there. */
  readonly clusters: ReadonlyMap<string, number>
}

/** What the groups of a template come to; absent: it is in no such group. */
export interface WorkloadPeers { readonly affinity?: GroupPeers; readonly antiAffinity?: GroupPeers }

export function groupNames({ namespace = '', labels = {} }: { readonly namespace?: string | undefined; readonly labels?: Readonly<Record<string, string>> | undefined }, { affinity, antiAffinity }: WorkloadAffinity = {}): GroupNames {
  const name = (key: string | undefined) => (key !== undefined && Object.hasOwn(labels, key) ? `${namespace}/${key}=${labels[key]!}` : undefined), near = name(affinity?.groupByLabelKey), apart = name(antiAffinity?.groupByLabelKey)
  return { ...(near !== undefined && { affinity: near }), ...(apart !== undefined && { antiAffinity: apart }) }
}

interface Known { readonly names: GroupNames; readonly clusters: readonly string[] }

/** Where the templates of each group are, decisions that are being written included. Only templates whose own placement names the label are in a group (Karmada's workloadAffinityGroups). */
export class WorkloadGroups {
  readonly #known = new Map<string, Known>()
  readonly #groups = { affinity: new Map<string, Group>(), antiAffinity: new Map<string, Group>() }

  /** Answers the templates of the same groups that are nowhere yet: where this one is now decides about them. */
  set(template: string, names: GroupNames, clusters: readonly string[]): readonly string[] {
    const before = this.#known.get(template)
    if (before && before.names.affinity === names.affinity && before.names.antiAffinity === names.antiAffinity && before.clusters.join() === clusters.join()) return []
    this.#known.delete(template)
    for (const role of ROLES) {
      if (before) this.#leave(role, template, before)
      this.#join(role, template, { names, clusters })
    }
    if (names.affinity !== undefined || names.antiAffinity !== undefined) this.#known.set(template, { names, clusters })
    return before ? this.#waiting(before.names, template) : []
  }

  remove(template: string): readonly string[] { return this.set(template, {}, []) }

  peers(template: string, names: GroupNames): WorkloadPeers {
    const { affinity, antiAffinity } = names
    return { ...(affinity !== undefined && { affinity: this.#peersIn('affinity', affinity, template) }), ...(antiAffinity !== undefined && { antiAffinity: this.#peersIn('antiAffinity', antiAffinity, template) }) }
  }

  /** What is known of the group, less the template itself. */
  #peersIn(role: Role, name: string, template: string): GroupPeers {
    const { members, waiting, clusters } = this.#groups[role].get(name) ?? NOBODY, own = members.has(template) ? this.#known.get(template)!.clusters : [], others = new Map(clusters)
    for (const cluster of own) count(others, cluster, -1)
    return { group: name.slice(name.indexOf('/') + 1), placed: members.size - waiting.size - (own.length > 0 ? 1 : 0), clusters: others }
  }

  #waiting(names: GroupNames, template: string): readonly string[] {
    return ROLES.flatMap((role) => [...(this.#groups[role].get(names[role] ?? '') ?? NOBODY).waiting].filter((member) => member !== template))
  }

  #join(role: Role, template: string, { names, clusters }: Known): void {
    const name = names[role]
    if (name === undefined) return
    const group = this.#groups[role].get(name) ?? { members: new Set(), waiting: new Set(), clusters: new Map() }
    this.#groups[role].set(name, group)
    group.members.add(template)
    if (clusters.length === 0) group.waiting.add(template)
    for (const cluster of clusters) count(group.clusters, cluster, 1)
  }

  #leave(role: Role, template: string, { names, clusters }: Known): void {
    const name = names[role], group = name === undefined ? undefined : this.#groups[role].get(name)
    if (!group) return
    group.members.delete(template)
    group.waiting.delete(template)
    for (const cluster of clusters) count(group.clusters, cluster, -1)
    if (group.members.size === 0) this.#groups[role].delete(name!)
  }
}

/** `waiting`: those that are nowhere yet; `clusters`: how many are in each. */
interface Group { readonly members: Set<string>; readonly waiting: Set<string>; readonly clusters: Map<string, number> }
const NOBODY: Group = { members: new Set(), waiting: new Set(), clusters: new Map() }

type Role = keyof GroupNames
const ROLES = ['affinity', 'antiAffinity'] as const
