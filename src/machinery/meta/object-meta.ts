import type { ObjectMeta, OwnerReference } from './core.ts'
import { equalJson } from './json-value.ts'
import { validateLabels } from './label-selector.ts'
import { dns1123Label, qualifiedName } from './names.ts'
import type { FieldError } from './status-error.ts'
import { fieldError } from './status-error.ts'

const MAX_ANNOTATION_BYTES = 256 * 1024
/** Finalizers by which the garbage collector works: it removes them once dependents are deleted, or orphaned. */
export const FOREGROUND_FINALIZER: string = 'foregroundDeletion', ORPHAN_FINALIZER: string = 'orphan'
const STANDARD_FINALIZERS = new Set([FOREGROUND_FINALIZER, ORPHAN_FINALIZER, 'kubernetes'])

/** Metadata on creation, name already generated. Rules and texts of apimachinery/pkg/api/validation/objectmeta.go; `meta` as `decodeObjectMeta` gives it. */
export function validateObjectMeta(meta: ObjectMeta, rules: { readonly namespaced: boolean; readonly validateName: (name: string) => readonly string[] }, path = 'metadata'): FieldError[] {
  const errors: FieldError[] = []
  // What generation will put behind the prefix is a letter or a digit, so a dash may end it.
  for (const text of meta.generateName ? rules.validateName(meta.generateName.replace(/(?<=.)-$/, 'a')) : []) errors.push(fieldError.invalid(`${path}.generateName`, meta.generateName, text))
  if (!meta.name) errors.push(fieldError.required(`${path}.name`, 'name or generateName is required'))
  else for (const text of rules.validateName(meta.name)) errors.push(fieldError.invalid(`${path}.name`, meta.name, text))
  if (!rules.namespaced) {
    if (meta.namespace) errors.push(fieldError.forbidden(`${path}.namespace`, 'not allowed on this type'))
  } else if (!meta.namespace) errors.push(fieldError.required(`${path}.namespace`))
  else for (const text of dns1123Label(meta.namespace)) errors.push(fieldError.invalid(`${path}.namespace`, meta.namespace, text))
  if ((meta.generation ?? 0) < 0) errors.push(fieldError.invalid(`${path}.generation`, meta.generation, 'must be greater than or equal to 0'))
  return [...errors, ...validateShared(meta, path)]
}

/** Metadata on update. Fields that the server restores (generation, creationTimestamp, …) must have been restored before. */
export function validateObjectMetaUpdate(meta: ObjectMeta, old: ObjectMeta, path = 'metadata'): FieldError[] {
  const errors: FieldError[] = []
  const added = old.deletionTimestamp ? [...new Set(meta.finalizers)].filter((finalizer) => !old.finalizers?.includes(finalizer)).sort() : []
  if (added.length > 0)
    errors.push(fieldError.forbidden(`${path}.finalizers`, `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((finalizer) => JSON.stringify(finalizer)).join(', ')}}`))
  if ((meta.generation ?? 0) < (old.generation ?? 0)) errors.push(fieldError.invalid(`${path}.generation`, meta.generation ?? 0, 'must not be decremented'))
  for (const field of IMMUTABLE) if (meta[field] !== old[field]) errors.push(fieldError.invalid(`${path}.${field}`, meta[field] ?? (typeof old[field] === 'string' && !field.endsWith('Timestamp') ? '' : null), 'field is immutable'))
  return [...errors, ...validateShared(meta, path)]
}

/** The same object, asking for the same: at most its status, and what is said about it, differ. Of objects without a generation that is not known: false. */
export function asksTheSame(a: { readonly metadata: ObjectMeta }, b: { readonly metadata: ObjectMeta }): boolean {
  return a.metadata.generation !== undefined && (['uid', 'generation', 'deletionTimestamp'] as const).every((field) => a.metadata[field] === b.metadata[field])
}

const IMMUTABLE = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const

/** The same owner given twice is kept once; clients are told. */
export function withoutDuplicateOwners(meta: ObjectMeta, warn: (text: string) => void): ObjectMeta {
  const owners = meta.ownerReferences ?? []
  const repeated = owners.filter((owner, i) => owners.findIndex((other) => other.uid === owner.uid && equalJson(other, owner)) < i)
  if (repeated.length === 0) return meta
  warn(`.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${repeated.map(({ uid }) => uid).join(', ')}`)
  return { ...meta, ownerReferences: owners.filter((owner) => !repeated.includes(owner)) }
}

/** Advice about finalizers that were not there before. */
export function finalizerWarnings(meta: ObjectMeta, old: ObjectMeta | undefined): string[] {
  return [...new Set(meta.finalizers)].filter((finalizer) => !old?.finalizers?.includes(finalizer)).sort().flatMap((finalizer) => {
    const texts = qualifiedName(finalizer)
    if (!finalizer.includes('/') && !STANDARD_FINALIZERS.has(finalizer)) texts.push(`prefer a domain-qualified finalizer name ${finalizer.includes('.') ? 'including a path (/) ' : ''}to avoid accidental conflicts with other finalizer writers`)
    return texts.map((text) => `metadata.finalizers: ${JSON.stringify(finalizer)}: ${text}`)
  })
}

function validateShared(meta: ObjectMeta, path: string): FieldError[] {
  return [...validateLabels(meta.labels ?? {}, `${path}.labels`), ...validateAnnotations(meta.annotations ?? {}, `${path}.annotations`), ...validateOwners(meta.ownerReferences ?? [], `${path}.ownerReferences`), ...validateFinalizers(meta.finalizers ?? [], `${path}.finalizers`)]
}

export function validateAnnotations(annotations: Record<string, string>, path: string): FieldError[] {
  const errors = Object.keys(annotations).flatMap((key) => qualifiedName(key.toLowerCase()).map((text) => fieldError.invalid(path, key, text)))
  const bytes = Object.entries(annotations).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)
  return bytes > MAX_ANNOTATION_BYTES ? [...errors, fieldError.tooLong(path, MAX_ANNOTATION_BYTES)] : errors
}

function validateOwners(owners: readonly OwnerReference[], path: string): FieldError[] {
  const errors: FieldError[] = []
  let controller: string | undefined
  for (const owner of owners) {
    const parts = owner.apiVersion.split('/'), version = parts.at(-1)!
    if (version === '' || parts.length > 2) errors.push(fieldError.invalid(`${path}.apiVersion`, owner.apiVersion, 'version must not be empty'))
    for (const field of ['kind', 'name', 'uid'] as const) if (owner[field] === '') errors.push(fieldError.invalid(`${path}.${field}`, '', 'must not be empty'))
    if (owner.apiVersion === 'v1' && owner.kind === 'Event') errors.push(fieldError.invalid(path, owner, '/v1, Kind=Event is disallowed from being an owner'))
    if (!owner.controller) continue
    const name = `${owner.kind}/${owner.name}`
    if (controller === undefined) controller = name
    else errors.push(fieldError.invalid(path, owners, `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`))
  }
  return errors
}

function validateFinalizers(finalizers: readonly string[], path: string): FieldError[] {
  const errors = finalizers.flatMap((finalizer) => qualifiedName(finalizer).map((text) => fieldError.invalid(path, finalizer, text)))
  if (finalizers.includes(ORPHAN_FINALIZER) && finalizers.includes(FOREGROUND_FINALIZER)) errors.push(fieldError.invalid(path, finalizers, `finalizer ${ORPHAN_FINALIZER} and ${FOREGROUND_FINALIZER} cannot be both set`))
  return errors
}
