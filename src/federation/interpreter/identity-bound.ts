/**
 * Kinds whose objects stand for one thing in one cluster: a pod of member1 is never the pod of that name in member2, so the fleet lists both,
 * as `name@cluster`. Objects of all other kinds with the same namespace and name are folded into one.
 */

/** Says where an identity-bound object lives; selects clusters in every read. */
export const CLUSTER_LABEL = 'cluster.federation/name'

const RESOURCES = new Set([
  'pods', 'nodes', 'events', 'endpoints', 'persistentvolumes', 'events.events.k8s.io', 'leases.coordination.k8s.io', 'endpointslices.discovery.k8s.io',
  'volumeattachments.storage.k8s.io', 'csinodes.storage.k8s.io', 'csistoragecapacities.storage.k8s.io', 'certificatesigningrequests.certificates.k8s.io',
  'controllerrevisions.apps', 'resourceslices.resource.k8s.io', 'ipaddresses.networking.k8s.io',
])

export const isIdentityBound = (group: string, plural: string): boolean => group === 'metrics.k8s.io' || RESOURCES.has(group ? `${plural}.${group}` : plural)

export interface FleetName { readonly name: string; readonly cluster: string }

export const toFleetName = (name: string, cluster: string): string => `${name}@${cluster}`

/** Undefined where no cluster is named. Cluster names hold no `@`, names of objects might. */
export function fromFleetName(text: string): FleetName | undefined {
  const at = text.lastIndexOf('@')
  return at > 0 && at < text.length - 1 ? { name: text.slice(0, at), cluster: text.slice(at + 1) } : undefined
}
