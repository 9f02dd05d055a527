import type { Clock } from '../../lib/clock.ts'
import type { SameReplicas } from './capacity.ts'
import { asked } from './node-runs.ts'
import type { ClusterFacts, TemplateFacts } from './snapshot.ts'

/** What is not seen for so long was never made, or is gone again. */
const FORGET_MS = 300_000
/** Assumptions end at whole seconds, many together: looking for those that are over costs all that there are. */
const TICK_MS = 1000

/** Where something is placed, with how many replicas of it; absent: all that the template has. Those that wait take no room. */
interface Placed { readonly cluster: string; readonly replicas?: number; readonly waiting?: number }

/** `base`: what was there when it began; `wanted`: what is to be there; `count`: so many replicas, or sets, of these parts. */
interface Assumption { readonly base: number; readonly wanted: number; readonly count: number; readonly parts: readonly Part[]; until: number }

/** Replicas of one part of a template; the same `key` where they need the same. */
interface Part extends SameReplicas { readonly key: string }

/** Replicas that were decided and that clusters do not show yet: they keep their room until they are seen, and what the cluster says of its room counts them. */
export class AssumedPlacements {
  readonly #clock: Pick<Clock, 'now'>
  readonly #byCluster = new Map<string, InCluster>()

  constructor(clock: Pick<Clock, 'now'>) { this.#clock = clock }

  /** A decision that is about to be written: what a cluster is to have more than it is known to have is assumed there. */
  decided(template: string, needs: Partial<TemplateFacts>, before: readonly Placed[], after: readonly Placed[]): void {
    const count = ({ replicas, waiting = 0 }: Placed) => (replicas === undefined ? needs.replicas ?? (needs.components ? 1 : 0) : replicas - waiting), had = new Map(before.map((target) => [target.cluster, count(target)])), parts = partsOf(needs)
    for (const target of after) {
      const there = this.#byCluster.get(target.cluster), base = there?.get(template)?.base ?? had.get(target.cluster) ?? 0, wanted = count(target)
      if (wanted > base) this.#in(target.cluster).set(template, { base, wanted: needs.components ? 0 : wanted, count: wanted - base, parts, until: Infinity }, this.#clock.now() + FORGET_MS)
      else there?.delete(template)
    }
    const here = new Set(after.map(({ cluster }) => cluster))
    for (const { cluster } of before) if (!here.has(cluster)) this.#byCluster.get(cluster)?.delete(template)
  }

  /** The copy in a cluster has so many replicas. `settleMs`: until what is known of the cluster's room counts them. */
  seen(template: string, cluster: string, replicas: number, settleMs: number): void {
    const there = this.#byCluster.get(cluster), assumption = there?.get(template)
    if (assumption && replicas >= assumption.wanted) there!.endBy(assumption, this.#clock.now() + settleMs)
  }

  forget(template: string): void { for (const there of this.#byCluster.values()) there.delete(template) }

  /** What is known of the clusters' room, and what is assumed there; the same object for as long as neither changes. */
  over(facts: readonly ClusterFacts[]): readonly ClusterFacts[] {
    if (this.isEmpty) return facts
    return facts.map((one) => { const name = one.cluster.metadata.name ?? '', assumed = this.in(name); return assumed ? this.#byCluster.get(name)!.over(one, assumed) : one })
  }

  /** Replicas that need the same are one entry; the same list for as long as nothing changes. Undefined: nothing is assumed there. */
  in(cluster: string): readonly SameReplicas[] | undefined {
    const assumed = this.#byCluster.get(cluster)?.list(this.#clock.now())
    if (assumed?.length === 0) this.#byCluster.delete(cluster)
    return assumed?.length === 0 ? undefined : assumed
  }

  get isEmpty(): boolean { return this.#byCluster.size === 0 }

  #in(cluster: string): InCluster {
    let there = this.#byCluster.get(cluster)
    if (!there) this.#byCluster.set(cluster, (there = new InCluster()))
    return there
  }
}

/** What is assumed in one cluster: sums are kept, so that a decision costs the sorts of replicas that there are, and not the templates. */
class InCluster {
  readonly #byTemplate = new Map<string, Assumption>()
  readonly #sums = new Map<string, { readonly sum: SameReplicas; readonly assumptions: number }>()
  #list: readonly SameReplicas[] | undefined
  #over: { readonly base: ClusterFacts; readonly facts: ClusterFacts } | undefined
  /** Nothing ends before. */
  #nextEnd = Infinity

  get(template: string): Assumption | undefined { return this.#byTemplate.get(template) }

  set(template: string, assumption: Assumption, until: number): void {
    this.delete(template)
    this.#byTemplate.set(template, assumption)
    this.endBy(assumption, until)
    for (const { key, replicas, ...needs } of assumption.parts) {
      const known = this.#sums.get(key) ?? { sum: { ...needs, replicas: 0 }, assumptions: 0 }
      this.#sums.set(key, { sum: { ...known.sum, replicas: known.sum.replicas + replicas * assumption.count }, assumptions: known.assumptions + 1 })
    }
    this.#list = undefined
  }

  delete(template: string): void {
    const assumption = this.#byTemplate.get(template)
    if (!assumption) return
    this.#byTemplate.delete(template)
    for (const { key, replicas } of assumption.parts) {
      const { sum, assumptions } = this.#sums.get(key)!
      if (assumptions === 1) this.#sums.delete(key)
      else this.#sums.set(key, { sum: { ...sum, replicas: sum.replicas - replicas * assumption.count }, assumptions: assumptions - 1 })
    }
    this.#list = undefined
  }

  /** An end only comes nearer. */
  endBy(assumption: Assumption, at: number): void {
    assumption.until = Math.min(assumption.until, Math.ceil(at / TICK_MS) * TICK_MS)
    this.#nextEnd = Math.min(this.#nextEnd, assumption.until)
  }

  list(now: number): readonly SameReplicas[] {
    if (now >= this.#nextEnd) {
      for (const [template, { until }] of this.#byTemplate) if (until <= now) this.delete(template)
      this.#nextEnd = [...this.#byTemplate.values()].reduce((end, { until }) => Math.min(end, until), Infinity)
    }
    return (this.#list ??= [...this.#sums.values()].map(({ sum }) => sum))
  }

  over(base: ClusterFacts, assumed: readonly SameReplicas[]): ClusterFacts {
    if (this.#over?.base !== base || this.#over.facts.assumed !== assumed) this.#over = { base, facts: { ...base, assumed } }
    return this.#over.facts
  }
}

/** Of a workload of several components, those of one set. */
function partsOf({ components, request, nodeClaim }: Partial<TemplateFacts>): readonly Part[] {
  const parts: readonly SameReplicas[] = components ?? [{ ...(request && { request }), ...(nodeClaim && { nodeClaim }), replicas: 1 }]
  return parts.map((part) => ({ ...part, key: asked(part).key }))
}
