/** What the tests of distribution share: what is written through the fleet or on the host, and what came of it in the members. */
import type { KubeObject } from '../../src/machinery/meta/core.ts'
import { eventually, kubectl, type KubectlCall, MEMBERS, raw } from './fleet-bed.ts'

export interface Pods { readonly image: string; readonly metadata: { readonly labels?: Record<string, string>; readonly annotations?: Record<string, string> } }

/** Of the namespace that a file works in. */
export const policy = (name: string, spec: object, kind = 'PropagationPolicy'): object => ({ apiVersion: 'policy.federation/v1alpha1', kind, metadata: { name }, spec })
export const selects = (kind: string, name: string): object => ({ apiVersion: kind === 'ConfigMap' || kind === 'Service' || kind === 'Secret' ? 'v1' : 'apps/v1', kind, name })
export const placedIn = (...clusterNames: string[]): object => ({ clusterAffinity: { clusterNames } })
/** A policy of the same name for a Deployment, and what it is to say besides. */
export const deploymentPolicy = (name: string, placement: object, rest: object = {}): object => policy(name, { resourceSelectors: [selects('Deployment', name)], placement, ...rest })
export const weighted = (weights: Readonly<Record<string, number>>): object => ({
  replicaScheduling: { replicaSchedulingType: 'Divided', replicaDivisionPreference: 'Weighted', weightPreference: { staticWeightList: Object.entries(weights).map(([name, weight]) => ({ targetCluster: { clusterNames: [name] }, weight })) } },
})

export async function apply(context: string, namespace: string, items: readonly object[], call: KubectlCall = {}): Promise<string> {
  return kubectl(context, `-n ${namespace} apply -f -`, { ...call, input: { apiVersion: 'v1', kind: 'List', items } })
}

const ROOTS: Readonly<Record<string, string>> = { deployments: '/apis/apps/v1', replicasets: '/apis/apps/v1', configmaps: '/api/v1', services: '/api/v1' }
const pathOf = (namespace: string, resource: string, name: string) => `${ROOTS[resource] ?? ''}/namespaces/${namespace}/${resource}/${name}`

/** The objects of that name in the members, by member: asked of the members themselves. */
export async function copies(namespace: string, resource: string, name: string, members: readonly string[] = MEMBERS): Promise<Record<string, KubeObject>> {
  const found = await Promise.all(members.map(async (member) => {
    const { status, body } = await (await raw('admin', member)).get(pathOf(namespace, resource, name))
    if (status !== 200 && status !== 404) throw new Error(`${member}: ${status} ${body.message ?? ''}`)
    return status === 200 ? [[member, body as unknown as KubeObject] as const] : []
  }))
  return Object.fromEntries(found.flat())
}

/** What `read` makes of each copy. */
export async function ofCopies<T>(namespace: string, resource: string, name: string, read: (copy: KubeObject) => T): Promise<Record<string, T>> {
  return Object.fromEntries(Object.entries(await copies(namespace, resource, name)).map(([member, copy]) => [member, read(copy)]))
}

export const replicas = ({ spec }: KubeObject): number => (spec as { replicas: number }).replicas
export const image = ({ spec }: KubeObject): string => (spec as { template: { spec: { containers: { image: string }[] } } }).template.spec.containers[0]!.image

/** The federated object on the host. */
export async function hub(namespace: string, kind: string, name: string): Promise<{ status?: { conditions?: { type: string; status: string; reason: string; message: string }[]; clusters?: { name: string; state: string; message?: string }[] }; metadata: { deletionTimestamp?: string } }> {
  return JSON.parse(await kubectl('host', `-n ${namespace} get ${kind} ${name} -o json`)) as Awaited<ReturnType<typeof hub>>
}

/** `False NoPolicy` of the condition Scheduled. */
export async function condition(namespace: string, kind: string, name: string, type: string): Promise<string> {
  const found = (await hub(namespace, kind, name)).status?.conditions?.find((one) => one.type === type)
  return `${found?.status ?? ''} ${found?.reason ?? ''}: ${found?.message ?? ''}`
}

/** Namespaces are made on the host alone: the members' are this server's business. */
export async function createHostNamespace(name: string): Promise<void> {
  await kubectl('host', 'apply -f -', { input: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } })
  // Our server follows namespaces.
  await eventually(async () => { await kubectl('fleet', `-n ${name} create configmap probe --dry-run=server`) })
}

/** Removes what a file left: first what is federated, then the namespaces themselves. */
export async function removeNamespace(name: string): Promise<void> {
  await kubectl('host', `delete ns ${name} --ignore-not-found`, { timeoutMs: 60_000 })
  for (const member of MEMBERS) await kubectl(member, `delete ns ${name} --ignore-not-found --wait=false`)
}
