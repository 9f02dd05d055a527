import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { keyOfObject, nameOfKey, scopeOfKey } from '../../machinery/meta/object-key.ts'
import { isReason, StatusError } from '../../machinery/meta/status-error.ts'
import type { Member } from '../member/member.ts'
import { MANAGED_LABEL, TEMPLATE_ANNOTATION } from '../template/marks.ts'
import { isNamespaces } from '../template/namespace-template.ts'
import { templateKey, type TemplateStore } from '../template/templates.ts'
import { driftText, type CopyRecord } from './copy-decision.ts'
import { applyCopy, createCopy, deleteCopy, readCopy, releaseCopy } from './copy-writer.ts'
import { holdsOthers, isDefinitions } from './definition-removal.ts'
import { removalPolicy } from './deletion.ts'
import { ensureNamespace, isMadeBy } from './ensure-namespace.ts'
import { fingerprintOf, ownershipOf } from './fingerprint.ts'
import { whyNamespaceStays } from './namespace-removal.ts'
import type { PropagationOptions } from './propagation-context.ts'

/** What is known after a step; `again`: the world is not as it was thought, decide anew. */
export type Made = { readonly record: CopyRecord | 'gone'; /** The copy as it was written. */ readonly copy?: KubeObject; readonly requeueAfterMs?: number } | { readonly again: true }

const WAIT_MS = 1000

/** Carries out steps about one template in one member. Errors of the member are thrown: the caller reports and tries again. */
export class CopyActor {
  readonly #options: PropagationOptions
  readonly #member: Member
  readonly #store: TemplateStore
  readonly #federated: FederatedObject | undefined
  readonly #named: { readonly namespace?: string; readonly name: string }

  /** `federated` undefined: the template is gone, and `key` says whose copies are meant. */
  constructor(options: PropagationOptions, member: Member, store: TemplateStore, federated: FederatedObject | undefined, key = federated ? keyOfObject(federated) : '') {
    this.#options = options
    this.#member = member
    this.#store = store
    this.#federated = federated
    this.#named = store.target.namespaced ? scopeOfKey(key) : { name: nameOfKey(key) }
  }

  get federated(): FederatedObject {
    if (!this.#federated) throw new Error('there is no template any more')
    return this.#federated
  }

  /** What is there under that name and is this fleet's by its label, as the watch would show it. */
  async look(signal: AbortSignal): Promise<KubeObject | undefined> {
    const there = await readCopy(this.#member.handler, this.#store.target, this.#named, signal)
    return there?.metadata.labels?.[MANAGED_LABEL] === this.#options.fleetId ? there : undefined
  }

  async create(object: KubeObject, record: CopyRecord | undefined, signal: AbortSignal): Promise<Made> {
    // What was in the way is most likely there still.
    const inTheWay = record?.state === 'AlreadyExists' ? await readCopy(this.#member.handler, this.#store.target, this.#named, signal) : undefined
    if (inTheWay) return this.#meet(inTheWay, object, signal)
    // A namespace is made as one, so that it is known to be ours, and then dressed as the template wants.
    const copy = isNamespaces(this.#store.target) ? await this.#makeNamespace(signal) : await this.#inNamespace(() => createCopy(this.#member.handler, this.#store.target, object, signal), signal)
    if (copy) {
      this.#tellOfMany('Created', 'created in')
      return this.#written(copy, object)
    }
    const there = await readCopy(this.#member.handler, this.#store.target, this.#named, signal)
    return there ? this.#meet(there, object, signal) : { again: true }
  }

  async apply({ object, uid, drift, handOver }: { readonly object: KubeObject; readonly uid: string; readonly drift?: readonly string[]; readonly handOver?: KubeObject }, record: CopyRecord | undefined, signal: AbortSignal): Promise<Made> {
    const copy = await applyCopy(this.#member.handler, this.#store.target, { object, uid, ...(handOver && { handOver }) }, signal)
    if (copy) {
      if (drift) this.#tell('Warning', 'DriftCorrected', `cluster ${this.#member.name}: ${driftText(drift)}; put back`)
      return this.#written(copy, object)
    }
    // What the watch shows is out of date: it was replaced, or is gone.
    const there = await readCopy(this.#member.handler, this.#store.target, this.#named, signal)
    if (there) return this.#meet(there, object, signal)
    return { record: { ...forgotten(record), state: 'Pending', message: 'the copy was deleted a moment ago' }, requeueAfterMs: WAIT_MS }
  }

  /** An object of that name is there: ours by its label or by the template that it says it was made from, or somebody else's. */
  async #meet(there: KubeObject, object: KubeObject, signal: AbortSignal): Promise<Made> {
    const { fleetId, policyOf } = this.#options, { spec, metadata } = this.federated, overwrites = (spec.conflictResolution ?? policyOf(this.federated)?.conflictResolution) === 'Overwrite'
    const { labels = {}, annotations = {}, uid = '', deletionTimestamp, managedFields = [] } = there.metadata, label = labels[MANAGED_LABEL]
    const isOurs = label === fleetId || (label === undefined && annotations[TEMPLATE_ANNOTATION] === metadata.uid) || (isNamespaces(this.#store.target) && isMadeBy(there, fleetId))
    if (deletionTimestamp !== undefined) return { record: { state: 'Pending', message: 'an object of that name is being deleted there' }, requeueAfterMs: WAIT_MS }
    if (!isOurs && label !== undefined) return { record: { state: 'AlreadyExists', message: `another fleet (${label}) owns the object of that name` }, requeueAfterMs: LOOK_AGAIN_MS }
    if (!isOurs && !overwrites) {
      const managers = [...new Set(managedFields.flatMap((entry) => { const { manager } = entry as { manager?: unknown }; return typeof manager === 'string' ? [JSON.stringify(manager)] : [] }))].join(', ')
      const message = `an object of that name is there, made by ${managers || 'somebody else'}; remove it, or set spec.conflictResolution: Overwrite to adopt it`
      this.#tell('Warning', 'AlreadyExists', `cluster ${this.#member.name}: ${message}`)
      return { record: { state: 'AlreadyExists', message }, requeueAfterMs: LOOK_AGAIN_MS }
    }
    const copy = await applyCopy(this.#member.handler, this.#store.target, { object, uid }, signal)
    if (!copy) return { again: true }
    if (!isOurs) this.#tell('Normal', 'Adopted', `the object that was in cluster ${this.#member.name} was adopted`)
    return this.#written(copy, object)
  }

  /** The watch shows no copy, though there was one. `object`: what is to be there. */
  async verify({ object, finished }: { readonly object?: KubeObject; readonly finished: boolean }, record: CopyRecord | undefined, signal: AbortSignal): Promise<Made> {
    const there = await readCopy(this.#member.handler, this.#store.target, this.#named, signal), { labels = {}, annotations = {} } = there?.metadata ?? {}, isLabelled = labels[MANAGED_LABEL] === this.#options.fleetId
    const isSame = there && record && (there.metadata.uid === record.uid || (isLabelled && annotations[TEMPLATE_ANNOTATION] === this.federated.metadata.uid))
    if (!isSame) {
      if (!object) return { record: 'gone' }
      if (!there && record && finished) return { record: { ...record, state: 'OK', message: 'it finished here, and was removed since' } }
      this.#tell('Warning', 'CopyDeleted', `the copy in cluster ${this.#member.name} was deleted by somebody else; it is made again`)
      this.#options.ledger.set(this.#key, this.#member.name, { ...forgotten(record), state: 'Pending', message: 'the copy was deleted by somebody else' })
      return { again: true }
    }
    if (isLabelled) return { record: { ...record, state: object ? 'Pending' : 'WaitingForRemoval', message: 'the watch of the cluster is behind' }, requeueAfterMs: WAIT_MS }
    return this.#unlabelled(there, object, record, signal)
  }

  /** Somebody took our label off. Where a copy is wanted it is drift like any other; where none is, the object was let go. */
  async #unlabelled(there: KubeObject, object: KubeObject | undefined, record: CopyRecord, signal: AbortSignal): Promise<Made> {
    if (!object) {
      this.#tell('Warning', 'LabelRemoved', `the label ${MANAGED_LABEL} was taken off the object in cluster ${this.#member.name}: it is left there`)
      return { record: 'gone' }
    }
    const message = `the label ${MANAGED_LABEL} was taken off the object`
    if (this.federated.spec.drift === 'Report') return { record: { ...record, state: 'Drifted', message }, requeueAfterMs: LOOK_AGAIN_MS }
    const copy = there.metadata.deletionTimestamp === undefined ? await applyCopy(this.#member.handler, this.#store.target, { object, uid: there.metadata.uid ?? '' }, signal) : undefined
    if (!copy) return { record: { ...record, state: 'Pending', message }, requeueAfterMs: WAIT_MS }
    this.#tell('Warning', 'DriftCorrected', `cluster ${this.#member.name}: ${message}; put back`)
    return this.#written(copy, object)
  }

  async delete(uid: string, record: CopyRecord | undefined, signal: AbortSignal): Promise<Made> {
    if (this.#isContainer) {
      const { copy, kept } = await this.#containerThere(uid, signal)
      if (!copy) return { record: 'gone' }
      if (kept === 'release') return this.release(copy, record, signal)
      if (kept) return { record: { ...record, uid, state: 'WaitingForRemoval', message: kept.wait }, requeueAfterMs: WAIT_MS }
    }
    // It was asked for before, and the watch has not come so far.
    if (record?.state === 'WaitingForRemoval' && record.uid === uid && (record.message === undefined || record.message === DELETING)) {
      const there = await readCopy(this.#member.handler, this.#store.target, this.#named, signal)
      if (there?.metadata.uid !== uid) return { record: 'gone' }
      if (there.metadata.deletionTimestamp !== undefined) return { record: { ...record, message: DELETING }, requeueAfterMs: WAIT_MS }
    }
    const { budget } = this.#options, isEnding = this.federated.metadata.deletionTimestamp !== undefined, waitMs = isEnding ? 0 : budget.take()
    if (waitMs > 0) {
      const message = 'more copies are to be removed than may be in a minute (--max-removals-per-minute)'
      if (record?.message !== message) this.#tell('Warning', 'RemovalPaused', `cluster ${this.#member.name}: ${message}; it goes on by and by`)
      return { record: { ...record, state: 'WaitingForRemoval', message }, requeueAfterMs: waitMs }
    }
    const isGone = await deleteCopy(this.#member.handler, this.#store.target, this.#named, { uid, propagationPolicy: removalPolicy(this.federated) }, signal)
    this.#tellOfMany('Removed', 'removed from')
    // Gone is what the watch shows gone: until then nothing else may take the name for free.
    return { record: { ...record, uid, state: 'WaitingForRemoval', ...(!isGone && { message: DELETING }) }, requeueAfterMs: WAIT_MS }
  }

  async release(copy: KubeObject, record: CopyRecord | undefined, signal: AbortSignal): Promise<Made> {
    if (!(await releaseCopy(this.#member.handler, this.#store.target, copy, signal))) return { record: { ...record, state: 'WaitingForRemoval', message: 'it changed while it was let go' }, requeueAfterMs: WAIT_MS }
    this.#tell('Normal', 'Released', `the object in cluster ${this.#member.name} was left there`)
    return { record: 'gone' }
  }

  /** For tombstones. */
  letGo(copy: KubeObject, signal: AbortSignal): Promise<boolean> { return releaseCopy(this.#member.handler, this.#store.target, copy, signal) }
  async remove(copy: KubeObject, propagationPolicy: 'Foreground' | 'Background', signal: AbortSignal): Promise<boolean> {
    if (this.#isContainer && (await this.#containerThere(copy.metadata.uid ?? '', signal)).kept) return this.letGo(copy, signal)
    return deleteCopy(this.#member.handler, this.#store.target, this.#named, { uid: copy.metadata.uid ?? '', propagationPolicy }, signal)
  }

  async #makeNamespace(signal: AbortSignal): Promise<undefined> {
    const { name } = this.#named, { namespaceLabels, fleetId } = this.#options
    await ensureNamespace(this.#member.handler, name, { labels: await namespaceLabels(name, signal), fleetId }, signal)
  }

  /** Deleting one deletes what others have in it. */
  get #isContainer(): boolean { return isNamespaces(this.#store.target) || isDefinitions(this.#store.target) }

  /** The namespace, or definition of a kind, of that uid, and why it must not be deleted now. */
  async #containerThere(uid: string, signal: AbortSignal): Promise<{ readonly copy: KubeObject | undefined; readonly kept?: 'release' | { readonly wait: string } }> {
    const { fleetId, clock } = this.#options, copy = await readCopy(this.#member.handler, this.#store.target, this.#named, signal)
    if (copy?.metadata.uid !== uid) return { copy: undefined }
    if (isDefinitions(this.#store.target)) return { copy, ...((await holdsOthers(this.#member.handler, copy, fleetId, signal)) && { kept: 'release' }) }
    const kept = await whyNamespaceStays({ member: this.#member, namespace: copy, federated: this.#federated, fleetId, now: clock.now() }, signal)
    return { copy, ...(kept && { kept }) }
  }

  async #inNamespace<T>(write: () => Promise<T>, signal: AbortSignal): Promise<T> {
    try { return await write() } catch (error) {
      const { namespace } = this.#named
      if (namespace === undefined || !isReason(error, 'NotFound') || error.details?.kind !== 'namespaces') throw error
      if (namespace.startsWith('kube-')) throw new StatusError('Forbidden', `the cluster has no namespace ${namespace}, and namespaces of that prefix are not made by a fleet`, { cause: error })
      await ensureNamespace(this.#member.handler, namespace, { labels: await this.#options.namespaceLabels(namespace, signal), fleetId: this.#options.fleetId }, signal)
      this.#tell('Normal', 'NamespaceCreated', `namespace ${namespace} was created in cluster ${this.#member.name}`)
      return write()
    }
  }

  #written(copy: KubeObject, object: KubeObject): Made {
    const { uid = '', generation } = copy.metadata
    return {
      copy, record: { state: 'OK', uid, appliedGeneration: this.federated.metadata.generation ?? 0, ...(generation !== undefined && { copyGeneration: generation }), applied: `${fingerprintOf(object)}:${ownershipOf(copy)}` },
    }
  }

  /** What is done in several clusters at once is told once. */
  #tellOfMany(reason: string, message: string): void { this.#options.record(this.#store, this.federated, { type: 'Normal', reason, message, cluster: this.#member.name }) }
  #tell(type: 'Normal' | 'Warning', reason: string, message: string): void { this.#options.record(this.#store, this.federated, { type, reason, message }) }
  get #key(): string { return templateKey(this.#store.id, keyOfObject(this.federated)) }
}

const DELETING = 'the member is deleting it'
/** What is in the way may go without a word: it is not watched. */
const LOOK_AGAIN_MS = 30_000

/** The copy that the record is about is no more. */
function forgotten(record: CopyRecord | undefined): Partial<CopyRecord> {
  return record?.appliedGeneration === undefined ? {} : { appliedGeneration: record.appliedGeneration }
}
