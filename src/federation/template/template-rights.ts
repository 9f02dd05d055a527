/**
 * Rights that writing a template takes besides the verb on its kind, since copies are made with this server's credential, which may do everything in members. All are asked in mirrored groups.
 *
 *   a role                        escalate on it, or every right that it grants
 *   a binding                     bind on the role that it names: what that allows is for each member to say, so having it all does not help
 *   an object of whole clusters   the verb on its own kind: create or update clusterroles, customresourcedefinitions, …
 *   overrides, places of RBAC     escalate or bind on all roles: what they make of an object differs by cluster
 *   conflictResolution Overwrite  adopt: what was in a cluster before becomes this server's
 *
 * Roles and bindings as kube-apiserver has it (kubernetes/pkg/registry/rbac/…/policybased/storage.go). Nothing is asked for what stays as it was, nor for deletions.
 */
import { MIRRORED_RBAC, RBAC_GROUP, type Right, rightsOverRbac } from '../../apis/policy.federation/v1alpha1/selected-kinds.ts'
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject, WriteOptions } from '../../machinery/meta/core.ts'
import { equalJson, isJsonObject } from '../../machinery/meta/json-value.ts'
import { isReason } from '../../machinery/meta/status-error.ts'
import type { TargetKind } from './target-kind.ts'

type Asking = Pick<WriteOptions, 'authorize'>
type Target = Pick<TargetKind, 'group' | 'version' | 'kind' | 'plural' | 'namespaced'>

/** For objects written either way. Throws StatusError Forbidden. */
export async function authorizeTemplate({ group, kind, plural }: Target, native: KubeObject | undefined, old: KubeObject | undefined, { authorize }: Asking): Promise<void> {
  if (!native || group !== RBAC_GROUP || (old && equalJson(granting(native), granting(old)))) return
  const { name, namespace } = native.metadata, scope = namespace === undefined ? {} : { namespace }
  if (kind === 'RoleBinding' || kind === 'ClusterRoleBinding') await authorizeBinding(native['roleRef'], scope, authorize)
  else await authorizeRole(native, { group: MIRRORED_RBAC, resource: plural, ...scope, ...(name !== undefined && { name }) }, authorize)
}

/** For federated objects alone. Throws StatusError Forbidden. */
export async function authorizeFederated(target: Target, federated: FederatedObject | undefined, old: FederatedObject | undefined, { authorize }: Asking): Promise<void> {
  if (!federated || (old && equalJson(federated.spec, old.spec))) return
  const { name = '', namespace } = federated.metadata, resource = { group: mirrored(target.group), resource: target.plural }, scope = target.namespaced && namespace !== undefined ? { namespace } : {}
  if (!target.namespaced) await (old ? authorize('update', { ...resource, name }) : authorize('create', resource))
  if (old && equalJson(besidesTemplate(federated), besidesTemplate(old))) return
  if (federated.spec.conflictResolution === 'Overwrite') await authorize('adopt', { ...resource, ...scope, name })
  if (old || federated.spec.overrides?.length) for (const { verb, ...right } of rightsOverRbac(`${target.group}/${target.version}`, target.kind)) await authorize(verb, { ...right, ...scope })
}

/** Of groups that end so too: a right on this server's own kinds is none on a member's. */
const mirrored = (group: string): string => (group === '*' ? '*' : `${group || 'core'}.federation`)

/** Labels count, since by them ClusterRoles become part of others, and annotations of Federation v1, since they place. */
function granting({ metadata: { labels = {}, annotations = {} }, apiVersion: _version, kind: _kind, status: _status, ...body }: KubeObject): object {
  return { ...body, labels, placed: Object.fromEntries(Object.entries(annotations).filter(([key]) => /^federation\.(?:alpha\.)?kubernetes\.io\//.test(key))) }
}
function besidesTemplate({ spec: { template: _template, ...rest } }: FederatedObject): object { return rest }

async function authorizeBinding(roleRef: unknown, scope: { readonly namespace?: string }, authorize: Asking['authorize']): Promise<void> {
  const { kind, name } = isJsonObject(roleRef) ? roleRef : {}, resources = kind === 'Role' ? ['roles'] : kind === 'ClusterRole' ? ['clusterroles'] : ['roles', 'clusterroles']
  for (const resource of resources) await authorize('bind', { group: MIRRORED_RBAC, resource, ...scope, ...(typeof name === 'string' && { name }) })
}

/** More than this is asked for by escalate only: every right is a question to the host. */
const MAX_RIGHTS = 200

async function authorizeRole(role: KubeObject, asked: Omit<Right, 'verb'>, authorize: Asking['authorize']): Promise<void> {
  try { await authorize('escalate', asked) } catch (refused) {
    const granted = isReason(refused, 'Forbidden') ? rightsGranted(role) : undefined
    if (!granted) throw refused
    try { for (const { verb, ...right } of granted) await authorize(verb, right) } catch (error) {
      throw isReason(error, 'Forbidden') ? refused : error
    }
  }
}

/** What a role allows, as questions. Undefined: it cannot be asked about (paths, what aggregation gathers, too much). */
function rightsGranted({ metadata: { namespace }, rules = [], aggregationRule }: KubeObject): readonly (Right & { readonly subresource?: string })[] | undefined {
  if (aggregationRule !== undefined || !Array.isArray(rules)) return undefined
  const rights = new Map<string, Right & { readonly subresource?: string }>()
  for (const rule of rules as unknown[]) {
    const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } = isJsonObject(rule) ? rule : {}
    if (texts(nonResourceURLs).length > 0) return undefined
    const names = texts(resourceNames).length > 0 ? texts(resourceNames) : [undefined]
    if (rights.size + texts(verbs).length * texts(apiGroups).length * texts(resources).length * names.length > MAX_RIGHTS) return undefined
    for (const group of texts(apiGroups)) for (const path of texts(resources)) for (const verb of texts(verbs)) for (const name of names) {
      const [resource = '', subresource] = path.split('/', 2)
      const right = { verb, group: mirrored(group), resource, ...(subresource !== undefined && { subresource }), ...(namespace !== undefined && { namespace }), ...(name !== undefined && { name }) }
      rights.set(JSON.stringify(right), right)
    }
  }
  return [...rights.values()]
}

const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [])
