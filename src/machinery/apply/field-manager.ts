/**
 * Server-side apply and the bookkeeping of every other write, as pure functions over objects.
 *
 *     updateObject   decode managers → untracked? → compare → strip → merge with the manager's entry → cap → encode
 *     applyObject    check → decode → before-first-apply → merge, prune, conflicts (kubectl takes over its own) → strip → last-applied annotation → encode
 *
 * The storeys below, each knowing only those under it: value-order, go-text · field-path, path-set, path-pattern · apply-schema, openapi-type ·
 * validate, owned-paths, compare, merge, remove, reconcile = typed-value · managers, prune, updater · managed-fields, cap-managers, last-applied.
 * Rules as in apimachinery/pkg/util/managedfields and structured-merge-diff.
 */
import { timestamp } from '../meta/timestamp.ts'
import type { KubeObject } from '../meta/core.ts'
import { isJsonObject } from '../meta/json-value.ts'
import { StatusError } from '../meta/status-error.ts'
import type { Type } from './apply-schema.ts'
import { capped } from './cap-managers.ts'
import { printPath } from './field-path.ts'
import { KUBECTL, unchangedSinceLastApplied, withLastApplied } from './last-applied.ts'
import { decodeManagedFields, encodeManagedFields, type Managed, type ManagedFieldsEntry, ManagedFieldsError, managerId, NOBODY, printManager } from './managed-fields.ts'
import { type Conflict, describeConflicts, type ManagedSet, type Managers } from './managers.ts'
import { excluding } from './path-pattern.ts'
import { PathSet } from './path-set.ts'
import { TypedValue } from './typed-value.ts'
import { TypingError } from './typing-error.ts'
import { apply, type Applied, type Rules, update } from './updater.ts'

/** The endpoint that is written to. */
export interface ManagedKind {
  /** Group and version of the request; live, next and config are in it. */
  readonly apiVersion: string
  readonly kind: string
  /** `objectType` of the kind's schema, or `deduced`. */
  readonly type: Type
  readonly subresource?: string
  /** Fields that this endpoint resets to what they were: nobody comes to own them through it. */
  readonly resetFields?: PathSet
  /** The object in another served version. Absent, or undefined as its answer: that version is not served, and what was owned in it is forgotten. */
  readonly convert?: (object: KubeObject, apiVersion: string) => { readonly object: KubeObject; readonly type: Type } | undefined
}

/** `object` is without managedFields, which are to be put there (undefined: none). It shares parts with what was given: clone it before changing it. */
export interface ManagedObject { readonly object: KubeObject; readonly managedFields: ManagedFieldsEntry[] | undefined }

interface Write { readonly live: KubeObject | undefined; readonly manager: string; /** Milliseconds since the epoch. */ readonly now: number }

/**
 * Who owns what once `next` is stored in place of `live` (undefined: created). `next` is as it will be stored, defaults included.
 * A client may write managedFields itself: `[{}]` clears them; absent, empty or unreadable ones leave those of `live`, and subresources always do. An object without any is not tracked until it is applied.
 */
export function updateObject(kind: ManagedKind, { live, next, manager, now }: Write & { readonly next: KubeObject }): ManagedObject {
  const object = bare(kind, next), given = kind.subresource === undefined ? next.metadata.managedFields : undefined
  if (isReset(given)) return { object, managedFields: live ? undefined : tracked(kind, undefined, object, NOBODY, manager, now) }
  const managed = ours(given) ?? ours(live?.metadata.managedFields) ?? NOBODY
  if (live && managed.managers.size === 0) return { object, managedFields: undefined }
  return { object, managedFields: tracked(kind, live, object, managed, manager, now) }
}

/**
 * What `live` (undefined: it is created) becomes when `manager` applies `config`, which is as sent: not defaulted.
 * Throws StatusError: Conflict with every field that others own with another value, unless `force` takes them; BadRequest for another kind or given managedFields; without a reason (500) where the configuration does not fit the schema.
 */
export function applyObject(kind: ManagedKind, { live, config, manager, force, now }: Write & { readonly config: KubeObject; readonly force: boolean }): ManagedObject {
  if (config.apiVersion !== kind.apiVersion || config.kind !== kind.kind) throw StatusError.badRequest(`invalid object type: ${describeKind(config)}`)
  const stored = bare(kind, live ?? { metadata: {} }), managed = managersForApply(kind, live, stored, now)
  if (metadataOf(config)['managedFields'] !== undefined) throw StatusError.badRequest('metadata.managedFields must be nil')
  const typed = { config: typedObject(kind, config, 'patch', false), live: typedObject(kind, stored, 'live', true) }
  const id = managerId({ manager: manager || UNKNOWN, operation: 'Apply', ...subresourceOf(kind) })
  const carryOut = (forced: boolean) => applied(rulesOf(kind), { ...typed, apiVersion: kind.apiVersion, managers: managed.managers, manager: id, force: forced })
  let result = carryOut(force)
  if (result.state === 'conflict' && manager === KUBECTL) {
    const allowed = unchangedSinceLastApplied(stored, kind.apiVersion, kind.type), left = result.conflicts.filter(({ path }) => !allowed.has(path))
    result = left.length > 0 ? { state: 'conflict', conflicts: left } : carryOut(true)
  }
  if (result.state === 'conflict') throw conflictError(result.conflicts)
  // An entry whose object did not change keeps its time, and a new one has none.
  const times = result.object ? new Map(managed.times).set(id, timestamp(now)) : managed.times
  const object = result.object ? result.object.value as KubeObject : stored
  return { object: manager === KUBECTL ? withLastApplied(object, config) : object, managedFields: encodeManagedFields({ managers: stripped(result.managers, id), times }) }
}

/** Never owned: what names the object or is the server's. */
const STRIPPED = PathSet.of(
  ['f:apiVersion'], ['f:kind'], ['f:metadata'],
  ...['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation', 'managedFields', 'resourceVersion'].map((name) => ['f:metadata', `f:${name}`]),
)
const UNKNOWN = 'unknown', BEFORE_FIRST_APPLY = 'before-first-apply'
/** Stands for the manager of this write until it is known what the write itself changed. */
const THIS_WRITE = 'current-operation'

function tracked(kind: ManagedKind, live: KubeObject | undefined, next: KubeObject, managed: Managed, manager: string, now: number): ManagedFieldsEntry[] | undefined {
  try { return encodeManagedFields(updated(kind, live, next, managed, manager, now)) } catch (error) {
    // Such an object is refused by validation, which comes later and says what is wrong in its own words; one that passes is not tracked.
    if (error instanceof TypingError) return undefined
    throw error
  }
}

function updated(kind: ManagedKind, live: KubeObject | undefined, next: KubeObject, { managers, times }: Managed, manager: string, now: number): Managed {
  const allowDuplicates = { allowDuplicates: true }, id = managerId({ manager: manager || UNKNOWN, operation: 'Update', apiVersion: kind.apiVersion, ...subresourceOf(kind) })
  const before = TypedValue.validated(kind.type, bare(kind, live ?? { metadata: {} }), allowDuplicates), after = TypedValue.validated(kind.type, next, allowDuplicates)
  const owners = new Map(stripped(update(rulesOf(kind), { live: before, next: after, apiVersion: kind.apiVersion, managers, manager: THIS_WRITE }), THIS_WRITE)), changed = owners.get(THIS_WRITE)
  if (!changed) return capped({ managers: owners, times })
  owners.delete(THIS_WRITE)
  const previous = owners.get(id)
  owners.set(id, previous ? { ...changed, set: changed.set.union(previous.set) } : changed)
  return capped({ managers: owners, times: new Map(times).set(id, timestamp(now)) })
}

/** The first apply to an object that was not tracked finds a manager that owns all of it, so that nothing is taken silently. */
function managersForApply(kind: ManagedKind, live: KubeObject | undefined, stored: KubeObject, now: number): Managed {
  const managed = decoded(live)
  if (managed.managers.size > 0 || !live) return managed
  try { return updated(kind, undefined, stored, managed, BEFORE_FIRST_APPLY, now) } catch (error) {
    if (error instanceof TypingError) throw new StatusError('', `failed to create manager for existing fields: ${error.message}`, { cause: error })
    throw error
  }
}

function decoded(live: KubeObject | undefined): Managed {
  try { return decodeManagedFields(live?.metadata.managedFields) } catch (error) {
    if (error instanceof ManagedFieldsError) throw new StatusError('', `failed to decode managed fields: ${error.message}`, { cause: error })
    throw error
  }
}

/** Undefined: none, or unreadable. */
function ours(entries: unknown): Managed | undefined {
  try {
    const managed = decodeManagedFields(entries)
    return managed.managers.size > 0 ? managed : undefined
  } catch (error) {
    if (error instanceof ManagedFieldsError) return undefined
    throw error
  }
}

const isReset = (entries: unknown): boolean => Array.isArray(entries) && entries.length === 1 && isJsonObject(entries[0]) && Object.keys(entries[0]).length === 0

function applied(rules: Rules, write: Parameters<typeof apply>[1]): Applied {
  try { return apply(rules, write) } catch (error) {
    if (error instanceof TypingError) throw new StatusError('', `failed to merge config: ${error.message}`, { cause: error })
    throw error
  }
}

function typedObject(kind: ManagedKind, object: KubeObject, role: 'patch' | 'live', allowDuplicates: boolean): TypedValue {
  try { return TypedValue.validated(kind.type, object, { allowDuplicates }) } catch (error) {
    if (!(error instanceof TypingError)) throw error
    const { namespace, name } = metadataOf(object), text = (value: unknown) => (typeof value === 'string' ? value : '')
    throw new StatusError('', `failed to create typed ${role} object (${text(namespace)}/${text(name)}; ${describeKind(object)}): ${error.message}`, { cause: error })
  }
}

function rulesOf(kind: ManagedKind): Rules {
  const filter = kind.resetFields && excluding(kind.resetFields)
  return {
    convert: (object, apiVersion) => {
      const value = object.value as KubeObject, converted = value.apiVersion === apiVersion ? undefined : kind.convert?.(value, apiVersion)
      return value.apiVersion === apiVersion ? object : converted && new TypedValue(converted.type, converted.object)
    },
    ...(filter && { filter: (apiVersion: string) => (apiVersion === kind.apiVersion ? filter : undefined) }),
  }
}

function stripped(managers: Managers, id: string): Managers {
  const owned = managers.get(id), set = owned?.set.difference(STRIPPED)
  if (!owned || set === owned.set) return managers
  const rest = new Map<string, ManagedSet>(managers)
  if (set!.isEmpty) rest.delete(id)
  else rest.set(id, { ...owned, set: set! })
  return rest
}

/** Texts as kubectl reads them (kubectl/pkg/cmd/apply). */
const conflictError = (conflicts: readonly Conflict[]) => new StatusError('Conflict', `Apply failed with ${conflicts.length} conflict${conflicts.length === 1 ? '' : 's'}: ${describeConflicts(conflicts, printManager)}`, {
  details: { causes: conflicts.map(({ manager, path }) => ({ reason: 'FieldManagerConflict', message: `conflict with ${printManager(manager)}`, field: printPath(path) })) },
})

/** With apiVersion and kind, which entries leave out, and without managedFields. */
function bare({ apiVersion, kind }: ManagedKind, object: KubeObject): KubeObject {
  const { managedFields: _managed, ...metadata } = object.metadata
  return { apiVersion, kind, ...object, metadata }
}

const subresourceOf = ({ subresource }: ManagedKind) => (subresource === undefined ? {} : { subresource })
const metadataOf = (object: KubeObject): Record<string, unknown> => (isJsonObject(object.metadata) ? object.metadata : {})

/** Go's text of a GroupVersionKind: `apps/v1, Kind=Deployment`. */
function describeKind(object: KubeObject): string {
  // As sent: what is no text is read as none.
  const [apiVersion, kind] = [object.apiVersion, object.kind].map((value: unknown) => (typeof value === 'string' ? value : '')) as [string, string]
  return `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`
}
