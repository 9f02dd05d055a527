import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findBinaries } from '../testbed/binaries.ts'

/** PEM. Clients need a certificate of the authority. */
export interface EtcdServerTls { readonly authority: string; readonly certificate: string; readonly key: string }

/** An etcd of one member in a folder of its own, which can be killed and started again. */
export class EtcdServer {
  readonly port: number
  readonly #argv: readonly string[]
  readonly #folder: string
  #child: ChildProcess | undefined

  readonly #isSecure: boolean

  private constructor(program: string, client: number, peer: number, tls: EtcdServerTls | undefined) {
    this.port = client
    this.#isSecure = tls !== undefined
    this.#folder = mkdtempSync(path.join(tmpdir(), 'etcd-'))
    const [clients, peers] = [this.url, `http://127.0.0.1:${peer}`], files = Object.entries(tls ?? {}).map(([name, text]) => {
      const file = path.join(this.#folder, `${name}.pem`)
      writeFileSync(file, text, { mode: 0o600 })
      return file
    })
    const secure = tls ? ['--client-cert-auth', '--trusted-ca-file', files[0]!, '--cert-file', files[1]!, '--key-file', files[2]!] : []
    this.#argv = [program, ...secure, '--data-dir', path.join(this.#folder, 'data'), '--listen-client-urls', clients, '--advertise-client-urls', clients, '--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers, '--initial-cluster', `default=${peers}`, '--log-level', 'error']
  }

  /** `$ETCD` names another program than the test bed's. */
  static async start(tls?: EtcdServerTls): Promise<EtcdServer> {
    const program = process.env['ETCD'] ?? (await findBinaries()).programs.etcd, server = new EtcdServer(program, await freePort(), await freePort(), tls)
    await server.run()
    return server
  }

  get url(): string { return `${this.#isSecure ? 'https' : 'http'}://127.0.0.1:${this.port}` }

  /** Starts it unless it runs, and waits until it answers. */
  async run(): Promise<void> {
    if (this.#child) return
    const [program, ...args] = this.#argv, child = spawn(program!, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (data: Buffer) => { said = (said + data.toString()).slice(-2000) })
    this.#child = child
    for (const until = Date.now() + 30_000; ;) {
      if (this.#isSecure ? await listens(this.port) : await fetch(`${this.url}/health`).then((answer) => answer.ok, () => false)) return
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

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true) })
    socket.on('error', () => { resolve(false) })
  })
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
