/**
 * How reading a fleet grows with it: 1, 3, 10 and 30 members of 10,000 pods each, up to 300,000 objects; and what 100 watchers cost when changes come faster than a real cluster makes them.
 * Members are canned: their answers were prepared, so that what is measured is this server. Each figure beside the same of the smallest fleet, per 10,000 pods where it grows with them.
 * `BENCH_CURVE=1,3` and `BENCH_PODS` make quick runs; `BENCH_PORT_BASE` moves the ports.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RawClient } from '../e2e/raw-client.ts'
import { readKeyPair, writeCertificates } from '../testbed/certificates.ts'
import { kubeconfigText } from '../testbed/kubeconfig.ts'
import { serverProgram } from '../testbed/server-program.ts'
import type { BenchRow } from './cache.ts'
import { namespaceOf, NAMESPACES } from './load/cluster-objects.ts'
import { residentMiB, type Contender } from './load/contenders.ts'
import { FLEET } from './load/fleet-world.ts'
import { LoadGenerator, type LoadJob } from './load/load-generator.ts'
import { inTurns, type Turn } from './load/turns.ts'

const PODS = Number(process.env['BENCH_PODS'] ?? 10_000), FLEETS = (process.env['BENCH_CURVE'] ?? '1,3,10,30').split(',').map(Number), TURNS = Number(process.env['BENCH_TURNS'] ?? 3), TURN_MS = 1_000
const POD_LIST = `${FLEET}/api/v1/pods`, DEPLOYMENT_LIST = `${FLEET}/apis/apps/v1/deployments`, LEASES = `${FLEET}/apis/coordination.k8s.io/v1/leases`, WATCHERS = 100
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' }, GZIP = { 'accept-encoding': 'gzip' }

export async function run(): Promise<BenchRow[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-')), port = Number(process.env['BENCH_PORT_BASE'] ?? 13_740), rows: BenchRow[] = []
  await using load = await LoadGenerator.start()
  try {
    const certificates = path.join(folder, 'certificates')
    await writeCertificates(certificates)
    const sizes: Size[] = []
    for (const members of FLEETS) {
      const world = await startCanned(folder, port, certificates, members)
      try {
        sizes.push(await measure(world, load, members))
        console.error(`  ${JSON.stringify(sizes.at(-1))}`)
        if (members === FLEETS[0]) rows.push(...(await fanOut(world, load)))
      } finally {
        await world.stop()
      }
    }
    return [...sizes.flatMap((size) => rowsOf(size, sizes[0]!)), ...rows]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Canned { readonly ours: Contender; readonly members: Contender; stop(): Promise<void> }

async function startCanned(folder: string, port: number, certificates: string, count: number): Promise<Canned> {
  const file = (name: string) => path.join(certificates, name), user = readKeyPair(certificates, 'admin'), authority = readFileSync(file('ca.crt'), 'utf8'), names = Array.from({ length: count }, (_, i) => `member${i + 1}`), dir = path.join(folder, `of-${count}`)
  const canned = spawn(process.execPath, [path.join(import.meta.dirname, 'load', 'canned-members.ts'), String(port + 1), file('serving.crt'), file('serving.key'), String(count), String(PODS)], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: '' } })
  await new Promise((resolve) => { canned.stdout.once('data', resolve) })
  const members = path.join(folder, 'members.kubeconfig'), ours = path.join(folder, 'ours.kubeconfig')
  writeFileSync(members, kubeconfigText(authority, { admin: user }, names.map((name) => ({ name, server: `https://127.0.0.1:${port + 1}/${name}`, user: 'admin' }))))
  rmSync(ours, { force: true })
  const [program, ...argv] = serverProgram(), server = spawn(program, [...argv, 'serve', '--standalone', '--data-dir', dir, '--bind-address', '127.0.0.1', '--secure-port', String(port), '--kubeconfig', members, ...names.flatMap((name) => ['--member-context', name]), '--write-kubeconfig', ours, '--log-level', 'warn'], { stdio: ['ignore', 'ignore', 'inherit'] })
  const contender = await contenderOf('ours', server, ours, port), stop = async () => {
    for (const child of [server, canned]) { const ended = new Promise((resolve) => { child.once('exit', resolve) }); child.kill('SIGTERM'); await ended }
  }
  try {
    await joined(contender, count)
  } catch (error) {
    await stop()
    throw error
  }
  return { ours: contender, members: { ...contender, name: 'members', url: `https://127.0.0.1:${port + 1}`, pid: canned.pid! }, stop }
}

async function contenderOf(name: string, child: ChildProcess, kubeconfig: string, port: number): Promise<Contender> {
  for (let waitedMs = 0; ; waitedMs += 100) {
    if (child.exitCode !== null || waitedMs > 240_000) { child.kill(); throw new Error(`${name} does not start`) }
    let text: string
    try { text = readFileSync(kubeconfig, 'utf8') } catch { text = '' }
    // It may be half written.
    if (!text.includes('client-key-data')) { await sleep(100); continue }
    const data = (field: string) => Buffer.from(new RegExp(`"?${field}"?: ?"?([A-Za-z0-9+/=]+)`).exec(text)?.[1] ?? '', 'base64').toString(), user = { certificate: data('client-certificate-data'), key: data('client-key-data') }
    return { name, url: `https://127.0.0.1:${port}`, user, client: new RawClient(port, { user }), pid: child.pid! }
  }
}

async function joined({ client }: Contender, count: number): Promise<void> {
  for (const until = Date.now() + 240_000; ;) {
    try {
      const { body } = await client.get('/apis/cluster.federation/v1alpha1/clusters'), ready = body.items?.filter(({ status }) => (status as { conditions?: { type: string; status: string }[] } | undefined)?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')) ?? []
      if (ready.length === count) return
    } catch { /* it does not listen yet */ }
    if (Date.now() > until) throw new Error(`${count} members do not become ready`)
    await sleep(200)
  }
}

interface Size { readonly members: number; readonly fillSeconds: number; readonly residentMiB: number; readonly heldMiB: number; readonly coldMs: number; readonly json: Turn; readonly gzip: Turn; readonly page: Turn; readonly merged: Turn; readonly get: Turn }

async function measure({ ours }: Canned, load: LoadGenerator, members: number): Promise<Size> {
  const ask = (job: LoadJob) => ({ contender: ours, job: { http2: true, ...job } }), begin = performance.now()
  // 503 while members have not synced: what a client does then is to ask again.
  while ((await ours.client.get(`${POD_LIST}?limit=1`)).status !== 200) await sleep(100)
  const fillSeconds = (performance.now() - begin) / 1000, resident = residentMiB(ours.pid), metrics = (await ours.client.get('/metrics')).text, held = [...metrics.matchAll(/^federation_cache_bytes\{.*\} ([\d.e+]+)$/gm)].reduce((sum, [, bytes]) => sum + Number(bytes), 0)
  // No cell has been made yet.
  const cold = await load.run(ours.url, ours.user, { http2: true, connections: 1, path: `${POD_LIST}?limit=500&continue={continue}`, headers: TABLE, count: Math.ceil((members * PODS) / 500) })
  const turns = await inTurns(load, TURNS, {
    json: ask({ connections: 1, path: `${POD_LIST}?resourceVersion=0`, milliseconds: TURN_MS }), gzip: ask({ connections: 1, path: `${POD_LIST}?resourceVersion=0`, headers: GZIP, milliseconds: TURN_MS }),
    page: ask({ connections: 1, path: `${POD_LIST}?limit=500`, headers: TABLE, milliseconds: TURN_MS }), merged: ask({ connections: 1, path: `${DEPLOYMENT_LIST}?resourceVersion=0`, headers: TABLE, milliseconds: TURN_MS }),
    get: ask({ connections: 16, path: `${FLEET}/api/v1/namespaces/${namespaceOf(0)}/pods/web-{i}@member1`, objects: PODS / NAMESPACES, milliseconds: TURN_MS }),
  })
  return { members, fillSeconds, residentMiB: resident, heldMiB: held / 2 ** 20, coldMs: cold.p50, ...turns }
}

function rowsOf({ members, fillSeconds, residentMiB: resident, heldMiB, coldMs, json, gzip, page, merged, get }: Size, first: Size): BenchRow[] {
  const of = `${members} × ${PODS} pods`, than = (value: number) => ({ name: `with ${first.members}`, value }), each = members / first.members
  return [
    { name: `${of}: time to fill the cache, per member`, value: fillSeconds / each, unit: 's', than: than(first.fillSeconds), better: 'lower' },
    { name: `${of}: resident memory`, value: resident, unit: 'MiB', than: { name: 'JSON held', value: heldMiB }, target: 2.5, better: 'lower' },
    { name: `${of}: LIST, JSON, processor time per member`, value: json.ms / each, unit: 'ms', than: than(first.json.ms), better: 'lower' },
    { name: `${of}: LIST, JSON`, value: (json.perSecond * json.bytes) / 1e6, unit: 'MB/s', than: than((first.json.perSecond * first.json.bytes) / 1e6), better: 'higher' },
    { name: `${of}: LIST, JSON, gzip, processor time per member`, value: gzip.ms / each, unit: 'ms', than: than(first.gzip.ms), better: 'lower' },
    { name: `${of}: Table, a page of 500, cold`, value: coldMs, unit: 'ms', than: than(first.coldMs), better: 'lower' },
    { name: `${of}: Table, a page of 500, warm`, value: page.p50, unit: 'ms', than: than(first.page.p50), better: 'lower' },
    { name: `${of}: Table of 2,000 Deployments, merged of ${members} × 2,000, warm`, value: merged.p50, unit: 'ms', than: than(first.merged.p50), better: 'lower' },
    { name: `${of}: GET of a pod, 16 connections`, value: get.perSecond, unit: '/s', than: than(first.get.perSecond), better: 'higher' },
  ]
}

/** Changes come in chunks, as they do when there are many. */
async function fanOut({ ours, members }: Canned, load: LoadGenerator): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const [what, watchPath, events, pace, target] of [['pods', POD_LIST, 3_000, 15, 1_000], ['leases', LEASES, 10_000, 60, 5_000]] as const) {
    const { told } = await inTurns(load, TURNS, { told: { contender: members, pids: [ours.pid], job: { http2: true, connections: 1, method: 'POST', path: `/member1/emit?resource=${what}&count=${events}&pace=${pace}`, count: 1, events, watchers: WATCHERS, watchServer: ours.url, watchPath: `${watchPath}?watch=1&resourceVersion={rv}` } } }, ({ events: seen, eventSeconds }) => ({ operations: seen, seconds: eventSeconds }))
    const size = Math.round(told.result.eventBytes / told.result.events), name = `fan-out to ${WATCHERS} watchers, events of ${size} bytes`
    rows.push(
      { name, value: told.perSecond / WATCHERS, unit: 'changes/s', than: { name: 'offered', value: pace * 100 }, better: 'higher' },
      { name: `${name}: what a core would carry`, value: 1000 / (told.ms * WATCHERS), unit: 'changes/s', than: { name: 'the least there should be', value: target }, target: 1, better: 'higher' },
      { name: `${name}: processor time of 1,000 deliveries`, value: told.ms, unit: 's', better: 'lower' },
    )
    if (told.result.reopened > 0) rows.push({ name: `${name}: watches that fell behind and were resumed`, value: told.result.reopened, unit: '', better: 'lower' })
  }
  return rows
}
