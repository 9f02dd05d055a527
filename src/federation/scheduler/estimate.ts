import type { Cluster, ResourceSummary } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { ResourceModel } from '../../apis/cluster.federation/v1alpha1/resource-model.ts'
import type { Quantity } from '../../apis/meta/v1/quantity.ts'
import { parseQuantity } from '../../machinery/meta/quantity.ts'

/** What one replica asks for, by resource. */
export type ResourceRequest = Readonly<Record<string, Quantity>>

/** Kubernetes' own limit of pods on a node; grades do not tell another. */
const PODS_PER_NODE = 110n, NANO = 1_000_000_000n, MAX_REPLICAS = 2n ** 31n - 1n

/**
 * Replicas that would still fit into the cluster, by what it reported last (Karmada's general estimator). Nothing reported: 0.
 * With grades of nodes, as many as fit node by node; else by the sums over all nodes, which overestimates where nodes are small.
 */
export function estimateReplicas({ spec, status }: Pick<Cluster, 'spec' | 'status'>, request: ResourceRequest | undefined): number {
  const summary = status?.resourceSummary
  if (!summary) return 0
  const pods = least((freeOf(summary).get('pods') ?? 0n) / NANO), wanted = requested(request)
  if (pods === 0 || wanted.length === 0) return pods
  return Math.min(pods, replicasByModels(spec.resourceModels, summary, wanted) ?? replicasBySummary(summary, wanted))
}

type Wanted = readonly (readonly [string, bigint])[]

const least = (count: bigint) => Number(count < 0n ? 0n : count > MAX_REPLICAS ? MAX_REPLICAS : count)
const nano = (quantity: Quantity) => parseQuantity(String(quantity))?.nano ?? 0n

/** Templates and summaries are immutable; each meets all of the others. */
const wantedMemo = new WeakMap<ResourceRequest, Wanted>(), freeMemo = new WeakMap<ResourceSummary, ReadonlyMap<string, bigint>>()

/** Requests of 0 do not count. */
function requested(request: ResourceRequest | undefined): Wanted {
  if (!request) return []
  let wanted = wantedMemo.get(request)
  if (!wanted) wantedMemo.set(request, (wanted = Object.entries(request).map(([name, quantity]) => [name, nano(quantity)] as const).filter(([, amount]) => amount > 0n)))
  return wanted
}

function replicasBySummary(summary: ResourceSummary, wanted: Wanted): number {
  const free = freeOf(summary)
  return Math.min(...wanted.map(([name, amount]) => least((free.get(name) ?? 0n) / amount)))
}

/** Undefined where the cluster counts no nodes by grade, or its grades do not know a resource. */
function replicasByModels(models: readonly ResourceModel[] | undefined, { allocatableModelings }: ResourceSummary, wanted: Wanted): number | undefined {
  if (!models?.length || !allocatableModelings?.length) return undefined
  let total = 0n
  for (const { grade, ranges } of models) {
    const fits = wanted.map(([resource, amount]) => {
      const range = ranges.find(({ name }) => name === resource)
      return range ? nano(range.min) / amount : undefined
    })
    if (fits.includes(undefined)) return undefined
    const perNode = fits.reduce((min: bigint, count) => (count! < min ? count! : min), PODS_PER_NODE)
    total += perNode * BigInt(allocatableModelings.find((it) => it.grade === grade)?.count ?? 0)
  }
  return least(total)
}

function freeOf(summary: ResourceSummary): ReadonlyMap<string, bigint> {
  let free = freeMemo.get(summary)
  if (!free) {
    const { allocatable = {}, allocated = {}, allocating = {} } = summary
    freeMemo.set(summary, (free = new Map(Object.entries(allocatable).map(([name, quantity]) => [name, nano(quantity) - nano(allocated[name] ?? 0) - nano(allocating[name] ?? 0)]))))
  }
  return free
}
