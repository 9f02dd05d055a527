import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findBinaries } from '../testbed/binaries.ts'

/** An etcd of one member in a folder of its own, which can be killed and started again. */
export class EtcdServer {
  readonly port: number
  readonly #argv: readonly string[]
  readonly #folder: string
  #child: ChildProcess | undefined

  private constructor(program: string, client: number, peer: number) {
    this.port = client
    this.#folder = mkdtempSync(path.join(tmpdir(), 'etcd-'))
    const [clients, peers] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`]
    this.#argv = [program, '--data-dir', path.join(this.#folder, 'data'), '--listen-client-urls', clients, '--advertise-client-urls', clients, '--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers, '--initial-cluster', `default=${peers}`, '--log-level', 'error']
  }

  /** `$ETCD` names another program than the test bed's. */
  static async start(): Promise<EtcdServer> {
    const program = process.env['ETCD'] ?? (await findBinaries()).programs.etcd, server = new EtcdServer(program, await freePort(), await freePort())
    await server.run()
    return server
  }

  get url(): string { return `http://127.0.0.1:${this.port}` }

  /** Starts it unless it runs, and waits until it answers. */
  async run(): Promise<void> {
    if (this.#child) return
    const [program, ...args] = this.#argv, child = spawn(program!, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (data: Buffer) => { said = (said + data.toString()).slice(-2000) })
    this.#child = child
    for (const until = Date.now() + 30_000; ;) {
      if (await fetch(`${this.url}/health`).then((answer) => answer.ok, () => false)) return
      if (child.exitCode !== null || Date.now() > until) throw new Error(`etcd does not start: ${said}`)
      await sleep(20)
    }
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child || child.exitCode !== null) return
    const ended = new Promise((resolve) => { child.once('exit', resolve) })
    child.kill('SIGKILL')
    await ended
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => { resolve(port) })
    })
  })
}
