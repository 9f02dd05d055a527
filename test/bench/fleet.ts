/**
 * What reading a fleet costs on real Kubernetes: 3 members with 10,000 pods of 3 to 4 KB and 2,000 Deployments each, beside one kube-apiserver with 30,000 pods, beside the members asked one by one
 * (by the same generator, and by kubectl), and beside the same bytes sent from memory. Everything in one run, in turns. Processor time stays meaningful where others use the machine.
 * `BENCH_PODS` and `BENCH_DEPLOYMENTS` (per member), `BENCH_TURNS` make quick runs; `BENCH_ONLY=lists,table,…` measures these parts only; `BENCH_PORT_BASE` moves all ports.
 * Where time goes: `NODE_OPTIONS='--cpu-prof --cpu-prof-dir=DIR' npm run bench -- fleet` leaves a profile of our server there at each restart.
 */
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { certificatesFolder } from '../testbed/cluster.ts'
import type { BenchRow } from './cache.ts'
import { processorMs, residentMiB, type Contender } from './load/contenders.ts'
import { namespaceOf, NAMESPACES } from './load/cluster-objects.ts'
import { FLEET, startFleetWorld, type FleetWorld } from './load/fleet-world.ts'
import { LoadGenerator, type LoadJob } from './load/load-generator.ts'
import { inTurns, median, percentile, type Ask } from './load/turns.ts'

const PODS = Number(process.env['BENCH_PODS'] ?? 10_000), DEPLOYMENTS = Number(process.env['BENCH_DEPLOYMENTS'] ?? 2_000), TURNS = Number(process.env['BENCH_TURNS'] ?? 3)
const TURN_MS = 1_500, READERS = 2, CONNECTIONS = 16, WATCHERS = 100, SAMPLES = 200, RESTARTS = 2
const POD_LIST = '/api/v1/pods', DEPLOYMENT_LIST = '/apis/apps/v1/deployments', ALL = '?resourceVersion=0'
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' }, GZIP = { 'accept-encoding': 'gzip' }, MERGE_PATCH = { 'content-type': 'application/merge-patch+json' }
const WAYS = [['', {}], [', gzip', GZIP]] as const

export async function run(): Promise<BenchRow[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-')), progress = (line: string) => { console.error(`  ${line}`) }
  await using load = await LoadGenerator.start()
  try {
    const world = await startFleetWorld(folder, Number(process.env['BENCH_PORT_BASE'] ?? 12_440), load, { pods: PODS, deployments: DEPLOYMENTS }, progress)
    try {
      return await new FleetComparison(world, load, folder, progress).rows(process.env['BENCH_ONLY'])
    } finally {
      await world.stop()
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

class FleetComparison {
  readonly #world: FleetWorld
  readonly #load: LoadGenerator
  readonly #folder: string
  readonly #progress: (line: string) => void
  readonly #rows: BenchRow[] = []
  #ours: Contender

  constructor(world: FleetWorld, load: LoadGenerator, folder: string, progress: (line: string) => void) {
    this.#world = world
    this.#ours = world.ours
    this.#load = load
    this.#folder = folder
    this.#progress = progress
  }

  /** `only`: parts by their names. */
  async rows(only = 'fill lists single table deployments get latency fanout kubectl'): Promise<BenchRow[]> {
    const parts = {
      fill: () => this.#fill(), lists: () => this.#lists(), single: () => this.#single(), table: () => this.#table(), deployments: () => this.#deployments(), get: () => this.#get(),
      latency: () => this.#latency(), fanout: () => this.#fanOut(), kubectl: () => this.#kubectl(),
    }
    for (const [name, part] of Object.entries(parts)) if (only.split(/[ ,]/).includes(name)) await part()
    return this.#rows
  }

  #add(row: BenchRow): void {
    this.#rows.push(row)
    this.#progress(`${row.name}: ${number.format(row.value)} ${row.unit}${row.than ? `, ${number.format(row.value / row.than.value)} × ${row.than.name} (${number.format(row.than.value)})` : ''}${row.target === undefined ? '' : ` [${row.target}]`}`)
  }

  #fleet(job: Omit<LoadJob, 'path'> & { path: string }): Ask { return { contender: this.#ours, job: { http2: true, ...job, path: `${FLEET}${job.path}` } } }
  #aggregated(job: LoadJob): Ask { const { contender, job: asked } = this.#fleet(job); return { contender: { ...this.#world.host, name: 'ours, through the host' }, job: asked, pids: [contender.pid, this.#world.host.pid] } }
  #plain(contender: Contender, job: LoadJob): Ask { return { contender, job: { http2: true, ...job } } }

  /** Throughput, and processor time of the server: ours asked directly and through the host, beside another. `share`: what one operation of the other is of ours. */
  async #compare(name: string, job: LoadJob, { target, other = this.#world.one, otherJob = job, hosted = target }: { target: number; other?: Contender; otherJob?: LoadJob; hosted?: number }): Promise<void> {
    const { direct, aggregated, than } = await inTurns(this.#load, TURNS, { direct: this.#fleet(job), aggregated: this.#aggregated(job), than: this.#plain(other, otherJob) })
    const note = direct.clientMs > direct.ms ? ' (the generator uses more of the machine than the server)' : ''
    this.#add({ name: `${name}${note}`, value: direct.perSecond, unit: '/s', than: { name: other.name, value: than.perSecond }, target, better: 'higher' })
    this.#add({ name: `${name}, through the host`, value: aggregated.perSecond, unit: '/s', than: { name: other.name, value: than.perSecond }, target: hosted, better: 'higher' })
    this.#add({ name: `${name}: processor time`, value: direct.ms / 1000, unit: 's', than: { name: other.name, value: than.ms / 1000 }, target: 1 / target, better: 'lower' })
    this.#add({ name: `${name}, through the host: processor time, both servers`, value: aggregated.ms / 1000, unit: 's', than: { name: other.name, value: than.ms / 1000 }, better: 'lower' })
  }

  /** From a restart with empty memory: the first list, which reads the members, and the first table, whose cells are all to be made. */
  async #fill(): Promise<void> {
    const fills: number[] = [], cold: number[] = [], coldOther: number[] = [], direct: number[] = [], resident: number[] = [], empty: number[] = [], held: number[] = [], heap: number[] = []
    for (let round = 0; round < RESTARTS; round++) {
      this.#ours = await this.#world.restart()
      // What the server reads of members by itself, to sum up their capacity, is done first.
      await idle(this.#ours.pid)
      empty.push(residentMiB(this.#ours.pid))
      const heapBefore = await this.#memory()
      fills.push(await timed(async () => { for (const list of [POD_LIST, DEPLOYMENT_LIST]) await this.#once(this.#fleet({ connections: 1, path: `${list}?limit=1`, count: 1 })) }))
      resident.push(residentMiB(this.#ours.pid))
      const memory = await this.#settledMemory()
      held.push(memory.held)
      heap.push(memory.used - heapBefore.used)
      cold.push(await timed(() => this.#pages(this.#ours, FLEET)))
      coldOther.push(await timed(() => this.#pages(this.#world.one, '')))
      direct.push(await timed(() => Promise.all(this.#world.members.map((member) => this.#alone(this.#plain(member, { connections: 1, path: `${POD_LIST}${ALL}`, count: 1 }))))))
    }
    const bytes = median(held) / 2 ** 20
    this.#add({ name: `time to fill the cache: the first answer, ${3 * PODS} pods and ${3 * DEPLOYMENTS} Deployments`, value: median(fills), unit: 's', than: { name: 'the members\' pod lists, read at once', value: median(direct) }, better: 'lower' })
    this.#add({ name: 'JSON held', value: bytes, unit: 'MiB' })
    this.#add({ name: 'resident memory, caches filled', value: median(resident), unit: 'MiB', than: { name: 'JSON held', value: bytes }, target: 2.5, better: 'lower' })
    this.#add({ name: 'resident memory, members joined, nothing read', value: median(empty), unit: 'MiB' })
    this.#add({ name: 'heap and buffers for what is held', value: median(heap) / 2 ** 20, unit: 'MiB', than: { name: 'JSON held', value: bytes }, target: 1.2, better: 'lower' })
    this.#add({ name: 'resident memory, caches filled, beside it', value: median(resident), unit: 'MiB', than: { name: this.#world.one.name, value: residentMiB(this.#world.one.pid) }, better: 'lower' })
    this.#add({ name: `Table of ${3 * PODS} in pages of 500, cold`, value: median(cold), unit: 's', than: { name: this.#world.one.name, value: median(coldOther) }, target: 1, better: 'lower' })
  }

  async #memory(): Promise<{ readonly used: number; readonly held: number }> {
    const { text } = await this.#ours.client.get('/metrics'), of = (name: string) => [...text.matchAll(new RegExp(String.raw`^${name}(?:\{.*\})? ([\d.e+]+)$`, 'gm'))].reduce((sum, [, value]) => sum + Number(value), 0)
    return { used: of('nodejs_heap_size_used_bytes') + of('nodejs_external_memory_bytes'), held: of('federation_cache_bytes') }
  }

  /** The least of some looks: what the collector has not come to is not held. */
  async #settledMemory(): Promise<{ readonly used: number; readonly held: number }> {
    let least = await this.#memory()
    for (let look = 0; look < 20; look++) {
      await sleep(250)
      const now = await this.#memory()
      if (now.used < least.used) least = now
    }
    return least
  }

  async #once({ contender: { url, user }, job }: Ask) { return this.#load.run(url, user, job) }
  /** By a generator of its own, so that several can be asked at once. */
  async #alone(ask: Ask): Promise<void> { await using load = await LoadGenerator.start(); await load.run(ask.contender.url, ask.contender.user, ask.job) }

  /** All pods as kubectl reads them. */
  async #pages(contender: Contender, prefix: string): Promise<void> {
    await this.#once({ contender, job: { http2: true, connections: 1, path: `${prefix}${POD_LIST}?limit=500&continue={continue}`, headers: TABLE, count: Math.ceil((3 * PODS) / 500) } })
  }

  async #lists(): Promise<void> {
    for (const [how, headers] of WAYS) await this.#compare(`LIST of ${3 * PODS} pods, JSON${how}`, { connections: READERS, path: `${POD_LIST}${ALL}`, headers, milliseconds: TURN_MS }, { target: how ? 3 : 6 })
  }

  /** One reader: how long it takes, beside all three members asked at once, and beside the same bytes from memory. */
  async #single(): Promise<void> {
    const { text } = await this.#ours.client.get(`${FLEET}${POD_LIST}${ALL}`), file = path.join(this.#folder, 'list.json'), folder = certificatesFolder(this.#world.bed.dir), port = this.#world.bed.ports.server + 1
    writeFileSync(file, text)
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'load', 'wire-limit.ts'), String(port), path.join(folder, 'serving.crt'), path.join(folder, 'serving.key'), file], { stdio: ['pipe', 'pipe', 'inherit'] })
    await new Promise((resolve) => { child.stdout.once('data', resolve) })
    const limit: Contender = { ...this.#ours, name: 'the same bytes from memory', url: `https://127.0.0.1:${port}`, pid: child.pid! }, generators = await Promise.all(this.#world.members.map(() => LoadGenerator.start()))
    const job = { connections: 1, path: `${POD_LIST}${ALL}`, count: 1 }, times = { direct: [] as number[], gzip: [] as number[], aggregated: [] as number[], members: [] as number[], limit: [] as number[], one: [] as number[] }, cpu = { direct: [] as number[], limit: [] as number[] }
    for (let turn = 0; turn < TURNS + 2; turn++) {
      const of = async (name: keyof typeof times, work: () => Promise<unknown>) => { const seconds = await timed(work); if (turn > 0) times[name].push(seconds) }
      const spent = async (name: keyof typeof cpu, pid: number, work: () => Promise<unknown>) => { const before = processorMs(pid); await of(name, work); if (turn > 0) cpu[name].push(processorMs(pid) - before) }
      await spent('direct', this.#ours.pid, () => this.#once(this.#fleet(job)))
      await of('gzip', () => this.#once(this.#fleet({ ...job, headers: GZIP })))
      await of('aggregated', () => this.#once(this.#aggregated(job)))
      await of('members', () => Promise.all(this.#world.members.map(({ url, user }, at) => generators[at]!.run(url, user, { ...job, http2: true }))))
      await spent('limit', limit.pid, () => this.#once(this.#plain(limit, job)))
      await of('one', () => this.#once(this.#plain(this.#world.one, job)))
    }
    child.stdin.end()
    for (const generator of generators) await generator[Symbol.asyncDispose]()
    const name = `one LIST of ${3 * PODS} pods, JSON`, members = { name: 'three lists of the members, at once', value: median(times.members) }, megabytes = text.length / 1e6
    this.#add({ name, value: median(times.direct), unit: 's', than: members, target: 0.1, better: 'lower' })
    this.#add({ name: `${name}, gzip`, value: median(times.gzip), unit: 's', than: members, better: 'lower' })
    this.#add({ name: `${name}, through the host`, value: median(times.aggregated), unit: 's', than: members, better: 'lower' })
    this.#add({ name, value: median(times.direct), unit: 's', than: { name: this.#world.one.name, value: median(times.one) }, better: 'lower' })
    this.#add({ name, value: median(times.direct), unit: 's', than: { name: limit.name, value: median(times.limit) }, better: 'lower' })
    this.#add({ name: `${name}: processor time per MB`, value: median(cpu.direct) / megabytes, unit: 'ms', than: { name: limit.name, value: median(cpu.limit) / megabytes }, better: 'lower' })
  }

  async #table(): Promise<void> {
    for (const [how, headers] of WAYS) await this.#compare(`LIST of ${3 * PODS} pods, Table, a page of 500, warm${how}`, { connections: READERS, path: `${POD_LIST}?limit=500&continue={continue}`, headers: { ...TABLE, ...headers }, milliseconds: TURN_MS }, { target: 4 })
  }

  /** As many rows as one member has, each made of three objects. */
  async #deployments(): Promise<void> {
    const member = { ...this.#world.members[0]!, name: 'a member, which has as many rows' }
    for (const [what, shape, target] of [['JSON', {}, 6], ['Table', TABLE, 4]] as const) for (const [how, headers] of WAYS) {
      await this.#compare(`LIST of ${DEPLOYMENTS} Deployments merged of ${3 * DEPLOYMENTS}, ${what}${how}`, { connections: READERS, path: `${DEPLOYMENT_LIST}${ALL}`, headers: { ...shape, ...headers }, milliseconds: TURN_MS }, { target: how ? 3 : target, other: member })
    }
  }

  async #get(): Promise<void> {
    const pods = `/api/v1/namespaces/${namespaceOf(0)}/pods`, objects = PODS / NAMESPACES, job = { connections: CONNECTIONS, path: `${pods}/web-{i}`, objects, milliseconds: TURN_MS }
    await this.#compare(`GET of a pod, ${CONNECTIONS} connections`, { ...job, path: `${pods}/web-{i}@member2` }, { target: 1, otherJob: job })
    const deployments = `/apis/apps/v1/namespaces/${namespaceOf(0)}/deployments`
    await this.#compare(`GET of a Deployment, ${CONNECTIONS} connections`, { ...job, path: `${deployments}/web-{i}`, objects: DEPLOYMENTS / NAMESPACES }, { target: 1, other: this.#world.members[0]! })
  }

  /** From the moment a change is sent to a member until a watcher has it: of the member, of the fleet, and of the fleet through the host. */
  async #latency(): Promise<void> {
    const stop = new AbortController(), waiting = new Map<string, (atMs: number) => void>(), [member] = this.#world.members, namespace = namespaceOf(1), pods = `/api/v1/namespaces/${namespace}/pods`
    const follow = async (client: Contender['client'], prefix: string, mark: string) => {
      const { resourceVersion } = (await client.get(`${prefix}${pods}?limit=1`)).body.metadata!
      return (async () => { for await (const { object } of client.watch(`${prefix}${pods}?watch=1&resourceVersion=${resourceVersion}`, stop.signal)) waiting.get(`${mark} ${object.metadata?.annotations?.['bench']}`)?.(performance.now()) })()
    }
    const following = [follow(member!.client, '', 'member'), follow(this.#ours.client, FLEET, 'fleet'), follow(this.#world.host.client, FLEET, 'host')], times = { member: [] as number[], fleet: [] as number[], host: [] as number[] }
    await sleep(1_000)
    for (let i = 0; i < SAMPLES; i++) {
      const seen = (mark: string) => new Promise<number>((resolve) => { waiting.set(`${mark} ${i}`, resolve) }), all = Promise.all([seen('member'), seen('fleet'), seen('host')]), begin = performance.now()
      const answer = await member!.client.call('PATCH', `${pods}/web-${i % (PODS / NAMESPACES)}`, { headers: MERGE_PATCH, body: { metadata: { annotations: { bench: String(i) } } } })
      if (answer.status !== 200) throw new Error(answer.text)
      const [memberAt, fleetAt, hostAt] = await all
      times.member.push(memberAt - begin)
      times.fleet.push(fleetAt - begin)
      times.host.push(hostAt - begin)
      await sleep(15)
    }
    stop.abort()
    await Promise.all(following)
    const added = times.fleet.map((ms, i) => ms - times.member[i]!), addedByBoth = times.host.map((ms, i) => ms - times.member[i]!), than = (share: number) => ({ name: 'to a watcher of the member', value: percentile(times.member, share) })
    for (const [name, share, most] of [['p50', 0.5, 3], ['p99', 0.99, 15]] as const) {
      this.#add({ name: `watch, member to client, ${name}`, value: percentile(times.fleet, share), unit: 'ms', than: than(share), better: 'lower' })
      this.#add({ name: `watch, member to client through the host, ${name}`, value: percentile(times.host, share), unit: 'ms', than: than(share), better: 'lower' })
      this.#add({ name: `watch, time that we add, ${name}`, value: percentile(added, share), unit: 'ms', than: { name: 'the most there should be', value: most }, target: 1, better: 'lower' })
      this.#add({ name: `watch, time that we and the host add, ${name}`, value: percentile(addedByBoth, share), unit: 'ms' })
    }
  }

  /** As fast as a member takes writes: so many changes, each to all watchers. */
  async #fanOut(): Promise<void> {
    const namespace = namespaceOf(2), [member] = this.#world.members, pods = `/api/v1/namespaces/${namespace}/pods`, config = `/api/v1/namespaces/${namespace}/configmaps`
    for (const { client } of [member!, this.#world.one]) for (let i = 0; i < CONNECTIONS; i++) await client.call('POST', config, { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `web-${i}`, managedFields: [{}] }, data: {} } })
    for (const [what, collection, count, target] of [['pods', pods, 1_000, 1_000], ['ConfigMaps', config, 2_000, 5_000]] as const) {
      const job = (watchServer: string, prefix: string): LoadJob => ({
        http2: true, connections: CONNECTIONS, method: 'PATCH', path: `${collection}/web-{w}`, headers: MERGE_PATCH, count, watchers: WATCHERS, watchServer, watchPath: `${prefix}${collection}?watch=1&resourceVersion={rv}`,
        body: what === 'pods' ? '{"metadata":{"annotations":{"counter":"{n}"}}}' : '{"data":{"counter":"{n}"},"metadata":{"managedFields":[{}]}}',
      })
      const { ours, than } = await inTurns(this.#load, TURNS, {
        ours: { contender: member!, job: job(this.#ours.url, FLEET), pids: [this.#ours.pid] }, than: this.#plain(this.#world.one, job(this.#world.one.url, '')),
      }, ({ events, eventSeconds }) => ({ operations: events, seconds: eventSeconds }))
      const size = number.format(ours.result.eventBytes / ours.result.events / 1000), name = `fan-out to ${WATCHERS} watchers, ${what} of ${size} KB`
      this.#add({ name: `${name}, at the pace of a member`, value: ours.perSecond / WATCHERS, unit: 'changes/s', than: { name: this.#world.one.name, value: than.perSecond / WATCHERS }, better: 'higher' })
      this.#add({ name: `${name}: processor time of 1,000 deliveries`, value: ours.ms, unit: 's', than: { name: `${this.#world.one.name}, which also writes`, value: than.ms }, better: 'lower' })
      this.#add({ name: `${name}: what a core would carry`, value: 1000 / (ours.ms * WATCHERS), unit: 'changes/s', than: { name: 'the least there should be', value: target }, target: 1, better: 'higher' })
    }
  }

  /** What a person waits for. */
  async #kubectl(): Promise<void> {
    const { kubectlProgram, kubeconfig, dir } = this.#world.bed
    const get = (context: string, what: string) => new Promise<void>((resolve, reject) => {
      execFile(kubectlProgram, ['--context', context, 'get', what, '-A'], { env: { ...process.env, KUBECONFIG: kubeconfig, KUBECACHEDIR: path.join(dir, 'kubectl-cache') }, maxBuffer: 1 << 30 }, (error) => { if (error) reject(error); else resolve() })
    })
    for (const what of ['pods', 'deployments']) {
      const fleet: number[] = [], members: number[] = []
      for (let turn = 0; turn <= TURNS; turn++) {
        const [ours, theirs] = [await timed(() => get('fleet', what)), await timed(() => Promise.all([1, 2, 3].map((at) => get(`member${at}`, what))))]
        if (turn > 0) { fleet.push(ours); members.push(theirs) }
      }
      this.#add({ name: `kubectl get ${what} -A, through the host`, value: median(fleet), unit: 's', than: { name: 'kubectl for each member, at once', value: median(members) }, better: 'lower' })
    }
  }
}

const number = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await work()
  return (performance.now() - begin) / 1000
}

/** Until a process has used less than a tenth of a core for a second. */
async function idle(pid: number): Promise<void> {
  for (let before = processorMs(pid), waited = 0; waited < 60; waited++) {
    await sleep(1_000)
    const now = processorMs(pid)
    if (now - before < 100) return
    before = now
  }
}
