/** Nodes as what there is room on: equal ones as one. */
import type { ResourceSummary } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { ResourceModel } from '../../apis/cluster.federation/v1alpha1/resource-model.ts'
import type { NodeClaim } from '../interpreter/pod-template.ts'
import type { NodeRoom } from '../member/node-room.ts'
import { type Amounts, fits, NANO, nano, requested, take } from './amounts.ts'
import type { ReplicaNeeds, SameReplicas } from './capacity.ts'
import { admits } from './node-admits.ts'

/** So many nodes that all have the same room. `node`: who may be put there is known. */
export interface Run { readonly count: number; readonly free: Amounts; readonly node?: NodeRoom }

/** Kubernetes' own limit of pods on a node; grades do not tell another. */
const PODS_PER_NODE = 110n * NANO

export const runsOf = (nodes: readonly NodeRoom[]): readonly Run[] => nodes.map((node) => ({ count: 1, free: node.free, node }))

/** Nodes from the smallest grade up, each as small as its grade allows. Undefined where the cluster counts none by grade, or its grades do not know a resource. */
export function runsByGrade(models: readonly ResourceModel[] | undefined, { allocatableModelings }: ResourceSummary, wanted: readonly Amounts[]): readonly Run[] | undefined {
  if (!models?.length || !allocatableModelings?.length) return undefined
  const runs = models.map(({ grade, ranges }): Run => ({ count: allocatableModelings.find((it) => it.grade === grade)?.count ?? 0, free: new Map([['pods', PODS_PER_NODE], ...ranges.map(({ name, min }) => [name, nano(min)] as const)]) }))
  return runs.every(({ free }) => wanted.every((amounts) => [...amounts.keys()].every((name) => free.has(name)))) ? runs : undefined
}

/** What one replica asks for, understood. Equal needs have the same `key`. */
interface Asked { readonly wanted: Amounts; readonly claim: NodeClaim | undefined; readonly key: string }

/** Every cluster is asked about the same needs. */
const askedMemo = new WeakMap<ReplicaNeeds, Asked>()

export function asked(needs: ReplicaNeeds): Asked {
  const { request, nodeClaim: claim } = needs
  let known = askedMemo.get(needs)
  if (!known) askedMemo.set(needs, (known = { wanted: requested(request), claim, key: JSON.stringify([request, claim]) }))
  return known
}

/** Of a large cluster's nodes few change at a time. The last so many needs that a node was asked about are remembered. */
const nodeMemo = new WeakMap<NodeRoom, Map<string, number>>(), ASKED_MAX = 16

/** Replicas that fit on a node as it is. */
function onNode(node: NodeRoom, { wanted, claim, key }: Asked): number {
  let known = nodeMemo.get(node), times = known?.get(key)
  if (times === undefined) {
    if (!known || known.size >= ASKED_MAX) nodeMemo.set(node, (known = new Map()))
    known.set(key, (times = admits(node, claim) ? fits(node.free, wanted) : 0))
  }
  return times
}

function perNode(run: Run, one: Asked): number {
  const { free, node } = run
  if (!node) return fits(free, one.wanted)
  return free === node.free ? onNode(node, one) : admits(node, one.claim) ? fits(free, one.wanted) : 0
}

export function roomOn(runs: readonly Run[], needs: ReplicaNeeds): number {
  const one = asked(needs)
  return runs.reduce((total, run) => total + run.count * perNode(run, one), 0)
}

/** Replicas that what was put on nodes takes the place of. `runs`: of nodes, after that. */
export function takenOn(runs: readonly Run[], needs: ReplicaNeeds): number {
  const one = asked(needs)
  return runs.reduce((total, run) => total + onNode(run.node!, one) - perNode(run, one), 0)
}

/** Puts replicas on the first nodes with room: some nodes are full then, one has a rest, the others are as before. `left`: those that found none. */
function fill(runs: readonly Run[], needs: SameReplicas): { readonly runs: readonly Run[]; readonly left: number } {
  const one = asked(needs), { wanted } = one, filled: Run[] = []
  let left = needs.replicas, at = 0
  for (; at < runs.length && left > 0; at++) {
    const run = runs[at]!, { count, free } = run, each = count === 0 ? 0 : perNode(run, one)
    if (each === 0) {
      filled.push(run)
      continue
    }
    const full = Math.min(count, Math.floor(left / each)), rest = full < count ? left - full * each : 0, others = count - full - (rest > 0 ? 1 : 0)
    left -= full * each + rest
    if (full > 0) filled.push({ ...run, count: full, free: take(free, wanted, each) })
    if (rest > 0) filled.push({ ...run, count: 1, free: take(free, wanted, rest) })
    if (others > 0) filled.push({ ...run, count: others })
  }
  return { runs: [...filled, ...runs.slice(at)], left }
}

/** The nodes with all of these put on the first that have room. */
export const settle = (runs: readonly Run[], assumed: readonly SameReplicas[]): readonly Run[] => assumed.reduce((settled, one) => fill(settled, one).runs, runs)

/** Sets of components that find room, up to `bound`. */
export function setsOn(start: readonly Run[], components: readonly SameReplicas[], bound: number): number {
  if (components.length === 0) return Math.min(bound, roomOn(start, {}))
  let runs = start, sets = 0
  for (; sets < bound; sets++) {
    for (const component of components) {
      const filled = fill(runs, component)
      if (filled.left > 0) return sets
      runs = filled.runs
    }
  }
  return sets
}
