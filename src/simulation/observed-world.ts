import type { KubeObject, Position } from '../machinery/meta/core.ts'
import { comparePositions } from '../machinery/meta/position.ts'
import type { World } from './decision.ts'
import type { Node, Pod, ReplicaSet } from './workload.ts'

interface Observed { readonly kind: string; readonly key: string; readonly object: KubeObject }

/** The member's objects as the control loop has seen them, indexed by what controllers ask for. Own writes are taken in at once, so that nothing is made twice. */
export class ObservedWorld implements World {
  now = 0
  readonly #kinds = new Map<string, Map<string, Observed>>()
  readonly #byOwner = new Map<string, Map<string, Observed>>()
  readonly #byNamespace = new Map<string, Map<string, Observed>>()
  readonly #load = new Map<string, number>()
  readonly #firstSeen = new Map<string, number>()
  #nodes: readonly Node[] | undefined

  nodes(): readonly Node[] { return (this.#nodes ??= [...(this.#kinds.get('Node')?.values() ?? [])].map(({ object }) => object as Node).sort(byName)) }
  podsOf(owner: KubeObject): readonly Pod[] { return this.#controlled(owner, 'Pod').map((object) => object as Pod) }
  replicaSetsOf(owner: KubeObject): readonly ReplicaSet[] { return this.#controlled(owner, 'ReplicaSet').map((object) => object as ReplicaSet) }

  has(kind: string, key: string): boolean { return this.#kinds.get(kind)?.has(key) ?? false }
  load(node: string): number { return this.#load.get(node) ?? 0 }
  age(object: KubeObject): number { return this.now - (this.#firstSeen.get(object.metadata.uid!) ?? this.now) }

  get(kind: string, key: string): KubeObject | undefined { return this.#kinds.get(kind)?.get(key)?.object }
  keys(kind: string): readonly string[] { return [...(this.#kinds.get(kind)?.keys() ?? [])] }
  /** All that name this uid among their owners. */
  dependents(uid: string): readonly Observed[] { return [...(this.#byOwner.get(uid)?.values() ?? [])] }
  inNamespace(namespace: string): readonly Observed[] { return [...(this.#byNamespace.get(namespace)?.values() ?? [])] }
  /** Whether an object of this uid is there. */
  knows(uid: string): boolean { return this.#firstSeen.has(uid) }

  /** Answers false for what is not newer than what is known. */
  set(kind: string, key: string, object: KubeObject): boolean {
    const old = this.get(kind, key), { uid, ownerReferences = [], namespace } = object.metadata
    if (old && comparePositions(positionOf(old), positionOf(object)) >= 0) return false
    if (old) this.#unlink(kind, key, old)
    const observed: Observed = { kind, key, object }, id = `${kind} ${key}`
    mapIn(this.#kinds, kind).set(key, observed)
    for (const owner of ownerReferences) mapIn(this.#byOwner, owner.uid).set(id, observed)
    if (namespace !== undefined) mapIn(this.#byNamespace, namespace).set(id, observed)
    this.#count(kind, object, 1)
    if (!this.#firstSeen.has(uid!)) this.#firstSeen.set(uid!, this.now)
    if (kind === 'Node') this.#nodes = undefined
    return true
  }

  /** Forgets the object if it is still the one of this uid, and answers it. */
  delete(kind: string, key: string, uid: string): KubeObject | undefined {
    const old = this.get(kind, key)
    if (old?.metadata.uid !== uid) return undefined
    this.#unlink(kind, key, old)
    this.#kinds.get(kind)!.delete(key)
    this.#firstSeen.delete(uid)
    if (kind === 'Node') this.#nodes = undefined
    return old
  }

  #controlled({ metadata: { uid: wanted } }: KubeObject, kind: string): readonly KubeObject[] {
    return this.dependents(wanted!).filter((each) => each.kind === kind && each.object.metadata.ownerReferences!.some(({ uid, controller }) => controller && uid === wanted)).map(({ object }) => object).sort(byName)
  }

  #unlink(kind: string, key: string, { metadata: { ownerReferences = [], namespace } }: KubeObject): void {
    const id = `${kind} ${key}`
    for (const { uid } of ownerReferences) unset(this.#byOwner, uid, id)
    if (namespace !== undefined) unset(this.#byNamespace, namespace, id)
    this.#count(kind, this.get(kind, key)!, -1)
  }

  #count(kind: string, object: KubeObject, by: number): void {
    const node = kind === 'Pod' ? (object as Pod).spec.nodeName : undefined
    if (node !== undefined) this.#load.set(node, this.load(node) + by)
  }
}

const positionOf = (object: KubeObject): Position => object.metadata.resourceVersion ?? '0'
const byName = (a: KubeObject, b: KubeObject) => (a.metadata.name! < b.metadata.name! ? -1 : a.metadata.name! > b.metadata.name! ? 1 : (a.metadata.namespace ?? '') < (b.metadata.namespace ?? '') ? -1 : 1)

function mapIn<V>(maps: Map<string, Map<string, V>>, key: string): Map<string, V> {
  let map = maps.get(key)
  if (!map) maps.set(key, (map = new Map()))
  return map
}

function unset(maps: Map<string, Map<string, Observed>>, key: string, id: string): void {
  const map = maps.get(key)
  map?.delete(id)
  if (map?.size === 0) maps.delete(key)
}
