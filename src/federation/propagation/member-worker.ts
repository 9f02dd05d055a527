/** Brings the copies in one member to what the store says. One slow member holds up nobody else: each has a queue, and workers, of its own. */
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { Queue } from '../../lib/queue.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { comparePositions } from '../../machinery/meta/position.ts'
import { isReason } from '../../machinery/meta/status-error.ts'
import { runController } from '../../machinery/controller/controller.ts'
import type { Member } from '../member/member.ts'
import { TEMPLATE_ANNOTATION } from '../template/marks.ts'
import { keyOfTemplate, splitTemplateKey, templateKey, type TemplateStore } from '../template/templates.ts'
import { CopyActor } from './copy-actor.ts'
import { decideCopy, type CopyRecord, type Observed, type Outcome, type Step } from './copy-decision.ts'
import { isFinished, isOrphaned, suspension } from './deletion.ts'
import { MemberAutoscalers } from './member-autoscalers.ts'
import { MemberCopies } from './member-copies.ts'
import type { PropagationOptions } from './propagation-context.ts'
import { render } from './render.ts'
import { revisionOf } from './store-guard.ts'

/** Steps that one look at a copy may lead to before it is looked at again later. */
const STEPS_MAX = 4, BEHIND_MS = 1000

export class MemberWorker {
  readonly member: Member
  readonly #options: PropagationOptions
  readonly #queue: Queue
  readonly #copies = new Map<TemplateStore, MemberCopies>()
  readonly #stop = new AbortController()
  readonly #autoscalers: MemberAutoscalers

  readonly #involved: () => Iterable<string>

  /** `involved`: the templates that have, or are to have, a copy here. */
  constructor(member: Member, involved: () => Iterable<string>, options: PropagationOptions) {
    this.member = member
    this.#involved = involved
    this.#options = options
    this.#queue = new Queue({ clock: options.clock, random: options.random, initialMs: 200, maxMs: 60_000 })
    this.#autoscalers = new MemberAutoscalers({
      member, clock: options.clock, logger: options.logger,
      onTarget: ({ group, kind, key }) => { for (const { id, target } of options.templates.list()) if (target.group === group && target.kind === kind) this.#queue.add(templateKey(id, key)) },
      onReady: () => { for (const key of involved()) if (options.templates.get(splitTemplateKey(key).id)?.target.scale) this.#queue.add(key) },
    }, this.#stop.signal)
  }

  /** Has a look at a template soon. */
  kick(template: string): void { this.#queue.add(template) }

  async run(): Promise<void> {
    const { concurrency, logger } = this.#options
    await runController({ name: `copies in ${this.member.name}`, queue: this.#queue, sources: [], reconcile: (key, signal) => this.#reconcile(key, signal), concurrency, logger }, this.#stop.signal)
  }

  stop(): void { this.#stop.abort() }

  /** The copy that the member's watch shows; undefined: it shows none, or is not to be relied on. */
  copyOf(store: TemplateStore, key: string): KubeObject | undefined { return this.#copies.get(store)?.get(key) }

  async #reconcile(key: string, signal: AbortSignal): Promise<{ readonly requeueAfterMs?: number }> {
    const { templates, leads, guard, ledger } = this.#options, { id, key: objectKey } = splitTemplateKey(key), store = templates.get(id)
    if (!store || !leads() || guard.evidence) return {}
    // What is not known yet is not gone.
    if (!store.cache.isReady) return { requeueAfterMs: BEHIND_MS }
    const copies = this.#follow(store), federated = store.cache.get(objectKey)?.parse() as FederatedObject | undefined
    if (!federated) return this.#bury(store, key, copies, signal)
    const why = federated.metadata.deletionTimestamp === undefined ? store.whyOff() : undefined
    if (why !== undefined) {
      this.#leave(key, federated, why)
      return {}
    }
    // A server that has just started knows nothing of its members, which is no news: what is stored stays said until this one was seen, and then all are looked at.
    if (this.#isUnseen(copies) && ledger.get(key, this.member.name, federated)) return {}
    try {
      return await this.#sync(store, key, federated, copies, signal)
    } catch (error) {
      signal.throwIfAborted()
      const known = ledger.get(key, this.member.name, federated), record = known === 'gone' ? undefined : known, isRemoval = !this.#isTarget(federated)
      ledger.set(key, this.member.name, { ...record, state: isRemoval ? 'DeletionFailed' : 'ApplyFailed', message: error instanceof Error ? error.message : String(error) })
      if (isReason(error, 'Invalid', 'BadRequest', 'Forbidden', 'MethodNotAllowed')) this.#options.record(store, federated, { type: 'Warning', reason: isRemoval ? 'DeletionFailed' : 'ApplyFailed', message: `cluster ${this.member.name}: ${(error as Error).message}` })
      throw error
    }
  }

  #isUnseen(copies: MemberCopies): boolean { const { state } = this.member.state; return state === 'connecting' || (state === 'ready' && !copies.isReady) }

  /** The kind is switched off: what is in the member stays as it is. */
  #leave(key: string, federated: FederatedObject, why: string): void {
    const { ledger } = this.#options, { name } = this.member, record = ledger.get(key, name, federated)
    if (record !== 'gone' && (record || this.#isTarget(federated))) ledger.set(key, name, { ...record, state: 'Suspended', message: why })
  }

  async #sync(store: TemplateStore, key: string, federated: FederatedObject, copies: MemberCopies, signal: AbortSignal): Promise<{ readonly requeueAfterMs?: number }> {
    const { ledger, clock } = this.#options, { name } = this.member, actor = new CopyActor(this.#options, this.member, store, federated)
    for (let count = 0; count < STEPS_MAX; count++) {
      const known = ledger.get(key, name, federated), record = known === 'gone' ? undefined : known, step = this.#decide(store, key, federated, copies, record)
      const made = await this.#perform(step, actor, record, signal)
      if ('again' in made) continue
      ledger.set(key, name, made.record)
      if (made.record !== 'gone' && made.record.version !== undefined) this.#options.logger.debug({ cluster: name, template: key, state: made.record.state, at: clock.now() }, 'a copy was written')
      return made.requeueAfterMs === undefined ? {} : { requeueAfterMs: made.requeueAfterMs }
    }
    return { requeueAfterMs: BEHIND_MS }
  }

  #decide(store: TemplateStore, key: string, federated: FederatedObject, copies: MemberCopies, record: CopyRecord | undefined): Step {
    const { rendering, fleetId, ledger, policyOf } = this.#options, { member } = this, rules = policyOf(federated), keeps = this.#retained(store, federated), target = federated.status?.schedule?.targets?.find(({ cluster }) => cluster === member.name)
    if (keeps === 'unknown' && copies.get(splitTemplateKey(key).key)) return { do: 'report', outcome: { ...outcomeOf(record), state: 'Pending', message: 'whether an autoscaler of the cluster scales it is not known yet' } }
    const retained = keeps === 'unknown' ? undefined : keeps
    const isTarget = this.#isTarget(federated), problem = isTarget ? this.#problem(store) : undefined
    const wanted = !isTarget ? undefined : problem ? { problem } : render({ federated, target: store.target, hub: store.kind, cluster: member.cluster, replicas: target?.replicas, fleetId, retained }, rendering)
    return decideCopy({ federated, wanted, observed: this.#observed(copies, splitTemplateKey(key).key, record), record, orphan: isOrphaned(federated, rules), retained, suspended: suspension(federated, rules, member.name), finished: store.target.kind === 'Job' && ledger.isFinished(key, member.name, federated) })
  }

  /** What of the copy is the member's business. Replicas are where the template says so, or an autoscaler there scales the copy. */
  #retained(store: TemplateStore, federated: FederatedObject): readonly string[] | 'unknown' | undefined {
    const { group, kind, scale } = store.target, said = this.#options.retained(store, federated, this.member)
    if (said || !scale || !this.#isTarget(federated) || this.member.state.state !== 'ready') return said
    const isScaled = this.#autoscalers.scales({ group, kind, key: keyOfTemplate(federated) })
    return isScaled === undefined ? 'unknown' : isScaled ? scale.specReplicasPath.slice(1).split('.') : undefined
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

  #observed(copies: MemberCopies, key: string, record: CopyRecord | undefined): Observed {
    const { state } = this.member
    if (state.state !== 'ready') return { known: false, reason: state.state === 'connecting' ? 'the cluster has not been reached yet' : `the cluster is ${state.state}: ${state.reason}` }
    if (!copies.isReady) return { known: false, reason: 'what is in the cluster is not known yet' }
    return { known: true, copy: copies.get(key), behind: record?.version !== undefined && comparePositions(copies.position, record.version) < 0 }
  }

  /** The step's outcome; `again`: the world turned out to be another than it seemed. */
  async #perform(step: Step, actor: CopyActor, record: CopyRecord | undefined, signal: AbortSignal): Promise<{ readonly record: CopyRecord | 'gone'; readonly requeueAfterMs?: number } | { readonly again: true }> {
    switch (step.do) {
      case 'report': return { record: { ...step.outcome, ...(record?.version !== undefined && { version: record.version }) }, ...(step.outcome.state === 'Pending' && { requeueAfterMs: BEHIND_MS }) }
      case 'forget': return { record: 'gone' }
      case 'create': return actor.create(step.object, signal)
      case 'apply': return actor.apply(step, record, signal)
      case 'verify': return actor.verify(record, this.#isTarget(actor.federated), signal)
      case 'delete': return actor.delete(step.uid, record, signal)
      default: return actor.release(step.copy, record, signal)
    }
  }

  /** The template is gone. What it left here is told by a tombstone; a copy without one is never touched. */
  async #bury(store: TemplateStore, key: string, copies: MemberCopies, signal: AbortSignal): Promise<{ readonly requeueAfterMs?: number }> {
    const { tombstones } = this.#options, { name } = this.member, tombstone = tombstones.get(name, key)
    if (!tombstone) return {}
    const observed = this.#observed(copies, splitTemplateKey(key).key, undefined)
    if (!observed.known) return {}
    const { copy } = observed, actor = new CopyActor(this.#options, this.member, store, undefined, splitTemplateKey(key).key)
    if (copy && copy.metadata.annotations?.[TEMPLATE_ANNOTATION] === tombstone.template) {
      const isGone = tombstone.orphan ? await actor.letGo(copy, signal) : await actor.remove(copy, tombstone.propagationPolicy, signal)
      if (!isGone) return { requeueAfterMs: BEHIND_MS }
    }
    await tombstones.remove(name, key, signal)
    return {}
  }

  #follow(store: TemplateStore): MemberCopies {
    let copies = this.#copies.get(store)
    if (!copies) {
      const { ledger, tombstones } = this.#options, prefix = templateKey(store.id, ''), kickAll = () => { for (const key of [...this.#involved(), ...tombstones.of(this.member.name).keys()]) if (key.startsWith(prefix)) this.#queue.add(key) }
      const onCopy = (key: string, copy: KubeObject | undefined) => {
        this.#queue.add(templateKey(store.id, key))
        this.#options.onCopy(templateKey(store.id, key))
        if (!copy) return
        if (isFinished(copy)) ledger.noteFinished(templateKey(store.id, key), this.member.name)
        void this.#suspect(store, key, copy)
      }
      this.#copies.set(store, (copies = new MemberCopies({ member: this.member, store, options: this.#options, onCopy, onReady: kickAll }, AbortSignal.any([this.#stop.signal, store.signal]))))
      store.signal.addEventListener('abort', () => this.#copies.delete(store), { once: true })
    }
    return copies
  }

  /** A copy of a later decision than the cache knows: the cache may lag, so the store itself is asked. */
  async #suspect(store: TemplateStore, key: string, copy: KubeObject): Promise<void> {
    const made = revisionOf(copy), { guard } = this.#options
    if (!made || guard.evidence || !isBehind(store.cache.get(key)?.parse() as FederatedObject | undefined, copy, made)) return
    try {
      const slash = key.indexOf('/'), scope = slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }, [entry] = (await store.resource.reader.list(scope, this.#stop.signal)).entries
      const federated = entry?.parse() as FederatedObject | undefined
      if (isBehind(federated, copy, made)) guard.trip({ cluster: this.member.name, template: templateKey(store.id, key), copy: made.join('.'), stored: revisionText(federated) })
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#options.logger.warn({ error: String(error), cluster: this.member.name, key }, 'whether the store is behind could not be found out')
    }
  }
}

function outcomeOf({ version: _version, ...outcome }: CopyRecord = { state: 'Pending' }): Outcome { return outcome }

const revisionText = (federated: FederatedObject | undefined) => `${federated?.status?.schedule?.observedGeneration ?? 0}.${federated?.status?.schedule?.decision ?? 0}`

/** Only copies of this very template tell: of another one of the same name nothing follows. */
function isBehind(federated: FederatedObject | undefined, copy: KubeObject, [generation, decision]: readonly [number, number]): boolean {
  if (!federated || copy.metadata.annotations?.[TEMPLATE_ANNOTATION] !== federated.metadata.uid) return false
  const schedule = federated.status?.schedule
  return generation > (schedule?.observedGeneration ?? 0) || decision > (schedule?.decision ?? 0)
}
