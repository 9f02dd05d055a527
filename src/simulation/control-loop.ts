/**
 * Everything that acts in a simulated member: controllers, scheduler, kubelets and garbage collector, on one queue, one object at a time.
 * One worker, and no chance but the injected one, so that a seed replays the same history.
 */
import type { Clock } from '../lib/clock.ts'
import type { Entry, KubeObject, Resource, User, WriteOptions } from '../machinery/meta/core.ts'
import { StatusError, isReason } from '../machinery/meta/status-error.ts'
import { timestamp } from '../machinery/meta/timestamp.ts'
import type { Action, Controller } from './decision.ts'
import { ObservedWorld } from './observed-world.ts'

interface Item { readonly kind: string; readonly key: string; readonly orphaned: boolean }

const RETRY_MS = 200, MAX_EVENTS = 1000, FOREGROUND = 'foregroundDeletion', ORPHAN = 'orphan'
const user: User = { name: 'system:simulation', groups: ['system:masters', 'system:authenticated'], extra: {} }
export const asSimulation: WriteOptions = { user, manager: 'simulation', authorize: () => Promise.resolve(), warn: () => undefined }

export class ControlLoop {
  readonly #resources: ReadonlyMap<string, Resource>
  readonly #controllers: Readonly<Record<string, Controller>>
  readonly #clock: Clock
  readonly #onError: (error: unknown, doing: string) => void
  readonly #world = new ObservedWorld()
  readonly #queue = new Map<string, Item>()
  readonly #events: string[] = []
  #wake = Promise.withResolvers<void>()
  #written = 0

  /** `controllers` by kind. `onError` hears of what is tried again. */
  constructor(parts: { readonly resources: readonly Resource[]; readonly controllers: Readonly<Record<string, Controller>>; readonly clock: Clock; readonly onError: (error: unknown, doing: string) => void }) {
    this.#resources = new Map(parts.resources.map((resource) => [resource.kind.kind, resource]))
    this.#controllers = parts.controllers
    this.#clock = parts.clock
    this.#onError = parts.onError
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const observers = [...this.#resources.values()].filter(({ kind }) => kind.kind !== 'Event').map((resource) => {
      const synced = Promise.withResolvers<void>()
      return { synced: synced.promise, done: this.#observe(resource, synced.resolve, signal).finally(() => synced.resolve()) }
    })
    const work = Promise.all(observers.map(({ synced }) => synced)).then(() => this.#work(signal))
    signal.addEventListener('abort', () => this.#wake.resolve(), { once: true })
    await Promise.all([work, ...observers.map(({ done }) => done)])
  }

  async #observe({ kind, reader }: Resource, synced: () => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const unseen = new Set(this.#world.keys(kind.kind))
      try {
        for await (const batch of reader.watch({ initial: true }, signal)) {
          for (const change of batch) {
            if (change.type === 'BOOKMARK') {
              if (!change.initial) continue
              for (const key of unseen) this.#gone(kind.kind, key, this.#world.get(kind.kind, key)!.metadata.uid!)
              synced()
            } else if (change.type === 'DELETED') this.#gone(kind.kind, change.entry.key, change.entry.parse().metadata.uid!)
            else {
              unseen.delete(change.entry.key)
              this.#take(kind.kind, change.entry)
            }
          }
        }
      } catch (error) {
        if (!isReason(error, 'Expired')) throw error
      }
    }
  }

  #take(kind: string, entry: Entry): void {
    this.#world.now = this.#clock.now()
    const parsed = entry.parse(), object = kind in this.#controllers ? parsed : { metadata: parsed.metadata }
    if (this.#world.set(kind, entry.key, object)) this.#touched(kind, entry.key, object)
  }

  #touched(kind: string, key: string, object: KubeObject): void {
    const { namespace, ownerReferences = [], deletionTimestamp } = object.metadata
    if (kind in this.#controllers || deletionTimestamp !== undefined) this.#enqueue({ kind, key, orphaned: false })
    for (const owner of ownerReferences) {
      this.#enqueue({ kind: owner.kind, key: namespace === undefined ? owner.name : `${namespace}/${owner.name}`, orphaned: false })
      if (!this.#world.knows(owner.uid)) this.#enqueue({ kind, key, orphaned: true })
    }
    // Nodes change seldom and decide much: where pods may go, and which are lost.
    if (kind === 'Node') for (const other of ['DaemonSet', 'Pod']) for (const each of this.#world.keys(other)) this.#enqueue({ kind: other, key: each, orphaned: false })
  }

  #gone(kind: string, key: string, uid: string): void {
    const object = this.#world.delete(kind, key, uid)
    if (!object) return
    this.#touched(kind, key, object)
    for (const dependent of this.#world.dependents(uid)) this.#enqueue({ kind: dependent.kind, key: dependent.key, orphaned: true })
    if (kind === 'Namespace') for (const each of this.#world.inNamespace(key)) this.#enqueue({ kind: each.kind, key: each.key, orphaned: true })
  }

  #enqueue(item: Item): void {
    this.#queue.set(`${item.kind} ${item.key} ${String(item.orphaned)}`, item)
    this.#wake.resolve()
  }

  #enqueueLater(item: Item, afterMs: number, signal: AbortSignal): void {
    void this.#clock.sleep(afterMs, signal).then(() => (signal.aborted ? undefined : this.#enqueue(item)))
  }

  async #work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [next] = this.#queue
      if (!next) {
        await this.#wake.promise
        this.#wake = Promise.withResolvers()
        continue
      }
      this.#queue.delete(next[0])
      this.#world.now = this.#clock.now()
      try {
        await this.#settle(next[1], signal)
      } catch (error) {
        if (signal.aborted) return
        // Somebody else was faster: what they did is on its way here.
        if (!isReason(error, 'Conflict', 'NotFound', 'AlreadyExists')) this.#onError(error, next[0])
        this.#enqueueLater(next[1], RETRY_MS, signal)
      }
    }
  }

  async #settle(item: Item, signal: AbortSignal): Promise<void> {
    const { kind, key } = item, object = this.#world.get(kind, key)
    if (!object) return
    if (item.orphaned && await this.#isOrphan(object, signal)) return this.#perform({ do: 'delete', kind, object }, item, signal)
    if (object.metadata.deletionTimestamp !== undefined) return this.#finalize(kind, object, item, signal)
    for (const action of this.#controllers[kind]?.(object, this.#world) ?? []) await this.#perform(action, item, signal)
  }

  /** Asks the store itself: an owner may be there and not have been seen yet. Owners of kinds that are not served count as present. */
  async #isOrphan({ metadata: { namespace, ownerReferences = [] } }: KubeObject, signal: AbortSignal): Promise<boolean> {
    if (namespace !== undefined && !(await this.#exists('Namespace', { name: namespace }, undefined, signal))) return true
    for (const { kind, name, uid } of ownerReferences) {
      const inside = this.#resources.get(kind)?.kind.namespaced && namespace !== undefined ? { name, namespace } : { name }
      if (await this.#exists(kind, inside, uid, signal)) return false
    }
    return ownerReferences.length > 0
  }

  async #exists(kind: string, at: { readonly name: string; readonly namespace?: string }, uid: string | undefined, signal: AbortSignal): Promise<boolean> {
    const resource = this.#resources.get(kind)
    if (!resource) return true
    const [entry] = (await resource.reader.list(at, signal)).entries
    return entry !== undefined && (uid === undefined || entry.parse().metadata.uid === uid)
  }

  /** Foreground: the dependents go first. Orphan: they are let go. Then the finalizer is taken off. */
  async #finalize(kind: string, object: KubeObject, item: Item, signal: AbortSignal): Promise<void> {
    const { uid, finalizers = [] } = object.metadata, dependents = this.#world.dependents(uid!)
    const finalizer = [FOREGROUND, ORPHAN].find((name) => finalizers.includes(name))
    if (finalizer === undefined) return
    for (const dependent of dependents) {
      if (finalizer === ORPHAN) await this.#perform({ do: 'update', ...dependent, change: (now) => ({ ...now, metadata: { ...now.metadata, ownerReferences: (now.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid) } }) }, item, signal)
      else if (dependent.object.metadata.deletionTimestamp === undefined) await this.#perform({ do: 'delete', ...dependent }, item, signal)
    }
    if (finalizer === FOREGROUND && this.#world.dependents(uid!).length > 0) return
    await this.#perform({ do: 'update', kind, object, change: (now) => ({ ...now, metadata: { ...now.metadata, finalizers: (now.metadata.finalizers ?? []).filter((name) => name !== finalizer) } }) }, item, signal)
  }

  async #perform(action: Action, item: Item, signal: AbortSignal): Promise<void> {
    if (action.do === 'again') return this.#enqueueLater(item, action.afterMs, signal)
    if (action.do === 'event') return this.#report(action, signal)
    const { kind: { group, version, kind, plural }, writer } = this.#resources.get(action.kind)!, { name, namespace, uid } = action.object.metadata
    if (action.do === 'create') return this.#take(kind, await writer!.create({ apiVersion: group ? `${group}/${version}` : version, kind, ...action.object }, asSimulation, signal))
    const key = namespace === undefined ? name! : `${namespace}/${name!}`
    if (action.do === 'delete') {
      const { entry, removed } = await writer!.delete(key, { ...asSimulation, uid: uid!, propagation: 'Background' }, signal)
      if (removed) this.#gone(kind, key, uid!)
      else this.#take(kind, entry)
      return
    }
    const change = (current: KubeObject | undefined): KubeObject => {
      if (current?.metadata.uid !== uid) throw StatusError.notFound({ group, resource: plural }, name!)
      return action.do === 'status' ? { ...current!, status: action.status } : action.change(current!)
    }
    const { entry } = await writer!.update(key, change, action.do === 'status' ? { ...asSimulation, subresource: 'status' } : asSimulation, signal)
    // An update that takes the last finalizer off is a deletion; the watch tells.
    this.#take(kind, entry)
  }

  /** Events outlive their hour here only by number: the oldest go. */
  async #report({ kind: about, object, reason, message, component }: Extract<Action, { do: 'event' }>, signal: AbortSignal): Promise<void> {
    const events = this.#resources.get('Event'), of = this.#resources.get(about)!.kind, { namespace = 'default', name, uid, resourceVersion } = object.metadata, at = timestamp(this.#clock.now())
    if (!events) return
    const { key } = await events.writer!.create({
      apiVersion: 'v1', kind: 'Event', metadata: { namespace, name: `${name!}.${(++this.#written).toString(16).padStart(16, '0')}` },
      involvedObject: { apiVersion: of.group ? `${of.group}/${of.version}` : of.version, kind: about, ...(object.metadata.namespace !== undefined && { namespace }), name, uid, resourceVersion },
      reason, message, type: 'Normal', source: { component }, reportingComponent: component, reportingInstance: '', firstTimestamp: at, lastTimestamp: at, count: 1,
    }, asSimulation, signal)
    this.#events.push(key)
    if (this.#events.length > MAX_EVENTS) await events.writer!.delete(this.#events.shift()!, asSimulation, signal).catch((error: unknown) => { if (!isReason(error, 'NotFound')) throw error })
  }
}
