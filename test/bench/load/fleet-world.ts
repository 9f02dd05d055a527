/**
 * Host, three members that joined, and a fourth cluster that holds as much as the three together, all real, with our server among them. What is in one member is written through
 * its kube-apiserver; the other clusters get copies of the records in etcd, so that each holds what it would have been given, in a fraction of the time. Controllers, schedulers and kwok are stopped then.
 */
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Etcd3 } from 'etcd3'
import { RawClient } from '../../e2e/raw-client.ts'
import { readKeyPair, type KeyPair } from '../../testbed/certificates.ts'
import { authorityOf, certificatesFolder } from '../../testbed/cluster.ts'
import { startTestbed, type Testbed } from '../../testbed/testbed.ts'
import type { Contender } from './contenders.ts'
import { deployment, deploymentStatus, namespaceOf, NAMESPACES, pod, podStatus } from './cluster-objects.ts'
import type { LoadGenerator, LoadJob } from './load-generator.ts'

export const FLEET = '/apis/cluster.federation/v1alpha1/clustersets/default/proxy'
const MERGE_PATCH = { 'content-type': 'application/merge-patch+json' }, WRITERS = 16

/** Per member. */
export interface WorldSize { readonly pods: number; readonly deployments: number }

export interface FleetWorld {
  readonly bed: Testbed
  /** Our server, asked directly and through the host's aggregator, whose process then works, too. */
  readonly ours: Contender
  readonly host: Contender
  readonly members: readonly Contender[]
  /** The one cluster with everything. */
  readonly one: Contender
  readonly user: KeyPair
  /** Ends our server and starts it again; its memory is empty then. */
  restart(): Promise<Contender>
  stop(): Promise<void>
}

export async function startFleetWorld(folder: string, portBase: number, load: LoadGenerator, size: WorldSize, progress: (line: string) => void): Promise<FleetWorld> {
  const bed = await startTestbed({ dir: path.join(folder, 'testbed'), portBase, members: 4, until: 'server' })
  try {
    const user = readKeyPair(certificatesFolder(bed.dir), 'admin'), authority = authorityOf(bed.dir)
    const contender = (name: string, process: string, port: number): Contender => ({ name, url: `https://127.0.0.1:${port}`, user, client: new RawClient(port, { authority, user }), pid: pidOf(bed, process) })
    const [one, ...members] = [3, 0, 1, 2].map((at) => bed.ports.members[at]!).map(({ name, apiserver }) => contender(name === 'member4' ? 'kube-apiserver with as many objects' : name, `${name}.kube-apiserver`, apiserver))
    await Promise.all([...members, one!].map((cluster) => makeNamespaces(cluster, cluster === one ? [1, 2, 3] : [1])))
    for (const { name } of bed.processes()) if (/\.(?:kube-controller-manager|kube-scheduler|kwok)$/.test(name)) process.kill(pidOf(bed, name), 'SIGSTOP')
    progress(`filling: ${size.pods} pods and ${size.deployments} Deployments in each member`)
    await fill(members[0]!, load, size)
    await copyRecords(bed, size)
    await bed.join(['member1', 'member2', 'member3'])
    const ours = () => ({ ...contender('ours', 'federation-apiserver', bed.ports.server), client: new RawClient(bed.ports.server, { user }) })
    return {
      bed, user, members, one: one!, ours: ours(), host: contender('ours, through the host', 'host.kube-apiserver', bed.ports.host),
      restart: async () => { await bed.server.kill('SIGTERM'); await bed.server.start(); await bed.join(['member1', 'member2', 'member3']); return ours() },
      stop: () => bed.stop(),
    }
  } catch (error) {
    await bed.stop()
    throw error
  }
}

const pidOf = (bed: Testbed, name: string): number => bed.processes().find((process) => process.name === name)!.pid

async function makeNamespaces({ client, name }: Contender, series: readonly (1 | 2 | 3)[]): Promise<void> {
  const names = series.flatMap((one) => Array.from({ length: NAMESPACES }, (_, i) => namespaceOf(i, one)))
  for (const namespace of names) {
    const { status, text } = await client.call('POST', '/api/v1/namespaces', { body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } } })
    if (status !== 201) throw new Error(`${name}: namespace ${namespace}: ${status} ${text}`)
  }
  // Pods are refused before their ServiceAccount exists, which a controller makes.
  for (const namespace of names) while ((await client.get(`/api/v1/namespaces/${namespace}/serviceaccounts/default`)).status !== 200) await sleep(50)
}

async function fill({ url, user }: Contender, load: LoadGenerator, size: WorldSize): Promise<void> {
  const write = (job: Omit<LoadJob, 'connections'>) => load.run(url, user, { http2: true, connections: WRITERS, objects: 7, ...job })
  for (let at = 0; at < NAMESPACES; at++) {
    const pods = `/api/v1/namespaces/${namespaceOf(at)}/pods`, deployments = `/apis/apps/v1/namespaces/${namespaceOf(at)}/deployments`
    for (const [to, count, object, status] of [[pods, size.pods, pod('web-{n}', `member1-node-${1 + (at % 2)}`), podStatus], [deployments, size.deployments, deployment('web-{n}'), deploymentStatus]] as const) {
      await write({ method: 'POST', path: to, body: object, count: count / NAMESPACES })
      await write({ method: 'PATCH', path: `${to}/web-{n}/status`, headers: MERGE_PATCH, body: status, count: count / NAMESPACES })
    }
  }
}

/** The records of member1 for the others; in the large cluster once per series of namespaces, whose names are equally long: a record of protobuf stays whole. */
async function copyRecords(bed: Testbed, { pods, deployments }: WorldSize): Promise<void> {
  const etcd = new Etcd3({ hosts: `http://127.0.0.1:${bed.ports.etcd.client}` })
  try {
    for (const [resource, expected] of [['pods', pods], ['deployments', deployments]] as const) {
      let found = 0
      for (let at = 0; at < NAMESPACES; at++) {
        const records = await etcd.getAll().prefix(`/member1/${resource}/${namespaceOf(at)}/`).buffers()
        found += Object.keys(records).length
        const copies = Object.entries(records).flatMap(([key, value]) => [
          ...[2, 3].map((member) => ({ key: key.replace('/member1/', `/member${member}/`), value })),
          ...([1, 2, 3] as const).map((series) => ({ key: key.replace('/member1/', '/member4/').replace('/shop-1-', `/shop-${series}-`), value: inSeries(value, series) })),
        ])
        await inParallel(copies, 64, async ({ key, value }) => { await etcd.put(key).value(value) })
      }
      if (found !== expected) throw new Error(`member1 holds ${found} ${resource}, not ${expected}`)
    }
  } finally {
    etcd.close()
  }
}

function inSeries(value: Buffer, series: number): Buffer {
  const copy = Buffer.from(value)
  for (let at = copy.indexOf('shop-1-'); at >= 0; at = copy.indexOf('shop-1-', at + 1)) copy[at + 5] = 0x30 + series
  return copy
}

async function inParallel<T>(all: readonly T[], most: number, work: (one: T) => Promise<void>): Promise<void> {
  const rest = all.values()
  await Promise.all(Array.from({ length: most }, async () => { for (const one of rest) await work(one) }))
}
