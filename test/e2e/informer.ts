/** The program of informer/: built once per state of its sources, into a cache outside the checkout, as the test bed's programs are. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { Lines } from './lines.ts'

/** Answers the program's path. Seconds when Go has built client-go before, a minute or two when not. */
export async function buildInformer(signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for (const file of ['go.sum', 'go.mod', 'main.go']) hash.update(readFileSync(path.join(MODULE, file))).update('\0')
  const root = process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache'), folder = path.join(root, 'federation-apiserver', 'informer')
  const program = path.join(folder, hash.update(`${process.platform}/${process.arch}`).digest('hex').slice(0, 16))
  if (existsSync(program)) return program
  mkdirSync(folder, { recursive: true })
  console.log('building the informer that the end-to-end tests run')
  const fresh = `${program}.building-${process.pid}`
  await promisify(execFile)('go', ['build', '-buildvcs=false', '-ldflags', '-s -w', '-o', fresh, '.'], { cwd: MODULE, env: { ...process.env, GOWORK: 'off' }, signal })
  renameSync(fresh, program)
  return program
}

/** A line of it; which fields there are depends on the event. */
export interface InformerLine {
  readonly event: 'REQUEST' | 'SYNCED' | 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly query?: Readonly<Record<string, readonly string[]>>
  readonly status?: number
  readonly name?: string
  readonly resourceVersion?: string
  readonly replicas?: number
  readonly readyReplicas?: number
  readonly keys?: readonly string[]
}

/** A client-go informer on the Deployments of a namespace; `watchList` is client-go's feature gate WatchListClient. */
export const runInformer = (program: string, { kubeconfig, context, namespace, watchList }: { kubeconfig: string; context: string; namespace: string; watchList: boolean }): Lines<InformerLine> =>
  new Lines(program, ['-kubeconfig', kubeconfig, '-context', context, '-namespace', namespace], { KUBE_FEATURE_WatchListClient: String(watchList) }, (line) => JSON.parse(line) as InformerLine)

const MODULE = path.join(import.meta.dirname, 'informer')
