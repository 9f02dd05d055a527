/** The program itself, killed among writers again and again: what it acknowledged is there, and what it told of changes stays true. */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Storage } from '../../../src/machinery/meta/core.ts'
import { EtcdStorage } from '../../../src/machinery/storage/etcd-storage.ts'
import { SqliteStorage } from '../../../src/machinery/storage/sqlite-storage.ts'
import { EtcdServer } from '../../suites/etcd-server.ts'
import { Seeded } from '../../suites/seeded.ts'
import { describeFleet } from '../fleet-bed.ts'
import type { RawClient, RawObject, WatchEvent } from '../raw-client.ts'
import { ServeKinds, STAND_IN } from './kinds-server.ts'

/** `npm run test:kill` sets 30. */
const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 2), WRITERS = 16, ROUND_MS = 60_000
const ALL = `/apis/${STAND_IN}/v1alpha1/workloads`, ONE = `/apis/${STAND_IN}/v1alpha1/namespaces/default/workloads`

const text = ({ metadata, spec }: RawObject) => `${metadata?.name} ${(spec as { image?: string } | undefined)?.image}`, workload = (name: string, image: string, resourceVersion?: string) => ({ apiVersion: `${STAND_IN}/v1alpha1`, kind: 'Workload', metadata: { name, ...(resourceVersion && { resourceVersion }) }, spec: { image } })
const words = (event?: WatchEvent) => event && `${event.object.metadata!.resourceVersion} ${event.type} ${text(event.object)}`

/** The program as its clients see it: away now and then, and back with the same store. */
class Crashing implements AsyncDisposable {
  readonly #flags: readonly string[]
  #program: ServeKinds
  #client: Promise<RawClient>

  constructor(flags: readonly string[]) {
    this.#flags = flags
    this.#program = new ServeKinds(flags)
    this.#client = this.#program.client()
  }

  /** What `request` answers; undefined when the program died meanwhile: it may have happened or not. */
  async attempt<T>(request: (client: RawClient) => Promise<T>): Promise<T | undefined> {
    const client = await this.#client
    try {
      return await request(client)
    } catch (error) {
      if (!/ECONN|EPIPE|aborted|hang up/.test(String(error))) throw error
      return undefined
    }
  }

  async crash(): Promise<void> {
    const dead = this.#program, { promise, resolve, reject } = Promise.withResolvers<RawClient>()
    promise.catch(() => {})
    const client = await this.#client
    this.#client = promise
    await dead.kill()
    client.close()
    this.#program = new ServeKinds(this.#flags)
    await this.#program.client().then(resolve, reject)
    await promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    (await this.#client).close()
    await this.#program[Symbol.asyncDispose]()
  }
}

/** What was acknowledged: by resource version what was written, and the uids of what was deleted. */
interface Acknowledged { readonly written: Map<string, string>; readonly deleted: Set<string> }

async function writer(program: Crashing, name: string, random: Seeded, stop: AbortSignal, { written, deleted }: Acknowledged): Promise<void> {
  for (let turn = 0; !stop.aborted; turn++) {
    const found = await program.attempt((client) => client.get(`${ONE}/${name}`)), image = `${turn}`
    if (!found) continue
    const { uid, resourceVersion } = found.body.metadata ?? {}, isRemoval = found.status === 200 && random.chance(0.1)
    const done = await program.attempt((client) => {
      if (isRemoval) return client.call('DELETE', `${ONE}/${name}`, { body: { preconditions: { uid } } })
      return found.status === 404 ? client.call('POST', ONE, { body: workload(name, image) }) : client.call('PUT', `${ONE}/${name}`, { body: workload(name, image, resourceVersion) })
    })
    if (!done) continue
    if (done.status !== 200 && done.status !== 201) throw new Error(`${name}: ${done.text}`)
    if (isRemoval) deleted.add(uid!)
    else {
      expect(written.has(done.body.metadata!.resourceVersion!), 'no revision is acknowledged twice').toBe(false)
      written.set(done.body.metadata!.resourceVersion!, text(done.body))
    }
  }
}

/** Follows from a version until the object named `end` comes, over all crashes: as after a restart of any kube-apiserver, what is older than its memory is 410 and read again. */
async function follow(program: Crashing, from: string, failed: AbortSignal): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [], ended = () => events.at(-1)?.object.metadata?.name === 'end'
  for (let last = from; !ended() && !failed.aborted;) {
    const stop = new AbortController()
    await program.attempt(async (client) => {
      for await (const event of client.watch(`${ALL}?watch=true&resourceVersion=${last}`, stop.signal)) {
        if (event.type === 'ERROR') {
          expect(event.object.code, event.object.message ?? '').toBe(410)
          last = (await client.get(ALL)).body.metadata!.resourceVersion!
          return
        }
        events.push(event)
        last = event.object.metadata!.resourceVersion!
        if (ended()) stop.abort()
      }
    })
  }
  return events
}

/** All that the store knows to have happened, told like events. */
async function historyOf(storage: Storage): Promise<WatchEvent[]> {
  const { signal } = new AbortController(), last = await storage.revision(signal), history: WatchEvent[] = []
  for await (const { lines, revision } of storage.watch(`/${STAND_IN}/workloads/`, 1, signal)) {
    for (const { before, now, revision: at } of lines) {
      const object = JSON.parse(Buffer.from((now ?? before)!.value).toString()) as RawObject
      history.push({ type: !before ? 'ADDED' : now ? 'MODIFIED' : 'DELETED', object: { ...object, metadata: { ...object.metadata, resourceVersion: String(at) } } })
    }
    if (revision >= last) break
  }
  return history
}

function killSuite(store: (folder: string) => Promise<Store>): void {
  test(`kill -9 among ${WRITERS} writers, ${ROUNDS} times: no acknowledged write lost, no revision used twice, no event taken back`, async () => {
    const random = new Seeded(), folder = mkdtempSync(path.join(os.tmpdir(), 'federation-kill-')), acknowledged: Acknowledged = { written: new Map(), deleted: new Set() }
    console.log(`SEED=${random.seed}`)
    await using place = await store(folder)
    const { told, listed } = await crashes(new Crashing(['--port', '0', '--data-dir', folder, ...place.flags]), random, acknowledged), storage = await place.open(), history = await historyOf(storage)
    const versions = history.map(({ object }) => Number(object.metadata!.resourceVersion)), happened = new Map(history.map((event) => [event.object.metadata!.resourceVersion!, event]))
    expect(versions.every((version, at) => at === 0 || version > versions[at - 1]!), 'each revision once, in order').toBe(true)
    expect([...acknowledged.written].filter(([version, what]) => !happened.has(version) || text(happened.get(version)!.object) !== what), 'nothing acknowledged is lost').toEqual([])
    const deletions = new Set(history.flatMap(({ type, object }) => (type === 'DELETED' ? [object.metadata!.uid!] : [])))
    expect([...acknowledged.deleted].filter((uid) => !deletions.has(uid)), 'nothing acknowledged as deleted stays').toEqual([])
    expect(told.map(words), 'what was told before a crash is what happened').toEqual(told.map(({ object }) => words(happened.get(object.metadata!.resourceVersion!))))
    const present = new Map<string, string | undefined>()
    for (const { type, object } of history) if (type === 'DELETED') present.delete(object.metadata!.name!); else present.set(object.metadata!.name!, words({ type: '', object }))
    expect(new Map(listed.map((object) => [object.metadata!.name!, words({ type: '', object })]))).toEqual(present)
    console.log(`${acknowledged.written.size} writes and ${acknowledged.deleted.size} deletions acknowledged over ${ROUNDS} crashes, ${history.length} changes in the history, ${told.length} told`)
    expect(acknowledged.written.size).toBeGreaterThan(ROUNDS * WRITERS)
    expect(told.length).toBeGreaterThan(0)
    await storage.close()
    rmSync(folder, { recursive: true })
  }, 30_000 + ROUNDS * ROUND_MS)
}

describe('the program over SQLite', () => { killSuite(sqlite) })
// Its etcd is the test bed's: without Go there is none.
describeFleet('the program over etcd', () => { killSuite(etcd) })

interface Outcome { readonly told: readonly WatchEvent[]; readonly listed: readonly RawObject[] }

/** Writers and a follower over all rounds; the program has ended then. */
async function crashes(started: Crashing, random: Seeded, acknowledged: Acknowledged): Promise<Outcome> {
  await using program = started
  const list = async () => (await program.attempt((client) => client.get(ALL)))!.body, begin = (await list()).metadata!.resourceVersion!, enough = new AbortController(), failed = new AbortController()
  const more = async (count: number) => {
    for (const wanted = acknowledged.written.size + count; acknowledged.written.size < wanted && !failed.signal.aborted;) await sleep(1)
  }
  const crashing = async () => {
    for (let round = 0; round < ROUNDS; round++) {
      await more(20 + random.int(200))
      await program.crash()
    }
    await more(50)
    enough.abort()
  }
  const writing = async () => {
    await Promise.all(Array.from({ length: WRITERS }, (_, at) => writer(program, `w-${at}`, random, AbortSignal.any([enough.signal, failed.signal]), acknowledged)))
    await program.attempt((client) => client.call('POST', ONE, { body: workload('end', '') }))
  }
  try {
    const [told] = await Promise.all([follow(program, begin, failed.signal), writing(), crashing()])
    return { told, listed: (await list()).items! }
  } finally { failed.abort() }
}

interface Store extends AsyncDisposable { readonly flags: readonly string[]; open(): Promise<Storage> }

function sqlite(folder: string): Promise<Store> {
  return Promise.resolve({ flags: [], open: () => SqliteStorage.open(path.join(folder, 'store.db')), [Symbol.asyncDispose]: () => Promise.resolve() })
}

async function etcd(): Promise<Store> {
  const server = await EtcdServer.start()
  return { flags: ['--etcd-servers', server.url], open: () => EtcdStorage.open({ servers: [server.url], prefix: '/federation' }, new AbortController().signal), [Symbol.asyncDispose]: () => server.remove() }
}
