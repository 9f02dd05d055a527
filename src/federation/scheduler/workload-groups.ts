import type { WorkloadAffinity } from '../../apis/cluster.federation/v1alpha1/placement.ts'

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
  readonly #members = { affinity: new Map<string, Set<string>>(), antiAffinity: new Map<string, Set<string>>() }

  /** Answers the templates of the same groups that are nowhere yet: where this one is now decides about them. */
  set(template: string, names: GroupNames, clusters: readonly string[]): readonly string[] {
    const before = this.#known.get(template)
    if (before && before.names.affinity === names.affinity && before.names.antiAffinity === names.antiAffinity && before.clusters.join() === clusters.join()) return []
    this.#known.delete(template)
    for (const role of ROLES) {
      const old = before?.names[role], name = names[role]
      if (old !== undefined && old !== name) this.#leave(role, old, template)
      if (name !== undefined) this.#members[role].set(name, (this.#members[role].get(name) ?? new Set()).add(template))
    }
    if (names.affinity !== undefined || names.antiAffinity !== undefined) this.#known.set(template, { names, clusters })
    return before ? this.#waiting(before.names, template) : []
  }

  remove(template: string): readonly string[] { return this.set(template, {}, []) }

  peers(template: string, names: GroupNames): WorkloadPeers {
    const { affinity, antiAffinity } = names
    return { ...(affinity !== undefined && { affinity: this.#peersIn('affinity', affinity, template) }), ...(antiAffinity !== undefined && { antiAffinity: this.#peersIn('antiAffinity', antiAffinity, template) }) }
  }

  #peersIn(role: Role, name: string, template: string): GroupPeers {
    const clusters = new Map<string, number>()
    let placed = 0
    for (const member of this.#members[role].get(name) ?? []) {
      const at = member === template ? [] : this.#known.get(member)!.clusters
      if (at.length > 0) placed++
      for (const cluster of at) clusters.set(cluster, (clusters.get(cluster) ?? 0) + 1)
    }
    return { group: name.slice(name.indexOf('/') + 1), placed, clusters }
  }

  #waiting(names: GroupNames, template: string): readonly string[] {
    return ROLES.flatMap((role) => [...(this.#members[role].get(names[role] ?? '') ?? [])].filter((member) => member !== template && this.#known.get(member)?.clusters.length === 0))
  }

  #leave(role: Role, name: string, template: string): void {
    const members = this.#members[role].get(name)
    members?.delete(template)
    if (members?.size === 0) this.#members[role].delete(name)
  }
}

type Role = keyof GroupNames
const ROLES = ['affinity', 'antiAffinity'] as const
