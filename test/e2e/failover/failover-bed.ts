/** What the tests of failover share: Deployments under policies, members that are killed, and what is ready where, asked of the members themselves. */
import { setTimeout as sleep } from 'node:timers/promises'
import { copies, deploymentPolicy } from '../distribution-bed.ts'
import { kubectl, MEMBERS, testbed } from '../fleet-bed.ts'

/** Tolerates a cluster that is not ready for so long; set in the placement, so that nothing waits for the default of five minutes. */
export const tolerates = (seconds: number): object => ({ clusterTolerations: ['not-ready', 'unreachable'].map((key) => ({ key: `cluster.federation/${key}`, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds })) })
export const inOrder = (...members: string[]): object => ({ clusterAffinities: members.map((member) => ({ affinityName: member, clusterNames: [member] })) })
export const policyOf = deploymentPolicy

interface Schedule { readonly targets?: readonly { readonly cluster: string; readonly replicas?: number }[]; readonly evictions?: readonly { readonly cluster: string; readonly reason: string; readonly purgeMode: string }[] }
interface Hub { readonly status?: { readonly schedule?: Schedule; readonly clusters?: readonly { readonly name: string; readonly state: string; readonly message?: string }[] } }

export const hubOf = async (namespace: string, name: string): Promise<Hub> => JSON.parse(await kubectl('host', `-n ${namespace} get federateddeployment ${name} -o json`)) as Hub

/** `member1=4 member2=3`, and the clusters that are being left. */
export async function placed(namespace: string, name: string): Promise<[string, string]> {
  const { targets = [], evictions = [] } = (await hubOf(namespace, name)).status?.schedule ?? {}
  return [targets.map(({ cluster, replicas }) => (replicas === undefined ? cluster : `${cluster}=${replicas}`)).join(' '), evictions.map(({ cluster }) => cluster).join(' ')]
}

export const stateIn = async (namespace: string, name: string, member: string): Promise<string> => {
  const { state = '', message = '' } = (await hubOf(namespace, name)).status?.clusters?.find((one) => one.name === member) ?? {}
  return message ? `${state}: ${message}` : state
}

/** Ready replicas in those of the members that answer. */
export async function readyIn(namespace: string, name: string, members: readonly string[] = MEMBERS): Promise<number> {
  return Object.values(await copies(namespace, 'deployments', name, members)).reduce((sum, { status }) => sum + ((status as { readyReplicas?: number } | undefined)?.readyReplicas ?? 0), 0)
}

/** What was ready, once a second. */
export async function watchReady(namespace: string, name: string, { seconds, members = MEMBERS }: { readonly seconds: number; readonly members?: readonly string[] }): Promise<number[]> {
  const seen: number[] = []
  for (let at = 0; at < seconds; at++) {
    const started = performance.now()
    seen.push(await readyIn(namespace, name, members))
    await sleep(Math.max(0, 1000 - (performance.now() - started)))
  }
  return seen
}

export async function kill(...members: readonly string[]): Promise<void> { for (const member of members) await (await testbed()).member(member).stopApiserver() }
export async function bringBack(...members: readonly string[]): Promise<void> { for (const member of members) await (await testbed()).member(member).startApiserver() }

export const taintsOf = async (member: string): Promise<string> => kubectl('host', ['get', 'cluster', member, '-o', 'jsonpath={range .spec.taints[*]}{.key}:{.effect} {end}'])
export const setTaints = async (member: string, taints: readonly object[]): Promise<void> => { await kubectl('host', ['patch', 'cluster', member, '--type=merge', '-p', JSON.stringify({ spec: { taints } })]) }
/** Reasons of the Events about a template. */
export const eventsOf = async (namespace: string, name: string): Promise<string> => kubectl('host', ['-n', namespace, 'get', 'events', '--field-selector', `involvedObject.kind=FederatedDeployment,involvedObject.name=${name}`, '-o', 'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}'])
