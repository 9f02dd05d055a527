/** The programs of informer/: built once per state of their sources, into a cache outside the checkout, as the test bed's programs are. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { Lines } from './lines.ts'
import type { RawObject } from './raw-client.ts'

/** Answers the folder that holds `informer`, `churn` and `elect`. Seconds when Go has built client-go before, a minute or two when not. */
export async function buildInformers(signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for (const file of ['go.sum', 'go.mod', 'main.go', 'churn/main.go', 'elect/main.go']) hash.update(readFileSync(path.join(MODULE, file))).update('\0')
  const root = process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache'), parent = path.join(root, 'federation-apiserver', 'informer')
  const folder = path.join(parent, hash.update(`${process.platform}/${process.arch}`).digest('hex').slice(0, 16))
  if (existsSync(folder)) return folder
  mkdirSync(parent, { recursive: true })
  console.log('building the informers that the end-to-end tests run')
  const fresh = `${folder}.building-${process.pid}`
  await promisify(execFile)('go', ['build', '-buildvcs=false', '-ldflags', '-s -w', '-o', `${fresh}/`, '.', './churn', './elect'], { cwd: MODULE, env: { ...process.env, GOWORK: 'off' }, signal })
  renameSync(fresh, folder)
  return folder
}

/** A line of `informer`; which fields there are depends on the event. */
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

/** A line of `churn`. */
export interface ChurnLine {
  readonly event: 'SYNCED' | 'BACKWARDS' | 'STORE'
  readonly client: 'dynamic' | 'metadata'
  readonly target: string
  readonly message?: string
  readonly objects?: readonly RawObject[]
  readonly requests?: number
  /** How often both informers of the target asked for a whole state. */
  readonly states?: number
}

/** Dynamic and metadata informers on targets CONTEXT:GROUP/VERSION/RESOURCE. */
export const runChurn = (program: string, { kubeconfig, namespace, targets, watchList }: { kubeconfig: string; namespace: string; targets: readonly string[]; watchList: boolean }): Lines<ChurnLine> =>
  new Lines(program, ['-kubeconfig', kubeconfig, '-namespace', namespace, ...targets], { KUBE_FEATURE_WatchListClient: String(watchList) }, (line) => JSON.parse(line) as ChurnLine)

/** A line of `elect`. */
interface ElectionLine { readonly event: 'LEADS' | 'STOPPED'; readonly identity: string }

/** Candidates of client-go's leader election for one Lease; writing the name of one ends it. */
export const runElection = (program: string, { kubeconfig, namespace, lease, contentType, candidates }: { kubeconfig: string; namespace: string; lease: string; contentType: string; candidates: readonly string[] }): Lines<ElectionLine> =>
  new Lines(program, ['-kubeconfig', kubeconfig, '-context', 'fleet', '-namespace', namespace, '-lease', lease, '-content-type', contentType, ...candidates], {}, (line) => JSON.parse(line) as ElectionLine)

const MODULE = path.join(import.meta.dirname, 'informer')
