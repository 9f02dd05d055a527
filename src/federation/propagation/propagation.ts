/**
 * From stored decisions to copies: follows templates and members, and gives every member's worker what it should look at.
 *
 *   templates ──changed──▶ which clusters have, or are to have, a copy ──▶ one worker per member ──▶ decide, write ──▶ ledger
 *   members ──ready, back──▶ all that involves them ────────────────────▶ ┘
 *   copies ──changed, gone──▶ ──────────────────────────────────────────▶ ┘
 */
import type { ClusterState, FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { listed } from '../../lib/listed.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { keyOfObject } from '../../machinery/meta/object-key.ts'
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from '../../machinery/meta/object-meta.ts'
import { isReason, StatusError } from '../../machinery/meta/status-error.ts'
import type { Member } from '../member/member.ts'
import { COPIES_FINALIZER } from '../template/marks.ts'
import { SERVER } from '../template/server-user.ts'
import { splitTemplateKey, templateKey, type TemplateStore } from '../template/templates.ts'
import { changedFields } from './changed-fields.ts'
import type { Decided } from './copy-decision.ts'
import { isOrphaned, removalPolicy } from './deletion.ts'
import { MemberWorker } from './member-worker.ts'
import type { PropagationOptions } from './propagation-context.ts'
import { render } from './render.ts'

/** A cluster that cannot be reached, or is refused, keeps a template from going for so long; then a tombstone does. */
const PATIENCE_MS = 5 * 60_000, LOOK_MS = 15_000
/** At most so many fields of a copy are named in a plan. */
const FIELDS_MAX = 10

export class Propagation {
  readonly #options: PropagationOptions
  readonly #workers = new Map<string, { readonly worker: MemberWorker; readonly done: Promise<void> }>()
  /** Per template what propagation depends on, so that writes of status alone wake nobody. */
  readonly #seen = new Map<string, { readonly signature: string; readonly clusters: readonly string[]; readonly decided: Decided }>()
  /** Per cluster what its copies depend on: whether it can be reached, since when that is so, and what overrides can see of it. */
  readonly #known = new Map<string, { readonly state: Member['state']['state']; readonly since: number; readonly seen: string }>()
  /** Members that were, or are being, looked around in since this replica leads. */
  #searched = new WeakSet<MemberWorker>()
  /** Templates that are being deleted. */
  readonly #ending = new Set<string>()

  constructor(options: PropagationOptions) { this.#options = options }

  /** The copy in a member that its watch shows. */
  copyOf(store: TemplateStore, key: string, cluster: string): KubeObject | undefined { return this.#workers.get(cluster)?.worker.copyOf(store, key) }

  /** What carrying out the schedule in the template's status would do, cluster by cluster. Nothing is asked of any member: what is not followed yet is not known. */
  preview(store: TemplateStore, federated: FederatedObject): ClusterState[] {
    const { members, rendering, fleetId, retained } = this.#options, targets = new Map(federated.status?.schedule?.targets?.map((target) => [target.cluster, target])), key = keyOfObject(federated)
    return [...new Set([...targets.keys(), ...(federated.status?.clusters ?? []).map(({ name }) => name)])].toSorted().flatMap((name): ClusterState[] => {
      const member = members.get(name), copy = this.copyOf(store, key, name)
      if (!member) return []
      if (!targets.has(name)) return [{ name, state: 'WouldRemove' }]
      const wanted = render({ federated, target: store.target, cluster: member.cluster, replicas: targets.get(name)?.replicas, labels: targets.get(name)?.preservedLabels, fleetId, retained: retained(store, federated, member) }, rendering)
      if (!wanted || 'problem' in wanted) return wanted ? [{ name, ...wanted.problem }] : []
      if (!copy) return [{ name, state: 'WouldCreate', ...(member.state.state !== 'ready' && { message: `the cluster is ${member.state.state}` }) }]
      const fields = changedFields(wanted.object, copy)
      return [fields.length > 0 ? { name, state: 'WouldChange', message: listed(fields, FIELDS_MAX) } : { name, state: 'Unchanged' }]
    })
  }

  /** What these templates look like in members may have changed for another reason than the templates: overrides, say. */
  kick(template: string): void { for (const cluster of this.#seen.get(template)?.clusters ?? []) this.#workers.get(cluster)?.worker.kick(template) }
  kickAll(): void { for (const template of this.#seen.keys()) this.#lookAgain(template) }
  #lookAgain(template: string): void { for (const cluster of this.#seen.get(template)?.clusters ?? []) this.#workers.get(cluster)?.worker.kickUnhurried(template) }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { templates, members, ledger, guard, clock } = this.#options, following: Promise<void>[] = []
    // A kind that comes back with another schema is looked at again as a whole, as one that is switched is.
    const kickKind = ({ id }: TemplateStore) => { for (const template of this.#seen.keys()) if (template.startsWith(templateKey(id, ''))) this.#lookAgain(template) }
    templates.onKind((store) => { following.push(this.#follow(store, AbortSignal.any([signal, store.signal]))); kickKind(store) }, signal)
    templates.onSwitch(kickKind, signal)
    members.onChange((member) => { if (member) this.#useMember(member); else this.#useMembers() }, signal)
    guard.onChange(() => { if (!guard.evidence) this.kickAll() }, signal)
    ledger.onChange((template) => { if (this.#ending.has(template)) void this.#finish(template, signal) }, signal)
    this.#useMembers()
    while (!signal.aborted) {
      await clock.sleep(LOOK_MS, signal)
      for (const template of this.#ending) await this.#finish(template, signal)
    }
    await Promise.all(following)
    for (const { worker } of this.#workers.values()) worker.stop()
    await Promise.all([...this.#workers.values()].map(async ({ done }) => done))
  }

  /** Called when this replica begins to lead: others may have led since it did. */
  resume(): void {
    this.#options.ledger.forget()
    this.#searched = new WeakSet()
    for (const [name, { worker }] of this.#workers) {
      worker.forget()
      void this.#lookAround(name)
    }
    this.kickAll()
  }

  /** Tombstones that others wrote are known now. */
  kickTombstones(): void { for (const cluster of this.#workers.keys()) this.#kickTombstones(cluster) }

  async #follow(store: TemplateStore, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    while (!signal.aborted) {
      const present = new Set<string>()
      for await (const batch of store.cache.watch({ initial: true }, signal)) {
        for (const change of batch) {
          if (change.type === 'BOOKMARK') {
            if (change.initial) for (const template of this.#seen.keys()) if (template.startsWith(templateKey(store.id, '')) && !present.has(template)) this.#forget(template)
          } else {
            const template = templateKey(store.id, change.entry.key)
            present.add(template)
            if (change.type === 'DELETED') this.#forget(template)
            else this.#see(template, store, store.parse(change.entry), signal)
          }
        }
      }
      await clock.sleep(100, signal)
    }
  }

  #see(template: string, store: TemplateStore, federated: FederatedObject, signal: AbortSignal): void {
    const { metadata, spec, status } = federated, targets = status?.schedule?.targets ?? []
    const clusters = [...new Set([...targets.map(({ cluster }) => cluster), ...(status?.clusters ?? []).map(({ name }) => name), ...this.#options.ledger.of(template).keys()])]
    const signature = JSON.stringify([metadata.uid, metadata.generation, metadata.deletionTimestamp, spec.template.metadata?.finalizers, status?.schedule?.observedGeneration, status?.schedule?.decision, status?.schedule?.evictions, status?.policy, status?.rollout && [status.rollout.generation, status.rollout.clusters], clusters]), known = this.#seen.get(template)
    const { observedGeneration, decision } = status?.schedule ?? {}
    this.#seen.set(template, { signature, clusters, decided: { metadata: { ...(metadata.uid !== undefined && { uid: metadata.uid }) }, status: { schedule: { ...(observedGeneration !== undefined && { observedGeneration }), ...(decision !== undefined && { decision }) } } } })
    if (metadata.deletionTimestamp === undefined) this.#ending.delete(template)
    else this.#ending.add(template)
    if (known?.signature !== signature) {
      this.kick(template)
      for (const following of this.#options.bounds.see(template, store, federated)) this.kick(following)
    }
    if (this.#ending.has(template)) void this.#finish(template, signal)
  }

  #forget(template: string): void {
    const clusters = this.#seen.get(template)?.clusters ?? []
    this.#seen.delete(template)
    this.#ending.delete(template)
    this.#options.ledger.drop(template)
    for (const following of this.#options.bounds.see(template, undefined, undefined)) this.kick(following)
    for (const cluster of clusters) this.#workers.get(cluster)?.worker.kick(template)
  }

  #useMembers(): void {
    const { members } = this.#options
    for (const member of members.list()) this.#useMember(member)
    for (const [name, { worker }] of this.#workers) if (!members.get(name)) {
      worker.stop()
      this.#workers.delete(name)
      this.#known.delete(name)
    }
  }

  #useMember(member: Member): void {
    const known = this.#workers.get(member.name)
    if (known?.worker.member !== member) {
      known?.worker.stop()
      const worker = new MemberWorker(member, { involved: () => this.#involving(member.name), decided: (template) => this.#seen.get(template)?.decided, workerOf: (cluster) => this.#workers.get(cluster)?.worker }, this.#options)
      this.#workers.set(member.name, { worker, done: worker.run() })
      this.#kickMember(member.name)
    }
    this.#useState(member)
  }

  #useState({ name, state: { state }, cluster: { metadata: { labels }, spec } }: Member): void {
    const seen = JSON.stringify([labels, spec]), known = this.#known.get(name)
    if (known?.state === state && known.seen === seen) return
    this.#known.set(name, { state, since: known?.state === state ? known.since : this.#options.clock.now(), seen })
    this.#kickMember(name)
    if (state === 'ready') void this.#lookAround(name)
  }

  /** Once for each time that a member comes, or this replica begins to lead: what one that does not finds is left to those that do. Until the member answers. */
  async #lookAround(name: string): Promise<void> {
    const { clock, logger, members, leads } = this.#options, worker = this.#workers.get(name)?.worker, searched = this.#searched
    if (!worker || searched.has(worker) || !leads()) return
    searched.add(worker)
    while (!worker.signal.aborted && searched === this.#searched) {
      try {
        if (members.get(name)?.state.state === 'ready') return await worker.lookAround()
      } catch (error) { logger.debug({ cluster: name, error: String(error) }, 'what copies a cluster has could not be found out; trying again') }
      await clock.sleep(LOOK_MS, worker.signal)
    }
  }

  *#involving(cluster: string): Iterable<string> { for (const [template, { clusters }] of this.#seen) if (clusters.includes(cluster)) yield template }

  #kickMember(cluster: string): void {
    const worker = this.#workers.get(cluster)?.worker
    if (!worker) return
    for (const template of this.#involving(cluster)) worker.kickUnhurried(template)
    this.#kickTombstones(cluster)
  }

  #kickTombstones(cluster: string): void { for (const template of this.#options.tombstones.of(cluster).keys()) this.#workers.get(cluster)?.worker.kick(template) }

  /** Lets a template go that is being deleted, once no copy holds it: gone, let go, out of reach for long (a tombstone remembers), or in a cluster that has left. */
  async #finish(template: string, signal: AbortSignal): Promise<void> {
    const { templates, leads, guard, ledger, members, clock, logger, isCollector } = this.#options, { id, key } = splitTemplateKey(template), store = templates.get(id)
    const federated = store?.get(key), { clusters = [] } = this.#seen.get(template) ?? {}
    if (!store || !federated?.metadata.deletionTimestamp || !leads() || guard.evidence || !federated.metadata.finalizers?.includes(COPIES_FINALIZER)) return
    // What its author wants done first comes first, and copies stay meanwhile.
    if (federated.spec.template.metadata?.finalizers?.length) return
    const left = clusters.filter((cluster) => members.get(cluster) && ledger.get(template, cluster, federated) !== 'gone'), lost = left.filter((cluster) => this.#isLost(cluster, clock.now()))
    if (left.length > lost.length) return
    try {
      for (const cluster of lost) {
        const record = ledger.get(template, cluster, federated), uid = record === 'gone' ? undefined : record?.uid
        await this.#options.tombstones.add(cluster, template, { template: federated.metadata.uid ?? '', ...(uid !== undefined && { uid }), orphan: isOrphaned(federated, this.#options.policyOf(federated)), propagationPolicy: removalPolicy(federated) }, signal)
      }
      await this.#options.owned.release(template, isOrphaned(federated, {}), signal)
      await store.resource.writer.update(key, (current) => {
        if (current?.metadata.uid !== federated.metadata.uid) throw StatusError.notFound({ group: store.kind.group, resource: store.kind.plural }, federated.metadata.name ?? '')
        const done = [COPIES_FINALIZER, ...(isCollector ? [ORPHAN_FINALIZER, FOREGROUND_FINALIZER] : [])]
        return { ...current!, metadata: { ...current!.metadata, finalizers: (current!.metadata.finalizers ?? []).filter((finalizer) => !done.includes(finalizer)) } }
      }, SERVER, signal)
    } catch (error) {
      if (!signal.aborted && !isReason(error, 'NotFound')) logger.warn({ template, error: String(error) }, 'a template without copies could not be let go; trying again')
    }
  }

  #isLost(cluster: string, now: number): boolean {
    const state = this.#options.members.get(cluster)?.state, since = state?.state === 'unreachable' ? state.since : state?.state === 'refused' ? this.#known.get(cluster)?.since : undefined
    return since !== undefined && now - since >= PATIENCE_MS
  }
}
