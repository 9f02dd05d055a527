/**
 * FederatedNamespace is KubeFed's exception: a namespaced object that stands for a cluster-scoped one, its own namespace.
 *
 *     FederatedNamespace shop/shop   ⇄   Namespace shop in members
 */
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { nameOfKey } from '../../machinery/meta/object-key.ts'
import { type FieldError, fieldError } from '../../machinery/meta/status-error.ts'
import type { TargetKind } from './target-kind.ts'

type Target = Pick<TargetKind, 'group' | 'kind'>

export const isNamespaces = ({ group, kind }: Target): boolean => group === '' && kind === 'Namespace'

/** How a template's copies are called in members. */
export const copyKeyOf = (target: Target, key: string): string => (isNamespaces(target) ? nameOfKey(key) : key)
/** The template that a copy in a member is of. */
export const hubKeyOf = (target: Target, key: string): string => (isNamespaces(target) ? `${key}/${key}` : key)

/** Namespaces that every cluster has for itself. */
const OF_CLUSTERS = ['default', 'kube-node-lease', 'kube-public', 'kube-system']

export function validateNamespaceTemplate({ metadata: { name = '', namespace = '' } }: FederatedObject, ownNamespace: string): FieldError[] {
  if (name !== namespace) return [fieldError.invalid('metadata.name', name, `must be the name of its namespace, ${namespace}`)]
  if (OF_CLUSTERS.includes(name) || name.startsWith('kube-')) return [fieldError.forbidden('metadata.name', `${name} is every cluster's own namespace, and not distributed`)]
  return name === ownNamespace ? [fieldError.forbidden('metadata.name', `${name} is the namespace of this server, and not distributed`)] : []
}
