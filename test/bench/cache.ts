/** What bytes cost: taking a list apart, writing one, holding it; watch fan-out; commits to a store. Each figure beside what it replaces, in the same run. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Cache } from '../../src/machinery/cache/cache.ts'
import { ChunkSink, recycle } from '../../src/machinery/cache/chunk-sink.ts'
import { Ingest } from '../../src/machinery/cache/ingest.ts'
import { WatchIngest } from '../../src/machinery/cache/watch-ingest.ts'
import type { Change, Kind, KubeObject, Selector, Storage } from '../../src/machinery/meta/core.ts'
import { compileSelector } from '../../src/machinery/meta/selector.ts'
import { MemoryStorage } from '../../src/machinery/storage/memory-storage.ts'
import { SqliteStorage } from '../../src/machinery/storage/sqlite-storage.ts'
import { testKind } from '../suites/test-kind.ts'

/** `than`: the same figure of what it is compared with. `target`: what the ratio to it should reach, or stay below where lower is `better`. */
export interface BenchRow {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly than?: { readonly name: string; readonly value: number }
  readonly target?: number
  readonly better?: 'higher' | 'lower'
}

const OBJECTS = 10_000, ROUNDS = 5
const never = new AbortController().signal, kind = testKind()

export async function run(): Promise<BenchRow[]> {
  const list = { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items: Array.from({ length: OBJECTS }, (_, i) => pod(i)) }
  const bytes = Buffer.from(JSON.stringify(list)), cache = filled(bytes)
  return [...ingesting(bytes), ...(await listing(bytes, cache, list)), ...(await selecting(bytes)), ...(await holding(bytes)), ...(await fanOut(cache)), ...(await storing())]
}

/** About 3.8 KB, as a Deployment's pod is. */
function pod(i: number): KubeObject {
  const env = Array.from({ length: 20 }, (_, n) => ({ name: `SETTING_${n}`, value: `value-${n}-of-the-${i}th-object "quoted"` }))
  return {
    metadata: { name: `web-${i}`, namespace: `shop-${i % 20}`, uid: `${i}`.padStart(36, '0'), resourceVersion: `${i + 1}`, labels: { app: 'web', tier: `t${i % 7}`, own: `${i % 100}` }, annotations: { note: 'x'.repeat(600) } },
    spec: { nodeName: `node-${i % 100}`, containers: [{ name: 'web', image: 'registry.example/web:1', env, resources: { requests: { cpu: '100m', memory: '64Mi' } } }] },
    status: { phase: 'Running', conditions: ['Ready', 'Initialized', 'ContainersReady', 'PodScheduled'].map((type) => ({ type, status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' })), podIP: '10.0.0.1' },
  }
}

function filled(bytes: Buffer, of: Kind = kind): Cache {
  const cache = new Cache(of), changes: Change[] = [], ingest = new Ingest((entry) => { changes.push({ type: 'ADDED', entry, position: entry.position }) })
  for (let at = 0; at < bytes.length; at += 16_384) ingest.write(bytes.subarray(at, at + 16_384))
  ingest.end()
  cache.accept([...changes, { type: 'BOOKMARK', position: String(OBJECTS), initial: true }])
  return cache
}

/** The best of some rounds, in seconds: what the machine can do when nothing else runs. */
function best(work: () => void): number {
  return Math.min(...Array.from({ length: ROUNDS }, () => {
    const begin = performance.now()
    work()
    return (performance.now() - begin) / 1000
  }))
}

function ingesting(bytes: Buffer): BenchRow[] {
  const megabytes = bytes.length / 1e6, parse = best(() => JSON.parse(bytes.toString())), ingest = best(() => filled(bytes)), events = Buffer.from(Array.from({ length: OBJECTS }, (_, i) => `{"type":"MODIFIED","object":${JSON.stringify({ kind: 'Pod', apiVersion: 'v1', ...pod(i) })}}\n`).join(''))
  const watch = best(() => {
    const cut = new WatchIngest()
    for (let at = 0; at < events.length; at += 16_384) cut.write(events.subarray(at, at + 16_384))
  })
  return [
    { name: 'list bytes into a cache', value: megabytes / ingest, unit: 'MB/s', than: { name: 'JSON.parse', value: megabytes / parse } },
    { name: 'watch bytes into events', value: events.length / 1e6 / watch, unit: 'MB/s' },
  ]
}

async function listing(bytes: Buffer, cache: Cache, list: object): Promise<BenchRow[]> {
  const page = await cache.list({}, never), comma = Buffer.from(',{'), megabytes = bytes.length / 1e6
  const write = best(() => {
    const sink = new ChunkSink()
    for (const entry of page.entries) {
      sink.put(comma)
      entry.emit(sink)
      if (sink.ready > 0) for (const chunk of sink.take()) recycle(chunk)
    }
    for (const chunk of sink.end()) recycle(chunk)
  })
  return [{ name: 'a list out of a cache', value: megabytes / write, unit: 'MB/s', than: { name: 'JSON.stringify', value: megabytes / best(() => Buffer.from(JSON.stringify(list))) } }]
}

/** A node's pods among 10,000, as `kubectl get pods --field-selector spec.nodeName=…` asks, and those of a label; beside looking at each, which is what a selector without `equals` does. */
async function selecting(bytes: Buffer): Promise<BenchRow[]> {
  const ofPods = { ...kind, fields: { 'spec.nodeName': ({ spec }: KubeObject) => (spec as { nodeName: string }).nodeName } }, rows: BenchRow[] = []
  for (const [what, texts] of [['spec.nodeName', { fields: 'spec.nodeName=node-7' }], ['a label', { labels: 'app=web,own=7' }]] as const) {
    const cache = filled(bytes, ofPods), where = compileSelector(texts, ofPods), { equals: _, ...plain } = where
    const milliseconds = async (selector: Selector) => {
      const times: number[] = []
      for (let round = 0; round < ROUNDS * 4; round++) {
        const begin = performance.now()
        let count = 0
        for (const entry of (await cache.list({ where: selector }, never)).entries) count += entry.size > 0 ? 1 : 0
        times.push(performance.now() - begin)
        if (count !== 100) throw new Error(`${what}: ${count} objects`)
      }
      return times.sort((a, b) => a - b)[times.length >> 1]!
    }
    rows.push({ name: `100 of ${OBJECTS} by ${what}, all known`, value: await milliseconds(where), unit: 'ms', than: { name: 'without an index', value: await milliseconds(plain) }, better: 'lower' })
  }
  return rows
}

/** Needs --expose-gc; without it there is no row. */
async function holding(bytes: Buffer): Promise<BenchRow[]> {
  const { gc } = globalThis
  if (!gc) return []
  const used = async () => {
    // Memory outside of the heap is given back some turns after its owner was collected.
    for (let turn = 0; turn < 3; turn++) {
      gc()
      await new Promise((resolve) => { setTimeout(resolve, 20) })
    }
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const before = await used(), cache = filled(bytes), after = await used(), parsed: unknown = JSON.parse(bytes.toString()), objects = (await used()) - after
  return [{ name: 'memory of a cache', value: (after - before) / cache.bytes, unit: 'bytes per byte of JSON', than: { name: parsed ? 'JavaScript objects' : '', value: objects / cache.bytes } }]
}

async function fanOut(cache: Cache): Promise<BenchRow[]> {
  const watchers = 100, count = 2000, stop = new AbortController()
  let seen = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  const watching = Array.from({ length: watchers }, async () => {
    for await (const batch of cache.watch({}, stop.signal)) {
      seen += batch.length
      if (seen === watchers * count) resolve()
    }
  })
  await new Promise((done) => { setImmediate(done) })
  const [entry] = cache.snapshot()[0]!, begin = performance.now()
  for (let i = 0; i < count; i++) {
    cache.accept([{ type: 'MODIFIED', entry: entry!, position: String(OBJECTS + 1 + i) }])
    if (i % 10 === 9) await new Promise((done) => { setImmediate(done) })
  }
  await promise
  const seconds = (performance.now() - begin) / 1000
  stop.abort()
  await Promise.all(watching)
  return [{ name: `one change to ${watchers} watchers, without the wire`, value: count / seconds, unit: 'changes/s' }]
}

async function storing(): Promise<BenchRow[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-')), rows: BenchRow[] = []
  try {
    for (const writers of [1, 64]) {
      const sqlite = await SqliteStorage.open(path.join(folder, `${writers}.db`)), memory = new MemoryStorage()
      rows.push({ name: `durable commits of 4 KB, ${writers} at once`, value: await commits(sqlite, writers), unit: '/s', than: { name: 'in memory', value: await commits(memory, writers) } })
      await sqlite.close()
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  return rows
}

/** Commits per second that so many writers reach in a second. */
async function commits(storage: Storage, writers: number): Promise<number> {
  const value = Buffer.alloc(4096, 'x'), begin = performance.now(), end = begin + 1000
  let count = 0
  await Promise.all(Array.from({ length: writers }, async (_, i) => {
    let revision = 0
    for (let turn = 0; performance.now() < end; turn++) {
      const done = await storage.commit(`/k/${i}`, value, revision, never)
      if (!('revision' in done)) throw new Error('lost a race with nobody')
      revision = done.revision
      count++
      if (turn % 100 === 99) await new Promise((resolve) => { setImmediate(resolve) })
    }
  }))
  return count / ((performance.now() - begin) / 1000)
}
