import { CLUSTER_LABEL, fromFleetName } from '../federation/interpreter/identity-bound.ts'
import type { KubeObject } from '../machinery/meta/core.ts'
import { isJsonObject } from '../machinery/meta/json-value.ts'
import { StatusError, type ResourceName } from '../machinery/meta/status-error.ts'

/** Where a new object goes, and what it is called there; without a name the member makes one. */
interface MemberPlacement { readonly cluster: string; readonly name?: string }

/**
 * The cluster of an object that is to be created: `name@cluster`, the label cluster.federation/name, or the node it is bound to, `node@cluster`. Pure.
 * `kubectl debug node/n1@member1` names its pod after the node: `node-debugger-n1@member1-x2x4t` becomes `node-debugger-n1-x2x4t`.
 * Undefined where nothing names one. Throws StatusError BadRequest where what is named is no cluster of the fleet, or two things name different ones.
 */
export function placementOf(object: KubeObject, of: ResourceName, isCluster: (name: string) => boolean): MemberPlacement | undefined {
  const { name = '', labels } = object.metadata, label = labels?.[CLUSTER_LABEL] ?? '', spec = object['spec'], node = isJsonObject(spec) && typeof spec['nodeName'] === 'string' ? spec['nodeName'] : ''
  const ofName = known(name, isCluster), ofNode = known(node, isCluster), clusters = [...new Set([ofName?.cluster, label || undefined, ofNode?.cluster].filter((cluster) => cluster !== undefined))], [cluster] = clusters, what = described(object, of)
  if (clusters.length > 1) throw StatusError.badRequest(`${what} cannot be created in several clusters: ${clusters.join(', ')}`)
  if (cluster === undefined) return undefined
  if (!isCluster(cluster)) throw StatusError.badRequest(`${what} cannot be created: there is no cluster ${JSON.stringify(cluster)} in this fleet`)
  const own = ofName?.name ?? (ofNode ? name.replace(node, ofNode.name) : name)
  return { cluster, ...(own && { name: own }) }
}

/** Of an object that has to live in a member, and does not say in which. */
export const noPlacement = (object: KubeObject, of: ResourceName): StatusError =>
  StatusError.badRequest(`${described(object, of)} lives in one cluster, which has to be named: as ${object.metadata.name?.split('@')[0] || 'NAME'}@CLUSTER, or by the label ${CLUSTER_LABEL}`)

const described = ({ metadata: { name } }: KubeObject, of: ResourceName) => `${of.group ? `${of.resource}.${of.group}` : of.resource}${name ? ` "${name}"` : ''}`

function known(text: string, isCluster: (name: string) => boolean): { readonly name: string; readonly cluster: string } | undefined {
  const found = fromFleetName(text)
  return found && isCluster(found.cluster) ? found : undefined
}
