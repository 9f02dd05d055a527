/** Making a cluster a member: rights in the member, then a Secret and a Cluster on the host. */
import { awaitReady } from './await-ready.ts'
import { type KeyPair, readKeyPair } from './certificates.ts'
import { administratorOf, authorityOf, certificatesFolder, type Ground } from './cluster.ts'
import { NAMESPACE } from './fleet-server.ts'
import { urlOf } from './kubeconfig.ts'

export interface JoinOptions {
  readonly members: readonly { readonly name: string; readonly apiserver: number }[]
  /** kubeconfig with a context `host` and one per member, of an administrator. */
  readonly kubeconfig: string
  readonly hostPort: number
}

/** Joins the members and waits until the host shows each Ready. Repeating it changes nothing. */
export async function joinMembers(ground: Ground, { members, kubeconfig, hostPort }: JoinOptions): Promise<void> {
  const credential = readKeyPair(certificatesFolder(ground.dir), 'federation'), authority = authorityOf(ground.dir)
  const apply = async (context: string, items: readonly object[]) => {
    const applied = await ground.kubectl(['apply', '-f', '-'], { kubeconfig, context, input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) })
    if (applied.code !== 0) throw new Error(`cannot join (context ${context}): ${applied.stderr.trim()}`)
  }
  for (const { name } of members) await apply(name, memberRights())
  await apply('host', members.flatMap(({ name, apiserver }) => memberManifests({ name, apiEndpoint: urlOf(apiserver), credential, authority })))
  const host = administratorOf(ground.dir, hostPort)
  await awaitReady({ what: 'the fleet', deadlineMs: 60_000, ...(ground.signal && { signal: ground.signal }) }, async () => {
    const { items } = await host.getJson<{ items: Cluster[] }>('/apis/cluster.federation/v1alpha1/clusters')
    const waiting = members.flatMap(({ name }) => {
      const ready = items.find(({ metadata }) => metadata.name === name)?.status?.conditions?.find(({ type }) => type === 'Ready')
      return ready?.status === 'True' ? [] : [`${name}: ${ready ? `${ready.reason}: ${ready.message}` : 'no condition Ready yet'}`]
    })
    if (waiting.length > 0) throw new Error(waiting.join('; '))
    return true
  })
}

/**
 * Our server's user may do everything, impersonation included. An administrator of the host (system:masters) arrives in members as a
 * member of federation:masters; binding that group is the member's choice, made here.
 */
export function memberRights(): object[] {
  const bind = (name: string, subject: object) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', ...subject }],
  })
  return [bind('federation', { kind: 'User', name: 'federation' }), bind('federation:masters', { kind: 'Group', name: 'federation:masters' })]
}

/** The Secret comes first, so the Cluster finds it at once. */
export function memberManifests({ name, apiEndpoint, credential, authority }: { name: string; apiEndpoint: string; credential: KeyPair; authority: string }): object[] {
  return [
    { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: NAMESPACE, name }, stringData: { 'tls.crt': credential.certificate, 'tls.key': credential.key, caBundle: authority } },
    {
      apiVersion: 'cluster.federation/v1alpha1', kind: 'Cluster', metadata: { name },
      spec: { syncMode: 'Push', apiEndpoint, secretRef: { namespace: NAMESPACE, name }, provider: 'kwok', region: `region-${name}` },
    },
  ]
}

interface Cluster {
  readonly metadata: { readonly name: string }
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string }[] }
}
