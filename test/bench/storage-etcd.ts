/** What a store for several replicas costs beside the file of one: durable commits, reads, a list, and watching. Both on the same disk, in the same run. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Storage } from '../../src/machinery/meta/core.ts'
import { EtcdStorage } from '../../src/machinery/storage/etcd-storage.ts'
import { SqliteStorage } from '../../src/machinery/storage/sqlite-storage.ts'
import { EtcdServer } from '../suites/etcd-server.ts'
import type { BenchRow } from './cache.ts'

const OBJECTS = 10_000, SECOND_MS = 1000
const never = new AbortController().signal, value = Buffer.alloc(4096, 'x')

export async function run(): Promise<BenchRow[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-')), server = await EtcdServer.start(), etcd = await EtcdStorage.open({ servers: [server.url], prefix: '/bench' }, never), sqlite = await SqliteStorage.open(path.join(folder, 'store.db'))
  try {
    const rows: BenchRow[] = []
    const both = async (name: string, unit: string, measure: (storage: Storage) => Promise<number>) => { rows.push({ name: `etcd: ${name}`, value: await measure(etcd), unit, than: { name: 'SQLite', value: await measure(sqlite) } }) }
    for (const writers of [1, 64]) await both(`durable commits of 4 KB, ${writers} at once`, '/s', (storage) => perSecond(writers, commits(storage, writers)))
    for (const readers of [1, 64]) await both(`reads of 4 KB, ${readers} at once`, '/s', (storage) => perSecond(readers, () => storage.get('/1/0', never)))
    await both('revision, 64 at once', '/s', (storage) => perSecond(64, () => storage.revision(never)))
    await both(`a list of ${OBJECTS} × 4 KB`, 'ms', listing)
    await both('changes told to a watcher', '/s', watching)
    return rows
  } finally {
    await Promise.all([etcd.close(), sqlite.close()])
    await server.remove()
    rmSync(folder, { recursive: true })
  }
}

/** How often so many at once get their work done in a second. */
async function perSecond(parallel: number, work: (index: number) => Promise<unknown>): Promise<number> {
  const begin = performance.now(), end = begin + SECOND_MS
  let count = 0
  await Promise.all(Array.from({ length: parallel }, async (_, index) => {
    for (; performance.now() < end; count++) {
      await work(index)
      // What is answered from memory must not keep the others from being answered.
      if (count % 100 === 99) await new Promise((resolve) => { setImmediate(resolve) })
    }
  }))
  return (count / (performance.now() - begin)) * 1000
}

/** Each writer has a key of its own. */
function commits(storage: Storage, writers: number): (index: number) => Promise<void> {
  const revisions = new Map<number, number>()
  return async (index) => {
    const done = await storage.commit(`/${writers}/${index}`, value, revisions.get(index) ?? 0, never)
    if (!('revision' in done)) throw new Error('lost a race with nobody')
    revisions.set(index, done.revision)
  }
}

async function listing(storage: Storage): Promise<number> {
  await Promise.all(Array.from({ length: OBJECTS }, (_, i) => storage.commit(`/list/${i}`, value, 0, never)))
  const times: number[] = []
  for (let round = 0; round < 3; round++) {
    const begin = performance.now(), { records } = await storage.range('/list/', {}, never)
    if (records.length !== OBJECTS) throw new Error(`a list of ${records.length}`)
    times.push(performance.now() - begin)
  }
  return Math.min(...times)
}

/** From the first to the last of the changes that 64 writers make in a second, as one watcher sees them. */
async function watching(storage: Storage): Promise<number> {
  const begin = await storage.revision(never), stop = new AbortController(), started = performance.now()
  let seen = 0, last = Infinity
  const watcher = (async () => {
    for await (const { lines, revision } of storage.watch('/', begin, stop.signal)) {
      seen += lines.length
      if (revision >= last) return
    }
  })()
  const write = commits(storage, 64)
  await perSecond(64, (index) => write(index + 64))
  last = (await storage.revision(never)) + 1
  await storage.commit('/w/end', value, 0, never)
  await watcher
  return (seen / (performance.now() - started)) * 1000
}
