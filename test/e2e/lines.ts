import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** A program that goes on printing: its lines as they come, each with its time. Disposing of it ends the program. */
export class Lines<T = string> implements AsyncDisposable {
  readonly seen: { readonly line: T; readonly atMs: number }[] = []
  readonly #child: ChildProcess
  readonly #closed: Promise<void>
  #errors = ''
  #ended = false
  #wake = Promise.withResolvers<void>()

  constructor(program: string, args: readonly string[], environment: Readonly<Record<string, string>>, parse: (line: string) => T) {
    this.#child = spawn(program, args, { env: { ...process.env, ...environment }, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => { this.#errors += text })
    createInterface(this.#child.stdout!).on('line', (line) => {
      this.seen.push({ line: parse(line), atMs: performance.now() })
      this.#turn()
    })
    this.#closed = new Promise((resolve, reject) => { this.#child.on('error', reject).on('close', () => { this.#ended = true; this.#turn(); resolve() }) })
    this.#closed.catch((error: unknown) => { this.#errors += String(error) })
  }

  get errors(): string { return this.#errors }

  /** The first line from index `from` on that matches, once it is there. */
  async until(matches: (line: T) => boolean, { from = 0, timeoutMs = 20_000 }: { from?: number; timeoutMs?: number } = {}): Promise<{ line: T; atMs: number }> {
    const limit = AbortSignal.timeout(timeoutMs), late = new Promise<'late'>((resolve) => { limit.addEventListener('abort', () => { resolve('late') }) })
    for (let at = from; ;) {
      for (; at < this.seen.length; at++) if (matches(this.seen[at]!.line)) return this.seen[at]!
      if (this.#ended) throw new Error(`ended without the line${this.#told()}`)
      if ((await Promise.race([this.#wake.promise, late])) === 'late') throw new Error(`no such line within ${timeoutMs} ms${this.#told()}`)
    }
  }

  /** Writes a line to its standard input. */
  write(line: string): void { this.#child.stdin!.write(`${line}\n`) }

  /** Ends the program as a crash would. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin!.end()
    this.#child.kill()
    await this.#closed.catch(() => {})
  }

  #turn(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }

  #told(): string { return `; its last lines:\n${this.seen.slice(-8).map(({ line }) => JSON.stringify(line)).join('\n')}\n${this.#errors}` }
}
