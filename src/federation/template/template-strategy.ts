import type { FederatedObject, Template } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject, WriteOptions } from '../../machinery/meta/core.ts'
import type { JsonSchema } from '../../machinery/meta/json-schema.ts'
import { isJsonObject } from '../../machinery/meta/json-value.ts'
import { validateObjectMeta } from '../../machinery/meta/object-meta.ts'
import { type FieldError, fieldError, StatusError } from '../../machinery/meta/status-error.ts'
import type { Strategy } from '../../machinery/meta/strategy.ts'
import { wellFormed } from '../../machinery/schema/well-formed.ts'
import { COPIES_FINALIZER, DELETION_ANNOTATION, KUBEFED_ORPHAN_ANNOTATION } from './marks.ts'
import { unowned } from './native-object.ts'
import { keepRevision } from './revisions.ts'
import type { TargetKind } from './target-kind.ts'

/** What later stages say of a federated object before it is stored. */
export interface TemplateChecks {
  /** Mistakes in placement and overrides that the schema cannot say, with paths from the object's root. `template`: the schema of spec.template. */
  readonly validate: (federated: FederatedObject, target: TargetKind, template: JsonSchema) => readonly FieldError[]
  /** The same of an object that is written through a fleet, with paths in the object itself. */
  readonly validateNative: (native: KubeObject, target: TargetKind) => readonly FieldError[]
  /** Rights that depend on what is written: bindings and roles. `native`: the object that the template stands for; undefined: a deletion. Throws StatusError Forbidden. */
  readonly authorize: (target: TargetKind, native: KubeObject | undefined, old: KubeObject | undefined, options: WriteOptions) => Promise<void>
  /** Rights that only a federated object asks for besides: objects of whole clusters, adoption, overrides. Throws StatusError Forbidden. */
  readonly authorizeFederated: (target: TargetKind, federated: FederatedObject | undefined, old: FederatedObject | undefined, options: WriteOptions) => Promise<void>
  /** Asks quotas, and a cluster, whether they would take the object. `federated`: absent where the object is written through a fleet, and keeps its placement. Throws StatusError Forbidden where a quota does not; Throws StatusError Invalid with paths as in the object itself. */
  readonly review: (target: TargetKind, native: KubeObject, old: KubeObject | undefined, options: WriteOptions, signal: AbortSignal, federated?: FederatedObject) => Promise<void>
  /** Whether changes of the template go to clusters in waves, so that what was before has to be kept. */
  readonly isStaged: (federated: FederatedObject) => boolean
}

/** What is stored in place of `before`. */
export const kept = ({ isStaged }: Pick<TemplateChecks, 'isStaged'>, target: TargetKind) => (next: FederatedObject, before: FederatedObject): FederatedObject => (isStaged(before) ? keepRevision(next, before, target) : next)

/** How federated objects are written. */
export function federatedStrategy(target: TargetKind, hub: { readonly group: string; readonly version: string }, checks: TemplateChecks, schema: () => JsonSchema): Strategy<FederatedObject> {
  const native = (federated: FederatedObject | undefined) => federated && unowned(federated, target)
  const rules = (): Strategy<FederatedObject> => wellFormed(schema(), {
    prepareForCreate: (federated) => tidied({ ...federated, metadata: { ...federated.metadata, finalizers: [...new Set([...(federated.metadata.finalizers ?? []), COPIES_FINALIZER])] } }, target),
    prepareForUpdate: (federated, old) => kept(checks, target)(tidied(federated, target), old),
    validate: (federated) => [...validateTemplate(federated, target), ...checks.validate(federated, target, schema().properties!['spec']!.properties!['template']!)],
  })
  let known: Strategy<FederatedObject> | undefined
  const wellFormedRules = () => (known ??= rules())
  return {
    validateName: target.validateName,
    prepareForCreate: (federated, now) => wellFormedRules().prepareForCreate!(federated, now),
    prepareForUpdate: (federated, old, now) => wellFormedRules().prepareForUpdate!(federated, old, now),
    validate: (federated) => wellFormedRules().validate!(federated),
    authorize: async (federated, old, options) => {
      await checks.authorize(target, native(federated), native(old), options)
      await checks.authorizeFederated(target, federated, old, options)
    },
    review: async (federated, old, options, signal) => atTemplate({ group: hub.group, kind: `Federated${target.kind}`, name: federated.metadata.name ?? '' }, async () => checks.review(target, native(federated)!, native(old), options, signal, federated)),
    prepareForDelete: (marked, { propagation }) => withDeletion(marked, marked.metadata.annotations?.[KUBEFED_ORPHAN_ANNOTATION] === 'true' ? 'Orphan' : propagation),
  }
}

/** How the objects that templates stand for are written, through a fleet. Placement is not theirs to say. */
export const nativeStrategy = (target: TargetKind, checks: TemplateChecks): Strategy => ({
  validateName: target.validateName, allowUnconditionalUpdate: true,
  validate: (native) => checks.validateNative(native, target),
  authorize: (native, old, options) => checks.authorize(target, native, old, options),
  review: (native, old, options, signal) => checks.review(target, native, old, options, signal),
})

/** The name is the federated object's, the kind that of the target. */
function tidied(federated: FederatedObject, { group, version, kind }: TargetKind): FederatedObject {
  const { name: _name, namespace: _namespace, ...metadata } = federated.spec.template.metadata ?? {}, { apiVersion, kind: _kind, metadata: _metadata, ...body } = federated.spec.template
  const template: Template = { apiVersion: apiVersion ?? (group ? `${group}/${version}` : version), kind, ...(Object.keys(metadata).length > 0 && { metadata }), ...body }
  return { ...federated, spec: { ...federated.spec, template } }
}

function validateTemplate({ spec: { template }, metadata }: FederatedObject, { group, version, namespaced, validateName }: TargetKind): FieldError[] {
  const wanted = group ? `${group}/${version}` : version, meta = template.metadata ?? {}
  const errors = validateObjectMeta({ ...meta, name: metadata.name ?? '', ...(metadata.namespace !== undefined && namespaced && { namespace: metadata.namespace }) }, { namespaced, validateName })
  return [
    ...(template.apiVersion === wanted ? [] : [fieldError.notSupported('spec.template.apiVersion', template.apiVersion, [wanted])]),
    ...errors.filter(({ field }) => !/^metadata\.(?:name|namespace|generateName)$/.test(field)).map((error) => ({ ...error, field: `spec.template.${error.field}` })),
  ]
}

/** A cluster's complaints name fields of the object itself. */
async function atTemplate({ name, ...of }: { readonly group: string; readonly kind: string; readonly name: string }, review: () => Promise<void>): Promise<void> {
  try { await review() } catch (error) {
    if (!(error instanceof StatusError) || error.reason !== 'Invalid') throw error
    const causes = (error.details?.causes ?? []).map(({ reason = 'FieldValueInvalid', message = '', field = '' }): FieldError => ({ type: reason as FieldError['type'], message, field: `spec.template.${field}` }))
    throw StatusError.invalid(of, name, causes)
  }
}

function withDeletion(marked: FederatedObject, propagation: string | undefined): FederatedObject {
  if (propagation === undefined) return marked
  const annotations = isJsonObject(marked.metadata.annotations) ? marked.metadata.annotations : {}
  return { ...marked, metadata: { ...marked.metadata, annotations: { ...annotations, [DELETION_ANNOTATION]: propagation } } }
}
