import type { ResourceSummary } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { ResourceModel } from '../../apis/cluster.federation/v1alpha1/resource-model.ts'
import type { Quantity } from '../../apis/meta/v1/quantity.ts'
import { parseQuantity } from '../../machinery/meta/quantity.ts'
import type { NodeClaim } from '../interpreter/pod-template.ts'
import type { NodeRoom } from '../member/node-room.ts'
import type { Capacity, ReplicaNeeds, ResourceRequest, SameReplicas } from './capacity.ts'
import { admits } from './node-admits.ts'

/** In billionths, by resource; a replica also asks for one of pods. */
type Amounts = ReadonlyMap<string, bigint>

const NANO = 1_000_000_000n, MAX_REPLICAS = 2n ** 31n - 1n
/** Kubernetes' own limit of pods on a node; grades do not tell another. */
const PODS_PER_NODE = 110n * NANO
/** Sets are put on nodes one by one; more than these are not counted. */
const SETS_MAX = 1000

/**
 * Replicas that would still fit into the cluster. On its nodes, where these are known: those that may take the replica, each with what its pods leave. Else by what the cluster reported last (Karmada's general
 * estimator): with grades of nodes, as many as fit node by node; else by the sums over all nodes, which overestimates where nodes are small. Nothing reported: 0.
 */
export function estimateReplicas(capacity: Capacity, needs: ReplicaNeeds): number {
  const { cluster: { spec, status }, nodes, assumed = [] } = capacity
  if (nodes) return estimateExactly(nodes, needs, assumed)
  const summary = status?.resourceSummary
  if (!summary) return 0
  const free = less(freeOf(summary), assumed), wanted = requested(needs.request), pods = fits(free, ONE_POD)
  if (pods === 0n || wanted.size === 1) return Number(pods)
  const graded = nodesOf(spec.resourceModels, summary, [wanted])
  if (!graded) return Number(fits(free, wanted))
  return Number(least(pods, roomOn(settle(graded, assumed), needs)))
}

/** Sets of components that would still fit, each with all of its replicas; a component may be spread over nodes. No component: as many as there are places for pods. */
export function estimateSets({ cluster: { spec, status }, nodes, assumed = [] }: Capacity, components: readonly SameReplicas[]): number {
  const summary = status?.resourceSummary
  if (nodes) return setsOn(settle(asRuns(nodes), assumed), components, SETS_MAX)
  if (!summary) return 0
  const free = less(freeOf(summary), assumed), together = new Map<string, bigint>()
  for (const { replicas, request } of components) for (const [name, amount] of requested(request)) together.set(name, (together.get(name) ?? 0n) + amount * BigInt(replicas))
  const bound = Number(fits(free, components.length === 0 ? ONE_POD : together)), graded = components.length > 0 && bound > 0 ? nodesOf(spec.resourceModels, summary, components.map(({ request }) => requested(request))) : undefined
  return graded ? setsOn(settle(graded, assumed), components, Math.min(bound, SETS_MAX)) : bound
}

/** Lists of nodes stay the same while nothing changes in the cluster, and many templates ask for the same. */
const exactMemo = new WeakMap<readonly NodeRoom[], Map<string, number>>()

/** The sum over the nodes that may take such a replica. */
function estimateExactly(nodes: readonly NodeRoom[], needs: ReplicaNeeds, assumed: readonly SameReplicas[]): number {
  if (assumed.length > 0) return Number(least(roomOn(settle(asRuns(nodes), assumed), needs), MAX_REPLICAS))
  const key = JSON.stringify([needs.request, needs.nodeClaim])
  let known = exactMemo.get(nodes), found = known?.get(key)
  if (found === undefined) {
    if (!known) exactMemo.set(nodes, (known = new Map()))
    known.set(key, (found = Number(least(roomOn(asRuns(nodes), needs), MAX_REPLICAS))))
  }
  return found
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
const less = (free: Amounts, assumed: readonly SameReplicas[]): Amounts => assumed.reduce((left, { replicas, request }) => take(left, requested(request), BigInt(replicas)), free)

/** So many nodes that all have the same room. `node`: who may be put there is known. */
interface Run { readonly count: bigint; readonly free: Amounts; readonly node?: NodeRoom }

const asRuns = (nodes: readonly NodeRoom[]): readonly Run[] => nodes.map((node) => ({ count: 1n, free: node.free, node }))

/** Nodes from the smallest grade up, each as small as its grade allows. Undefined where the cluster counts none by grade, or its grades do not know a resource. */
function nodesOf(models: readonly ResourceModel[] | undefined, { allocatableModelings }: ResourceSummary, wanted: readonly Amounts[]): readonly Run[] | undefined {
  if (!models?.length || !allocatableModelings?.length) return undefined
  const runs = models.map(({ grade, ranges }): Run => ({ count: BigInt(allocatableModelings.find((it) => it.grade === grade)?.count ?? 0), free: new Map([['pods', PODS_PER_NODE], ...ranges.map(({ name, min }) => [name, nano(min)] as const)]) }))
  return runs.every(({ free }) => wanted.every((amounts) => [...amounts.keys()].every((name) => free.has(name)))) ? runs : undefined
}

function perNode({ free, node }: Run, wanted: Amounts, claim: NodeClaim | undefined): bigint { return node && !admits(node, claim) ? 0n : fits(free, wanted) }

function roomOn(runs: readonly Run[], { request, nodeClaim }: ReplicaNeeds): bigint {
  const wanted = requested(request)
  return runs.reduce((total, run) => total + run.count * perNode(run, wanted, nodeClaim), 0n)
}

/** Puts replicas on the first nodes with room: some nodes are full then, one has a rest, the others are as before. `left`: those that found none. */
function fill(runs: readonly Run[], { replicas, request, nodeClaim }: SameReplicas): { readonly runs: readonly Run[]; readonly left: bigint } {
  const wanted = requested(request)
  let left = BigInt(replicas)
  const filled = left === 0n ? runs : runs.flatMap((run): Run[] => {
    const { count, free } = run, each = left === 0n || count === 0n ? 0n : perNode(run, wanted, nodeClaim)
    if (each === 0n) return [run]
    const full = least(count, left / each), rest = full < count ? left - full * each : 0n, others = count - full - (rest > 0n ? 1n : 0n)
    left -= full * each + rest
    return [...(full > 0n ? [{ ...run, count: full, free: take(free, wanted, each) }] : []), ...(rest > 0n ? [{ ...run, count: 1n, free: take(free, wanted, rest) }] : []), ...(others > 0n ? [{ ...run, count: others }] : [])]
  })
  return { runs: filled, left }
}

const settle = (runs: readonly Run[], assumed: readonly SameReplicas[]): readonly Run[] => assumed.reduce((settled, one) => fill(settled, one).runs, runs)

function setsOn(start: readonly Run[], components: readonly SameReplicas[], bound: number): number {
  if (components.length === 0) return Math.min(bound, Number(roomOn(start, {})))
  let runs = start, sets = 0
  for (; sets < bound; sets++) {
    for (const component of components) {
      const filled = fill(runs, component)
      if (filled.left > 0n) return sets
      runs = filled.runs
    }
  }
  return sets
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
