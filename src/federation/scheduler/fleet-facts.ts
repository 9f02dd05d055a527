import { createHash } from 'node:crypto'
import type { Cluster } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { ClusterSet } from '../../apis/cluster.federation/v1alpha1/cluster-set.ts'
import { compileClusterAffinity } from '../../apis/cluster.federation/v1alpha1/cluster-affinity.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Member } from '../member/member.ts'
import type { ClusterFacts } from './snapshot.ts'

type SeenMember = Pick<Member, 'cluster' | 'state' | 'nodes'>

interface FleetFactsOptions {
  readonly members: { readonly list: () => readonly SeenMember[] }
  readonly clock: Pick<Clock, 'now'>
}

/** What members report of their capacity changes without a word. */
const FACTS_MS = 1000

/** What decisions know of clusters. It is gathered when it changes, and not for every template. */
export class FleetFacts {
  readonly #options: FleetFactsOptions
  #facts: readonly ClusterFacts[] | undefined
  #at = 0
  readonly #seen = new Map<string | undefined, string>()
  /** Clusters of sets, of the facts as they are. */
  #narrowed: { readonly sets: readonly ClusterSet[]; readonly clusters: readonly ClusterFacts[] }[] = []

  constructor(options: FleetFactsOptions) { this.#options = options }

  /** A member changed: whether it did so in what decisions rest on, which is what members serve, are called and can take. Room is none of it: it changes all the time, and without a word. */
  isNews(member?: SeenMember): boolean {
    this.#facts = undefined
    if (member) return this.#isNewsOf(member)
    const all = this.#options.members.list(), names = new Set(all.map(({ cluster }) => cluster.metadata.name)), gone = [...this.#seen.keys()].filter((name) => !names.has(name))
    for (const name of gone) this.#seen.delete(name)
    return all.filter((one) => this.#isNewsOf(one)).length + gone.length > 0
  }

  #isNewsOf({ cluster, state: { state } }: SeenMember): boolean {
    const { name } = cluster.metadata, print = `${printOf(cluster)} ${state}`, isSame = this.#seen.get(name) === print
    this.#seen.set(name, print)
    return !isSame
  }

  /** The clusters of any of the sets; the same list for as long as nothing changes. */
  of(sets: readonly ClusterSet[]): readonly ClusterFacts[] {
    const facts = this.#all()
    if (sets.some(({ spec }) => !spec?.clusterAffinity)) return facts
    const known = this.#narrowed.find((one) => one.sets.length === sets.length && one.sets.every((set, at) => set === sets[at]))
    if (known) return known.clusters
    const admits = sets.map(({ spec }) => compileClusterAffinity(spec?.clusterAffinity ?? {})), clusters = facts.filter(({ cluster }) => admits.some((admit) => admit(cluster)))
    this.#narrowed.push({ sets, clusters })
    return clusters
  }

  #all(): readonly ClusterFacts[] {
    const { clock, members } = this.#options, now = clock.now()
    if (!this.#facts || now - this.#at > FACTS_MS) {
      this.#facts = members.list().map(({ cluster, state, nodes }) => ({ cluster, state, ...(nodes && { nodes }) }))
      this.#at = now
      this.#narrowed = []
    }
    return this.#facts
  }
}

/** Clusters are immutable, and most stay the same while one changes; what they serve is long. */
const prints = new WeakMap<Cluster, string>()

function printOf(cluster: Cluster): string {
  let print = prints.get(cluster)
  if (print === undefined) {
    const { metadata: { name, uid, labels, deletionTimestamp }, spec, status } = cluster
    prints.set(cluster, (print = createHash('sha256').update(JSON.stringify([name, uid, labels, deletionTimestamp, spec, status?.apiEnablements])).digest('base64')))
  }
  return print
}
