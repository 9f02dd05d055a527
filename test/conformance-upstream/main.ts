/**
 * `npm run conformance`: Kubernetes' own conformance specs, against a bare member of a test bed and against the fleet, where what they create is
 * distributed by a default placement and read back merged. Prints a table per group and, for each spec that does not pass, why.
 */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { openTestbed, startTestbed, type Testbed } from '../testbed/testbed.ts'
import { buildEndToEndTests } from './program.ts'
import { type Ground, listSpecs, type Run, runSpecs, type Spec } from './specs.ts'
import { checkExemptions, type Exemption, judge, type Outcome, tally } from './verdict.ts'

interface Options {
  readonly json?: string
  readonly focus: RegExp
  readonly only?: 'member' | 'fleet'
  readonly baseline?: string
  readonly bed?: string
  readonly logs: string
  readonly portBase: number
  readonly jobs: number
  readonly limit: number
}

const BATCH_MAX = 40, SLOW_FACTOR = 4
const isSlow = ({ name }: Spec) => name.includes('[Slow]')
const SIGS = ['api-machinery', 'apps', 'auth', 'cli', 'instrumentation']
/** Every replica counts once: the sums that a fleet shows are what was asked for. What has no replicas goes everywhere. */
const PLACEMENT = { replicaScheduling: { replicaSchedulingType: 'Divided', replicaDivisionPreference: 'Weighted' } }

const program = new Command('conformance').description('Runs Kubernetes\' conformance specs against a member and against the fleet.')
  .option('--json <file>', 'write a JSON object a line: {spec, sig, member, fleet, verdict, reason}')
  .option('--focus <regex>', 'only specs whose name matches', (text) => new RegExp(text), /(?:)/)
  .addOption(new Option('--only <where>', 'run them there only').choices(['member', 'fleet']))
  .option('--baseline <file>', 'what --json wrote before: the runs on the member are taken from there')
  .option('--bed <folder>', 'a test bed that runs already, with all members joined')
  .option('--logs <folder>', 'where logs and reports are kept', path.join(os.tmpdir(), 'federation-conformance'))
  .option('--port-base <port>', 'first of the ports of the test bed', number, 7640)
  .option('--jobs <number>', 'specs that run at once', number, 4)
  .option('--limit <seconds>', 'a spec that takes longer has failed', number, 180)
  .parse()
const options = program.opts<Options>(), abort = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => { abort.abort(new Error('interrupted')) })

const endToEnd = await buildEndToEndTests(abort.signal)
mkdirSync(options.logs, { recursive: true })
const bed = options.bed === undefined ? await startTestbed({ portBase: options.portBase, dir: path.join(options.logs, 'testbed'), until: 'clusters', progress: console.error, signal: abort.signal }) : await openTestbed(options.bed)
try {
  const ground: Ground = { program: endToEnd, kubectl: bed.kubectlProgram, kubeconfig: bed.kubeconfig, logs: options.logs }
  await runAll(ground, bed)
} finally { if (options.bed === undefined) await bed.stop() }

async function runAll(ground: Ground, bed: Testbed): Promise<void> {
  const all = await listSpecs(ground, { sigs: SIGS, focus: /(?:)/ }, abort.signal), specs = all.filter(({ name }) => options.focus.test(name))
  const exemptions = JSON.parse(readFileSync(path.join(import.meta.dirname, 'not-applicable.json'), 'utf8')) as Exemption[]
  const mistakes = checkExemptions(exemptions, new Set(all.map(({ name }) => name)))
  // The member is bare: our server does not run yet.
  const member = options.baseline !== undefined ? readBaseline(options.baseline) : options.only === 'fleet' ? new Map<string, Run>() : await runIn('member1', ground, specs)
  if (options.only !== 'member') await startFleet(bed)
  const fleet = options.only === 'member' ? new Map<string, Run>() : await runIn('fleet', ground, specs.filter(({ name }) => (member.get(name)?.outcome ?? 'passed') === 'passed'))
  const judged = specs.map((spec) => {
    const outcome: Outcome = { spec, ...(member.has(spec.name) && { member: member.get(spec.name)! }), ...(fleet.has(spec.name) && { fleet: fleet.get(spec.name)! }) }
    return { outcome, verdict: judge(outcome, exemptions) }
  })
  if (options.json !== undefined) {
    writeFileSync(options.json, '')
    for (const { outcome: { spec, ...runs }, verdict } of judged) appendFileSync(options.json, `${JSON.stringify({ spec: spec.name, sig: spec.sig, ...runs, ...verdict })}\n`)
  }
  for (const heading of ['not applicable', 'failed', 'wrongly exempt'] as const) {
    for (const { outcome, verdict } of judged) if (verdict.verdict === heading) console.log(`${heading}: ${outcome.spec.name}\n    ${verdict.reason}`)
  }
  for (const mistake of mistakes) console.log(`not-applicable.json: ${mistake}`)
  console.log(`\n${printTable(tally(judged))}`)
  if (mistakes.length > 0 || judged.some(({ verdict }) => verdict.verdict === 'failed' || verdict.verdict === 'wrongly exempt')) process.exitCode = 1
}

function readBaseline(file: string): Map<string, Run> {
  return new Map(readFileSync(file, 'utf8').trimEnd().split('\n').flatMap((line) => { const { spec, member } = JSON.parse(line) as { spec: string; member?: Run }; return member ? [[spec, member] as const] : [] }))
}

async function startFleet(bed: Testbed): Promise<void> {
  if (options.bed === undefined) {
    await bed.server.register()
    await bed.server.start()
    await bed.join()
  }
  const { code, stderr } = await bed.kubectl(['patch', 'clusterset', 'default', '--type=merge', '-p', JSON.stringify({ spec: { defaultPlacement: PLACEMENT } })], { context: 'host' })
  if (code !== 0) throw new Error(`no default placement: ${stderr}`)
}

/** Several at once; those that need the cluster for themselves afterwards, one by one. */
async function runIn(context: string, ground: Ground, specs: readonly Spec[]): Promise<Map<string, Run>> {
  const runs = new Map<string, Run>()
  const run = async (batch: string, some: readonly Spec[]) => {
    await runSpecs(ground, some, { context, batch, limitMs: options.limit * 1_000 * (some.some(isSlow) ? SLOW_FACTOR : 1), onRun: (spec, run) => {
      runs.set(spec.name, run)
      console.error(`${context} ${runs.size}/${specs.length} ${run.outcome} in ${run.seconds.toFixed(0)} s: ${spec.name}`)
    } }, abort.signal)
  }
  const parallel = specs.filter((spec) => !spec.serial && !isSlow(spec)), slow = specs.filter((spec) => !spec.serial && isSlow(spec)).map((spec, at) => [`slow-${at + 1}`, [spec]] as const), size = Math.max(1, Math.min(BATCH_MAX, Math.ceil(parallel.length / options.jobs)))
  // One iterator shared by several loops: each takes the next batch when it is done with one. Neighbours by name are alike, and slow alike: they are dealt out.
  const count = Math.ceil(parallel.length / size), batches = [...slow, ...Array.from({ length: count }, (_, at) => [String(at + 1), parallel.filter((_, index) => index % count === at)] as const)].values()
  const loop = async () => { for (const [batch, some] of batches) await run(batch, some) }
  await Promise.all(Array.from({ length: options.jobs }, loop))
  await run('serial', specs.filter(({ serial }) => serial))
  return runs
}

/** Columns two blanks apart, as wide as their longest cell. */
function printTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()).join('\n')
}

function number(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('expected a whole number')
  return Number(text)
}
