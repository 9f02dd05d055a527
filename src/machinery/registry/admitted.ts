import type { Admission, AdmissionAttributes, Operation } from '../admission/admission.ts'
import type { DeleteOptions, KubeObject, ObjectMeta, WriteOptions } from '../meta/core.ts'
import { decodeObjectMeta } from '../meta/decode-object-meta.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import { cloneJson } from '../meta/json-value.ts'
import type { StoredKind } from '../meta/strategy.ts'
import { shaped } from './before-create.ts'

/** A write as admission is told of it. */
export interface Submission { readonly submitted: KubeObject; readonly metadata: ObjectMeta; /** What admission was shown, where it changed it. */ readonly shown?: KubeObject }

/** Writes of one kind, brought before admission. */
export class Admitted {
  readonly #kind: StoredKind
  readonly #admission: Admission

  constructor(kind: StoredKind, admission: Admission) {
    this.#kind = kind
    this.#admission = admission
  }

  /** What admission makes of a new object or of a change; it sees defaults, and may not rename. `system`: what the server will set of metadata. */
  async mutate(schema: JsonSchema, { submitted, metadata }: Omit<Submission, 'shown'>, system: ObjectMeta, old: KubeObject | undefined, options: WriteOptions, signal: AbortSignal): Promise<Submission> {
    const object = shaped(this.#kind, schema, cloneJson(submitted))
    object.metadata = { ...metadata, ...system }
    const made = (await this.#admission.mutate(this.#attributes(old ? 'UPDATE' : 'CREATE', metadata, options), object, old, signal)) ?? object
    const { name, namespace, resourceVersion, uid } = metadata, { resourceVersion: _version, uid: _uid, ...decoded } = decodeObjectMeta(made.metadata, this.#kind)
    // Preconditions stay those of the client.
    return { submitted: made, metadata: { ...decoded, ...(name !== undefined && { name }), ...(namespace !== undefined && { namespace }), ...(resourceVersion !== undefined && { resourceVersion }), ...(uid !== undefined && { uid }) }, ...(made !== object && { shown: object }) }
  }

  /** The very object that will be stored. */
  validate(object: KubeObject, old: KubeObject | undefined, options: WriteOptions, signal: AbortSignal): Promise<void> {
    return this.#admission.validate(this.#attributes(old ? 'UPDATE' : 'CREATE', object.metadata, options), object, old, signal)
  }

  async delete(old: KubeObject, options: DeleteOptions, signal: AbortSignal): Promise<void> {
    const attributes = this.#attributes('DELETE', old.metadata, options)
    await this.#admission.mutate(attributes, undefined, old, signal)
    await this.#admission.validate(attributes, undefined, old, signal)
  }

  #attributes(operation: Operation, { name = '', namespace }: ObjectMeta, options: WriteOptions & Partial<DeleteOptions>): AdmissionAttributes {
    const { user, dryRun = false, subresource, warn } = options
    return { operation, kind: this.#kind, name, ...(namespace !== undefined && { namespace }), ...(subresource !== undefined && { subresource }), user, dryRun, options: described(operation, options), warn }
  }
}

function described(operation: Operation, { manager, dryRun, propagation, gracePeriodSeconds, uid, position }: WriteOptions & Partial<DeleteOptions>): Record<string, unknown> {
  const kind = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' }[operation], preconditions = { ...(uid && { uid }), ...(position && { resourceVersion: position }) }
  return {
    kind, apiVersion: 'meta.k8s.io/v1', ...(dryRun && { dryRun: ['All'] }), ...(operation !== 'DELETE' && manager && { fieldManager: manager }),
    ...(propagation && { propagationPolicy: propagation }), ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }), ...(Object.keys(preconditions).length > 0 && { preconditions }),
  }
}
