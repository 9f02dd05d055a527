import type { Clock } from '../../lib/clock.ts'
import type { Admission } from '../admission/admission.ts'
import type { CelEvaluator } from '../admission/cel/cel-evaluator.ts'
import { updateObject } from '../apply/field-manager.ts'
import { keepTimes } from '../apply/keep-times.ts'
import { SlabEntry } from '../cache/slab-entry.ts'
import type { DeleteOptions, Entry, KubeObject, ObjectMeta, Storage, StoredRecord, WriteOptions, Writer } from '../meta/core.ts'
import { decodeObjectMeta } from '../meta/decode-object-meta.ts'
import { generateName } from '../meta/generate-name.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import { cloneJson, equalJson } from '../meta/json-value.ts'
import { parseJson, stringifyJson } from '../meta/json.ts'
import { nameOfKey } from '../meta/object-key.ts'
import { fieldError, StatusError } from '../meta/status-error.ts'
import type { StoredKind } from '../meta/strategy.ts'
import { blocksRules, hasRules, rulesNotChecked } from '../schema/validate-schema.ts'
import { keyPrefix } from '../storage/storage-key.ts'
import { storedEntry } from '../storage/storage-reader.ts'
import { Admitted, type Submission } from './admitted.ts'
import { beforeCreate, type Prepared } from './before-create.ts'
import { beforeDelete } from './before-delete.ts'
import { beforeStatusUpdate, beforeUpdate } from './before-update.ts'
import { managedKind } from './managed-kind.ts'
import type { NamespaceGuard } from './namespace-guard.ts'
import { checkNamespace } from './namespace-guard.ts'
import { timestamp } from '../meta/timestamp.ts'
import { writtenVersion } from './written-version.ts'

export interface WriterDependencies {
  readonly clock: Clock
  /** UUID v4. */
  readonly randomUuid: () => string
  /** Five characters for generateName: `nameSuffix` of meta/generate-name.ts. */
  readonly randomSuffix: () => string
  /** Absent: any namespace will do. */
  readonly namespaces?: NamespaceGuard
  /** Evaluates x-kubernetes-validations. Absent: they are not asked. */
  readonly rules?: Pick<CelEvaluator, 'validate'>
  /** Who else decides about writes. Absent: nobody. */
  readonly admission?: Admission
}

/** Sizes of values, as etcd limits them by default. */
const MAX_VALUE_BYTES = 1_572_864
const MAX_GENERATED_NAMES = 8

/**
 * Writes a kind into the store: read, decide (pure), commit if nothing else was committed meanwhile, else again with what is there now.
 * Values are JSON of the stored version, without resourceVersion: that is the record's revision.
 */
export class StoredWriter implements Writer {
  readonly #kind: StoredKind
  readonly #storage: Storage
  readonly #dependencies: WriterDependencies
  readonly #admitted: Admitted | undefined
  readonly #ruled = new WeakMap<JsonSchema, boolean>()

  constructor(kind: StoredKind, storage: Storage, dependencies: WriterDependencies) {
    this.#kind = kind
    this.#storage = storage
    this.#dependencies = dependencies
    this.#admitted = dependencies.admission && new Admitted(kind, dependencies.admission)
  }

  async create(submitted: KubeObject, options: WriteOptions, signal: AbortSignal): Promise<Entry> {
    const schema = await this.#kind.schema(signal), metadata = decodeObjectMeta(submitted.metadata, this.#kind)
    await this.#checkNamespace(metadata, signal)
    for (let attempt = 1; ; attempt++) {
      const isGenerated = !metadata.name && metadata.generateName !== undefined
      const named = isGenerated ? { ...metadata, name: generateName(metadata.generateName!, this.#dependencies.randomSuffix()) } : metadata
      const made = await this.#insert(schema, submitted, named, options, signal)
      if ('entry' in made) return made.entry
      if (!isGenerated) throw this.#alreadyExists(made.current, named.name!)
      if (attempt === MAX_GENERATED_NAMES) throw this.#noNameLeft(named.name!)
    }
  }

  async update(key: string, change: (current: KubeObject | undefined) => KubeObject, options: WriteOptions, signal: AbortSignal): Promise<{ readonly entry: Entry; readonly created: boolean }> {
    const schema = await this.#kind.schema(signal)
    let { record } = await this.#storage.get(this.#storageKey(key), signal)
    for (;;) {
      if (!record) {
        if (options.subresource !== undefined) throw StatusError.notFound(this.#resource, nameOfKey(key))
        const submitted = change(undefined), metadata = this.#metadataAt(key, submitted)
        await this.#checkNamespace(metadata, signal)
        const made = await this.#insert(schema, submitted, metadata, options, signal)
        if ('entry' in made) return { entry: made.entry, created: true }
        record = made.current
      } else {
        const made = await this.#replace(schema, key, record, change, options, signal)
        if ('entry' in made) return { entry: made.entry, created: false }
        record = made.current
      }
      signal.throwIfAborted()
    }
  }

  async delete(key: string, options: DeleteOptions, signal: AbortSignal): Promise<{ readonly entry: Entry; readonly removed: boolean }> {
    let { record } = await this.#storage.get(this.#storageKey(key), signal)
    for (;;) {
      if (!record) throw StatusError.notFound(this.#resource, nameOfKey(key))
      const old = parsed(record)
      await this.#kind.strategy.authorize?.(undefined, old, options)
      await this.#admitted?.delete(old, options, signal)
      const marked = beforeDelete(this.#kind, old, options, this.#dependencies.clock.now())
      const made = marked ? await this.#store(record, old, marked, options, signal) : await this.#remove(record, old, options, signal)
      if ('entry' in made) return { entry: made.entry, removed: !marked }
      record = made.current
      signal.throwIfAborted()
    }
  }

  async #insert(schema: JsonSchema, submitted: KubeObject, metadata: ObjectMeta, options: WriteOptions, signal: AbortSignal): Promise<Written> {
    const { strategy, namespaced } = this.#kind, given = { now: this.#dependencies.clock.now(), uid: this.#dependencies.randomUuid() }
    const admitted: Submission = (await this.#admitted?.mutate(schema, { submitted, metadata }, { uid: given.uid, creationTimestamp: timestamp(given.now) }, undefined, options, signal)) ?? { submitted, metadata }
    const prepared = beforeCreate(this.#kind, schema, cloneJson(admitted.submitted), admitted.metadata, given), warnings = await this.#accept(schema, prepared, undefined, signal)
    await strategy.authorize?.(prepared.object, undefined, options)
    await strategy.review?.(prepared.object, undefined, options, signal)
    const object = this.#owned(schema, prepared.object, admitted, undefined, options)
    await this.#admitted?.validate(object, undefined, options, signal)
    // Not a user's mistake by the book: a kube-apiserver's store answers it as an error without a reason, and reads what is no number as none (apiserver/pkg/storage/etcd3/store.go Create).
    if (!options.dryRun && (writtenVersion(metadata.resourceVersion).version ?? 0n) !== 0n) throw new StatusError('', 'resourceVersion should not be set on objects to be created')
    const key = this.#storageKey(namespaced ? `${object.metadata.namespace}/${object.metadata.name}` : object.metadata.name!), value = encode(object, options)
    if (options.dryRun) {
      const { record } = await this.#storage.get(key, signal)
      if (record) return { current: record }
    }
    const result = options.dryRun ? undefined : await this.#storage.commit(key, value, 0, signal)
    if (result && 'current' in result) return result
    for (const text of warnings) options.warn(text)
    return { entry: result ? storedEntry({ key, value, revision: result.revision }) : SlabEntry.of(object) }
  }

  async #replace(schema: JsonSchema, key: string, record: StoredRecord, change: (current: KubeObject) => KubeObject, options: WriteOptions, signal: AbortSignal): Promise<Written> {
    const old = parsed(record), changed = change(old), submitted = options.computed ? changed : cloneJson(changed), metadata = this.#metadataAt(key, submitted), { strategy } = this.#kind
    this.#checkPreconditions(record, metadata, old)
    const admitted: Submission = (await this.#admitted?.mutate(schema, { submitted, metadata }, {}, old, options, signal)) ?? { submitted, metadata }
    const prepared = options.subresource === 'status'
      ? beforeStatusUpdate(this.#kind, schema, admitted.submitted, old, options.computed)
      : beforeUpdate(this.#kind, schema, admitted.submitted, admitted.metadata, old, this.#dependencies.clock.now())
    const warnings = options.computed ? [] : await this.#accept(schema, prepared, old, signal)
    if (!options.computed) await strategy.authorize?.(prepared.object, old, options)
    if (options.subresource !== 'status') await strategy.review?.(prepared.object, old, options, signal)
    const object = this.#owned(schema, prepared.object, admitted, old, options)
    await this.#admitted?.validate(object, old, options, signal)
    // The last finalizer was what kept it.
    const isFinished = old.metadata.deletionTimestamp !== undefined && !old.metadata.deletionGracePeriodSeconds && !object.metadata.finalizers?.length
    const written = isFinished ? await this.#remove(record, object, options, signal) : await this.#store(record, old, object, options, signal)
    if ('entry' in written) for (const text of warnings) options.warn(text)
    return written
  }

  /** Asks the rules of the schema too; answers warnings. Throws StatusError Invalid with every mistake. */
  async #accept(schema: JsonSchema, { object, errors, warnings }: Prepared, old: KubeObject | undefined, signal: AbortSignal): Promise<readonly string[]> {
    const { rules } = this.#dependencies
    const found = !rules || !this.#hasRules(schema) ? undefined : blocksRules(errors) ? { errors: errors.includes(rulesNotChecked) ? [] : [rulesNotChecked], warnings: [] } : await rules.validate(schema, object, old, signal)
    if (errors.length > 0 || found?.errors.length) throw StatusError.invalid(this.#kind, (old ?? object).metadata.name ?? '', [...errors, ...(found?.errors ?? [])])
    return found ? [...warnings, ...found.warnings] : warnings
  }

  /** With its managedFields. What admission changes of an object whose ownership is settled becomes the manager's by update. */
  #owned(schema: JsonSchema, object: KubeObject, { metadata: { managedFields: given }, shown }: Submission, live: KubeObject | undefined, { manager, subresource, ownershipSettled }: WriteOptions): KubeObject {
    const { managedFields: _, ...metadata } = object.metadata, next = { ...object, metadata: { ...metadata, ...(given && { managedFields: given }) } }, before = ownershipSettled ? shown : live
    const compared = subresource === 'status' ? ofStatus : whole
    const managed = ownershipSettled && !shown ? given : updateObject(managedKind(this.#kind, schema, subresource), { live: before && compared(before), next: compared(next), manager, now: this.#dependencies.clock.now() }).managedFields
    const owned = { ...object, metadata: { ...metadata, ...(managed && { managedFields: [...managed] }) } }
    return live ? keepTimes(owned, live) : owned
  }

  #hasRules(schema: JsonSchema): boolean {
    let known = this.#ruled.get(schema)
    if (known === undefined) this.#ruled.set(schema, known = hasRules(schema))
    return known
  }

  /** An object that does not differ is not written, unless it is to be kept in another way. */
  async #store(record: StoredRecord, old: KubeObject, object: KubeObject, options: WriteOptions, signal: AbortSignal): Promise<Written> {
    if (!record.isStale && equalJson({ ...object, metadata: { ...object.metadata, resourceVersion: old.metadata.resourceVersion } }, old)) return { entry: storedEntry(record) }
    const value = encode(object, options)
    const result = options.dryRun ? { revision: record.revision } : await this.#storage.commit(record.key, value, record.revision, signal)
    return 'current' in result ? result : { entry: storedEntry({ key: record.key, value, revision: result.revision }) }
  }

  /** Answers the object with the version that it had. */
  async #remove(record: StoredRecord, object: KubeObject, options: WriteOptions, signal: AbortSignal): Promise<Written> {
    const result = options.dryRun ? undefined : await this.#storage.commit(record.key, undefined, record.revision, signal)
    return result && 'current' in result ? result : { entry: storedEntry({ ...record, value: encode(object, options) }) }
  }

  /** What the object says of its identity must agree with where it is written; what it does not say is filled in. */
  #metadataAt(key: string, submitted: KubeObject): ObjectMeta {
    const metadata = decodeObjectMeta(submitted.metadata, this.#kind), name = nameOfKey(key), namespace = this.#kind.namespaced ? key.slice(0, key.indexOf('/')) : undefined
    if (metadata.name !== undefined && metadata.name !== name) throw StatusError.badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`)
    if (metadata.namespace !== undefined && metadata.namespace !== namespace) throw StatusError.badRequest('the namespace of the provided object does not match the namespace sent on the request')
    return { ...metadata, name, ...(namespace !== undefined && { namespace }) }
  }

  #checkPreconditions({ key, revision }: StoredRecord, { uid, resourceVersion }: ObjectMeta, { metadata: { name = '', uid: stored } }: KubeObject): void {
    if (uid !== undefined && uid !== stored)
      throw StatusError.conflict(this.#resource, name, `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${stored}`)
    const { version, mistake } = writtenVersion(resourceVersion)
    if (mistake) throw new StatusError('', `strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: ${mistake}`)
    if (version === 0n) {
      if (!this.#kind.strategy.allowUnconditionalUpdate)
        throw StatusError.invalid({ group: this.#kind.group, kind: this.#kind.plural }, name, [fieldError.invalid('metadata.resourceVersion', 0, 'must be specified for an update')])
    } else if (version !== BigInt(revision)) throw StatusError.conflict(this.#resource, name, 'the object has been modified; please apply your changes to the latest version and try again')
  }

  async #checkNamespace({ namespace, name, generateName: prefix }: ObjectMeta, signal: AbortSignal): Promise<void> {
    const { namespaces } = this.#dependencies
    if (namespaces && this.#kind.namespaced && namespace) await checkNamespace(namespaces, namespace, { of: this.#resource, name: name ?? prefix ?? '' }, signal)
  }

  #alreadyExists(current: StoredRecord | undefined, name: string): StatusError {
    const error = StatusError.alreadyExists(this.#resource, name)
    return current && parsed(current).metadata.deletionTimestamp ? new StatusError('AlreadyExists', `object is being deleted: ${error.message}`, { details: error.details! }) : error
  }

  #noNameLeft(name: string): StatusError {
    const { message, details } = StatusError.alreadyExists(this.#resource, name)
    return new StatusError('AlreadyExists', `${message}, the server was not able to generate a unique name for the object`, { details: { ...details, retryAfterSeconds: 1 } })
  }

  get #resource() { return { group: this.#kind.group, resource: this.#kind.plural } }
  #storageKey(key: string): string { return keyPrefix(this.#kind) + key }
}

/** `current`: what was there instead; the decision is made again from it. */
type Written = { readonly entry: Entry } | { readonly current: StoredRecord | undefined }

const text = (value: Uint8Array) => Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()

/** What of an object that is written can have changed hands: through the status subresource nothing else comes to be owned, or is lost. */
const whole = (object: KubeObject): KubeObject => object
function ofStatus({ apiVersion, kind, metadata: { managedFields }, status }: KubeObject): KubeObject {
  return { ...(apiVersion !== undefined && { apiVersion }), ...(kind !== undefined && { kind }), metadata: managedFields ? { managedFields } : {}, ...(status !== undefined && { status }) }
}

/** As readers see it, with apiVersion and kind. */
function parsed({ value, revision }: StoredRecord): KubeObject {
  const object = parseJson(text(value)) as KubeObject
  object.metadata.resourceVersion = String(revision)
  return object
}

/** An object that is too large with the list of who owns what is stored without it; not where it is applied, which needs it. */
function encode(object: KubeObject, options: WriteOptions): Buffer {
  const { resourceVersion: _version, ...metadata } = object.metadata, value = Buffer.from(stringifyJson({ ...object, metadata }))
  if (value.length <= MAX_VALUE_BYTES) return value
  if (metadata.managedFields && !options.ownershipSettled) {
    const { managedFields: _, ...rest } = metadata
    return encode({ ...object, metadata: rest }, options)
  }
  // The words of etcd, which clients and their owners know.
  throw new StatusError('', 'etcdserver: request is too large')
}
