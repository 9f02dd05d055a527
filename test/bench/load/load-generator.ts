/** The program of this folder, in Go as most clients of Kubernetes are: built once per state of its sources, into a cache outside the checkout. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { KeyPair } from '../../testbed/certificates.ts'

/** What is asked of one server; `main.go` says what each field means and which placeholders there are. */
export interface LoadJob {
  readonly http2?: boolean
  readonly connections: number
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly first?: number
  readonly objects?: number
  readonly count?: number
  readonly milliseconds?: number
  readonly watchers?: number
  readonly watchPath?: string
  readonly watchServer?: string
  readonly events?: number
}

/** Latencies in milliseconds; `clientCpu` is the generator's own processor time, in milliseconds. */
export interface LoadResult {
  readonly operations: number
  readonly failures: number
  readonly failure?: string
  readonly bytes: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  readonly clientCpu: number
  readonly reopened: number
  readonly events: number
  readonly eventSeconds: number
  readonly eventBytes: number
}

export class LoadGenerator implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #answers: AsyncIterator<string>

  private constructor(program: string) {
    this.#child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#answers = createInterface(this.#child.stdout!)[Symbol.asyncIterator]()
  }

  static async start(): Promise<LoadGenerator> { return new LoadGenerator(await build()) }

  /** One job after the other. Throws where a request was answered otherwise than wanted. */
  async run(server: string, { certificate, key }: KeyPair, job: LoadJob): Promise<LoadResult> {
    this.#child.stdin!.write(`${JSON.stringify({ method: 'GET', ...job, server, certificate, key })}\n`)
    const answer = await this.#answers.next()
    if (answer.done) throw new Error('the load generator has ended')
    const result = JSON.parse(answer.value) as LoadResult
    if (result.failures > 0) throw new Error(`${result.failures} of ${result.operations + result.failures} requests failed, the last one with ${result.failure}`)
    return result
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => { this.#child.once('exit', resolve) })
    this.#child.stdin!.end()
    await ended
  }
}

async function build(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'main.go']) hash.update(readFileSync(path.join(import.meta.dirname, file))).update('\0')
  const root = process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache'), folder = path.join(root, 'federation-apiserver', 'load')
  const program = path.join(folder, hash.update(`${process.platform}/${process.arch}`).digest('hex').slice(0, 16))
  if (existsSync(program)) return program
  mkdirSync(folder, { recursive: true })
  const fresh = `${program}.building-${process.pid}`
  await promisify(execFile)('go', ['build', '-buildvcs=false', '-ldflags', '-s -w', '-o', fresh, '.'], { cwd: import.meta.dirname, env: { ...process.env, GOWORK: 'off' } })
  renameSync(fresh, program)
  return program
}
