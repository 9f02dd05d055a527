import { validatePlacement } from '../../apis/cluster.federation/v1alpha1/placement.ts'
import type { FederatedObject, FederatedPlacement } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { JsonSchema } from '../../machinery/meta/json-schema.ts'
import { validateLabelSelector } from '../../machinery/meta/label-selector.ts'
import { dns1123Label } from '../../machinery/meta/names.ts'
import { type FieldError, fieldError } from '../../machinery/meta/status-error.ts'
import { checkClusterOverrides } from '../override/check-cluster-overrides.ts'
import { parseV1Annotations } from '../scheduler/v1-annotations.ts'
import type { TargetKind } from '../template/target-kind.ts'

type Target = Pick<TargetKind, 'group' | 'version' | 'kind'>

/** What the schema cannot say of a federated object: rules between fields of its placement, overrides that fit no object of the kind, annotations of Federation v1 that do not parse. `template`: the schema of spec.template. */
export function validateFederated({ metadata, spec }: FederatedObject, target: Target, template: JsonSchema): FieldError[] {
  const { placement, overrides = [] } = spec, overridden = { apiVersion: target.group ? `${target.group}/${target.version}` : target.version, kind: target.kind, schema: template }
  return [
    ...(placement ? validateHubPlacement(placement, 'spec.placement') : []),
    ...checkClusterOverrides(overrides, overridden, 'spec.overrides'),
    ...validateV1Annotations(target.kind, spec.template.metadata?.annotations, 'spec.template.'),
    ...(target.group === '' && target.kind === 'Namespace' ? validateOwnNamespace(metadata.name, metadata.namespace) : []),
  ]
}

/** `prefix`: what stands before `metadata` in paths. */
export const validateV1Annotations = (kind: string, annotations: Readonly<Record<string, string>> | undefined, prefix = ''): FieldError[] =>
  parseV1Annotations(kind, annotations ?? {}).errors.map((error) => ({ ...error, field: prefix + error.field }))

/** KubeFed's fields choose clusters, and so does clusterAffinity: one of them would be passed over in silence. */
function validateHubPlacement(placement: FederatedPlacement, path: string): FieldError[] {
  const { clusters, clusterSelector, ...rest } = placement, isKubeFed = clusters !== undefined || clusterSelector !== undefined
  const alternatives = (['clusterAffinity', 'clusterAffinities'] as const).filter((field) => isKubeFed && rest[field] !== undefined)
  return [
    ...validatePlacement(rest, path),
    ...(clusters ?? []).flatMap(({ name }, index) => dns1123Label(name).map((text) => fieldError.invalid(`${path}.clusters[${index}].name`, name, text))),
    ...(clusterSelector ? validateLabelSelector(clusterSelector, `${path}.clusterSelector`) : []),
    ...alternatives.map((field) => fieldError.forbidden(`${path}.${field}`, 'may not be set with clusters or clusterSelector, which choose the clusters')),
  ]
}

/** A FederatedNamespace stands in the very namespace that it places, and in no other. */
const validateOwnNamespace = (name: string | undefined, namespace: string | undefined): FieldError[] =>
  (name === namespace ? [] : [fieldError.invalid('metadata.name', name ?? '', `must be that of the namespace it lies in, ${namespace}`)])
