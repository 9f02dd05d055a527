import { setTimeout as sleep } from 'node:timers/promises'
import type { Processes } from './processes.ts'

export interface Waiting {
  /** What is awaited, for the error: `kube-apiserver of host`. */
  readonly what: string
  readonly deadlineMs: number
  /** The process whose end or silence is to blame; its log is named and its last lines are shown. */
  readonly process?: { readonly processes: Processes; readonly name: string }
  readonly signal?: AbortSignal
}

/** Tries until `attempt` answers something other than undefined. An error of an attempt is kept and told when time is up. */
export async function awaitReady<T>({ what, deadlineMs, process: blamed, signal }: Waiting, attempt: () => Promise<T | undefined>): Promise<T> {
  const started = Date.now()
  for (let last: unknown; ;) {
    signal?.throwIfAborted()
    try {
      const answer = await attempt()
      if (answer !== undefined) return answer
    } catch (error) { last = error }
    const ended = blamed && !blamed.processes.isRunning(blamed.name), waitedMs = Date.now() - started
    if (ended || waitedMs > deadlineMs) throw new Error(describe(`${what} ${ended ? 'ended while starting' : `is not ready after ${Math.round(waitedMs / 1000)} s`}`, last, blamed), { cause: last })
    await sleep(POLL_MS, undefined, signal && { signal })
  }
}

const POLL_MS = 100

function describe(failure: string, last: unknown, blamed: Waiting['process']): string {
  const reason = last instanceof Error ? `: ${last.message}` : ''
  return blamed ? `${failure}${reason}\nIts log is ${blamed.processes.logFile(blamed.name)} and ends with\n${blamed.processes.logTail(blamed.name)}` : `${failure}${reason}`
}
