import type { Clock } from '../../lib/clock.ts'
import type { ReplicaNeeds, SameReplicas } from './capacity.ts'
import type { TemplateFacts } from './snapshot.ts'

/** What is not seen for so long was never made, or is gone again. */
const FORGET_MS = 300_000

/** Where something is placed, with how many replicas of it; absent: all that the template has. */
interface Placed { readonly cluster: string; readonly replicas?: number }

/** `base`: what was there when it began; `wanted`: what is to be there. */
interface Assumption { readonly base: number; readonly wanted: number; readonly replicas: readonly SameReplicas[]; until: number }

/** Replicas that were decided and that clusters do not show yet: they keep their room until they are seen, and what the cluster says of its room counts them. */
export class AssumedPlacements {
  readonly #clock: Pick<Clock, 'now'>
  /** By cluster, then by template. */
  readonly #byCluster = new Map<string, Map<string, Assumption>>()

  constructor(clock: Pick<Clock, 'now'>) { this.#clock = clock }

  /** A decision that is about to be written: what a cluster is to have more than it is known to have is assumed there. */
  decided(template: string, needs: Partial<TemplateFacts>, before: readonly Placed[], after: readonly Placed[]): void {
    const count = ({ replicas }: Placed) => replicas ?? needs.replicas ?? (needs.components ? 1 : 0), had = new Map(before.map((target) => [target.cluster, count(target)]))
    for (const target of after) {
      const known = this.#byCluster.get(target.cluster)?.get(template), base = known?.base ?? had.get(target.cluster) ?? 0, wanted = count(target)
      if (wanted > base) this.#put(target.cluster, template, { base, wanted: needs.components ? 0 : wanted, replicas: replicasOf(needs, wanted - base), until: this.#clock.now() + FORGET_MS })
      else this.#byCluster.get(target.cluster)?.delete(template)
    }
    const here = new Set(after.map(({ cluster }) => cluster))
    for (const { cluster } of before) if (!here.has(cluster)) this.#byCluster.get(cluster)?.delete(template)
  }

  /** The copy in a cluster has so many replicas. `settleMs`: until what is known of the cluster's room counts them. */
  seen(template: string, cluster: string, replicas: number, settleMs: number): void {
    const assumption = this.#byCluster.get(cluster)?.get(template)
    if (assumption && replicas >= assumption.wanted) assumption.until = Math.min(assumption.until, this.#clock.now() + settleMs)
  }

  forget(template: string): void { for (const assumptions of this.#byCluster.values()) assumptions.delete(template) }

  /** Undefined: nothing is assumed there. */
  in(cluster: string): readonly SameReplicas[] | undefined {
    const assumptions = this.#byCluster.get(cluster)
    for (const [template, { until }] of assumptions ?? []) if (until <= this.#clock.now()) assumptions!.delete(template)
    if (assumptions?.size === 0) this.#byCluster.delete(cluster)
    return assumptions && assumptions.size > 0 ? [...assumptions.values()].flatMap(({ replicas }) => replicas) : undefined
  }

  get isEmpty(): boolean { return this.#byCluster.size === 0 }

  #put(cluster: string, template: string, assumption: Assumption): void {
    const assumptions = this.#byCluster.get(cluster) ?? new Map<string, Assumption>()
    assumptions.set(template, assumption)
    this.#byCluster.set(cluster, assumptions)
  }
}

/** Of a workload of several components, `count` sets. */
function replicasOf({ components, request, nodeClaim }: Partial<TemplateFacts>, count: number): readonly SameReplicas[] {
  const needs: ReplicaNeeds = { ...(request && { request }), ...(nodeClaim && { nodeClaim }) }
  return components ? components.map((component) => ({ ...component, replicas: component.replicas * count })) : [{ ...needs, replicas: count }]
}
