import type { Cluster } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import { getJson } from '../../machinery/client/json-client.ts'
import type { Handler, KubeObject } from '../../machinery/meta/core.ts'
import { isReason, StatusError } from '../../machinery/meta/status-error.ts'

/** uid of the member's kube-system namespace: what a cluster keeps for as long as its store lives. Errors: StatusError with a remedy. */
export async function readIdentity(handler: Handler, signal: AbortSignal): Promise<string> {
  try {
    const { metadata } = await getJson<Partial<KubeObject>>(handler, '/api/v1/namespaces/kube-system', signal)
    if (metadata?.uid) return metadata.uid
  } catch (error) {
    if (isReason(error, 'Forbidden')) throw new StatusError('Forbidden', "the member forbids reading its namespace kube-system, whose uid says which cluster it is: bind the credential of the Secret to a role that allows it", { cause: error })
    if (error instanceof StatusError && error.cause instanceof SyntaxError) throw new StatusError('InternalError', `what answers is not a Kubernetes API server: correct spec.apiEndpoint (${error.message})`, { cause: error })
    if (!isReason(error, 'NotFound')) throw error
  }
  throw new StatusError('InternalError', 'it has no namespace kube-system: check that spec.apiEndpoint is that of a Kubernetes API server')
}

/** Value of the ClusterProperty cluster.clusterset.k8s.io, which spec.id may name instead; undefined where there is none. */
export async function readClusterProperty(handler: Handler, signal: AbortSignal): Promise<string | undefined> {
  for (const version of ['v1', 'v1beta1', 'v1alpha1']) {
    try {
      return (await getJson<{ spec?: { value?: string } }>(handler, `/apis/about.k8s.io/${version}/clusterproperties/cluster.clusterset.k8s.io`, signal)).spec?.value
    } catch (error) {
      if (!isReason(error, 'NotFound', 'Forbidden')) throw error
    }
  }
  return undefined
}

interface IdentityQuestion {
  readonly cluster: Cluster
  /** What the member says now. */
  readonly uid: string
  /** Read only where spec.id is set and is not the uid. */
  readonly property: string | undefined
  /** What it said when it joined. */
  readonly pinned: string | undefined
  /** What annotation cluster.federation/accept-uid says. */
  readonly accepted: string | undefined
  /** Another Cluster that has this uid already. */
  readonly other: string | undefined
}

/** Why a member is refused; undefined: it is who it should be. An endpoint that leads elsewhere must not receive what was meant for another cluster, and one cluster under two names would be counted twice. */
export function refusal({ cluster, uid, property, pinned, accepted, other }: IdentityQuestion): string | undefined {
  const { id } = cluster.spec, remedy = `annotate the Cluster with cluster.federation/accept-uid=${uid} if that is intended`
  if (id && id !== uid && id !== property) return `spec.id is ${id}, but the cluster behind the endpoint is ${property ?? uid}: correct spec.apiEndpoint or spec.id`
  if (accepted === uid) return undefined
  if (pinned && pinned !== uid) return `the cluster behind the endpoint has changed: its kube-system uid was ${pinned} and is ${uid}: correct spec.apiEndpoint, or ${remedy}`
  if (other) return `Cluster ${other} is the same cluster (kube-system uid ${uid}): delete one of the two, or ${remedy}`
  return undefined
}
