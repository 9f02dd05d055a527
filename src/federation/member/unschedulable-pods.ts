import { groupOf } from '../interpreter/folded-uid.ts'

/** What is read of a pod. */
export interface PodSeen {
  readonly metadata: { readonly namespace?: string; readonly labels?: Readonly<Record<string, string>>; readonly ownerReferences?: readonly { readonly apiVersion?: string; readonly kind?: string; readonly name?: string; readonly controller?: boolean }[] }
  readonly spec?: { readonly nodeName?: string }
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string; readonly lastTransitionTime?: string }[] }
}

export interface WorkloadKey { readonly group: string; readonly kind: string; /** namespace/name */ readonly key: string }

interface Stuck { readonly workload: string; readonly since: number }

/** The pods of one member that its scheduler found no node for, by the workload that they belong to. Nothing is kept of any other pod. */
export class UnschedulablePods {
  readonly #pods = new Map<string, Stuck>()
  readonly #byWorkload = new Map<string, Set<Stuck>>()
  readonly #listeners = new Set<(workload: WorkloadKey) => void>()

  /** `pod` undefined: there is none of that key any more. */
  set(key: string, pod: PodSeen | undefined): void {
    const known = this.#pods.get(key), stuck = pod && stuckOf(pod)
    if (known?.workload === stuck?.workload && known?.since === stuck?.since) return
    if (known) {
      const others = this.#byWorkload.get(known.workload)
      others?.delete(known)
      if (others?.size === 0) this.#byWorkload.delete(known.workload)
      this.#pods.delete(key)
    }
    if (stuck) {
      this.#pods.set(key, stuck)
      this.#byWorkload.set(stuck.workload, (this.#byWorkload.get(stuck.workload) ?? new Set()).add(stuck))
    }
    for (const workload of new Set([known?.workload, stuck?.workload])) if (workload !== undefined) this.#tell(workload)
  }

  clear(): void { for (const key of this.#pods.keys()) this.set(key, undefined) }

  /** How many of a workload's pods have found no node since some time after `after`, and until `until` at the latest: milliseconds since the epoch. */
  of({ group, kind, key }: WorkloadKey, until: number, after = -Infinity): number {
    let count = 0
    for (const { since } of this.#byWorkload.get(`${group}/${kind} ${key}`) ?? []) if (since > after && since <= until) count++
    return count
  }

  /** Called with the workload of each pod that is stuck, or is so no more. */
  onChange(listener: (workload: WorkloadKey) => void, signal: AbortSignal): void {
    this.#listeners.add(listener)
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true })
  }

  #tell(workload: string): void {
    const slash = workload.indexOf('/'), space = workload.indexOf(' ')
    for (const listener of this.#listeners) listener({ group: workload.slice(0, slash), kind: workload.slice(slash + 1, space), key: workload.slice(space + 1) })
  }
}

/** Undefined: it has a node, is held back by its author, or belongs to no workload. */
function stuckOf({ metadata: { namespace = '', labels = {}, ownerReferences = [] }, spec, status }: PodSeen): Stuck | undefined {
  const found = status?.conditions?.find(({ type, status: is, reason }) => type === 'PodScheduled' && is === 'False' && reason === 'Unschedulable'), owner = ownerReferences.find(({ controller }) => controller)
  if (spec?.nodeName || !found || !owner) return undefined
  // A Deployment calls its ReplicaSets by its own name and the hash that their pods carry (deployment controller, getNewReplicaSet).
  const { apiVersion = '', kind = '', name = '' } = owner, suffix = `-${labels['pod-template-hash'] ?? ''}`, isDeployments = kind === 'ReplicaSet' && suffix !== '-' && name.endsWith(suffix)
  return { workload: `${groupOf(apiVersion)}/${isDeployments ? 'Deployment' : kind} ${namespace}/${isDeployments ? name.slice(0, -suffix.length) : name}`, since: Date.parse(found.lastTransitionTime ?? '') || 0 }
}
