import type { WriteOptions } from '../../../machinery/meta/core.ts'
import type { FieldError, ResourceName } from '../../../machinery/meta/status-error.ts'
import type { OverrideRule } from './overriders.ts'
import type { ResourceSelector } from './resource-selector.ts'

/** What policies must know of the kinds they select. */
export interface SelectedKinds {
  /** The resource that stands for a kind in reviews of rights: the mirrored one, deployments in apps.federation. A kind that is not known: all resources of its group. */
  resourceOf(this: void, apiVersion: string, kind: string): ResourceName
  /** What of a rule does not fit objects of the kind; `path` is that of the rule's overriders. Nothing where the kind's schema is not known. */
  check(this: void, apiVersion: string, kind: string, overriders: OverrideRule['overriders'], path: string): readonly FieldError[]
}

/** What is asked of the host: a verb on a mirrored resource, in a namespace or everywhere. */
export interface Right { readonly verb: string; readonly resource: string; readonly group: string; readonly namespace?: string; readonly name?: string }

/**
 * Asks for a verb on everything that the selectors choose (no selectors: everything there is), in the namespace of the policy, or in all namespaces for a policy of the whole cluster.
 * Whoever decides about objects of RBAC in members could give themselves any right there: that needs escalate and bind, as RBAC itself asks. Throws StatusError Forbidden.
 */
export async function authorizeSelected(verb: string, selectors: readonly ResourceSelector[] | undefined, namespace: string | undefined, { resourceOf }: SelectedKinds, { authorize }: Pick<WriteOptions, 'authorize'>): Promise<void> {
  const scope = namespace === undefined ? {} : { namespace }
  const rights = selectors?.length
    ? selectors.flatMap(({ apiVersion, kind, name }): Right[] => [{ verb, ...resourceOf(apiVersion, kind), ...scope, ...(name && { name }) }, ...rightsOverRbac(apiVersion, kind).map((right) => ({ ...right, ...scope }))])
    : [{ verb, group: '*', resource: '*', ...scope }, ...[...RBAC.values()].flat().map((right) => ({ ...right, ...scope }))]
  const distinct = new Map(rights.map((right) => [JSON.stringify(right), right]))
  for (const { verb: asked, ...resource } of distinct.values()) await authorize(asked, resource)
}

export const RBAC_GROUP = 'rbac.authorization.k8s.io'
export const MIRRORED_RBAC = `${RBAC_GROUP}.federation`
const escalate = (resource: string): Right => ({ verb: 'escalate', group: MIRRORED_RBAC, resource }), bind = (resource: string): Right => ({ verb: 'bind', group: MIRRORED_RBAC, resource })
const RBAC: ReadonlyMap<string, readonly Right[]> = new Map([
  ['Role', [escalate('roles')]],
  ['ClusterRole', [escalate('clusterroles')]],
  // Whatever role a binding names after the override.
  ['RoleBinding', [bind('roles'), bind('clusterroles')]],
  ['ClusterRoleBinding', [bind('clusterroles')]],
])

/** What whoever decides about objects of the kind needs, whatever they grant; nothing for kinds that are not RBAC's. */
export const rightsOverRbac = (apiVersion: string, kind: string): readonly Right[] => (apiVersion.startsWith(`${RBAC_GROUP}/`) ? RBAC.get(kind) ?? [] : [])
