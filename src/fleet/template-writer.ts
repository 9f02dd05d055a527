import type { FederatedObject } from '../apis/types.federation/v1alpha1/federated-object.ts'
import { foldedUid } from '../federation/interpreter/folded-uid.ts'
import { CLUSTERS_ANNOTATION, DEPLOYMENT_REVISION_ANNOTATION, DIFFERS_ANNOTATION, PLAN_ANNOTATION, REPLICAS_ANNOTATION, TARGETS_ANNOTATION } from '../federation/interpreter/marks.ts'
import { REVISION_ANNOTATION, TEMPLATE_ANNOTATION } from '../federation/template/marks.ts'
import { fromNative } from '../federation/template/native-object.ts'
import { templateStorage } from '../federation/template/template-storage.ts'
import type { TemplateStore } from '../federation/template/templates.ts'
import { SlabEntry } from '../machinery/cache/slab-entry.ts'
import type { DeleteOptions, Entry, KubeObject, Position, Storage, WriteOptions, Writer } from '../machinery/meta/core.ts'
import { decodeObjectMeta } from '../machinery/meta/decode-object-meta.ts'
import { parseJson } from '../machinery/meta/json.ts'
import { keyOfObject, nameOfKey } from '../machinery/meta/object-key.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import type { StoredKind, Strategy } from '../machinery/meta/strategy.ts'
import { StoredWriter, type WriterDependencies } from '../machinery/registry/stored-writer.ts'
import { keyPrefix } from '../machinery/storage/storage-key.ts'
import type { FleetIdentity } from './combine.ts'

export interface TemplateWriterOptions {
  /** The kind as the fleet shows it. */
  readonly kind: StoredKind
  readonly store: TemplateStore
  readonly storage: Storage
  readonly stored: WriterDependencies
  readonly identity: FleetIdentity
  /** Names of the clusters that have an object of that name, whether a template is behind it or not. */
  readonly having: (key: string, signal: AbortSignal) => Promise<readonly string[]>
  /** What storing a template would lead to. */
  readonly plan: (federated: FederatedObject) => string
  /** Whether the row stays once the template is gone: copies are left where they are, or members have objects of that name that are not ours. */
  readonly outlived: (key: string, federated: FederatedObject) => boolean
  /** What the fleet shows of a template, as of `revision` of the store. */
  readonly shown: (federated: FederatedObject, revision: number) => Entry
  /** Whether whoever read the object at `position` has seen `revision` of its template. */
  readonly hasSeen: (key: string, position: Position, revision: number) => boolean
}

/**
 * Writes of folded kinds: they act on the template behind the object. What no template is behind belongs to the members, and is refused with what to do.
 * The versions that clients see are positions of the fleet; of these only the store's part counts as a precondition.
 */
export class TemplateWriter implements Writer {
  readonly #options: TemplateWriterOptions
  readonly #native: StoredWriter
  /** The same for objects that are new to the store. */
  readonly #creating: StoredWriter
  readonly #storage: Storage

  constructor(options: TemplateWriterOptions) {
    const { kind, store, storage, stored, identity } = options, { target } = store
    this.#options = options
    this.#storage = templateStorage(storage, { kind: store, kept: store.kept, now: () => stored.clock.now(), uidOf: (namespace, name) => foldedUid({ ...identity, group: target.group, kind: target.kind, namespace, name }) })
    this.#native = new StoredWriter(kind, this.#storage, stored)
    const { strategy } = kind, review: Strategy['review'] = (object, old, write, signal) => bothOf(strategy.review?.(object, old, write, signal), this.#refuseTaken(keyOfObject(object), signal))
    this.#creating = new StoredWriter({ ...kind, strategy: { ...strategy, review } }, this.#storage, stored)
  }

  async create(submitted: KubeObject, options: WriteOptions, signal: AbortSignal): Promise<Entry> {
    const object = this.#decoded(submitted), { name, namespace } = object.metadata, key = namespace && this.#options.kind.namespaced ? `${namespace}/${name ?? ''}` : (name ?? '')
    if (name !== undefined) await this.#freed(key, signal)
    const entry = await this.#creating.create(withoutMarks(object), options, signal)
    return options.dryRun ? this.#asIfStored(entry.key, entry, options, signal) : this.#shown(entry.key, entry, signal)
  }

  async update(key: string, change: (current: KubeObject | undefined) => KubeObject, options: WriteOptions, signal: AbortSignal): Promise<{ readonly entry: Entry; readonly created: boolean }> {
    if (!(await this.#exists(key, signal))) await this.#refuseForeign(key, signal)
    const { entry, created } = await this.#native.update(key, (current) => this.#versioned(key, current, this.#decoded(change(current))), options, signal)
    return { entry: options.dryRun ? await this.#asIfStored(key, entry, options, signal) : await this.#shown(key, entry, signal), created }
  }

  /** Copies follow, or are left, as the propagation policy says. */
  async delete(key: string, { uid, position, ...options }: DeleteOptions, signal: AbortSignal): Promise<{ readonly entry: Entry; readonly removed: boolean }> {
    const { record } = await this.#storage.get(this.#key(key), signal), of = this.#resource, name = nameOfKey(key)
    if (!record) {
      await this.#refuseForeign(key, signal)
      throw StatusError.notFound(of, name)
    }
    const { metadata } = parseJson(Buffer.from(record.value).toString()) as KubeObject
    if (uid !== undefined && uid !== metadata.uid) throw StatusError.conflict({ group: of.group, resource: this.#options.kind.kind }, name, `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`)
    if (position !== undefined && !this.#options.hasSeen(key, position, record.revision)) throw StatusError.conflict({ group: of.group, resource: this.#options.kind.kind }, name, `the ResourceVersion in the precondition (${position}) does not match the ResourceVersion in record. The object might have been modified`)
    const { entry, removed } = await this.#options.store.resource.writer.delete(key, { ...options, ...(position !== undefined && { position: String(record.revision) }) }, signal)
    const federated = entry.parse() as FederatedObject, shown = this.#options.shown(federated, Number(federated.metadata.resourceVersion ?? record.revision)), isDone = removed || (metadata.finalizers ?? []).length === 0
    if (isDone && !options.dryRun && this.#options.outlived(key, federated)) {
      await this.#gone(key, federated.metadata.uid, signal)
      // Whoever waits for the uid to be gone would wait for a row that stays. The template's own is gone.
      const object = shown.parse()
      return { entry: SlabEntry.of({ ...object, metadata: { ...object.metadata, ...(federated.metadata.uid !== undefined && { uid: federated.metadata.uid }) } }), removed: true }
    }
    // To those who deleted it the object is as good as gone, unless finalizers of its own keep it: what is left is this server's affair.
    if (isDone && !options.dryRun && (options.propagation ?? 'Background') === 'Background') await this.#vanished(key, signal)
    return { entry: shown, removed: isDone }
  }

  /** Resolves once the template is gone, or takes longer than a client should wait: a member that does not answer holds it. */
  async #gone(key: string, uid: string | undefined, signal: AbortSignal): Promise<void> {
    await this.#until(() => Promise.resolve(this.#options.store.get(key)?.metadata.uid !== uid), LET_GO_MS, signal)
  }

  /** A name whose object is on its way out is free in a moment, unless finalizers of its author keep it. Ends when it is, or after a while. */
  async #freed(key: string, signal: AbortSignal): Promise<void> {
    await this.#until(async () => {
      const { record } = await this.#storage.get(this.#key(key), signal)
      if (!record) return true
      const { metadata } = parseJson(Buffer.from(record.value).toString()) as KubeObject
      return metadata.deletionTimestamp === undefined || (metadata.finalizers ?? []).length > 0
    }, FREED_MS, signal)
  }

  /** Until the fleet does not show it any more: whoever reads it next expects as much. Ends after a while where copies take their time, or are others'. */
  async #vanished(key: string, signal: AbortSignal): Promise<void> {
    await this.#until(async () => !(await this.#exists(key, signal)) && (await this.#options.having(key, signal)).length === 0, VANISHED_MS, signal)
  }

  async #until(test: () => Promise<boolean>, maxMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options.stored
    for (let waitedMs = 0; waitedMs < maxMs && !(await test()); waitedMs += LOOK_MS) await clock.sleep(LOOK_MS, signal)
  }

  /** With metadata of the types that it should have: what follows reads it before the native kind is asked. Throws StatusError BadRequest. */
  #decoded(object: KubeObject): KubeObject { return { ...object, metadata: decodeObjectMeta(object.metadata, this.#options.kind) } }

  /** The version that the client read, as the store knows it. */
  #versioned(key: string, current: KubeObject | undefined, next: KubeObject): KubeObject {
    const { resourceVersion: given, ...metadata } = next.metadata, own = current?.metadata.resourceVersion
    if (given === undefined || given === '' || given === '0' || given === own) return withoutMarks(next)
    const seen = own !== undefined && this.#options.hasSeen(key, given, Number(own)) ? own : '1'
    return withoutMarks({ ...next, metadata: { ...metadata, resourceVersion: seen } })
  }

  async #exists(key: string, signal: AbortSignal): Promise<boolean> { return (await this.#storage.get(this.#key(key), signal)).record !== undefined }

  /** For objects that are to be created; what the store has it refuses itself. */
  async #refuseTaken(key: string, signal: AbortSignal): Promise<void> { if (!(await this.#exists(key, signal))) await this.#refuseForeign(key, signal, (of) => StatusError.alreadyExists(of, nameOfKey(key))) }

  /** Throws where members have objects of that name that nobody gave a template. No Conflict: kubectl scale would try again for minutes. */
  async #refuseForeign(key: string, signal: AbortSignal, error = (of: { group: string; resource: string }) => StatusError.forbidden(of, nameOfKey(key), 'no template is behind it')): Promise<void> {
    const clusters = await this.#options.having(key, signal), { store } = this.#options
    if (clusters.length === 0) return
    const refused = error(this.#resource)
    throw new StatusError(refused.reason, `${refused.message}: it was made in ${clusters.join(',')} directly, and is read-only here; to adopt it create a ${store.kind.kind} of that name with spec.conflictResolution: Overwrite, or change it through clusters/<name>/proxy`, refused.details ? { details: refused.details } : {})
  }

  async #shown(key: string, written: Entry, signal: AbortSignal): Promise<Entry> {
    const { record } = await this.#options.storage.get(keyPrefix(this.#options.store.kind) + key, signal)
    // Removed by this very write: the last finalizer is gone.
    if (!record) return written
    return this.#options.shown(parseJson(Buffer.from(record.value).toString()) as FederatedObject, record.revision)
  }

  /** What a dry run would have stored, as it would be shown. */
  async #asIfStored(key: string, entry: Entry, { command }: WriteOptions, signal: AbortSignal): Promise<Entry> {
    const { storage, store: { target, kind }, shown, plan } = this.#options, { record } = await storage.get(keyPrefix(kind) + key, signal)
    const before = record && (parseJson(Buffer.from(record.value).toString()) as FederatedObject)
    const next = fromNative(entry.parse(), before, target, kind), object = shown(next, record?.revision ?? 0).parse()
    // kubectl diff shows whatever differs: the plan is not the object's.
    return command === 'kubectl diff' ? SlabEntry.of(object) : SlabEntry.of({ ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [PLAN_ANNOTATION]: plan(next) } } })
  }

  #key(key: string): string { return keyPrefix(this.#options.store.target) + key }
  get #resource() { return { group: this.#options.kind.group, resource: this.#options.kind.plural } }
}

/** Members are asked for both at once; what the first one says against the object comes first, as in a kube-apiserver, which validates before it looks whether the name is taken. */
async function bothOf(review: Promise<void> | undefined, isFree: Promise<void>): Promise<void> {
  for (const answer of await Promise.allSettled([review, isFree])) if (answer.status === 'rejected') throw answer.reason
}

const LET_GO_MS = 10_000, LOOK_MS = 25, FREED_MS = 5000, VANISHED_MS = 2000

/** What a fleet adds when it shows an object is not its author's; nor is what copies carry, which `kubectl rollout undo` takes over from a member's ReplicaSet. */
export function withoutMarks(object: KubeObject): KubeObject {
  const { annotations } = object.metadata
  if (!annotations || !MARKS.some((mark) => mark in annotations)) return object
  const { annotations: _, ...metadata } = object.metadata, kept = Object.fromEntries(Object.entries(annotations).filter(([name]) => !MARKS.includes(name)))
  return { ...object, metadata: { ...metadata, ...(Object.keys(kept).length > 0 && { annotations: kept }) } }
}
const MARKS: readonly string[] = [CLUSTERS_ANNOTATION, DIFFERS_ANNOTATION, REPLICAS_ANNOTATION, TARGETS_ANNOTATION, PLAN_ANNOTATION, TEMPLATE_ANNOTATION, REVISION_ANNOTATION, DEPLOYMENT_REVISION_ANNOTATION]
