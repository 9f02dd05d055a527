import { spawn } from 'node:child_process'

export interface KubectlOptions {
  readonly kubeconfig: string
  readonly context?: string
  readonly input?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface KubectlResult {
  readonly stdout: string
  readonly stderr: string
  /** 0 is success; -1 when it was ended for taking too long. */
  readonly code: number
}

/** Runs kubectl; a failure of kubectl is an answer, not an error. */
export type Kubectl = (args: readonly string[], options: KubectlOptions) => Promise<KubectlResult>

/** `cacheFolder` keeps discovery documents of this test bed apart from those of an earlier one at the same address. */
export function createKubectl(program: string, cacheFolder: string): Kubectl {
  return (args, { kubeconfig, context, input, environment, timeoutMs = TIMEOUT_MS, signal }) =>
    new Promise((resolve, reject) => {
      const child = spawn(program, [...(context ? ['--context', context] : []), ...args], { env: { ...process.env, KUBECONFIG: kubeconfig, KUBECACHEDIR: cacheFolder, ...environment }, stdio: ['pipe', 'pipe', 'pipe'], ...(signal && { signal }) })
      let stdout = '', stderr = '', late = false
      const timer = setTimeout(() => { late = true; child.kill('SIGKILL') }, timeoutMs)
      child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text })
      child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text })
      child.on('error', (error: NodeJS.ErrnoException) => { clearTimeout(timer); reject(error.code === 'ENOENT' ? new Error(`no ${program} on this machine`, { cause: error }) : error) })
      child.on('close', (code) => { clearTimeout(timer); resolve({ stdout, stderr: late ? `${stderr}ended after ${timeoutMs} ms\n` : stderr, code: code ?? -1 }) })
      // kubectl may end without reading its input.
      child.stdin.on('error', () => {}).end(input ?? '')
    })
}

const TIMEOUT_MS = 60_000
