/** Kubernetes' conformance specs: which there are, and running one. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'

export interface Spec {
  /** In full, as conformance.yaml of Kubernetes has it under `codename`. */
  readonly name: string
  /** The group of Kubernetes that owns it: `api-machinery`. */
  readonly sig: string
  /** It needs the cluster for itself. */
  readonly serial: boolean
}

export interface Run {
  /** `skipped`: the spec itself found that it does not apply to such a cluster. */
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** Why it did not pass, in its own words. */
  readonly message: string
  readonly seconds: number
}

export interface Ground {
  /** Path of `e2e.test`, and of the kubectl that specs run. */
  readonly program: string
  readonly kubectl: string
  readonly kubeconfig: string
  /** Folder for reports and logs. */
  readonly logs: string
}

/** The conformance specs of the groups, those that match `focus` only, by name. */
export async function listSpecs(ground: Ground, { sigs, focus }: { sigs: readonly string[]; focus: RegExp }, signal: AbortSignal): Promise<Spec[]> {
  const report = path.join(ground.logs, 'specs.json')
  await execute(ground, { args: ['--ginkgo.dry-run', String.raw`--ginkgo.focus=\[Conformance\]`, `--ginkgo.json-report=${report}`], log: 'specs.log', limitMs: LIST_LIMIT_MS }, signal)
  const specs = readReport(report).filter(({ State }) => State === 'passed').map((spec) => ({ name: nameOf(spec), serial: spec.IsSerial, sig: /^\[sig-([a-z-]+)\]/.exec(nameOf(spec))?.[1] ?? '' }))
  if (specs.length === 0) throw new Error(`no specs are listed: see ${path.join(ground.logs, 'specs.log')}`)
  return specs.filter(({ name, sig }) => sigs.includes(sig) && focus.test(name)).sort((a, b) => (a.name < b.name ? -1 : 1))
}

/**
 * Runs one spec in a process of its own, so that one that waits for what never comes can be ended: upstream's own limits are for machines
 * that pull images. The log stays in `<logs>/<context>/`.
 */
export async function runSpec(ground: Ground, { name }: Spec, { context, limitMs }: { context: string; limitMs: number }, signal: AbortSignal): Promise<Run> {
  const base = path.join(context, name.replaceAll(/[^\w-]+/g, '_').slice(0, 180)), report = path.join(ground.logs, `${base}.json`)
  mkdirSync(path.dirname(report), { recursive: true })
  rmSync(report, { force: true })
  const args = [
    `--context=${context}`, `--kubectl-path=${ground.kubectl}`, `--ginkgo.focus=${name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}$`,
    `--ginkgo.json-report=${report}`, `--ginkgo.timeout=${limitMs}ms`, `--ginkgo.grace-period=${GRACE_MS}ms`, '--dump-logs-on-failure=false', '--e2e-verify-service-account=false', '--allowed-not-ready-nodes=-1', '--minStartupPods=-1',
  ]
  const started = performance.now()
  await execute(ground, { args, log: `${base}.log`, limitMs: limitMs + 4 * GRACE_MS }, signal)
  const seconds = (performance.now() - started) / 1_000
  const ran = existsSync(report) ? readReport(report).find((spec) => nameOf(spec) === name) : undefined
  // It holds all specs there are, 13 MB.
  rmSync(report, { force: true })
  if (!ran) return { outcome: 'failed', message: `no report: see ${base}.log`, seconds }
  const message = ran.Failure ? `${ran.Failure.Message.trim()} (${path.basename(ran.Failure.Location?.FileName ?? '')}:${ran.Failure.Location?.LineNumber ?? 0})` : ''
  return { outcome: ran.State === 'passed' ? 'passed' : ran.State === 'skipped' ? 'skipped' : 'failed', message: ran.State === 'timedout' || ran.State === 'interrupted' ? `not done after ${limitMs / 1_000} s: ${message}` : message, seconds }
}

const LIST_LIMIT_MS = 120_000, GRACE_MS = 10_000

/** Of ginkgo's report in JSON: an array of suites. */
interface SpecReport {
  readonly ContainerHierarchyTexts: readonly string[] | null
  readonly LeafNodeText: string
  readonly LeafNodeType: string
  readonly State: string
  readonly IsSerial: boolean
  readonly Failure?: { readonly Message: string; readonly Location?: { readonly FileName: string; readonly LineNumber: number } }
}

const readReport = (file: string): SpecReport[] =>
  (JSON.parse(readFileSync(file, 'utf8')) as { SpecReports: SpecReport[] | null }[]).flatMap(({ SpecReports }) => SpecReports ?? []).filter(({ LeafNodeType }) => LeafNodeType === 'It')
const nameOf = ({ ContainerHierarchyTexts, LeafNodeText }: SpecReport) => [...(ContainerHierarchyTexts ?? []), LeafNodeText].join(' ')

/** Ends when the program does, whatever it says: what became of specs is in the report. */
async function execute({ program, kubeconfig, logs }: Ground, { args, log, limitMs }: { args: readonly string[]; log: string; limitMs: number }, signal: AbortSignal): Promise<void> {
  const file = openSync(path.join(logs, log), 'w')
  try {
    const child = spawn(program, [`--kubeconfig=${kubeconfig}`, '--provider=skeleton', '--ginkgo.no-color', ...args], { stdio: ['ignore', file, file], signal: AbortSignal.any([signal, AbortSignal.timeout(limitMs)]), killSignal: 'SIGKILL' })
    await new Promise<void>((resolve, reject) => {
      child.on('error', (error) => { if (error.name !== 'AbortError' || signal.aborted) reject(error) }).on('close', () => { resolve() })
    })
  } finally { closeSync(file) }
}
