import { Etcd3 } from 'etcd3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Backoff } from '../../src/lib/backoff.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { Cache } from '../../src/machinery/cache/cache.ts'
import { reflect } from '../../src/machinery/cache/reflect.ts'
import type { KubeObject, Storage, StoredLine } from '../../src/machinery/meta/core.ts'
import { isReason } from '../../src/machinery/meta/status-error.ts'
import { EtcdStorage, type EtcdStorageOptions } from '../../src/machinery/storage/etcd-storage.ts'
import { keyPrefix } from '../../src/machinery/storage/storage-key.ts'
import { StorageReader } from '../../src/machinery/storage/storage-reader.ts'
import { CuttingProxy } from '../suites/cutting-proxy.ts'
import { EtcdServer } from '../suites/etcd-server.ts'
import { listWatchSuite, type ListWatchBed } from '../suites/list-watch-suite.ts'
import { Seeded } from '../suites/seeded.ts'
import { storageSuite } from '../suites/storage-suite.ts'
import { testKind } from '../suites/test-kind.ts'
import { describeFleet } from './fleet-bed.ts'

// Its etcd is the test bed's: without Go there is none.
describeFleet('a store in etcd', () => {
  let etcd: EtcdServer, foreign: Etcd3, prefixes = 0
  const { signal } = new AbortController(), kind = testKind(), text = (value: Uint8Array) => Buffer.from(value).toString()
  const open = (options: Partial<EtcdStorageOptions> = {}) => EtcdStorage.open({ servers: [etcd.url], prefix: `/test/${++prefixes}`, ...options }, signal)
  beforeAll(async () => {
    etcd = await EtcdServer.start()
    foreign = new Etcd3({ hosts: etcd.url })
  })
  afterAll(async () => {
    foreign.close()
    await etcd.remove()
  })

  storageSuite('EtcdStorage', () => open())

  async function store(storage: Storage, key: string, object: KubeObject | undefined): Promise<number> {
    const path = keyPrefix(kind) + key, { record } = await storage.get(path, signal), done = await storage.commit(path, object && Buffer.from(JSON.stringify(object)), record?.revision ?? 0, signal)
    return 'revision' in done ? done.revision : Promise.reject(new Error('lost a race'))
  }

  listWatchSuite('StorageReader over EtcdStorage', async (): Promise<ListWatchBed> => {
    const storage = await open()
    return {
      reader: new StorageReader(kind, storage),
      write: async (key, object) => { await store(storage, key, object) },
      forget: async () => { await storage.compact(await storage.revision(signal), signal) },
      close: () => storage.close(),
    }
  })

  listWatchSuite('Cache of one replica, written through another, over EtcdStorage', async (): Promise<ListWatchBed> => {
    const prefix = `/test/${++prefixes}`, [mine, other] = await Promise.all([open({ prefix }), open({ prefix })]), cache = new Cache(kind), stop = new AbortController()
    const reflecting = reflect(new StorageReader(kind, mine), cache, { signal: stop.signal, clock: systemClock, backoff: new Backoff({ initialMs: 1, maxMs: 10 }) })
    return {
      reader: cache,
      write: async (key, object) => { await cache.reached(String(await store(other, key, object)), signal) },
      close: async () => {
        stop.abort()
        await reflecting
        cache.close()
        await Promise.all([mine.close(), other.close()])
      },
    }
  })

  /** Lines until one whose revision is `until`, or a batch beyond. */
  async function linesUntil(storage: Storage, after: number, until: () => number, onLine?: () => void): Promise<StoredLine[]> {
    const lines: StoredLine[] = []
    for await (const batch of storage.watch('/', after, signal)) {
      lines.push(...batch.lines)
      onLine?.()
      if (batch.revision >= until()) break
    }
    return lines
  }

  describe('beside others in one etcd', () => {
    test('what they write moves the revision, and watchers learn of it', async () => {
      const storage = await open(), begin = await storage.revision(signal), stop = new AbortController()
      for (let i = 0; i < 5; i++) await foreign.put(`/other/${i}`).value('x')
      const asked = await storage.revision(signal), started = Date.now()
      expect(asked).toBe(begin + 5)
      for await (const { lines, revision } of storage.watch('/p/', begin, stop.signal)) {
        expect(lines).toEqual([])
        if (revision >= asked) stop.abort()
      }
      expect(Date.now() - started, 'who reads the revision needs not wait for the next heartbeat').toBeLessThan(2000)
      await storage.close()
    })

    test('their keys are neither seen nor touched, nor are those of a longer name', async () => {
      const storage = await open({ prefix: '/mine' }), longer = await open({ prefix: '/mine-too/' })
      await foreign.put('/mine0').value('theirs')
      await longer.commit('/a', Buffer.from('2'), 0, signal)
      await storage.commit('/a', Buffer.from('1'), 0, signal)
      expect((await storage.range('/', {}, signal)).records.map(({ key, value }) => [key, text(value)])).toEqual([['/a', '1']])
      expect(Object.keys(await foreign.getAll().prefix('/mine').strings()).sort()).toEqual(['/mine-too/data/a', '/mine-too/format', '/mine/data/a', '/mine/format', '/mine0'])
      await Promise.all([storage.close(), longer.close()])
    })

    test('several keys in one transaction stay together', async () => {
      const prefix = `/test/${++prefixes}`, storage = await open({ prefix }), begin = await storage.revision(signal), count = 100
      await foreign.if('none', 'Version', '==', 0).then(...Array.from({ length: count }, (_, i) => foreign.put(`${prefix}/data/k/${String(i).padStart(3, '0')}`).value('x'))).commit()
      const lines = await linesUntil(storage, begin, () => begin + 1)
      expect(lines.map(({ revision }) => revision)).toEqual(Array.from({ length: count }, () => begin + 1))
      await storage.close()
    })
  })

  describe('refuses, and says what to do', () => {
    const messageOf = (options: Partial<EtcdStorageOptions>) => open(options).then(async (storage) => { await storage.close(); return 'opened' }, (error: Error) => `${error.name}: ${error.message}`)
    test('a prefix of another program', async () => {
      await foreign.put('/registry/pods/a').value('x')
      expect(await messageOf({ prefix: '/registry' })).toMatch(/^EtcdStoreError: the prefix \/registry of etcd at http\S+ holds keys of another program \(\/registry\/pods\/a\): choose another --etcd-prefix$/)
      await foreign.put('/else/format').value('{"program":"else","format":1}')
      expect(await messageOf({ prefix: '/else' })).toMatch(/was not made by this program: choose another --etcd-prefix$/)
    })
    test('a later format', async () => {
      await (await open({ prefix: '/later' })).close()
      await foreign.put('/later/format').value('{"program":"federation-apiserver","format":99}')
      expect(await messageOf({ prefix: '/later' })).toMatch(/later version of this program \(its format is 99, this program knows 1\): run that version/)
    })
    test.for([
      [{ prefix: '/' }, 'must name a place of its own'], [{ servers: [] }, 'not none'], [{ servers: ['127.0.0.1:2379'] }, 'must be URLs'], [{ servers: ['http://a:1', 'https://b:1'] }, 'of one scheme'], [{ tls: { authority: 'x' } }, 'is not https'],
    ] as const)('%j', async ([options, message]) => { expect(await messageOf(options as Partial<EtcdStorageOptions>)).toContain(message) })
    test('an address where nothing answers', async () => {
      expect(await messageOf({ servers: ['http://127.0.0.1:1'], patienceMs: 300 })).toMatch(/^EtcdStoreError: the store \(etcd at http:\/\/127.0.0.1:1\) cannot be reached: .*ECONNREFUSED.*: check that etcd runs there, --etcd-servers/)
    })
  })

  test('an old position is caught up with from etcd, then from memory', async () => {
    const prefix = `/test/${++prefixes}`, storage = await open({ prefix, recentMax: 5 }), begin = await storage.revision(signal)
    for (let i = 0; i < 100; i++) await storage.commit('/k', Buffer.from(`${i}`), i === 0 ? 0 : begin + i, signal)
    const last = begin + 100, writing = (async () => { for (let i = 0; i < 300; i++) await storage.commit(`/n/${i}`, Buffer.from('x'), 0, signal) })()
    const [all, late] = await Promise.all([linesUntil(storage, begin, () => last + 300), linesUntil(storage, begin + 50, () => last + 300)])
    await writing
    expect(all.map(({ revision }) => revision)).toEqual(Array.from({ length: 400 }, (_, i) => begin + 1 + i))
    expect(late.map(({ revision }) => revision)).toEqual(Array.from({ length: 350 }, (_, i) => begin + 51 + i))
    // Nothing of ours happens behind the position: only etcd's own word brings it back to the tail.
    const quiet = await open({ prefix: `/test/${++prefixes}`, recentMax: 1 }), from = await quiet.revision(signal)
    for (let i = 0; i < 4; i++) await quiet.commit(`/a/${i}`, Buffer.from('x'), 0, signal)
    expect(await linesUntil(quiet, from, () => from + 4)).toHaveLength(4)
    await Promise.all([storage.close(), quiet.close()])
  })

  async function write(storage: Storage, key: string): Promise<number> {
    const done = await storage.commit(key, Buffer.from('x'), 0, signal)
    return 'revision' in done ? done.revision : Promise.reject(new Error('lost a race'))
  }

  /** 16 writers, each with its own key, that take note of what was acknowledged; each value says who wrote it and when. */
  async function writers(storage: Storage, stop: AbortSignal): Promise<Map<number, string>> {
    const acknowledged = new Map<number, string>()
    await Promise.all(Array.from({ length: 16 }, async (_, i) => {
      const key = `/w/${i}`
      for (let turn = 0; !stop.aborted; turn++) {
        try {
          const { record } = await storage.get(key, signal), value = `${i}.${turn}`, done = await storage.commit(key, Buffer.from(value), record?.revision ?? 0, signal)
          if (!('revision' in done)) continue
          expect(acknowledged.has(done.revision), 'no revision is acknowledged twice').toBe(false)
          acknowledged.set(done.revision, `${key}=${value}`)
        } catch (error) {
          if (!isReason(error, 'Timeout', 'ServiceUnavailable')) throw error
        }
      }
    }))
    return acknowledged
  }

  /** What every history must look like: nothing acknowledged is missing, nothing comes twice or out of order, every `before` is the change before. */
  function assertComplete(lines: readonly StoredLine[], acknowledged: ReadonlyMap<number, string>, seed: number): void {
    const told = new Map(lines.map(({ revision, key, now }) => [revision, `${key}=${now ? text(now.value) : ''}`])), last = new Map<string, number>()
    expect(told.size, `SEED=${seed}: no revision twice`).toBe(lines.length)
    expect(lines.every(({ revision }, i) => i === 0 || revision > lines[i - 1]!.revision), `SEED=${seed}: in order`).toBe(true)
    expect([...acknowledged].filter(([revision, what]) => told.get(revision) !== what), `SEED=${seed}: nothing acknowledged is lost`).toEqual([])
    for (const { key, before, revision } of lines) {
      expect(before?.revision, `SEED=${seed}: nothing is left out before ${revision}`).toBe(last.get(key))
      last.set(key, revision)
    }
  }

  test('connections cut at random under 16 writers: no change lost or repeated, no acknowledged write lost', async () => {
    const random = new Seeded(), proxy = await CuttingProxy.start(etcd.port), prefix = `/test/${++prefixes}`, storage = await open({ servers: [proxy.url], prefix, recentMax: 50 }), begin = await storage.revision(signal), stop = new AbortController()
    let end = Infinity
    const early = linesUntil(storage, begin, () => end), writing = writers(storage, stop.signal)
    for (let i = 0; i < 25; i++) {
      await systemClock.sleep(20 + random.int(200))
      proxy.cut()
    }
    stop.abort()
    const acknowledged = await writing
    // Set before the change that reaches it is made.
    end = await storage.revision(signal)
    await write(storage, '/end')
    const [seen, again] = await Promise.all([early, linesUntil(storage, begin, () => end + 1)])
    expect([acknowledged.size > 100, proxy.cuts > 15], `${acknowledged.size} writes, ${proxy.cuts} cuts`).toEqual([true, true])
    assertComplete(seen, acknowledged, random.seed)
    expect(again.map(({ revision }) => revision)).toEqual(seen.map(({ revision }) => revision))
    await storage.close()
    await proxy.close()
  })

  const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 3)

  test(`kill -9 of etcd among 16 writers, ${ROUNDS} times: no acknowledged write lost, no revision twice, no change taken back`, async () => {
    const random = new Seeded(), prefix = `/test/${++prefixes}`, [storage, reader] = await Promise.all([open({ prefix }), open({ prefix })]), begin = await storage.revision(signal), stop = new AbortController()
    let end = Infinity
    const early = linesUntil(reader, begin, () => end), writing = writers(storage, stop.signal)
    for (let i = 0; i < ROUNDS; i++) {
      await systemClock.sleep(300 + random.int(700))
      await etcd.kill()
      await systemClock.sleep(random.int(500))
      await etcd.run()
    }
    await systemClock.sleep(300)
    stop.abort()
    const acknowledged = await writing
    // Set before the change that reaches it is made.
    end = await storage.revision(signal)
    await write(storage, '/end')
    const seen = await early, records = (await reader.range('/', {}, signal)).records
    expect(acknowledged.size).toBeGreaterThan(ROUNDS * 50)
    assertComplete(seen, acknowledged, random.seed)
    expect(new Map(records.map(({ key, revision }) => [key, revision]))).toEqual(new Map(seen.map(({ key, revision }) => [key, revision])))
    await Promise.all([storage.close(), reader.close()])
  })

  test('while etcd is away calls say so, and go on by themselves when it is back', async () => {
    const storage = await open({ patienceMs: 2000 })
    await storage.commit('/a', Buffer.from('1'), 0, signal)
    await etcd.kill()
    const reading = storage.get('/a', signal), writing = storage.commit('/b', Buffer.from('1'), 0, signal)
    await systemClock.sleep(500)
    await etcd.run()
    expect(text((await reading).record!.value), 'a short outage is waited for').toBe('1')
    expect(await writing).toHaveProperty('revision')
    await etcd.kill()
    await expect(storage.revision(signal)).rejects.toMatchObject({ reason: 'ServiceUnavailable', message: expect.stringContaining(etcd.url) as string })
    await expect(storage.commit('/c', Buffer.from('1'), 0, signal)).rejects.toMatchObject({ reason: 'ServiceUnavailable' })
    await etcd.run()
    expect(await storage.commit('/c', Buffer.from('1'), 0, signal)).toHaveProperty('revision')
    await storage.close()
  })
})
