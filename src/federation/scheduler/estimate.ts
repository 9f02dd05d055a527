import type { Cluster, ResourceSummary } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { ResourceModel } from '../../apis/cluster.federation/v1alpha1/resource-model.ts'
import type { Quantity } from '../../apis/meta/v1/quantity.ts'
import { parseQuantity } from '../../machinery/meta/quantity.ts'

/** What one replica asks for, by resource. */
export type ResourceRequest = Readonly<Record<string, Quantity>>

/** Replicas that were given to a cluster and that its summary does not show yet. */
export interface Assumed { readonly replicas: number; readonly request?: ResourceRequest }

/** In billionths, by resource; a replica also asks for one of pods. */
type Amounts = ReadonlyMap<string, bigint>

const NANO = 1_000_000_000n, MAX_REPLICAS = 2n ** 31n - 1n
/** Kubernetes' own limit of pods on a node; grades do not tell another. */
const PODS_PER_NODE = 110n * NANO

/**
 * Replicas that would still fit into the cluster, by what it reported last (Karmada's general estimator). Nothing reported: 0.
 * With grades of nodes, as many as fit node by node; else by the sums over all nodes, which overestimates where nodes are small.
 */
export function estimateReplicas({ spec, status }: Pick<Cluster, 'spec' | 'status'>, request: ResourceRequest | undefined, assumed: readonly Assumed[] = []): number {
  const summary = status?.resourceSummary
  if (!summary) return 0
  const free = assumed.reduce((left, { replicas, request: of }) => take(left, requested(of), BigInt(replicas)), freeOf(summary)), wanted = requested(request), pods = fits(free, ONE_POD)
  if (pods === 0n || wanted.size === 1) return Number(pods)
  const nodes = nodesOf(spec.resourceModels, summary, wanted)
  if (!nodes) return Number(fits(free, wanted))
  const left = assumed.reduce((runs, { replicas, request: of }) => fill(runs, requested(of), BigInt(replicas)), nodes)
  return Number(least(pods, left.reduce((total, { count, free: each }) => total + count * fits(each, wanted), 0n)))
}

const ONE_POD: Amounts = new Map([['pods', NANO]])

const nano = (quantity: Quantity) => parseQuantity(String(quantity))?.nano ?? 0n
const least = (a: bigint, b: bigint) => (a < b ? a : b)

/** How often all of `wanted` is there; what is missing is there 0 times. */
function fits(free: Amounts, wanted: Amounts): bigint {
  let times = MAX_REPLICAS
  for (const [name, amount] of wanted) times = least(times, (free.get(name) ?? 0n) / amount)
  return times < 0n ? 0n : times
}

const take = (free: Amounts, wanted: Amounts, times: bigint): Amounts => new Map([...free].map(([name, amount]) => [name, amount - (wanted.get(name) ?? 0n) * times]))

/** So many nodes that all have the same room. */
interface Run { readonly count: bigint; readonly free: Amounts }

/** Nodes from the smallest grade up, each as small as its grade allows. Undefined where the cluster counts none by grade, or its grades do not know a resource. */
function nodesOf(models: readonly ResourceModel[] | undefined, { allocatableModelings }: ResourceSummary, wanted: Amounts): readonly Run[] | undefined {
  if (!models?.length || !allocatableModelings?.length) return undefined
  const runs = models.map(({ grade, ranges }): Run => ({ count: BigInt(allocatableModelings.find((it) => it.grade === grade)?.count ?? 0), free: new Map([['pods', PODS_PER_NODE], ...ranges.map(({ name, min }) => [name, nano(min)] as const)]) }))
  return runs.every(({ free }) => [...wanted.keys()].every((name) => free.has(name))) ? runs : undefined
}

/** Puts replicas on the first nodes with room: some nodes are full then, one has a rest, the others are as before. */
function fill(runs: readonly Run[], wanted: Amounts, replicas: bigint): readonly Run[] {
  let left = replicas
  return runs.flatMap(({ count, free }) => {
    const each = fits(free, wanted)
    if (each === 0n || left === 0n || count === 0n) return [{ count, free }]
    const full = least(count, left / each), rest = full < count ? left - full * each : 0n
    left -= full * each + rest
    return [{ count: full, free: take(free, wanted, each) }, ...(rest > 0n ? [{ count: 1n, free: take(free, wanted, rest) }] : []), { count: count - full - (rest > 0n ? 1n : 0n), free }]
  })
}

/** Templates and summaries are immutable; each meets all of the others. */
const wantedMemo = new WeakMap<ResourceRequest, Amounts>(), freeMemo = new WeakMap<ResourceSummary, Amounts>()

/** Requests of 0 do not count. */
function requested(request: ResourceRequest | undefined): Amounts {
  if (!request) return ONE_POD
  let wanted = wantedMemo.get(request)
  if (!wanted) wantedMemo.set(request, (wanted = new Map([...ONE_POD, ...Object.entries(request).map(([name, quantity]) => [name, nano(quantity)] as const).filter(([, amount]) => amount > 0n)])))
  return wanted
}

function freeOf(summary: ResourceSummary): Amounts {
  let free = freeMemo.get(summary)
  if (!free) {
    const { allocatable = {}, allocated = {}, allocating = {} } = summary
    freeMemo.set(summary, (free = new Map(Object.entries(allocatable).map(([name, quantity]) => [name, nano(quantity) - nano(allocated[name] ?? 0) - nano(allocating[name] ?? 0)]))))
  }
  return free
}
