/**
 * One real Kubernetes control plane. All clusters of a test bed share one etcd, each with its own prefix, and one certificate authority.
 * A cluster with nodes has a scheduler, and kwok in place of kubelets: pods run, logs and exec answer, nothing is really started.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { dump } from 'js-yaml'
import { ApiClient } from './api-client.ts'
import { awaitReady } from './await-ready.ts'
import type { Binaries } from './binaries.ts'
import { readKeyPair } from './certificates.ts'
import { kubeconfigText, urlOf } from './kubeconfig.ts'
import type { Kubectl } from './kubectl.ts'
import type { Command, Processes } from './processes.ts'

/** What the clusters of one test bed have in common. */
export interface Ground {
  /** Absolute and free of symbolic links. */
  readonly dir: string
  readonly binaries: Binaries
  readonly processes: Processes
  readonly kubectl: Kubectl
  readonly etcd: { readonly client: number; readonly peer: number }
  readonly durable?: boolean
  readonly signal?: AbortSignal
}

export interface ClusterOptions {
  readonly name: string
  readonly port: number
  /** 0 makes a cluster that runs nothing: no scheduler, no kwok. */
  readonly nodes: number
  readonly kubeletPort?: number
}

export const certificatesFolder = (dir: string): string => path.join(dir, 'certificates')
export const ETCD = 'etcd'
export const apiserverName = (cluster: string): string => `${cluster}.kube-apiserver`

export async function startEtcd({ dir, binaries, processes, etcd, durable, signal }: Ground): Promise<void> {
  const client = `http://127.0.0.1:${etcd.client}`, peer = `http://127.0.0.1:${etcd.peer}`
  // No fsync unless asked for: a test bed need not survive a power failure, and starts and runs much faster.
  processes.start({ name: ETCD, argv: [binaries.programs.etcd, '--data-dir', path.join(dir, 'etcd'), '--listen-client-urls', client, '--advertise-client-urls', client, '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`, ...(durable ? [] : ['--unsafe-no-fsync']), '--log-level', 'error'] })
  await awaitReady({ what: 'etcd', deadlineMs: 30_000, process: { processes, name: ETCD }, ...(signal && { signal }) }, async () => (await fetch(`${client}/health`)).ok || undefined)
}

/** Starts what is not running of the cluster and waits until it answers, its nodes are ready and pods can be created. */
export async function startCluster(ground: Ground, cluster: ClusterOptions): Promise<void> {
  const { dir, processes, binaries } = ground, { name, nodes } = cluster
  const folder = path.join(dir, name)
  mkdirSync(folder, { recursive: true })
  for (const user of ['admin', 'kube-controller-manager', 'kube-scheduler']) {
    const pair = readKeyPair(certificatesFolder(dir), user)
    writeFileSync(path.join(folder, `${user}.kubeconfig`), kubeconfigText(authorityOf(dir), { [user]: pair }, [{ name, server: urlOf(cluster.port), user }]), { mode: 0o600 })
  }
  await startApiserver(ground, cluster)
  processes.start({
    name: `${name}.kube-controller-manager`,
    // Pods of a node that has missed its heartbeats are set to not ready, and kwok never sets them back: a kube-apiserver that was stopped for a while must not have that effect.
    argv: [binaries.programs['kube-controller-manager'], '--kubeconfig', path.join(folder, 'kube-controller-manager.kubeconfig'), '--use-service-account-credentials', '--service-account-private-key-file', certificateFile(dir, 'sa.key'), '--root-ca-file', certificateFile(dir, 'ca.crt'), '--leader-elect=false', '--secure-port=0', '--kube-api-qps=200', '--kube-api-burst=400', '--node-monitor-grace-period=30m'],
  })
  if (nodes > 0) await startNodes(ground, cluster)
  const client = administratorOf(dir, cluster.port), awaited = { deadlineMs: 60_000, ...(ground.signal && { signal: ground.signal }) }
  await awaitReady({ what: `default ServiceAccount of ${name}`, process: { processes, name: `${name}.kube-controller-manager` }, ...awaited }, () => client.get('/api/v1/namespaces/default/serviceaccounts/default'))
}

/** Starts the cluster's kube-apiserver unless it runs, and waits until it is ready. */
export async function startApiserver({ dir, binaries, processes, etcd, signal }: Ground, { name, port }: ClusterOptions, etcdPort = etcd.client): Promise<void> {
  processes.start(apiserverCommand({ dir, program: binaries.programs['kube-apiserver'], etcdPort, name, port }))
  const client = administratorOf(dir, port)
  await awaitReady({ what: `kube-apiserver of ${name}`, deadlineMs: 90_000, process: { processes, name: apiserverName(name) }, ...(signal && { signal }) }, () => client.get('/readyz'))
}

export const authorityOf = (dir: string): string => readFileSync(certificateFile(dir, 'ca.crt'), 'utf8')
export const administratorOf = (dir: string, port: number): ApiClient => new ApiClient(urlOf(port), { authority: authorityOf(dir), user: readKeyPair(certificatesFolder(dir), 'admin') })

const certificateFile = (dir: string, name: string) => path.join(certificatesFolder(dir), name)

function apiserverCommand({ dir, program, etcdPort, name, port }: { dir: string; program: string; etcdPort: number; name: string; port: number }): Command {
  const file = (name: string) => certificateFile(dir, name)
  return {
    name: apiserverName(name),
    argv: [
      program, '--etcd-servers', `http://127.0.0.1:${etcdPort}`, '--etcd-prefix', `/${name}`,
      // Advertising the loopback address spares the search for another one, which fails on a machine without a network.
      '--bind-address', '127.0.0.1', '--secure-port', String(port), '--advertise-address', '127.0.0.1', '--endpoint-reconciler-type', 'none',
      '--tls-cert-file', file('serving.crt'), '--tls-private-key-file', file('serving.key'), '--client-ca-file', file('ca.crt'), '--authorization-mode', 'Node,RBAC',
      '--service-account-key-file', file('sa.pub'), '--service-account-signing-key-file', file('sa.key'), '--service-account-issuer', 'https://kubernetes.default.svc', '--service-cluster-ip-range', '10.0.0.0/16',
      // Aggregator routing stays off (the default): a Service of type ExternalName then leads to a process of this machine.
      '--requestheader-client-ca-file', file('ca.crt'), '--requestheader-allowed-names', 'front-proxy', '--requestheader-username-headers', 'X-Remote-User', '--requestheader-group-headers', 'X-Remote-Group',
      '--requestheader-extra-headers-prefix', 'X-Remote-Extra-', '--requestheader-uid-headers', 'X-Remote-Uid', '--proxy-client-cert-file', file('front-proxy.crt'), '--proxy-client-key-file', file('front-proxy.key'),
      '--kubelet-certificate-authority', file('ca.crt'), '--kubelet-client-certificate', file('admin.crt'), '--kubelet-client-key', file('admin.key'),
    ],
  }
}

async function startNodes({ dir, binaries, processes, kubectl, signal }: Ground, { name, port, nodes, kubeletPort }: ClusterOptions): Promise<void> {
  if (kubeletPort === undefined) throw new Error(`${name} has nodes and needs a port for their kubelet`)
  const folder = path.join(dir, name), admin = path.join(folder, 'admin.kubeconfig'), config = path.join(folder, 'kwok.yaml'), log = path.join(folder, 'pod.log')
  writeFileSync(log, `2026-01-01T00:00:00.000000000Z stdout F hello from ${name}\n`)   // the format that container runtimes write, which kwok expects
  writeFileSync(config, kwokConfiguration(name, log, binaries.stages.map((file) => readFileSync(file, 'utf8'))))
  const created = await kubectl(['apply', '-f', '-'], { kubeconfig: admin, context: name, input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: Array.from({ length: nodes }, (_, at) => node(name, at + 1)) }) })
  if (created.code !== 0) throw new Error(`cannot create the nodes of ${name}: ${created.stderr.trim()}`)
  processes.start({ name: `${name}.kube-scheduler`, argv: [binaries.programs['kube-scheduler'], '--kubeconfig', path.join(folder, 'kube-scheduler.kubeconfig'), '--leader-elect=false', '--secure-port=0'] })
  processes.start({
    name: `${name}.kwok`,
    argv: [binaries.programs.kwok, '--kubeconfig', admin, '--config', config, '--manage-all-nodes', '--server-address', `127.0.0.1:${kubeletPort}`, '--node-ip', '127.0.0.1', '--node-port', String(kubeletPort), '--tls-cert-file', certificateFile(dir, 'serving.crt'), '--tls-private-key-file', certificateFile(dir, 'serving.key'), '--cidr', '10.99.0.0/16'],
  })
  const client = administratorOf(dir, port)
  await awaitReady({ what: `nodes of ${name}`, deadlineMs: 60_000, process: { processes, name: `${name}.kwok` }, ...(signal && { signal }) }, async () => {
    const { items } = await client.getJson<{ items: { status?: { conditions?: { type: string; status: string }[] } }[] }>('/api/v1/nodes')
    return items.every(({ status }) => status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')) || undefined
  })
}

const CAPACITY = { cpu: '1000', memory: '4Ti', pods: '10000' }

const node = (cluster: string, number: number) => ({
  apiVersion: 'v1', kind: 'Node',
  metadata: { name: `${cluster}-node-${number}`, labels: { 'kubernetes.io/hostname': `${cluster}-node-${number}`, 'topology.kubernetes.io/region': `region-${cluster}` } },
  status: { allocatable: CAPACITY, capacity: CAPACITY },
})

/** Logs are those of one file; exec runs the command on this machine with CLUSTER in its environment. */
function kwokConfiguration(cluster: string, log: string, stages: readonly string[]): string {
  const documents = [
    { apiVersion: 'config.kwok.x-k8s.io/v1alpha1', kind: 'KwokConfiguration', options: { manageAllNodes: true, enableDebuggingHandlers: true, podPlayStageParallelism: 16, nodePlayStageParallelism: 4, nodeLeaseParallelism: 4, nodeLeaseDurationSeconds: 40 } },
    { apiVersion: 'kwok.x-k8s.io/v1alpha1', kind: 'ClusterLogs', metadata: { name: 'all' }, spec: { logs: [{ logsFile: log, follow: false }] } },
    { apiVersion: 'kwok.x-k8s.io/v1alpha1', kind: 'ClusterExec', metadata: { name: 'all' }, spec: { execs: [{ local: { envs: [{ name: 'CLUSTER', value: cluster }] } }] } },
  ]
  return [...documents.map((document) => dump(document)), ...stages].join('---\n')
}
