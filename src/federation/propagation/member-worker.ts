/** Brings the copies in one member to what the store says. One slow member holds up nobody else: each has a queue, and workers, of its own. */
import type { FederatedObject, ScheduledTarget } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { Queue } from '../../lib/queue.ts'
import type { KubeObject, Position } from '../../machinery/meta/core.ts'
import { keyOfObject, scopeOfKey } from '../../machinery/meta/object-key.ts'
import { comparePositions } from '../../machinery/meta/position.ts'
import { isReason } from '../../machinery/meta/status-error.ts'
import { RemoteReader } from '../../machinery/client/remote-reader.ts'
import { runController } from '../../machinery/controller/controller.ts'
import { valueAt } from '../interpreter/fields.ts'
import { healthOf } from '../interpreter/health.ts'
import type { Member } from '../member/member.ts'
import { MANAGED_LABEL, TEMPLATE_ANNOTATION } from '../template/marks.ts'
import { hubKeyOf } from '../template/namespace-template.ts'
import { revisionFor } from '../template/revisions.ts'
import { splitTemplateKey, templateKey, type TemplateStore } from '../template/templates.ts'
import { CopyActor, type Made } from './copy-actor.ts'
import { CorrectionPauses } from './correction-pauses.ts'
import { decideCopy, decisiveOf, driftText, isAhead, type CopyRecord, type Decided, type Observed, type Outcome, type Step } from './copy-decision.ts'
import { isFinished, isOrphaned, suspension } from './deletion.ts'
import { owns } from './fingerprint.ts'
import { MemberAutoscalers } from './member-autoscalers.ts'
import { MemberCopies } from './member-copies.ts'
import { stays, type OtherTarget } from './moves.ts'
import type { PropagationOptions } from './propagation-context.ts'
import { render } from './render.ts'
import { revisionOf } from './store-guard.ts'

/** Steps that one look at a copy may lead to before it is looked at again later. */
const STEPS_MAX = 4, BEHIND_MS = 1000
/** A watch that has not shown a write for so long may never do: the member was set back to before it, say. */
const UNSEEN_MS = 15_000
const REVISION_LOST = 'a change has not reached it, and what the template was before is too large to be kept: the copy is left as it is until then'

/** What a worker has to know of the others. `involved`: the templates that have, or are to have, a copy in its member. `decided`: what was last seen of one. */
interface WorkersOfFleet { readonly involved: () => Iterable<string>; readonly decided: (template: string) => Decided | undefined; readonly workerOf: (cluster: string) => MemberWorker | undefined }

export class MemberWorker {
  readonly member: Member
  readonly #options: PropagationOptions
  readonly #queue: Queue
  readonly #copies = new Map<TemplateStore, MemberCopies>()
  /** Versions that the member answered to writes, by template, and when that, or what is there, was last known; until the watch has come so far, it shows what was before. */
  readonly #written = new Map<string, { readonly version: Position; readonly at: number }>()
  readonly #stop = new AbortController()
  /** What was last seen of copies that decisions about them rest on, by template. */
  readonly #decisive = new Map<string, string>()
  readonly #autoscalers: MemberAutoscalers
  /** Decisions that were carried out here, by template. */
  readonly #settled = new Map<string, string>()
  /** Since when something stays though the decision does not want it any more, by template. */
  readonly #stays = new Map<string, number>()
  readonly #pauses: CorrectionPauses
  readonly #fleet: WorkersOfFleet

  constructor(member: Member, fleet: WorkersOfFleet, options: PropagationOptions) {
    this.member = member
    this.#fleet = fleet
    this.#options = options
    this.#queue = new Queue({ clock: options.clock, random: options.random, initialMs: 200, maxMs: 60_000 })
    this.#pauses = new CorrectionPauses(options.clock)
    this.#autoscalers = new MemberAutoscalers({
      member, clock: options.clock, logger: options.logger,
      onTarget: ({ group, kind, key }) => { for (const { id, target } of options.templates.list()) if (target.group === group && target.kind === kind) this.#queue.add(templateKey(id, key)) },
      onReady: () => { for (const key of fleet.involved()) if (options.templates.get(splitTemplateKey(key).id)?.target.scale) this.#queue.addUnhurried(key) },
    }, this.#stop.signal)
  }

  /** Has a look at a template soon. */
  kick(template: string): void { this.#queue.add(template) }
  /** The same for one of many that are looked at again. */
  kickUnhurried(template: string): void { this.#queue.addUnhurried(template) }

  async run(): Promise<void> {
    const { concurrency, clock, logger } = this.#options
    const { signal } = this.#stop, working = runController({ name: `copies in ${this.member.name}`, queue: this.#queue, sources: [], reconcile: (key, inner) => this.#reconcile(key, inner), concurrency, logger }, signal)
    while (!signal.aborted) {
      await clock.sleep(UNSEEN_MS, signal)
      this.#kickUnseen()
    }
    await working
  }

  /** Has a look at what was written long ago and does not show yet. */
  #kickUnseen(): void {
    const { templates, clock } = this.#options
    this.#pauses.forgetCalm()
    for (const [key, { at }] of this.#written) {
      const store = templates.get(splitTemplateKey(key).id)
      if (!store || !this.#isBehind(store, key)) this.#written.delete(key)
      else if (clock.now() - at >= UNSEEN_MS) this.#queue.addUnhurried(key)
    }
  }

  /** Another server has written meanwhile: what was carried out here says nothing any more, and what was seen was not acted upon. */
  forget(): void {
    this.#settled.clear()
    this.#stays.clear()
    for (const template of this.#decisive.keys()) this.#queue.addUnhurried(template)
  }

  stop(): void { this.#stop.abort() }
  /** Aborts when the worker stops. */
  get signal(): AbortSignal { return this.#stop.signal }

  /**
   * Looks once for copies that no template's status tells of: of a cluster that had left and is back, say. Only kinds that have templates are asked for; those of templates that are gone are nobody's, and left.
   * Throws what keeps it from being found out.
   */
  async lookAround(): Promise<void> {
    const { signal } = this.#stop
    for (const store of this.#options.templates.list()) {
      await store.cache.ready
      if (store.cache.size === 0 || this.#copies.has(store) || this.#problem(store)) continue
      const { entries } = await new RemoteReader(store.target, this.member.handler, { labelSelector: `${MANAGED_LABEL}=${this.#options.fleetId}`, clock: this.#options.clock }).list({}, signal)
      for (const { key } of entries) this.#queue.addUnhurried(templateKey(store.id, hubKeyOf(store.target, key)))
    }
  }

  /** The copy that the member's watch shows; undefined: it shows none, or is not to be relied on. */
  copyOf(store: TemplateStore, key: string): KubeObject | undefined { return this.#copies.get(store)?.get(key) }

  async #reconcile(key: string, signal: AbortSignal): Promise<{ readonly requeueAfterMs?: number }> {
    const { templates, leads, guard, ledger, tombstones, bounds } = this.#options, { id, key: objectKey } = splitTemplateKey(key), store = templates.get(id)
    if (!store || !leads() || guard.evidence) return {}
    // What is not known yet is not gone.
    if (!store.cache.isReady || !bounds.isKnown(key)) return { requeueAfterMs: BEHIND_MS }
    const copies = this.#follow(store), federated = store.get(objectKey)
    const why = federated && federated.metadata.deletionTimestamp === undefined ? store.whyOff() : undefined
    if (federated && why !== undefined) {
      this.#leave(key, federated, why)
      return {}
    }
    // A template of the same name that goes here takes the copy over; one that does not leaves it to the tombstone of the one before.
    const tombstone = tombstones.get(this.member.name, key)
    try {
      if (!federated || (tombstone && !this.#isTarget(federated))) {
        const buried = await this.#bury(store, key, copies, signal)
        if (!federated || tombstones.get(this.member.name, key)) return buried
      }
      const synced = await this.#sync(store, key, federated, copies, signal)
      if (tombstone && this.#settled.has(key)) await tombstones.remove(this.member.name, key, signal)
      return synced
    } catch (error) {
      signal.throwIfAborted()
      if (!federated) throw error
      const known = ledger.get(key, this.member.name, federated), record = known === 'gone' ? undefined : known, isRemoval = !this.#isTarget(federated)
      ledger.set(key, this.member.name, { ...record, state: isRemoval ? 'DeletionFailed' : 'ApplyFailed', message: error instanceof Error ? error.message : String(error) })
      if (isReason(error, 'Invalid', 'BadRequest', 'Forbidden', 'MethodNotAllowed')) this.#options.record(store, federated, { type: 'Warning', reason: isRemoval ? 'DeletionFailed' : 'ApplyFailed', message: `cluster ${this.member.name}: ${(error as Error).message}` })
      throw error
    }
  }

  /** The kind is switched off: what is in the member stays as it is. */
  #leave(key: string, federated: FederatedObject, why: string): void {
    const { ledger } = this.#options, { name } = this.member, record = ledger.get(key, name, federated)
    if (record !== 'gone' && (record || this.#isTarget(federated))) ledger.set(key, name, { ...record, state: 'Suspended', message: why })
  }

  async #sync(store: TemplateStore, key: string, federated: FederatedObject, copies: MemberCopies, signal: AbortSignal): Promise<{ readonly requeueAfterMs?: number }> {
    const { ledger, clock } = this.#options, { name } = this.member, revision = this.#isTarget(federated) ? revisionFor(federated, name, store.target) : federated, actor = new CopyActor(this.#options, this.member, store, revision ?? federated)
    for (let count = 0; count < STEPS_MAX; count++) {
      const observed = await this.#observedInTime(store, key, copies, actor, signal), known = ledger.get(key, name, federated), record = known === 'gone' ? undefined : known, step = this.#decide(store, key, { federated: revision ?? federated, isLost: !revision }, observed, record)
      if (step.do === 'wait') return {}
      const pauseMs = isCorrection(step) ? this.#pauses.take(key) : 0, made = pauseMs > 0 ? { record: paused(step, record), requeueAfterMs: pauseMs } : await this.#perform(step, actor, record, signal)
      if ('again' in made) continue
      ledger.set(key, name, made.record, known)
      if (made.record !== 'gone' && made.record.state === 'OK') this.#settled.set(key, decisionOf(federated))
      else this.#settled.delete(key)
      if (made.copy) {
        this.#written.set(key, { version: made.copy.metadata.resourceVersion ?? '0', at: clock.now() })
        // The watch is about to show what is known already.
        this.#decisive.set(key, decisiveOf(made.copy))
        this.#options.logger.debug({ cluster: name, template: key, at: clock.now() }, 'a copy was written')
      }
      const againMs = made.requeueAfterMs ?? (this.#stays.has(key) ? BEHIND_MS : undefined)
      return againMs === undefined ? {} : { requeueAfterMs: againMs }
    }
    return { requeueAfterMs: BEHIND_MS }
  }

  #decide(store: TemplateStore, key: string, { federated, isLost }: { readonly federated: FederatedObject; readonly isLost: boolean }, observed: Observed, record: CopyRecord | undefined): Step {
    const { rendering, fleetId, ledger, policyOf, guard } = this.#options, { member } = this, rules = policyOf(federated), target = federated.status?.schedule?.targets?.find(({ cluster }) => cluster === member.name)
    const keeps = this.#retained(store, federated), copy = observed.known ? observed.copy : undefined
    if (keeps === 'unknown' && copy) {
      const { problem } = this.#autoscalers
      return problem === undefined ? { do: 'wait' } : { do: 'report', outcome: { ...record, state: 'Pending', message: `whether an autoscaler of the cluster scales it cannot be known: ${problem}` } }
    }
    const retained = keeps === 'unknown' ? undefined : keeps, isTarget = this.#isTarget(federated), problem = isTarget ? this.#problem(store) : undefined
    const shrinking = copy && this.#shrinking(store, copy, target, isTarget), stays = shrinking === undefined ? undefined : this.#staysFor(store, key, federated, copy!), replicas = stays !== undefined && target?.replicas !== undefined ? shrinking : target?.replicas
    if (stays === undefined) this.#stays.delete(key)
    const wanted = !isTarget ? undefined : problem ? { problem } : render({ federated, target: store.target, cluster: member.cluster, replicas, labels: target?.preservedLabels, fleetId, retained }, rendering)
    return decideCopy({ federated, wanted, observed, record, orphan: isOrphaned(federated, rules), retained, suspended: isLost ? REVISION_LOST : suspension(federated, rules, member.name), stays, finished: store.target.kind === 'Job' && ledger.isFinished(key, member.name, federated), storeIsRight: guard.isAccepted })
  }

  /** What of the copy is the member's business. Replicas are where the template says so, or an autoscaler there scales the copy. */
  #retained(store: TemplateStore, federated: FederatedObject): readonly string[] | 'unknown' | undefined {
    const { group, kind, scale } = store.target, said = this.#options.retained(store, federated, this.member)
    if (said || !scale || !this.#isTarget(federated) || this.member.state.state !== 'ready') return said
    const isScaled = this.#autoscalers.scales({ group, kind, key: keyOfObject(federated) })
    return isScaled === undefined ? 'unknown' : isScaled ? scale.specReplicasPath.slice(1).split('.') : undefined
  }

  /** The replicas, of our doing, that the copy has and will have no more; 0: it is to go altogether. Undefined: nothing is taken from it. */
  #shrinking({ target: { scale } }: TemplateStore, copy: KubeObject, target: ScheduledTarget | undefined, isTarget: boolean): number | undefined {
    if (!isTarget) return 0
    const path = scale?.specReplicasPath.slice(1).split('.')
    if (!path || target?.replicas === undefined || !owns(copy, path)) return undefined
    const replicas = valueAt(copy, path)
    return typeof replicas === 'number' && replicas > target.replicas ? replicas : undefined
  }

  #staysFor(store: TemplateStore, key: string, federated: FederatedObject, copy: KubeObject): string | undefined {
    // What runs to its end works nowhere in the meaning of this rule.
    const eviction = federated.status?.schedule?.evictions?.find(({ cluster }) => cluster === this.member.name), now = this.#options.clock.now(), since = eviction ? Date.parse(eviction.creationTimestamp) : this.#stays.get(key) ?? now
    if (federated.metadata.deletionTimestamp !== undefined || (store.target.kind === 'Job' && eviction?.purgeMode !== 'Never')) return undefined
    const decision = decisionOf(federated), objectKey = splitTemplateKey(key).key
    const others = (federated.status?.schedule?.targets ?? []).flatMap(({ cluster }): OtherTarget[] => {
      const worker = cluster === this.member.name ? undefined : this.#fleet.workerOf(cluster)
      if (!worker) return []
      const there = worker.copyOf(store, objectKey)
      return [{ cluster, reachable: worker.member.state.state === 'ready', settled: worker.#settled.get(key) === decision && !worker.#isBehind(store, key), health: there && healthOf(there), missing: there ? missingReplicas(there) : 0 }]
    })
    const why = stays(others, now - since, eviction && { purgeMode: eviction.purgeMode, patienceMs: (eviction.gracePeriodSeconds ?? 0) * 1000, serves: serves(copy) })
    if (why !== undefined) this.#stays.set(key, since)
    return why
  }

  /** What was written last does not show yet: what does may have been ready for less. */
  #isBehind(store: TemplateStore, key: string): boolean {
    const written = this.#written.get(key), copies = this.#copies.get(store)
    return written !== undefined && copies !== undefined && comparePositions(copies.position, written.version) < 0
  }

  #isTarget({ metadata, status }: FederatedObject): boolean {
    return metadata.deletionTimestamp === undefined && (status?.schedule?.targets?.some(({ cluster }) => cluster === this.member.name) ?? false)
  }

  /** Why the kind cannot be there at all. */
  #problem({ target }: TemplateStore): Outcome | undefined {
    const { discovery } = this.member, served = discovery?.kinds.filter(({ group, plural }) => group === target.group && plural === target.plural) ?? []
    if (!discovery || served.some(({ version }) => version === target.version)) return undefined
    return { state: 'NotServed', message: served.length > 0 ? `the cluster serves ${target.plural} in ${served.map(({ version }) => version).join(', ')}, not in ${target.version}` : `the cluster does not serve ${target.plural} of ${target.group || 'the core group'}` }
  }

  #observed(store: TemplateStore, key: string, copies: MemberCopies): Observed {
    const { state } = this.member, { problem } = copies
    if (state.state === 'connecting') return { known: false, reason: 'the cluster has not been reached yet', starting: true }
    if (state.state !== 'ready') return { known: false, reason: `the cluster is ${state.state}: ${state.reason}`, starting: false }
    if (!copies.isReady) return problem === undefined ? { known: false, reason: 'what is in the cluster is not known yet', starting: true } : { known: false, reason: `${store.target.plural} of the cluster cannot be read: ${problem}`, starting: false }
    return { known: true, copy: copies.get(splitTemplateKey(key).key), behind: this.#isBehind(store, key) }
  }

  /** What the watch shows, and where that is behind for long what the member itself says. */
  async #observedInTime(store: TemplateStore, key: string, copies: MemberCopies, actor: CopyActor, signal: AbortSignal): Promise<Observed> {
    const observed = this.#observed(store, key, copies), written = this.#written.get(key), now = this.#options.clock.now()
    if (!observed.known || !observed.behind || !written || now - written.at < UNSEEN_MS) return observed
    const copy = await actor.look(signal), version = copy?.metadata.resourceVersion
    // What is older than the write that was answered tells that the member was set back: no watch will ever come to that write.
    if (version !== undefined && comparePositions(version, written.version) >= 0) this.#written.set(key, { ...written, at: now })
    else this.#written.delete(key)
    return { known: true, copy, behind: false }
  }

  /** The step's outcome; `again`: the world turned out to be another than it seemed. */
  async #perform(step: Exclude<Step, { do: 'wait' }>, actor: CopyActor, record: CopyRecord | undefined, signal: AbortSignal): Promise<Made> {
    switch (step.do) {
      case 'report': return { record: step.outcome, ...((step.outcome.state === 'Pending' || step.soon) && { requeueAfterMs: BEHIND_MS }) }
      case 'forget': return { record: 'gone' }
      case 'create': return actor.create(step.object, record, signal)
      case 'apply': return actor.apply(step, record, signal)
      case 'verify': return actor.verify(step, record, signal)
      case 'delete': return actor.delete(step.uid, record, signal)
      default: return actor.release(step.copy, record, signal)
    }
  }

  /** The template is gone. What it left here is told by a tombstone; a copy without one is never touched. */
  async #bury(store: TemplateStore, key: string, copies: MemberCopies, signal: AbortSignal): Promise<{ readonly requeueAfterMs?: number }> {
    const { tombstones } = this.#options, { name } = this.member, tombstone = tombstones.get(name, key)
    if (!tombstone) return {}
    const observed = this.#observed(store, key, copies)
    if (!observed.known) return {}
    // What the watch does not show may be there all the same: written just before the member was lost, and the watch is not up again.
    const actor = new CopyActor(this.#options, this.member, store, undefined, splitTemplateKey(key).key), copy = observed.copy ?? (await actor.look(signal))
    if (copy && copy.metadata.annotations?.[TEMPLATE_ANNOTATION] === tombstone.template) {
      const isGone = tombstone.orphan ? await actor.letGo(copy, signal) : await actor.remove(copy, tombstone.propagationPolicy, signal)
      if (!isGone) return { requeueAfterMs: BEHIND_MS }
    }
    await tombstones.remove(name, key, signal)
    return tombstones.get(name, key) ? { requeueAfterMs: BEHIND_MS } : {}
  }

  #follow(store: TemplateStore): MemberCopies {
    let copies = this.#copies.get(store)
    if (!copies) {
      const { ledger, tombstones } = this.#options, prefix = templateKey(store.id, ''), kickAll = () => { for (const key of [...this.#fleet.involved(), ...tombstones.of(this.member.name).keys()]) if (key.startsWith(prefix)) this.#queue.addUnhurried(key) }
      const onCopy = (key: string, copy: KubeObject | undefined) => {
        const template = templateKey(store.id, key), decisive = copy && decisiveOf(copy)
        this.#options.onCopy(template)
        if (copy && store.target.kind === 'Job') ledger.noteFinished(template, this.member.name, isFinished(copy))
        const before = this.#decisive.get(template)
        if (decisive !== undefined && decisive === before) return
        if (decisive === undefined) this.#decisive.delete(template)
        else this.#decisive.set(template, decisive)
        // Those that were there before anything was known of them come in crowds.
        if (decisive !== undefined && before === undefined) this.#queue.addUnhurried(template)
        else this.#queue.add(template)
        if (copy) void this.#suspect(store, key, copy)
      }
      const onLost = () => { for (const known of [this.#written, this.#decisive]) for (const key of known.keys()) if (key.startsWith(prefix)) known.delete(key) }
      this.#copies.set(store, (copies = new MemberCopies({ member: this.member, store, options: this.#options, onCopy, onKnown: kickAll, onLost }, AbortSignal.any([this.#stop.signal, store.signal]))))
      store.signal.addEventListener('abort', () => this.#copies.delete(store), { once: true })
    }
    return copies
  }

  /** A copy of a later decision than the cache knows: the cache may lag, so the store itself is asked. */
  async #suspect(store: TemplateStore, key: string, copy: KubeObject): Promise<void> {
    const { guard } = this.#options, known = this.#fleet.decided(templateKey(store.id, key)) ?? store.get(key)
    if (guard.evidence || !known || !isAhead(copy, known)) return
    try {
      const [entry] = (await store.resource.reader.list(scopeOfKey(key), this.#stop.signal)).entries
      const federated = entry?.parse() as FederatedObject | undefined
      if (federated && isAhead(copy, federated)) guard.trip({ cluster: this.member.name, template: templateKey(store.id, key), copy: revisionOf(copy)!.join('.'), stored: `${federated.status?.schedule?.observedGeneration ?? 0}.${federated.status?.schedule?.decision ?? 0}` })
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#options.logger.warn({ error: String(error), cluster: this.member.name, key }, 'whether the store is behind could not be found out')
    }
  }
}

const decisionOf = ({ metadata, status }: FederatedObject): string => `${metadata.generation ?? 0}.${status?.schedule?.decision ?? 0}`

/** Somebody changed the copy, or it is not seen any more where it is wanted. */
const isCorrection = (step: Step): boolean => (step.do === 'apply' ? step.drift !== undefined : step.do === 'verify' && step.object !== undefined && !step.finished)

const paused = (step: Step, record: CopyRecord | undefined): CopyRecord => (step.do === 'apply'
  ? { ...record, state: 'Drifted', message: `${driftText(step.drift ?? [])}, again each time that it was put back: that is done with growing pauses now` }
  : { ...record, state: 'Pending', message: 'deleted, or its label taken off, again each time that it was put right: that is done with growing pauses now' })

/** Some of its replicas do; a copy without replicas, as long as it is not known to be of no use. */
function serves(copy: KubeObject): boolean {
  const wanted = valueAt(copy, 'spec.replicas')
  return typeof wanted === 'number' ? missingReplicas(copy) < wanted : healthOf(copy) !== 'Unhealthy'
}

/** Of kinds that count them. */
function missingReplicas(copy: KubeObject): number {
  const wanted = valueAt(copy, 'spec.replicas'), ready = valueAt(copy, 'status.availableReplicas') ?? valueAt(copy, 'status.readyReplicas') ?? 0
  return typeof wanted === 'number' && typeof ready === 'number' ? Math.max(0, wanted - ready) : 0
}
