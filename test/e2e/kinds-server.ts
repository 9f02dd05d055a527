/** `serve-kinds` as a process beside the host of the test bed, with the host's users, rights and namespaces. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { load } from 'js-yaml'
import { ApiClient } from '../testbed/api-client.ts'
import { awaitReady } from '../testbed/await-ready.ts'
import { Processes } from '../testbed/processes.ts'
import type { Testbed } from '../testbed/testbed.ts'

const ROOT = path.resolve(import.meta.dirname, '..', '..')

export class KindsServer {
  readonly port: number
  readonly #name: string
  readonly #data: string
  readonly #crds: readonly string[]
  readonly #bed: Testbed
  readonly #processes: Processes

  /** `portOffset`: after the port of our main server. */
  constructor(bed: Testbed, { name, portOffset, crds }: { readonly name: string; readonly portOffset: number; readonly crds: readonly string[] }) {
    this.#bed = bed
    this.#name = name
    this.#crds = crds
    this.#data = path.join(bed.dir, name)
    this.#processes = new Processes(bed.dir)
    this.port = bed.ports.server + portOffset
  }

  /** Starts it, with what an earlier start has stored, and waits until it is ready. Its identity on the host is that of our main server. */
  async start(): Promise<void> {
    const argv = [path.join(ROOT, 'node_modules', '.bin', 'node'), path.join(ROOT, 'src', 'main.ts'), 'serve-kinds', '--crd', ...this.#crds, '--port', String(this.port), '--data-dir', this.#data, '--host-kubeconfig', path.join(this.#bed.dir, 'federation-apiserver.kubeconfig')]
    this.#processes.start({ name: this.#name, workingFolder: ROOT, argv })
    const anonymous = new ApiClient(`https://127.0.0.1:${this.port}`)
    await awaitReady({ what: this.#name, deadlineMs: 60_000, process: { processes: this.#processes, name: this.#name } }, () => anonymous.get('/readyz'))
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> { await this.#processes.stop([this.#name], { first: signal, graceMs: 15_000 }) }

  /** PEM of the authority of its serving certificate. */
  get authority(): string {
    const { clusters } = load(readFileSync(path.join(this.#data, 'admin.kubeconfig'), 'utf8')) as { clusters: { cluster: { 'certificate-authority-data': string } }[] }
    return Buffer.from(clusters[0]!.cluster['certificate-authority-data'], 'base64').toString()
  }
}
