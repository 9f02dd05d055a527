/** Our server as a process of the test bed, registered with the host exactly as apiservice/ says but for the way to it. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { ApiClient } from './api-client.ts'
import { awaitReady } from './await-ready.ts'
import { readKeyPair } from './certificates.ts'
import { administratorOf, authorityOf, certificatesFolder, type Ground } from './cluster.ts'
import { kubeconfigText, urlOf } from './kubeconfig.ts'
import { writeOverlay } from './overlay.ts'
import { serverProgram } from './server-program.ts'

export const NAMESPACE = 'federation-system'
export const SERVER = 'federation-apiserver'

export interface FleetServerOptions {
  readonly port: number
  readonly hostPort: number
  /** kubeconfig with a context `host` of an administrator. */
  readonly kubeconfig: string
  /** Added to the flags, so a later one wins. */
  readonly flags: readonly string[]
}

export class FleetServer {
  readonly #ground: Ground
  readonly #options: FleetServerOptions

  constructor(ground: Ground, options: FleetServerOptions) {
    this.#ground = ground
    this.#options = options
  }

  get url(): string { return urlOf(this.#options.port) }
  get logFile(): string { return this.#ground.processes.logFile(SERVER) }
  get running(): boolean { return this.#ground.processes.isRunning(SERVER) }
  get residentBytes(): number { return this.#ground.processes.list().find(({ name }) => name === SERVER)?.residentBytes ?? 0 }

  /** Applies apiservice/ to the host. */
  async register(): Promise<void> {
    const { dir, kubectl } = this.#ground
    const overlay = writeOverlay(dir, path.join(ROOT, 'apiservice'), this.#options.port)
    const applied = await kubectl(['apply', '-k', overlay], { kubeconfig: this.#options.kubeconfig, context: 'host' })
    if (applied.code !== 0) throw new Error(`cannot apply apiservice/ to the host: ${applied.stderr.trim()}`)
  }

  /** Starts the process unless it runs, waits until it is ready and the host reaches it. */
  async start(): Promise<void> {
    const { dir, processes, signal } = this.#ground, { port, hostPort, flags } = this.#options
    const identity = path.join(dir, `${SERVER}.kubeconfig`)
    writeFileSync(identity, kubeconfigText(authorityOf(dir), { [SERVER]: readKeyPair(certificatesFolder(dir), SERVER) }, [{ name: 'host', server: urlOf(hostPort), user: SERVER }]), { mode: 0o600 })
    processes.start({ name: SERVER, workingFolder: ROOT, argv: [...serverProgram(), ...serverArguments({ dir, identity, port, flags })] })
    const awaited = { deadlineMs: 60_000, process: { processes, name: SERVER }, ...(signal && { signal }) }
    const anonymous = new ApiClient(this.url)
    await awaitReady({ what: SERVER, ...awaited }, () => anonymous.get('/readyz'))
    const host = administratorOf(dir, hostPort)
    await awaitReady({ what: 'registration of federation-apiserver with the host', ...awaited }, async () => {
      const { items } = await host.getJson<{ items: ApiService[] }>('/apis/apiregistration.k8s.io/v1/apiservices')
      const waiting = items.filter(({ spec, status }) => spec.service?.name === SERVER && !status?.conditions?.some(({ type, status }) => type === 'Available' && status === 'True'))
      if (waiting.length === 0) return true
      throw new Error(waiting.map(({ metadata, status }) => `${metadata.name}: ${status?.conditions?.[0]?.message ?? 'not looked at yet'}`).join('; '))
    })
  }

  /** Ends the process; its store stays, and `start` continues from it. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#ground.processes.stop([SERVER], { first: signal, graceMs: 15_000 })
  }

  /** Sends a signal without waiting (SIGSTOP and SIGCONT make it hang and go on). */
  signal(signal: NodeJS.Signals): void { this.#ground.processes.signal(SERVER, signal) }
}

/** Members answer on the loopback address, and their health is told faster than in production. */
export function serverArguments({ dir, identity, port, flags }: { dir: string; identity: string; port: number; flags: readonly string[] }): string[] {
  return [
    'serve', '--host-kubeconfig', identity, '--data-dir', path.join(dir, 'data'), '--bind-address', '127.0.0.1', '--secure-port', String(port),
    '--namespace', NAMESPACE, '--service-name', SERVER, '--allow-loopback-members',
    '--cluster-probe-seconds', '2', '--cluster-success-threshold-seconds', '4', '--cluster-failure-threshold-seconds', '4',
    ...flags,
  ]
}

interface ApiService {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly service?: { readonly name: string } }
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[] }
}

const ROOT = path.resolve(import.meta.dirname, '..', '..')
