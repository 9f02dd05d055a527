import type { KubeObject, ObjectMeta } from '../meta/core.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import { dns1123Subdomain } from '../meta/names.ts'
import { finalizerWarnings, validateObjectMeta, withoutDuplicateOwners } from '../meta/object-meta.ts'
import type { FieldError } from '../meta/status-error.ts'
import type { StoredKind } from '../meta/strategy.ts'
import { applyDefaults } from '../schema/apply-defaults.ts'
import { prune } from '../schema/prune.ts'
import { validateSchema } from '../schema/validate-schema.ts'
import { timestamp } from '../meta/timestamp.ts'

/** An object on its way into the store, what is wrong with it, and what to tell the client about it. The rules of its schema have not been asked. */
export interface Prepared { readonly object: KubeObject; readonly errors: readonly FieldError[]; readonly warnings: readonly string[] }

/**
 * What a new object is stored as. `metadata` is that of `submitted`, decoded and named; `submitted` belongs to this function.
 * Whatever a client may not choose is replaced, status is cleared where it has a subresource.
 */
export function beforeCreate(kind: StoredKind, schema: JsonSchema, submitted: KubeObject, metadata: ObjectMeta, given: { readonly now: number; readonly uid: string }): Prepared {
  const warnings: string[] = [], warn = (text: string) => { warnings.push(text) }
  const { uid: _uid, creationTimestamp: _created, deletionTimestamp: _deleted, deletionGracePeriodSeconds: _grace, managedFields: _managed, resourceVersion: _version, ...kept } = withoutDuplicateOwners(metadata, warn)
  const object = shaped(kind, schema, submitted)
  if (kind.hasStatus) delete object['status']
  object.metadata = { ...kept, uid: given.uid, creationTimestamp: timestamp(given.now), generation: 1 }
  const prepared = kind.strategy.prepareForCreate?.(object, given.now) ?? object
  const errors = [...validateObjectMeta(prepared.metadata, { namespaced: kind.namespaced, validateName: kind.strategy.validateName ?? dns1123Subdomain }), ...validateSchema(schema, prepared), ...(kind.strategy.validate?.(prepared) ?? [])]
  return { object: prepared, errors, warnings: [...warnings, ...finalizerWarnings(prepared.metadata, undefined), ...(kind.strategy.warnings?.(prepared, undefined) ?? [])] }
}

/** Without fields that the schema does not know (whoever reads requests tells of them), with its defaults, of the stored version. In place. */
export function shaped(kind: StoredKind, schema: JsonSchema, submitted: KubeObject): KubeObject {
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...body } = submitted
  const object: KubeObject = { apiVersion: kind.group ? `${kind.group}/${kind.version}` : kind.version, kind: kind.kind, metadata: {}, ...body }
  applyDefaults(schema, prune(schema, object))
  return object
}
