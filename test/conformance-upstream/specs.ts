/** Kubernetes' conformance specs: which there are, and running them. */
import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

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
  const specs = readReport(report).filter(({ State }) => State === 'passed').map((spec) => ({ name: nameOf(spec), serial: spec.IsSerial || nameOf(spec).includes('[Serial]'), sig: /^\[sig-([a-z-]+)\]/.exec(nameOf(spec))?.[1] ?? '' }))
  if (specs.length === 0) throw new Error(`no specs are listed: see ${path.join(ground.logs, 'specs.log')}`)
  return specs.filter(({ name, sig }) => sigs.includes(sig) && focus.test(name)).sort((a, b) => (a.name < b.name ? -1 : 1))
}

export interface RunOptions {
  /** Of the kubeconfig. */
  readonly context: string
  /** Names the log. */
  readonly batch: string
  /** A spec that takes longer has failed: upstream's own limits are for machines that pull images. */
  readonly limitMs: number
  readonly onRun: (spec: Spec, run: Run) => void
}

/**
 * Runs specs one after the other, in one process while none hangs: a start costs seconds. One that takes too long is interrupted, and the rest
 * begin anew. The logs stay in `<logs>/<context>/`, one for each spec.
 */
export async function runSpecs(ground: Ground, specs: readonly Spec[], { context, batch, limitMs, onRun }: RunOptions, signal: AbortSignal): Promise<void> {
  const base = path.join(context, `batch-${batch}`), report = path.join(ground.logs, `${base}.json`), log = `${base}.log`
  mkdirSync(path.dirname(report), { recursive: true })
  for (let left = specs; left.length > 0;) {
    rmSync(report, { force: true })
    const args = [
      `--context=${context}`, `--kubectl-path=${ground.kubectl}`, `--ginkgo.focus=(${left.map(({ name }) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join('|')})$`, '--ginkgo.v', `--ginkgo.json-report=${report}`, `--ginkgo.grace-period=${GRACE_MS}ms`,
      '--dump-logs-on-failure=false', '--e2e-verify-service-account=false', '--allowed-not-ready-nodes=-1', '--minStartupPods=-1',
    ]
    await execute(ground, { args, log, limitMs }, signal)
    const reported = existsSync(report) ? readReport(report).filter(({ NumAttempts }) => NumAttempts > 0) : []
    // It holds all specs there are, 13 MB.
    rmSync(report, { force: true })
    const done = left.flatMap((spec) => { const found = reported.find((one) => nameOf(one) === spec.name); return found ? [{ spec, found }] : [] })
    for (const { spec, found } of done) {
      writeFileSync(path.join(ground.logs, context, `${spec.name.replaceAll(/[^\w-]+/g, '_').slice(0, 180)}.log`), `${found.CapturedGinkgoWriterOutput ?? ''}\n${runOf(found).message}\n`)
      onRun(spec, runOf(found))
    }
    // Without a report nothing is known of any but, by the log, of the one that hung.
    const hung = done.length === 0 ? (left.find(({ name }) => name === lastBegun(readFileSync(path.join(ground.logs, log), 'utf8'), left)) ?? left[0]!) : undefined
    if (hung) onRun(hung, { outcome: 'failed', message: `no report: see ${log}`, seconds: limitMs / 1_000 })
    left = left.filter((spec) => spec !== hung && !done.some(({ spec: { name } }) => spec.name === name))
  }
}

/** In the log a spec begins with its name. */
const lastBegun = (log: string, specs: readonly Spec[]): string | undefined => specs.map(({ name }) => ({ name, at: log.lastIndexOf(`\n${name}`) })).filter(({ at }) => at >= 0).sort((a, b) => b.at - a.at)[0]?.name

function runOf({ State, Failure, RunTime }: SpecReport): Run {
  const seconds = RunTime / 1e9, said = Failure ? `${Failure.Message.trim()} (${path.basename(Failure.Location?.FileName ?? '')}:${Failure.Location?.LineNumber ?? 0})` : ''
  return { outcome: State === 'passed' || State === 'skipped' ? State : 'failed', message: State === 'interrupted' ? `not done after ${seconds.toFixed(0)} s: ${said}` : said, seconds }
}

const LIST_LIMIT_MS = 120_000, GRACE_MS = 20_000, LOOK_MS = 500

/** Of ginkgo's report in JSON: an array of suites. */
interface SpecReport {
  readonly ContainerHierarchyTexts: readonly string[] | null
  readonly LeafNodeText: string
  readonly LeafNodeType: string
  readonly State: string
  readonly IsSerial: boolean
  /** 0: it was not run. */
  readonly NumAttempts: number
  /** In nanoseconds. */
  readonly RunTime: number
  readonly CapturedGinkgoWriterOutput?: string
  readonly Failure?: { readonly Message: string; readonly Location?: { readonly FileName: string; readonly LineNumber: number } }
}

const readReport = (file: string): SpecReport[] =>
  (JSON.parse(readFileSync(file, 'utf8')) as { SpecReports: SpecReport[] | null }[]).flatMap(({ SpecReports }) => SpecReports ?? []).filter(({ LeafNodeType }) => LeafNodeType === 'It')
const nameOf = ({ ContainerHierarchyTexts, LeafNodeText }: SpecReport) => [...(ContainerHierarchyTexts ?? []), LeafNodeText].join(' ')

/** Ends when the program does, whatever it says: what became of specs is in the report. No spec that ends within the limit: it is interrupted. */
async function execute({ program, kubeconfig, logs }: Ground, { args, log, limitMs }: { args: readonly string[]; log: string; limitMs: number }, signal: AbortSignal): Promise<void> {
  const file = path.join(logs, log), output = openSync(file, 'w')
  try {
    const child = spawn(program, [`--kubeconfig=${kubeconfig}`, '--provider=skeleton', '--ginkgo.no-color', ...args], { stdio: ['ignore', output, output], signal, killSignal: 'SIGKILL' })
    const closed = new Promise<'closed'>((resolve, reject) => { child.on('error', reject).on('close', () => { resolve('closed') }) })
    let ended = 0, since = performance.now(), interruptedAt: number | undefined
    while ((await Promise.race([closed, sleep(LOOK_MS, 'running', { ref: false })])) === 'running') {
      const text = readFileSync(file, 'utf8'), now = text.match(ENDED)?.length ?? 0
      // To find all specs there are takes a while by itself.
      if (now > ended || !text.includes('Will run ')) since = performance.now()
      ended = now
      if (interruptedAt === undefined && performance.now() - since > limitMs && child.kill('SIGINT')) interruptedAt = performance.now()
      // Its cleaning up hangs, too.
      if (interruptedAt !== undefined && performance.now() - interruptedAt > 4 * GRACE_MS) child.kill('SIGKILL')
    }
    await closed
  } finally { closeSync(output) }
}

/** How ginkgo begins the line that says how a spec ended. */
const ENDED = /^(?:•|S|P) (?:\[|$)/gm
