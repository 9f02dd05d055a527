/**
 * A template seen as the object that it stands for, and back. Nothing is lost either way: placement, overrides and status stay with the federated object.
 *
 *     FederatedDeployment                                Deployment
 *       metadata: uid U, generation 3              ⇄       metadata: uid of the fleet, generation 3, labels, finalizers, …
 *       spec.template.metadata: labels, finalizers         spec: {replicas: 3, …}
 *       spec.template.spec: {replicas: 3, …}               status: {readyReplicas: 2, …}
 *       spec.placement: …
 *       status.aggregated: {readyReplicas: 2, …}
 */
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject, ObjectMeta } from '../../machinery/meta/core.ts'
import { equalJson, isJsonObject, type JsonObject } from '../../machinery/meta/json-value.ts'
import { COPIES_FINALIZER } from './marks.ts'
import { fieldsOfNative, fieldsOfTemplate } from './managed-template.ts'
import type { TargetKind } from './target-kind.ts'

/** What a client of a fleet may set of metadata, besides name and namespace. */
const OF_TEMPLATE = ['labels', 'annotations', 'ownerReferences', 'finalizers'] as const
/** What the store keeps with the federated object, and both show. */
const OF_BOTH = ['name', 'namespace', 'generateName', 'generation', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'resourceVersion'] as const

type Target = Pick<TargetKind, 'group' | 'version' | 'kind'>
const apiVersionOf = ({ group, version }: { readonly group: string; readonly version: string }) => (group ? `${group}/${version}` : version)

/** `uid`: the one that the fleet shows. */
export function toNative(federated: FederatedObject, target: Target, hub: { readonly group: string; readonly version: string }, uid: string): KubeObject {
  const native = unowned(federated, target, uid), managedFields = fieldsOfNative(federated.metadata.managedFields, { native: apiVersionOf(target), hub: apiVersionOf(hub) })
  return managedFields ? { ...native, metadata: { ...native.metadata, managedFields } } : native
}

/** The same without managedFields: translating these costs more than all the rest, and who decides about an object does not ask whose its fields are. */
export function unowned(federated: FederatedObject, target: Target, uid = federated.metadata.uid ?? ''): KubeObject {
  const { apiVersion: _apiVersion, kind: _kind, metadata: own, ...body } = federated.spec.template, status = federated.status?.aggregated
  return {
    apiVersion: apiVersionOf(target), kind: target.kind, metadata: { ...picked(federated.metadata, OF_BOTH), uid, ...picked((own ?? {}) as ObjectMeta, OF_TEMPLATE) },
    ...body, ...(isJsonObject(status) && { status }),
  }
}

/** The federated object once its native face reads `native`. `before` undefined: it is created. */
export function fromNative(native: KubeObject, before: FederatedObject | undefined, target: Target, hub: { readonly group: string; readonly version: string; readonly kind: string }): FederatedObject {
  const { apiVersion: _apiVersion, kind: _kind, metadata, status: _status, ...body } = native, own = picked(metadata, OF_TEMPLATE)
  const managedFields = fieldsOfTemplate(metadata.managedFields, before?.metadata.managedFields, { native: apiVersionOf(target), hub: apiVersionOf(hub) })
  const { managedFields: _managed, ...kept } = before?.metadata ?? { uid: metadata.uid, finalizers: [COPIES_FINALIZER] }
  const template: JsonObject = { apiVersion: apiVersionOf(target), kind: target.kind, ...(Object.keys(own).length > 0 && { metadata: own }), ...body }
  // Labels are part of what is wanted in members, so they count here, though they do not for an object of its own.
  const isNews = before !== undefined && metadata.generation === before.metadata.generation && !equalJson(template, before.spec.template)
  return {
    ...before, apiVersion: apiVersionOf(hub), kind: hub.kind,
    metadata: { ...kept, ...picked(metadata, OF_BOTH), ...(isNews && { generation: (metadata.generation ?? 0) + 1 }), ...(managedFields && { managedFields }) } as ObjectMeta,
    spec: { ...before?.spec, template },
  }
}

function picked(metadata: ObjectMeta, fields: readonly string[]): ObjectMeta {
  const result: ObjectMeta = {}
  for (const field of fields) if (metadata[field] !== undefined) result[field] = metadata[field]
  return result
}
