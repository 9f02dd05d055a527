/** A host cluster, member clusters and our server on this machine, all real processes; used by `npm run testbed` and by end-to-end tests. */
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { findBinaries } from './binaries.ts'
import { readKeyPair, writeCertificates } from './certificates.ts'
import { apiserverName, authorityOf, certificatesFolder, type ClusterOptions, ETCD, type Ground, startApiserver, startCluster, startEtcd } from './cluster.ts'
import { FleetServer, SERVER } from './fleet-server.ts'
import { joinMembers } from './join.ts'
import { kubeconfigText, testbedContexts, urlOf } from './kubeconfig.ts'
import { createKubectl, type KubectlOptions, type KubectlResult } from './kubectl.ts'
import { DEFAULT_PORT_BASE, type PortLayout, portLayout, portUses } from './ports.ts'
import { Processes, type ProcessState } from './processes.ts'

export const DEFAULT_DIR = path.join(os.tmpdir(), 'federation-testbed')
export const DEFAULT_MEMBERS = 3

export interface TestbedOptions {
  readonly dir?: string
  readonly portBase?: number
  readonly members?: number
  /** How far to go: only the clusters; the server too, registered with the host; or all, members joined (the default). */
  readonly until?: 'clusters' | 'server' | 'members'
  /** Etcd syncs to the disk before it answers: for measuring what writes cost. */
  readonly durable?: boolean
  /** Further flags of our server. */
  readonly serverFlags?: readonly string[]
  /** Gets a line per step. */
  readonly progress?: (line: string) => void
  /** Aborting while it starts stops everything again. */
  readonly signal?: AbortSignal
}

/** Starts a test bed in a new folder. When that fails, its processes are stopped and their logs stay. */
export async function startTestbed(options: TestbedOptions = {}): Promise<Testbed> {
  const { portBase = DEFAULT_PORT_BASE, members = DEFAULT_MEMBERS, until = 'members', durable = false, serverFlags = [], progress = () => {}, signal } = options
  const layout = portLayout(portBase, members), passOn = { progress, ...(signal && { signal }) }
  const binaries = await findBinaries(passOn)
  const folder = path.resolve(options.dir ?? DEFAULT_DIR)
  clearFolder(folder)
  await checkPorts(layout)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const dir = realpathSync(folder)
  writeFileSync(path.join(dir, MARK), `${JSON.stringify({ portBase, members, serverFlags } satisfies Settings)}\n`)
  await writeCertificates(certificatesFolder(dir))
  const testbed = new Testbed({ ...createGround(dir, layout, binaries, signal), durable }, layout, serverFlags)
  const users = Object.fromEntries(['admin', 'alice'].map((name) => [name, readKeyPair(certificatesFolder(dir), name)]))
  writeFileSync(testbed.kubeconfig, kubeconfigText(authorityOf(dir), users, testbedContexts(layout)), { mode: 0o600 })
  try {
    await testbed.startClusters(progress)
    if (until === 'clusters') return testbed
    progress('registering federation-apiserver with the host')
    await testbed.server.register()
    await testbed.server.start()
    progress(`federation-apiserver is ready at ${testbed.server.url}`)
    if (until === 'server') return testbed
    await testbed.join()
    progress(`${members} members have joined`)
    return testbed
  } catch (error) {
    await testbed.stop({ keepFolder: true })
    throw error
  }
}

/** A test bed that runs already, started by another process. */
export async function openTestbed(folder: string = DEFAULT_DIR): Promise<Testbed> {
  const { dir, settings } = readSettings(folder), layout = portLayout(settings.portBase, settings.members)
  return new Testbed(createGround(dir, layout, await findBinaries()), layout, settings.serverFlags)
}

/** Ends every process that is recorded in the folder and removes the folder. Throws when it holds no test bed. */
export async function removeTestbed(folder: string = DEFAULT_DIR): Promise<void> {
  const { dir } = readSettings(folder)
  await stopProcesses(new Processes(dir))
  rmSync(dir, { recursive: true })
}

/** The recorded processes. Throws when the folder holds no test bed. */
export function testbedStatus(folder: string = DEFAULT_DIR): { dir: string; kubeconfig: string; processes: ProcessState[] } {
  const { dir } = readSettings(folder)
  return { dir, kubeconfig: path.join(dir, 'kubeconfig'), processes: new Processes(dir).list() }
}

export class Testbed {
  readonly dir: string
  /** Path of the kubeconfig with the contexts host, fleet, fleet-by-cluster, member1 …, host-alice and fleet-alice. */
  readonly kubeconfig: string
  readonly ports: PortLayout
  readonly server: FleetServer
  readonly #ground: Ground

  constructor(ground: Ground, ports: PortLayout, serverFlags: readonly string[]) {
    this.dir = ground.dir
    this.kubeconfig = path.join(ground.dir, 'kubeconfig')
    this.ports = ports
    this.server = new FleetServer(ground, { port: ports.server, hostPort: ports.host, kubeconfig: this.kubeconfig, flags: serverFlags })
    this.#ground = ground
  }

  /** Runs kubectl with the test bed's kubeconfig: the one built with the clusters, or the first on PATH (`machine`). */
  async kubectl(args: readonly string[], { version = 'testbed', ...options }: Omit<KubectlOptions, 'kubeconfig'> & { version?: 'machine' | 'testbed' } = {}): Promise<KubectlResult> {
    const run = version === 'testbed' ? this.#ground.kubectl : createKubectl('kubectl', path.join(this.dir, 'kubectl-cache-machine'))
    return await run(args, { ...options, kubeconfig: this.kubeconfig })
  }

  /** Path of the test bed's own kubectl. */
  get kubectlProgram(): string { return this.#ground.binaries.programs.kubectl }

  member(name: string): TestbedMember {
    const found = this.ports.members.find((member) => member.name === name)
    if (!found) throw new Error(`no member ${name}; there are ${this.ports.members.map(({ name }) => name).join(', ')}`)
    return new TestbedMember(this.#ground, { name, port: found.apiserver, nodes: NODES, kubeletPort: found.kubelet })
  }

  processes(): ProcessState[] { return this.#ground.processes.list() }

  /** Starts etcd, then the host and the members, as many at once as the machine can take. */
  async startClusters(progress: (line: string) => void = () => {}): Promise<void> {
    await startEtcd(this.#ground)
    const clusters: ClusterOptions[] = [
      { name: 'host', port: this.ports.host, nodes: 0 },
      ...this.ports.members.map(({ name, apiserver, kubelet }) => ({ name, port: apiserver, nodes: NODES, kubeletPort: kubelet })),
    ]
    const waiting = clusters.values()
    // One iterator shared by several loops: each takes the next cluster when it is done with one.
    const loops = Array.from({ length: Math.min(clusters.length, simultaneousStarts()) }, async () => {
      for (const cluster of waiting) {
        await startCluster(this.#ground, cluster)
        progress(`${cluster.name} is ready at ${urlOf(cluster.port)}`)
      }
    })
    const failed = (await Promise.allSettled(loops)).find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
  }

  /** Joins members (all unless named) to the fleet and waits until they are Ready. */
  async join(names: readonly string[] = this.ports.members.map(({ name }) => name)): Promise<void> {
    await joinMembers(this.#ground, { members: this.ports.members.filter(({ name }) => names.includes(name)), kubeconfig: this.kubeconfig, hostPort: this.ports.host })
  }

  /** Ends all processes and removes the folder. */
  async stop({ keepFolder = false }: { keepFolder?: boolean } = {}): Promise<void> {
    await stopProcesses(this.#ground.processes)
    if (!keepFolder) rmSync(this.dir, { recursive: true })
  }
}

class TestbedMember {
  readonly name: string
  readonly url: string
  readonly #ground: Ground
  readonly #options: ClusterOptions

  constructor(ground: Ground, options: ClusterOptions) {
    this.name = options.name
    this.url = urlOf(options.port)
    this.#ground = ground
    this.#options = options
  }

  /** Ends the kube-apiserver; what it stored stays in etcd. */
  async stopApiserver(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> { await this.#ground.processes.stop([apiserverName(this.name)], { first: signal }) }

  /** Starts it again and waits until it is ready. `etcdPort`: with what another etcd holds under the same prefix. */
  async startApiserver({ etcdPort = this.#ground.etcd.client }: { readonly etcdPort?: number } = {}): Promise<void> { await startApiserver(this.#ground, this.#options, etcdPort) }

  /** SIGSTOP makes it hang with its connections open, SIGCONT lets it go on. */
  signalApiserver(signal: NodeJS.Signals): void { this.#ground.processes.signal(apiserverName(this.name), signal) }
}

interface Settings {
  readonly portBase: number
  readonly members: number
  readonly serverFlags: readonly string[]
}

/** This file makes a folder one of ours: only such a folder is ever removed. */
const MARK = 'testbed.json'
const NODES = 2
const CLUSTER_BYTES = 700 * 2 ** 20

/** Starting is bound by the processor: more at once than cores only makes each slower. */
const simultaneousStarts = () => Math.max(1, Math.min(os.availableParallelism(), Math.floor(os.freemem() / CLUSTER_BYTES)))

function createGround(dir: string, layout: PortLayout, binaries: Ground['binaries'], signal?: AbortSignal): Ground {
  return { dir, binaries, processes: new Processes(dir), kubectl: createKubectl(binaries.programs.kubectl, path.join(dir, 'kubectl-cache')), etcd: layout.etcd, ...(signal && { signal }) }
}

/** Removes what an ended test bed left in the folder; throws when one still runs there, or when the folder is not ours. */
function clearFolder(folder: string): void {
  if (!existsSync(folder) || readdirSync(folder).length === 0) return
  if (!existsSync(path.join(folder, MARK))) throw new Error(`${folder} is not empty and holds no test bed: name another folder with --dir`)
  const running = new Processes(realpathSync(folder)).list().filter((process) => process.running)
  if (running.length > 0) throw new Error(`a test bed runs in ${folder} already (${running.map(({ name }) => name).join(', ')}): stop it with \`npm run testbed -- down --dir ${folder}\`, or start another with --dir and --port-base`)
  rmSync(folder, { recursive: true })
}

function readSettings(folder: string): { dir: string; settings: Settings } {
  const file = path.resolve(folder, MARK)
  if (!existsSync(file)) throw new Error(`no test bed in ${path.resolve(folder)}`)
  return { dir: realpathSync(path.dirname(file)), settings: JSON.parse(readFileSync(file, 'utf8')) as Settings }
}

async function checkPorts(layout: PortLayout): Promise<void> {
  const taken = (await Promise.all(portUses(layout).map(async ({ port, use }) => (await isFree(port) ? [] : [`${port} (${use})`])))).flat()
  if (taken.length > 0) throw new Error(`ports of 127.0.0.1 are in use: ${taken.join(', ')}. End what listens there, or choose others with --port-base`)
}

const isFree = (port: number) => new Promise<boolean>((resolve, reject) => {
  const server = createServer()
  server.on('error', (error: NodeJS.ErrnoException) => { if (error.code === 'EADDRINUSE') resolve(false); else reject(error) })
  server.listen(port, '127.0.0.1', () => { server.close(() => { resolve(true) }) })
})

/** Our server first, while all that it talks to is there, then everyone else, at last etcd. */
async function stopProcesses(processes: Processes): Promise<void> {
  const names = processes.list().map(({ name }) => name)
  await processes.stop(names.filter((name) => name === SERVER))
  await processes.stop(names.filter((name) => name !== SERVER && name !== ETCD), { graceMs: 3_000 })
  await processes.stop(names.filter((name) => name === ETCD))
}
