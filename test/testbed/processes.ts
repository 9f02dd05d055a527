/**
 * The processes of one test bed. Each leads its own session (it outlives the command that started it), logs to DIR/logs/NAME.log and has
 * its id in DIR/pids/NAME. Ids are reused by the system, so a recorded one counts only while its command line still mentions DIR.
 */
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Command {
  readonly name: string
  /** The program and its arguments; at least one argument must hold a path inside the test bed's folder. */
  readonly argv: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly workingFolder?: string
}

export interface ProcessState {
  readonly name: string
  readonly pid: number
  readonly running: boolean
  /** 0 when it is not running. */
  readonly residentBytes: number
}

export class Processes {
  readonly #dir: string

  /** `dir` must be free of symbolic links: command lines are compared with it. */
  constructor(dir: string) {
    this.#dir = dir
    for (const folder of ['logs', 'pids']) mkdirSync(path.join(dir, folder), { recursive: true })
  }

  logFile(name: string): string { return path.join(this.#dir, 'logs', `${name}.log`) }

  /** Starts it unless it runs already. A later start appends to the same log. */
  start({ name, argv, environment, workingFolder }: Command): void {
    if (this.isRunning(name)) return
    const [program, ...args] = argv
    if (!program || !argv.some((argument) => argument.includes(`${this.#dir}/`))) throw new Error(`the command line of ${name} does not mention ${this.#dir}`)
    const log = openSync(this.logFile(name), 'a')
    const child = spawn(program, args, { cwd: workingFolder ?? this.#dir, env: { ...process.env, ...environment }, stdio: ['ignore', log, log], detached: true })
    closeSync(log)
    // Failing to start is seen by the missing id; the listener keeps the event from ending this process.
    child.on('error', () => {})
    if (child.pid === undefined) throw new Error(`cannot start ${program} (${name}): is the file there and executable?`)
    child.unref()
    writeFileSync(this.#pidFile(name), String(child.pid))
  }

  isRunning(name: string): boolean { return this.#runningPid(name) !== undefined }

  /** Sends a signal to the process and what it started. Throws when it is not running. */
  signal(name: string, signal: NodeJS.Signals): void {
    const pid = this.#runningPid(name)
    if (pid === undefined) throw new Error(`${name} is not running`)
    signalGroup(pid, signal)
  }

  /** Ends the named processes and waits for it: `first` is sent at once, SIGKILL after `graceMs`. Those not running are fine. */
  async stop(names: readonly string[], { first = 'SIGTERM', graceMs = 5_000 }: { first?: NodeJS.Signals; graceMs?: number } = {}): Promise<void> {
    const running = () => names.flatMap((name) => this.#runningPid(name) ?? [])
    for (const pid of running()) signalGroup(pid, first)
    const started = Date.now()
    for (let left = running(); left.length > 0; left = running()) {
      const waitedMs = Date.now() - started
      if (waitedMs > graceMs + KILL_MS_MAX) throw new Error(`processes do not end: ${left.join(', ')}`)
      // A stopped process (SIGSTOP) ends by SIGKILL only.
      if (waitedMs > graceMs) for (const pid of left) signalGroup(pid, 'SIGKILL')
      await sleep(50)
    }
    for (const name of names) rmSync(this.#pidFile(name), { force: true })
  }

  list(): ProcessState[] {
    return readdirSync(path.join(this.#dir, 'pids')).sort().map((name) => {
      const pid = Number(readFileSync(this.#pidFile(name), 'utf8')), running = this.isRunning(name)
      return { name, pid, running, residentBytes: running ? residentBytes(pid) : 0 }
    })
  }

  /** The last lines of a log, to be shown with an error. */
  logTail(name: string, lines = 8): string {
    const file = this.logFile(name)
    return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).map((line) => line.slice(0, 500)).join('\n') : ''
  }

  #pidFile(name: string): string { return path.join(this.#dir, 'pids', name) }

  #runningPid(name: string): number | undefined {
    if (!existsSync(this.#pidFile(name))) return undefined
    const pid = Number(readFileSync(this.#pidFile(name), 'utf8'))
    return Number.isInteger(pid) && pid > 1 && commandLine(pid).includes(`${this.#dir}/`) ? pid : undefined
  }
}

const KILL_MS_MAX = 10_000

/** Empty when there is no such process, or only its remains (a zombie has no command line). */
function commandLine(pid: number): string {
  if (existsSync('/proc/self')) {
    try { return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') } catch (error) { return gone(error) }
  }
  return ps(pid, 'command')
}

function residentBytes(pid: number): number {
  if (!existsSync('/proc/self')) return Number(ps(pid, 'rss')) * 1024
  try { return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024 } catch (error) { return Number(gone(error)) }
}

/** `ps` answers 1 when no such process exists. */
function ps(pid: number, column: string): string {
  try { return execFileSync('ps', ['-ww', '-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() } catch (error) {
    if ((error as { status?: number }).status === 1) return ''
    throw error
  }
}

function gone(error: unknown): '' {
  if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
  throw error
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try { process.kill(-pid, signal) } catch (error) { gone(error) }
}
