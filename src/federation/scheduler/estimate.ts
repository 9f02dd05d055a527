import type { ResourceSummary } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { NodeRoom } from '../member/node-room.ts'
import { type Amounts, fits, MAX_REPLICAS, nano, ONE_POD, requested, take } from './amounts.ts'
import type { Capacity, ReplicaNeeds, SameReplicas } from './capacity.ts'
import { asked, roomOn, type Run, runsByGrade, runsOf, setsOn, settle, takenOn } from './node-runs.ts'

/** Sets are put on nodes one by one; more than these are not counted. */
const SETS_MAX = 1000

/**
 * Replicas that would still fit into the cluster. On its nodes, where these are known: those that may take the replica, each with what its pods leave. Else by what the cluster reported last (Karmada's general
 * estimator): with grades of nodes, as many as fit node by node; else by the sums over all nodes, which overestimates where nodes are small. Nothing reported: 0.
 */
export function estimateReplicas({ cluster: { spec, status }, nodes, assumed = NOTHING }: Capacity, needs: ReplicaNeeds): number {
  if (nodes) return Math.min(estimateExactly(nodes, needs, assumed), MAX_REPLICAS)
  const summary = status?.resourceSummary
  if (!summary) return 0
  const free = freeOf(summary, assumed), { wanted } = asked(needs), pods = fits(free, ONE_POD)
  if (pods === 0 || wanted.size === 1) return pods
  const graded = runsByGrade(spec.resourceModels, summary, [wanted])
  return graded ? Math.min(pods, roomOn(settle(graded, assumed), needs)) : fits(free, wanted)
}

/** Sets of components that would still fit, each with all of its replicas; a component may be spread over nodes. No component: as many as there are places for pods. */
export function estimateSets({ cluster: { spec, status }, nodes, assumed = NOTHING }: Capacity, components: readonly SameReplicas[]): number {
  const summary = status?.resourceSummary
  if (nodes) return setsOn(settle(runsOf(nodes), assumed), components, SETS_MAX)
  if (!summary) return 0
  const free = freeOf(summary, assumed), together = new Map<string, bigint>()
  for (const { replicas, request } of components) for (const [name, amount] of requested(request)) together.set(name, (together.get(name) ?? 0n) + amount * BigInt(replicas))
  const bound = fits(free, components.length === 0 ? ONE_POD : together), graded = components.length > 0 && bound > 0 ? runsByGrade(spec.resourceModels, summary, components.map(({ request }) => requested(request))) : undefined
  return graded ? setsOn(settle(graded, assumed), components, Math.min(bound, SETS_MAX)) : bound
}

const NOTHING: readonly SameReplicas[] = []

/** Lists of nodes stay the same while nothing changes in the cluster, and many templates ask for the same. */
const exactMemo = new WeakMap<readonly NodeRoom[], Map<string, number>>()
/** What is assumed stays the same list for as long as nothing is decided for the cluster: the nodes that it was put on, as they are then. */
const settledMemo = new WeakMap<readonly SameReplicas[], { readonly nodes: readonly NodeRoom[]; readonly changed: readonly Run[] }>()

/** The sum over the nodes that may take such a replica, less what is assumed on the first of them. */
function estimateExactly(nodes: readonly NodeRoom[], needs: ReplicaNeeds, assumed: readonly SameReplicas[]): number {
  if (assumed.length > 0) {
    let settled = settledMemo.get(assumed)
    if (settled?.nodes !== nodes) settledMemo.set(assumed, (settled = { nodes, changed: settle(runsOf(nodes), assumed).filter(({ free, node }) => free !== node!.free) }))
    return estimateExactly(nodes, needs, NOTHING) - takenOn(settled.changed, needs)
  }
  const { key } = asked(needs)
  let counts = exactMemo.get(nodes), count = counts?.get(key)
  if (count === undefined) {
    if (!counts) exactMemo.set(nodes, (counts = new Map()))
    counts.set(key, (count = roomOn(runsOf(nodes), needs)))
  }
  return count
}

const freeMemo = new WeakMap<ResourceSummary, Amounts>(), lessMemo = new WeakMap<readonly SameReplicas[], { readonly summary: ResourceSummary; readonly free: Amounts }>()

/** What is free of what was reported, less what is assumed. */
function freeOf(summary: ResourceSummary, assumed: readonly SameReplicas[]): Amounts {
  let free = freeMemo.get(summary)
  if (!free) {
    const { allocatable = {}, allocated = {}, allocating = {} } = summary
    freeMemo.set(summary, (free = new Map(Object.entries(allocatable).map(([name, quantity]) => [name, nano(quantity) - nano(allocated[name] ?? 0) - nano(allocating[name] ?? 0)]))))
  }
  if (assumed.length === 0) return free
  let known = lessMemo.get(assumed)
  if (known?.summary !== summary) lessMemo.set(assumed, (known = { summary, free: assumed.reduce((left, { replicas, request }) => take(left, requested(request), replicas), free) }))
  return known.free
}
