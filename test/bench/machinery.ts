/**
 * The API machinery beside a real kube-apiserver: both serve the same custom kind with the same 10,000 objects, asked by one generator in turns of a
 * second or two, so that whatever else the machine does falls on both. Each row is a median of the turns: throughput, and processor time of the server
 * per operation, which stays meaningful where others use the machine. Both sync every write to the disk before they answer.
 * `BENCH_ONLY=list,watch` measures these parts only, `BENCH_PROFILE=DIR` leaves processor profiles of our servers there, `BENCH_PORT_BASE` moves all ports.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startTestbed } from '../testbed/testbed.ts'
import type { BenchRow } from './cache.ts'
import { kubeApiserver, ourServer, processorMs, residentMiB, type Contender } from './load/contenders.ts'
import { LoadGenerator, type LoadJob, type LoadResult } from './load/load-generator.ts'
import { COLLECTION, definition, thing, things } from './load/things.ts'

const OBJECTS = 10_000, TURNS = 5, TURN_MS = 1_000, CONNECTIONS = 16, READERS = 2, WATCHERS = 100
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' }, METADATA = { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json' }, GZIP = { 'accept-encoding': 'gzip' }

/** One turn: `per` what a figure is of, `ms` processor time for one of it, of the server and with its store. */
interface Turn { readonly perSecond: number; readonly ms: number; readonly withStoreMs: number; readonly clientMs: number; readonly result: LoadResult }

export async function run(): Promise<BenchRow[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-')), port = Number(process.env['BENCH_PORT_BASE'] ?? 13_440), stops: (() => Promise<void>)[] = [async () => { rmSync(folder, { recursive: true }) }]
  try {
    const bed = await startTestbed({ dir: path.join(folder, 'testbed'), portBase: port, members: 0, until: 'clusters', durable: true })
    stops.unshift(() => bed.stop())
    const other = kubeApiserver(bed), etcd = other.storePid!
    const sqlite = await ourServer('ours', { dir: path.join(folder, 'sqlite'), port: port + 91 })
    stops.unshift(() => sqlite.stop())
    const shared = await ourServer('ours, store in etcd', { dir: path.join(folder, 'etcd'), port: port + 92, flags: ['--etcd-servers', `http://127.0.0.1:${port + 98}`], store: etcd })
    stops.unshift(() => shared.stop())
    await using load = await LoadGenerator.start()
    return await new Comparison(load, [sqlite, shared, other], (line) => { console.error(`  ${line}`) }).rows(process.env['BENCH_ONLY'])
  } finally {
    for (const stop of stops) await stop()
  }
}

class Comparison {
  readonly #load: LoadGenerator
  readonly #all: readonly [ours: Contender, shared: Contender, other: Contender]
  readonly #rows: BenchRow[] = []
  readonly #progress: (line: string) => void
  #next = 0

  constructor(load: LoadGenerator, all: readonly [Contender, Contender, Contender], progress: (line: string) => void) {
    this.#load = load
    this.#all = all
    this.#progress = progress
  }

  /** `only`: parts by their names, for a closer look. */
  async rows(only = 'get list create update apply watch'): Promise<BenchRow[]> {
    await Promise.all(this.#all.map(prepare))
    for (const contender of this.#all) await this.#fill(contender)
    const parts = { get: () => this.#get(), list: () => this.#list(), create: () => this.#create(), update: () => this.#update(), apply: () => this.#apply(), watch: () => this.#watch() }
    this.#memory(`with ${OBJECTS} objects`)
    for (const [name, part] of Object.entries(parts)) if (only.split(/[ ,]/).includes(name)) await part()
    this.#memory('at the end')
    return this.#rows
  }

  #add(row: BenchRow): void {
    this.#rows.push(row)
    this.#progress(`${row.name}: ${number.format(row.value)} ${row.unit}${row.than ? `, ${number.format(row.value / row.than.value)} × ${row.than.name}` : ''}`)
  }

  async #fill({ url, user }: Contender): Promise<void> {
    const sizes = ['small', 'medium', 'large'] as const
    for (const [at, size] of sizes.entries()) {
      const begin = Math.floor((OBJECTS * at) / sizes.length), end = Math.floor((OBJECTS * (at + 1)) / sizes.length)
      await this.#load.run(url, user, { connections: CONNECTIONS, method: 'POST', path: things('bench'), body: thing(size, { namespace: 'bench', name: 'thing-{n}' }), first: begin, count: end - begin })
    }
  }

  #memory(when: string): void {
    const [ours, , other] = this.#all
    this.#add({ name: `resident memory ${when}`, value: residentMiB(ours.pid), unit: 'MiB', than: { name: other.name, value: residentMiB(other.pid) }, target: 1, better: 'lower' })
  }

  async #get(): Promise<void> {
    for (const http2 of [true, false]) await this.#compare(`GET by name, ${CONNECTIONS} connections, ${http2 ? 'HTTP/2' : 'HTTP/1.1'}`, { http2, connections: CONNECTIONS, path: `${things('bench')}/thing-{i}`, objects: OBJECTS, milliseconds: TURN_MS })
  }

  async #list(): Promise<void> {
    const list = (name: string, target: number, job: Partial<LoadJob>) => this.#compare(name, { http2: true, connections: READERS, path: COLLECTION, milliseconds: TURN_MS, ...job }, { target })
    await list(`LIST of ${OBJECTS}, JSON`, 6, {})
    await list(`LIST of ${OBJECTS}, JSON, HTTP/1.1`, 6, { http2: false })
    await list(`LIST of ${OBJECTS}, JSON, gzip`, 3, { headers: GZIP })
    await list('LIST in pages of 500, JSON', 1, { path: `${COLLECTION}?limit=500&continue={continue}` })
    await list('LIST in pages of 500, Table', 4, { path: `${COLLECTION}?limit=500&continue={continue}`, headers: TABLE })
    await list(`LIST of ${OBJECTS}, Table`, 4, { headers: TABLE })
    await list(`LIST of ${OBJECTS}, PartialObjectMetadata`, 1, { headers: METADATA })
  }

  async #create(): Promise<void> { await this.#write('create', { method: 'POST', path: things('made'), body: thing('medium', { namespace: 'made', name: 'made-{n}' }) }) }

  async #update(): Promise<void> {
    await this.#owned('update', 'medium')
    await this.#write('update', { method: 'PUT', path: `${things('update')}/thing-{w}`, body: thing('medium', { namespace: 'update', name: 'thing-{w}', version: '{rv}' }) })
  }

  async #apply(): Promise<void> {
    const headers = { 'content-type': 'application/apply-patch+yaml' }
    await this.#write('server-side apply', { method: 'PATCH', path: `${things('apply')}/thing-{w}?fieldManager=bench&force=true`, headers, body: thing('medium', { namespace: 'apply', name: 'thing-{w}' }) })
  }

  async #watch(): Promise<void> {
    for (const [size, count] of [['tiny', 800], ['large', 400]] as const) {
      const namespace = `watch-${size}`, job: LoadJob = { http2: true, connections: CONNECTIONS, method: 'PUT', path: `${things(namespace)}/thing-{w}`, body: thing(size, { namespace, name: 'thing-{w}', version: '{rv}' }), count, watchers: WATCHERS, watchPath: `${things(namespace)}?watch=1&resourceVersion={rv}` }
      await this.#owned(namespace, size)
      const turns = await this.#turns([0, 2], job, ({ events, eventSeconds }) => ({ operations: events, seconds: eventSeconds })), bytes = median(turns[0]!.map(({ result }) => result.eventBytes / result.events))
      this.#report(`watch, ${WATCHERS} watchers, events of ${number.format(bytes / 1024)} KB`, turns[0]!, turns[1]!, { unit: 'events/s to each', target: 2, scale: 1 / WATCHERS })
      const reopened = turns[1]!.reduce((sum, { result }) => sum + result.reopened, 0)
      if (reopened > 0) this.#add({ name: 'of these, watches that were ended because they were slow', value: turns[0]!.reduce((sum, { result }) => sum + result.reopened, 0), unit: '', than: { name: this.#all[2].name, value: reopened }, better: 'lower' })
    }
  }

  /** An object for each connection. */
  async #owned(namespace: string, size: 'tiny' | 'medium' | 'large'): Promise<void> {
    for (const { url, user } of this.#all) await this.#load.run(url, user, { connections: 1, method: 'POST', path: things(namespace), body: thing(size, { namespace, name: 'thing-{n}' }), count: CONNECTIONS })
  }

  /** Throughput of many writers, latency of one; with each store of ours. */
  async #write(name: string, job: Omit<LoadJob, 'connections'>): Promise<void> {
    const many = await this.#turns([0, 1, 2], { http2: true, connections: CONNECTIONS, milliseconds: TURN_MS, ...job }), one = await this.#turns([0, 1, 2], { http2: true, connections: 1, milliseconds: TURN_MS, ...job })
    for (const [at, store] of ['', ', store in etcd'].entries()) {
      this.#report(`${name}, ${CONNECTIONS} connections${store}`, many[at]!, many[2]!, { target: 1 })
      const latency = (turns: readonly Turn[]) => median(turns.map(({ result }) => result.p50))
      this.#add({ name: `${name}, latency of a single one${store}`, value: latency(one[at]!), unit: 'ms', than: { name: this.#all[2].name, value: latency(one[2]!) }, target: 1, better: 'lower' })
    }
  }

  async #compare(name: string, job: LoadJob, { target = 1 }: { target?: number } = {}): Promise<void> {
    const [ours, other] = await this.#turns([0, 2], job)
    this.#report(name, ours!, other!, { target })
  }

  /** The job for each of these, in turns. A first turn warms up and does not count. */
  async #turns(which: readonly number[], job: LoadJob, count = ({ operations, seconds }: LoadResult) => ({ operations, seconds })): Promise<Turn[][]> {
    const turns: Turn[][] = which.map(() => [])
    for (let turn = 0; turn <= TURNS; turn++) {
      for (const [at, index] of which.entries()) {
        const { url, user, pid, storePid } = this.#all[index]!, before = processorMs(pid), store = storePid === undefined ? 0 : processorMs(storePid)
        const result = await this.#load.run(url, user, { ...job, first: (this.#next += 1_000_000) }), used = processorMs(pid) - before, storeUsed = storePid === undefined ? 0 : processorMs(storePid) - store
        const { operations, seconds } = count(result)
        if (turn > 0) turns[at]!.push({ perSecond: operations / seconds, ms: used / operations, withStoreMs: (used + storeUsed) / operations, clientMs: result.clientCpu / operations, result })
      }
    }
    return turns
  }

  /** Throughput, and processor time per operation: ours with its store in it (a thread), a kube-apiserver's alone and with etcd. */
  #report(name: string, ours: readonly Turn[], other: readonly Turn[], { target, unit = '/s', scale = 1 }: { target: number; unit?: string; scale?: number }): void {
    const of = (turns: readonly Turn[], field: 'perSecond' | 'ms' | 'withStoreMs' | 'clientMs') => median(turns.map((turn) => turn[field])), than = this.#all[2].name
    const client = of(ours, 'clientMs'), server = of(ours, 'ms')
    this.#add({ name: client > server ? `${name} (the generator uses more of the machine than our server: ${number.format(client)} ms)` : name, value: of(ours, 'perSecond') * scale, unit, than: { name: than, value: of(other, 'perSecond') * scale }, target, better: 'higher' })
    this.#add({ name: `${name}: processor time`, value: of(ours, 'ms'), unit: 'ms', than: { name: than, value: of(other, 'ms') }, target: 1 / target, better: 'lower' })
    const [oursAll, otherAll] = [of(ours, 'withStoreMs'), of(other, 'withStoreMs')]
    if (otherAll > of(other, 'ms') * 1.02) this.#add({ name: `${name}: processor time, etcd counted`, value: oursAll, unit: 'ms', than: { name: `${than} and etcd`, value: otherAll }, target: 1 / target, better: 'lower' })
  }
}

async function prepare({ client, name }: Contender): Promise<void> {
  const create = async (to: string, body: object) => {
    const { status, text } = await client.call('POST', to, { body })
    if (status !== 201) throw new Error(`${name}: POST ${to}: ${status} ${text}`)
  }
  if (name === 'kube-apiserver') await create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition)
  for (const namespace of ['bench', 'made', 'update', 'apply', 'watch-tiny', 'watch-large']) await create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  for (const until = Date.now() + 10_000; (await client.get(COLLECTION)).status !== 200;) {
    if (Date.now() > until) throw new Error(`${name} does not serve ${COLLECTION}`)
    await new Promise((resolve) => { setTimeout(resolve, 100) })
  }
}

const number = new Intl.NumberFormat('en', { maximumSignificantDigits: 2 })
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
