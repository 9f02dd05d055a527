/** What the files of this folder use of the shared test bed. */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, inject } from 'vitest'
import type { KubectlResult } from '../testbed/kubectl.ts'
import { openTestbed, type Testbed } from '../testbed/testbed.ts'
import { Lines } from './lines.ts'
import { RawClient } from './raw-client.ts'
import { authorityOf, certificatesFolder } from '../testbed/cluster.ts'
import { readKeyPair } from '../testbed/certificates.ts'

export const FLEET = '/apis/cluster.federation/v1alpha1/clustersets/default/proxy'
export const CLUSTERS = '/apis/cluster.federation/v1alpha1/clusters'

const provided = inject('testbed')

/** Like `describe`; skipped where there is no test bed. */
// oxlint-disable-next-line vitest/valid-title, vitest/valid-describe-callback -- it makes a describe, it is none
export const describeFleet = describe.skipIf(provided === null)

/** Like `describeFleet`; skipped where there is no informer either. */
// oxlint-disable-next-line vitest/valid-title, vitest/valid-describe-callback -- as above
export const describeInformer = describe.skipIf(typeof provided?.informer !== 'string')

/** Like `describeFleet`; skipped where there is no Python either. */
// oxlint-disable-next-line vitest/valid-title, vitest/valid-describe-callback -- as above
export const describePython = describe.skipIf(typeof provided?.python !== 'string')

export type KubectlVersion = 'testbed' | 'machine'

/** The test bed's kubectl and, where there is one, the first on PATH: usually an older one. */
export const KUBECTLS: readonly KubectlVersion[] = ['testbed', ...(onPath('kubectl') ? ['machine' as const] : [])]

export const informerProgram = (name: 'informer' | 'churn' | 'elect'): string => path.join(provided!.informer!, name)
export const pythonProgram = (): string => provided!.python!

let opened: Promise<Testbed> | undefined
export const testbed = (): Promise<Testbed> => (opened ??= openTestbed(provided!.dir))

export interface KubectlCall { readonly input?: string | object; readonly version?: KubectlVersion; readonly timeoutMs?: number }

/** What kubectl answered, success or not. Arguments are words, split at blanks, or a list. */
export async function tryKubectl(context: string, words: string | readonly string[], { input, ...rest }: KubectlCall = {}): Promise<KubectlResult> {
  const args = typeof words === 'string' ? words.split(' ') : words
  return (await testbed()).kubectl(args, { context, ...rest, ...(input !== undefined && { input: typeof input === 'string' ? input : JSON.stringify(input) }) })
}

/** What kubectl printed; its failure is an error. */
export async function kubectl(context: string, words: string | readonly string[], call: KubectlCall = {}): Promise<string> {
  const { code, stdout, stderr } = await tryKubectl(context, words, call)
  if (code !== 0) throw new Error(`kubectl --context ${context} ${typeof words === 'string' ? words : words.join(' ')}: ${stderr.trim()}`)
  return stdout
}

/** The rows of a printed table, each as its cells; columns are at least two blanks apart, so headers with a blank (NOMINATED NODE) stay whole. */
export const rows = (table: string): string[][] => table.trimEnd().split('\n').map((line) => line.trim().split(/ {2,}/))

/** kubectl as a process that goes on, e.g. with -w. */
export async function followKubectl(context: string, words: string, version: KubectlVersion = 'testbed'): Promise<Lines> {
  const bed = await testbed(), program = version === 'testbed' ? bed.kubectlProgram : 'kubectl'
  return new Lines(program, ['--context', context, ...words.split(' ')], { KUBECONFIG: bed.kubeconfig, KUBECACHEDIR: path.join(bed.dir, `kubectl-cache-${version}`) }, (line) => line)
}

/** Requests as a user, without a client library in between; `to` is the host (default), a member or our server itself. */
export async function raw(user: 'admin' | 'alice' = 'admin', to = 'host'): Promise<RawClient> {
  const { dir, ports } = await testbed(), port = to === 'host' ? ports.host : to === 'server' ? ports.server : ports.members.find(({ name }) => name === to)!.apiserver
  return new RawClient(port, { ...(to !== 'server' && { authority: authorityOf(dir) }), user: readKeyPair(certificatesFolder(dir), user) })
}

/** Repeats until it does not throw; then what it answered. */
export async function eventually<T>(attempt: () => Promise<T>, timeoutMs = 15_000): Promise<T> {
  for (const started = performance.now(); ;) {
    try { return await attempt() } catch (error) { if (performance.now() - started > timeoutMs) throw error }
    await sleep(150)
  }
}

/** Creates the namespace in the given clusters (contexts); an existing one is fine. */
export async function createNamespace(name: string, contexts: readonly string[] = MEMBERS): Promise<void> {
  await Promise.all(contexts.map(async (context) => { await kubectl(context, 'apply -f -', { input: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } }) }))
}

export const MEMBERS = ['member1', 'member2', 'member3'] as const

/** A Deployment whose pods the test bed makes ready. */
export const deployment = (name: string, replicas: number, labels: Record<string, string> = {}): object => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, labels: { app: name, ...labels } },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name, ...labels } }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'web', image: 'registry.example/web:1' }] } } },
})

/** Applies objects to a namespace of a member. */
export async function applyTo(context: string, namespace: string, items: readonly object[]): Promise<void> {
  await kubectl(context, `-n ${namespace} apply -f -`, { input: { apiVersion: 'v1', kind: 'List', items } })
}

function onPath(program: string): boolean {
  try { execFileSync(program, ['version', '--client'], { stdio: 'ignore' }) } catch { return false }
  return true
}
