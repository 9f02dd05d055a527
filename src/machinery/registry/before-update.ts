import type { KubeObject, ObjectMeta } from '../meta/core.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import { equalJson } from '../meta/json-value.ts'
import { finalizerWarnings, validateObjectMetaUpdate, withoutDuplicateOwners } from '../meta/object-meta.ts'
import type { StoredKind } from '../meta/strategy.ts'
import { validateSchema } from '../schema/validate-schema.ts'
import type { Prepared } from './before-create.ts'
import { shaped } from './before-create.ts'

/**
 * What replaces `old`. `metadata` is that of `submitted`, decoded, its preconditions already checked; `submitted` belongs to this function, `old` is left as it is.
 * generation grows iff anything but metadata and status changes; a client cannot change what the server owns.
 */
export function beforeUpdate(kind: StoredKind, schema: JsonSchema, submitted: KubeObject, metadata: ObjectMeta, old: KubeObject, now: number): Prepared {
  const warnings: string[] = [], warn = (text: string) => { warnings.push(text) }
  const object = shaped(kind, schema, submitted)
  if (kind.hasStatus) copyMember('status', old, object)
  object.metadata = owned(withoutDuplicateOwners(metadata, warn), old.metadata)
  const prepared = kind.strategy.prepareForUpdate?.(object, old, now) ?? object
  prepared.metadata = owned(prepared.metadata, old.metadata)
  if (!equalJson({ ...prepared, metadata: {} }, { ...old, metadata: {} })) prepared.metadata.generation = (old.metadata.generation ?? 0) + 1
  return judged(kind, schema, prepared, old, warnings)
}

/** The status subresource: everything but status stays as it was. `computed`: the status is this server's own work, and taken as it is. */
export function beforeStatusUpdate(kind: StoredKind, schema: JsonSchema, submitted: KubeObject, old: KubeObject, computed = false): Prepared {
  const object: KubeObject = { ...old, metadata: owned(old.metadata, old.metadata) }
  copyMember('status', computed ? submitted : shaped(kind, schema, submitted), object)
  return computed ? { object, errors: [], warnings: [] } : judged(kind, schema, object, old, [])
}

function judged(kind: StoredKind, schema: JsonSchema, object: KubeObject, old: KubeObject, warnings: readonly string[]): Prepared {
  // Twice, as for custom resources (once for all kinds, once by their own strategy): the causes that clients see count.
  const ofMetadata = validateObjectMetaUpdate(object.metadata, old.metadata)
  const errors = [...ofMetadata, ...ofMetadata, ...validateSchema(schema, object), ...(kind.strategy.validate?.(object) ?? []), ...(kind.strategy.validateUpdate?.(object, old) ?? [])]
  return { object, errors, warnings: [...warnings, ...finalizerWarnings(object.metadata, old.metadata), ...(kind.strategy.warnings?.(object, old) ?? [])] }
}

/** generation is the old one, and so are deletion and creation times once they are there. A deletion cannot be set by hand: validation then names the field. */
function owned(metadata: ObjectMeta, old: ObjectMeta): ObjectMeta {
  const { resourceVersion: _version, generation: _generation, managedFields: _managed, ...given } = metadata, { deletionGracePeriodSeconds: grace } = old
  return {
    ...given, ...defined({ uid: given.uid ?? old.uid, creationTimestamp: old.creationTimestamp ?? given.creationTimestamp, deletionTimestamp: old.deletionTimestamp ?? given.deletionTimestamp }),
    ...defined({ deletionGracePeriodSeconds: given.deletionGracePeriodSeconds ?? grace, generation: old.generation, managedFields: old.managedFields }),
  }
}

const defined = <T extends object>(object: T) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as { [K in keyof T]: NonNullable<T[K]> }

function copyMember(name: string, from: KubeObject, to: KubeObject): void {
  if (from[name] === undefined) delete to[name]
  else to[name] = from[name]
}
