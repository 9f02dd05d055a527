import type { AllocatableModeling, NodeSummary, ResourceSummary } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { ResourceModel } from '../../apis/cluster.federation/v1alpha1/resource-model.ts'
import type { Taint } from '../../apis/cluster.federation/v1alpha1/taint.ts'
import { formatQuantity, parseQuantity, ZERO, type Quantity } from '../../machinery/meta/quantity.ts'
import type { Batch, Entry, FieldPath, KubeObject } from '../../machinery/meta/core.ts'
import { type Amounts, amountsOf, podRequests, type PodResources, sumAmounts } from '../interpreter/pod-requests.ts'
import type { NodeRoom } from './node-room.ts'
import { type PodSeen, UnschedulablePods } from './unschedulable-pods.ts'

/** Every pod also takes one of its node's places. */
const ONE: Quantity = { nano: 1_000_000_000n, format: 'DecimalSI' }

interface NodeProjection extends Omit<NodeRoom, 'free'> { readonly allocatable: Amounts }
interface PodProjection { readonly node: string; readonly requests: Amounts }

/**
 * Sums over a member's nodes and pods. Of each only a small projection is kept, no bytes. Meanings as Karmada's (pkg/controllers/status/cluster_status_controller.go):
 * allocatable of all nodes, cordoned and NotReady ones included; allocating: pods without a node; allocated: pods with one that are not finished.
 */
export class Summary {
  readonly #nodes = new Map<string, NodeProjection>()
  readonly #pods = new Map<string, PodProjection>()
  /** Pods of one workload ask for the same: their amounts are one object. */
  readonly #requests = new Map<string, Amounts>()
  /** By node, in billionths: what its pods ask for. */
  readonly #used = new Map<string, Map<string, bigint>>()
  #rooms = new Map<string, NodeRoom>()
  /** Nodes whose room is not what it was when it was last asked for. */
  readonly #changed = new Set<string>()
  #list: readonly NodeRoom[] = []
  readonly #unschedulable: UnschedulablePods

  /** `unschedulable`: is told of every pod. */
  constructor(unschedulable = new UnschedulablePods()) { this.#unschedulable = unschedulable }

  acceptNodes(batch: Batch): void { take(this.#nodes, batch, nodeProjection, (_, key) => this.#changed.add(key)) }
  acceptPods(batch: Batch): void {
    for (const change of batch) if (change.type === 'DELETED') this.#unschedulable.set(change.entry.key, undefined)
    take(this.#pods, batch, (entry) => this.#podProjection(entry), (before, _, now) => { this.#use(before, -1n); this.#use(now, 1n) })
  }

  clearNodes(): void {
    for (const name of this.#nodes.keys()) this.#changed.add(name)
    this.#nodes.clear()
  }

  clearPods(): void {
    for (const name of this.#used.keys()) this.#changed.add(name)
    this.#used.clear()
    this.#pods.clear()
    this.#unschedulable.clear()
  }

  /** By name. The same list for as long as nothing changed: costs what changed. */
  nodeRooms(): readonly NodeRoom[] {
    if (this.#changed.size === 0) return this.#list
    let isReordered = false
    for (const name of this.#changed) {
      const node = this.#nodes.get(name), used = this.#used.get(name)
      isReordered ||= node !== undefined && !this.#rooms.has(name)
      if (!node) this.#rooms.delete(name)
      else this.#rooms.set(name, { ...node, free: new Map([...node.allocatable].map(([resource, { nano }]) => [resource, nano - (used?.get(resource) ?? 0n)])) })
    }
    this.#changed.clear()
    if (isReordered) this.#rooms = new Map([...this.#rooms].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    return (this.#list = [...this.#rooms.values()])
  }

  nodeSummary(): NodeSummary { return { totalNum: this.#nodes.size, readyNum: [...this.#nodes.values()].filter(({ isReady }) => isReady).length } }

  /** `models` empty: nodes are not graded. */
  resourceSummary(models: readonly ResourceModel[]): ResourceSummary {
    const allocatable = new Map<string, Quantity>(), allocating = new Map<string, Quantity>(), allocated = new Map<string, Quantity>()
    for (const node of this.#nodes.values()) sumAmounts(allocatable, node.allocatable)
    for (const { node, requests } of this.#pods.values()) sumAmounts(node ? allocated : allocating, requests)
    return { allocatable: written(allocatable), allocating: written(allocating), allocated: written(allocated), ...(models.length && { allocatableModelings: this.#modelings(models) }) }
  }

  #use(pod: PodProjection | undefined, times: bigint): void {
    if (!pod?.node) return
    const used = this.#used.get(pod.node) ?? new Map<string, bigint>()
    for (const [resource, { nano }] of pod.requests) used.set(resource, (used.get(resource) ?? 0n) + times * nano)
    // The node of the last pod to go is not kept for its sake.
    if (used.get('pods') === 0n) this.#used.delete(pod.node)
    else this.#used.set(pod.node, used)
    this.#changed.add(pod.node)
  }

  /** How many nodes have so much free that they are of each grade: the highest that they reach in every resource. */
  #modelings(models: readonly ResourceModel[]): AllocatableModeling[] {
    const ordered = models.toSorted((a, b) => a.grade - b.grade), counts = ordered.map(() => 0)
    const mins = (ordered[0]?.ranges ?? []).map(({ name }) => ({ name, by: ordered.map(({ ranges }) => (parseQuantity(String(ranges.find((range) => range.name === name)?.min ?? 0)) ?? ZERO).nano) }))
    for (const { free } of this.nodeRooms()) {
      const reached = Math.min(...mins.map(({ name, by }) => by.findLastIndex((min) => (free.get(name) ?? 0n) >= min)))
      if (reached in counts) counts[reached]!++
    }
    return ordered.map(({ grade }, at) => ({ grade, count: counts[at]! }))
  }

  /** Undefined: finished, counts for nothing. */
  #podProjection(entry: Entry): PodProjection | undefined {
    const pod = entry.parse(POD_READS) as PodSeen & { spec?: PodResources & { nodeName?: string }; status?: { phase?: string } }, { spec = {}, status } = pod
    this.#unschedulable.set(entry.key, pod)
    if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return undefined
    const requests = podRequests(spec).set('pods', ONE), key = [...requests].map(([name, { nano }]) => `${name}=${nano}`).toSorted().join()
    let shared = this.#requests.get(key)
    if (!shared) {
      // Workloads come and go: what nobody shares any more is forgotten now and then.
      if (this.#requests.size > 10_000) this.#requests.clear()
      this.#requests.set(key, (shared = requests))
    }
    return { node: spec.nodeName ?? '', requests: shared }
  }
}

/** All that is looked at of a pod, here and in `podRequests` and `UnschedulablePods`. */
const POD_READS: readonly FieldPath[] = [
  'metadata.namespace', 'metadata.labels', 'metadata.ownerReferences', 'spec.nodeName', 'spec.overhead', 'spec.resources', 'status.phase',
  ...['containers', 'initContainers'].flatMap((list) => [`spec.${list}.resources`, `spec.${list}.restartPolicy`]), ...['type', 'status', 'reason', 'lastTransitionTime'].map((field) => `status.conditions.${field}`),
]

function nodeProjection(entry: Entry): NodeProjection {
  const { metadata, spec = {}, status } = entry.parse() as KubeObject & { spec?: { taints?: Taint[]; unschedulable?: boolean }; status?: { allocatable?: Record<string, string | number>; conditions?: { type: string; status: string }[] } }
  return {
    name: entry.key, labels: metadata.labels ?? {}, taints: spec.taints ?? [], isUnschedulable: spec.unschedulable === true,
    isReady: status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false, allocatable: amountsOf(status?.allocatable),
  }
}

/** `changed` is told of every object as it was and as it is. */
function take<T>(into: Map<string, T>, batch: Batch, project: (entry: Entry) => T | undefined, changed: (before: T | undefined, key: string, now: T | undefined) => void): void {
  for (const change of batch) {
    if (change.type === 'BOOKMARK') continue
    const { key } = change.entry, before = into.get(key), now = change.type === 'DELETED' ? undefined : project(change.entry)
    if (now) into.set(key, now)
    else into.delete(key)
    changed(before, key, now)
  }
}

const written = (amounts: Amounts) => Object.fromEntries([...amounts].map(([name, amount]) => [name, formatQuantity(amount)]).toSorted(([a], [b]) => (a! < b! ? -1 : 1))) as Record<string, string>
