import { afterAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/logger.ts'
import type { Batch, Change, DeleteOptions, Entry, KubeObject, Resource, Storage } from '../meta/core.ts'
import { defineKind } from '../meta/define-kind.ts'
import { nameSuffix } from '../meta/generate-name.ts'
import { parseJson } from '../meta/json.ts'
import { compileSelector } from '../meta/selector.ts'
import type { Strategy } from '../meta/strategy.ts'
import { fieldError, StatusError } from '../meta/status-error.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { deleteCollection } from './delete-collection.ts'
import { createStoredResource } from './stored-resource.ts'

interface Counter extends KubeObject { spec?: { count?: number; color?: string; big?: unknown }; status?: { seen?: number } }
const controller = new AbortController(), { signal } = controller
afterAll(() => { controller.abort() })

const counter = (strategy: Strategy<Counter> = {}) => defineKind<Counter>({
  group: 'test.federation', version: 'v1alpha1', kind: 'Counter', plural: 'counters', scope: 'Namespaced', columns: [], strategy,
  schema: {
    type: 'object',
    properties: {
      spec: { type: 'object', properties: { count: { type: 'integer', minimum: 0 }, color: { type: 'string', default: 'green' }, big: { type: 'integer' } } },
      status: { type: 'object', properties: { seen: { type: 'integer' } } },
    },
  },
})
const dependencies = { clock: systemClock, randomUuid: () => crypto.randomUUID(), randomSuffix: () => nameSuffix(Math.random), logger: silentLogger }
const make = (strategy?: Strategy<Counter>, storage: Storage = new MemoryStorage(), given: Partial<typeof dependencies> = {}) => createStoredResource(counter(strategy), storage, { ...dependencies, ...given }, signal)
const options = (more: Partial<DeleteOptions> = {}): DeleteOptions => ({ user: { name: 'test', groups: [], extra: {} }, manager: 'test', authorize: () => Promise.resolve(), warn: () => undefined, ...more })
const object = (name: string, spec: Counter['spec'] = {}, metadata: KubeObject['metadata'] = {}): Counter => ({ metadata: { name, namespace: 'n', ...metadata }, spec })
const refusal = async (promise: Promise<unknown>) => promise.then(() => undefined, (error: unknown) => (error instanceof StatusError ? `${error.code} ${error.message}` : error))
const names = async ({ reader }: Resource, where?: string) => [...(await reader.list(where ? { where: compileSelector({ labels: where }, reader.kind) } : {}, signal)).entries].map(({ key }) => key)
const specOf = (entry: Entry) => (entry.parse() as Counter).spec
const increment = (current: KubeObject | undefined): KubeObject => ({ ...current!, spec: { ...(current as Counter).spec, count: ((current as Counter).spec?.count ?? 0) + 1 } })

describe('create', () => {
  test('the stored value is JSON of the version, without resourceVersion', async () => {
    const storage = new MemoryStorage(), { writer } = make(undefined, storage), entry = await writer.create(object('a', { count: 1 }), options(), signal)
    const { record } = await storage.get('/test.federation/counters/n/a', signal)
    expect(JSON.parse(Buffer.from(record!.value).toString())).toEqual({
      apiVersion: 'test.federation/v1alpha1', kind: 'Counter', spec: { count: 1, color: 'green' },
      metadata: { name: 'a', namespace: 'n', generation: 1, uid: expect.stringMatching(/^[0-9a-f-]{36}$/), creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/), managedFields: [expect.objectContaining({ manager: 'test', operation: 'Update', fieldsV1: { 'f:spec': { '.': {}, 'f:color': {}, 'f:count': {} } } })] },
    })
    expect(entry.position).toBe(String(record!.revision))
    expect(entry.parse()).not.toHaveProperty('kind')
  })

  test('a generated name that is taken is made anew, eight times', async () => {
    const suffixes = ['aaaaa', 'aaaaa', 'bbbbb'], { writer } = make(undefined, undefined, { randomSuffix: () => suffixes.shift() ?? 'bbbbb' })
    const generated = (): KubeObject => ({ metadata: { generateName: 'g-', namespace: 'n' } })
    expect((await writer.create(generated(), options(), signal)).key).toBe('n/g-aaaaa')
    expect((await writer.create(generated(), options(), signal)).key).toBe('n/g-bbbbb')
    const error = await writer.create(generated(), options(), signal).catch((thrown: unknown) => thrown as StatusError) as StatusError
    expect([error.message, error.details?.retryAfterSeconds]).toEqual(['counters.test.federation "g-bbbbb" already exists, the server was not able to generate a unique name for the object', 1])
  })

  test.each([
    ['5', '500 resourceVersion should not be set on objects to be created'], ['18446744073709551615', '500 resourceVersion should not be set on objects to be created'],
    ['', undefined], ['0', undefined], ['A', undefined], ['-1', undefined], ['18446744073709551616', undefined],
  ])('the resourceVersion %j', async (resourceVersion, refused) => {
    const { writer } = make()
    expect(await refusal(writer.create(object('a', {}, { resourceVersion }), options(), signal))).toBe(refused)
    // Nothing is refused by a store that is not asked.
    expect(await refusal(writer.create(object('b', {}, { resourceVersion }), options({ dryRun: true }), signal))).toBe(undefined)
  })

  test('the strategy is asked in order: prepare, validate, warn, authorize', async () => {
    const asked: string[] = [], { writer } = make({
      validateName: (name) => (name.length > 3 ? ['too long'] : []),
      prepareForCreate: (made, now) => { asked.push(`prepare ${now > 0}`); return { ...made, spec: { ...made.spec, color: 'blue' } } },
      validate: ({ spec }) => { asked.push(`validate ${spec?.color}`); return spec?.count === 13 ? [fieldError.invalid('spec.count', 13, 'unlucky')] : [] },
      warnings: (_made, old) => { asked.push(`warn ${old === undefined}`); return ['mind'] },
      authorize: (made, old) => { asked.push(`authorize ${made?.spec?.color} ${old === undefined}`); return Promise.resolve() },
    })
    const warned: string[] = []
    await writer.create(object('a'), options({ warn: (text) => warned.push(text) }), signal)
    expect([asked, warned]).toEqual([['prepare true', 'validate blue', 'warn true', 'authorize blue true'], ['mind']])
    expect(await refusal(writer.create(object('long', { count: 13 }), options(), signal))).toBe('422 Counter.test.federation "long" is invalid: [metadata.name: Invalid value: "long": too long, spec.count: Invalid value: 13: unlucky]')
  })

  test('what is too large for a store of etcd is refused everywhere', async () => {
    expect(await refusal(make().writer.create(object('a', { color: 'x'.repeat(1_600_000) }), options(), signal))).toBe('500 etcdserver: request is too large')
  })
})

describe('update', () => {
  test('integers beyond 2^53 survive', async () => {
    const { writer } = make()
    await writer.create(parseJson('{"metadata":{"name":"a","namespace":"n"},"spec":{"big":9007199254740993}}') as KubeObject, options(), signal)
    const { entry } = await writer.update('n/a', increment, options(), signal)
    expect(JSON.stringify(specOf(entry))).toBe('{"big":9007199254740993,"color":"green","count":1}')
  })

  test('a change that answers an object for a missing one creates it', async () => {
    const { writer } = make(), { created, entry } = await writer.update('n/a', (current) => current ?? object('a', { count: 5 }), options(), signal)
    expect([created, specOf(entry)?.count]).toEqual([true, 5])
    expect((await writer.update('n/a', (current) => current!, options(), signal)).created).toBe(false)
  })

  test('permission may depend on old and new', async () => {
    const { writer } = make({ authorize: (made, old) => (made && old && made.spec?.color !== old.spec?.color ? Promise.reject(StatusError.forbidden({ group: 'test.federation', resource: 'counters' }, 'a', 'no painting')) : Promise.resolve()) })
    await writer.create(object('a'), options(), signal)
    expect(await refusal(writer.update('n/a', (current) => ({ ...current!, spec: { color: 'red' } }), options(), signal))).toBe('403 counters.test.federation "a" is forbidden: no painting')
    expect(specOf((await writer.update('n/a', increment, options(), signal)).entry)?.count).toBe(1)
  })

  test('a kind may allow updates without a version', async () => {
    const { writer } = make({ allowUnconditionalUpdate: true })
    await writer.create(object('a'), options(), signal)
    expect(specOf((await writer.update('n/a', () => object('a', { count: 9 }), options(), signal)).entry)?.count).toBe(9)
  })

  test('a resourceVersion is a number, however it is written', async () => {
    const { writer } = make(), { position } = await writer.create(object('a'), options(), signal), at = (resourceVersion: string) => refusal(writer.update('n/a', () => object('a', {}, { resourceVersion }), options(), signal))
    expect(await at(`00${position}`)).toBe(undefined)
    expect(await at('1e1')).toBe('500 strconv.ParseUint: parsing "1e1": invalid syntax')
    expect(await at('18446744073709551616')).toBe('500 strconv.ParseUint: parsing "18446744073709551616": value out of range')
    expect(await at('18446744073709551615')).toMatch(/^409 /)
  })

  test('a subresource creates nothing', async () => {
    expect(await refusal(make().writer.update('n/a', () => object('a'), options({ subresource: 'status' }), signal))).toBe('404 counters.test.federation "a" not found')
  })

  test('a status is owned by who writes it, and who owns the rest keeps it', async () => {
    const { writer } = make()
    await writer.create(object('a', { count: 1 }), options({ manager: 'author' }), signal)
    const { entry } = await writer.update('n/a', (current) => ({ ...current!, status: { seen: 3 } }), options({ manager: 'controller', subresource: 'status' }), signal), { managedFields } = entry.parse().metadata
    expect(managedFields).toMatchObject([
      { manager: 'author', operation: 'Update', fieldsV1: { 'f:spec': { '.': {}, 'f:color': {}, 'f:count': {} } } },
      { manager: 'controller', operation: 'Update', subresource: 'status', fieldsV1: { 'f:status': { '.': {}, 'f:seen': {} } } },
    ])
  })

  test('a status that this server computed is not judged again; whoever else writes one is', async () => {
    const asked: string[] = [], { writer } = make({ validate: () => { asked.push('validate'); return [] }, authorize: () => { asked.push('authorize'); return Promise.resolve() } })
    await writer.create(object('a'), options(), signal)
    const write = (status: object, computed: boolean) => writer.update('n/a', (current) => ({ ...current!, metadata: { ...current!.metadata, labels: { not: 'taken' } }, status }), options({ subresource: 'status', computed }), signal)
    asked.length = 0
    expect((await write({ seen: 4 }, true)).entry.parse()).toMatchObject({ metadata: { generation: 1 }, spec: { color: 'green' }, status: { seen: 4 } })
    expect((await write({ seen: 5 }, true)).entry.parse().metadata).not.toHaveProperty('labels')
    expect(asked).toEqual([])
    expect(await refusal(write({ seen: 'many' }, false))).toContain('status.seen')
    expect(asked).toContain('validate')
  })

  test('a change that throws leaves everything as it is', async () => {
    const { writer, reader } = make(), before = await writer.create(object('a'), options(), signal)
    expect(await refusal(writer.update('n/a', () => { throw StatusError.badRequest('no') }, options(), signal))).toBe('400 no')
    expect([...(await reader.list({}, signal)).entries].map(({ position }) => position)).toEqual([before.position])
  })

  test('dry run answers what would be, and writes nothing', async () => {
    const storage = new MemoryStorage(), { writer } = make(undefined, storage), before = await writer.create(object('a'), options(), signal), revision = await storage.revision(signal)
    const { entry } = await writer.update('n/a', increment, options({ dryRun: true }), signal)
    expect([specOf(entry)?.count, entry.position, entry.parse().metadata.generation]).toEqual([1, before.position, 2])
    expect((await writer.create(object('b'), options({ dryRun: true }), signal)).position).toBe('')
    expect((await writer.delete('n/a', options({ dryRun: true }), signal)).removed).toBe(true)
    expect(await storage.revision(signal)).toBe(revision)
  })
})

describe('delete', () => {
  const finalizersOf = (entry: Entry) => entry.parse().metadata.finalizers
  test('propagation is told by finalizers, which a later deletion may change', async () => {
    const { writer } = make()
    await writer.create(object('a'), options(), signal)
    const foreground = await writer.delete('n/a', options({ propagation: 'Foreground' }), signal)
    expect([foreground.removed, finalizersOf(foreground.entry), foreground.entry.parse().metadata.generation]).toEqual([false, ['foregroundDeletion'], 2])
    const again = await writer.delete('n/a', options(), signal)
    expect([again.removed, again.entry.position]).toEqual([false, foreground.entry.position])
    const orphan = await writer.delete('n/a', options({ propagation: 'Orphan' }), signal)
    expect([finalizersOf(orphan.entry), orphan.entry.parse().metadata.generation]).toEqual([['orphan'], 2])
    expect((await writer.delete('n/a', options({ propagation: 'Background' }), signal)).removed).toBe(true)
    expect(await refusal(writer.delete('n/a', options(), signal))).toBe('404 counters.test.federation "a" not found')
  })

  test('a collection: by selector, by page, and what keeps itself', async () => {
    const resource = make(), { writer } = resource
    for (let i = 0; i < 40; i++) await writer.create(object(`o${String(i).padStart(2, '0')}`, {}, { labels: { odd: String(i % 2) }, ...(i === 7 && { finalizers: ['example.com/f'] }) }), options(), signal)
    const remove = (key: string) => writer.delete(key, options(), signal), odd = await deleteCollection(resource.reader, { where: compileSelector({ labels: 'odd=1' }, resource.kind) }, remove, signal)
    expect([...odd.entries].length).toBe(20)
    expect(await names(resource, 'odd=1')).toEqual(['n/o07'])
    expect([...(await deleteCollection(resource.reader, { limit: 5 }, remove, signal)).entries].length).toBe(5)
    // The page held o07, which its finalizer keeps.
    expect((await names(resource)).length).toBe(17)
  })

  test('a collection ends at the first error', async () => {
    let asked = 0
    const resource = make({ authorize: (made) => (made || ++asked < 3 ? Promise.resolve() : Promise.reject(StatusError.unavailable('stop'))) })
    for (let i = 0; i < 100; i++) await resource.writer.create(object(`o${i}`), options(), signal)
    expect(await refusal(deleteCollection(resource.reader, {}, (key) => resource.writer.delete(key, options(), signal), signal))).toBe('503 stop')
    expect((await names(resource)).length).toBe(98)
    expect(asked).toBeLessThan(40)
  })
})

describe('reads', () => {
  test('a list sees every write acknowledged before it; older states come from the store', async () => {
    const storage = new MemoryStorage(), before = make(undefined, storage)
    const first = await before.writer.create(object('a'), options(), signal)
    await before.writer.create(object('b'), options(), signal)
    // Begun now: its cache remembers nothing of the time before.
    const resource = make(undefined, storage)
    expect(await names(resource)).toEqual(['n/a', 'n/b'])
    const page = await resource.reader.list({ at: { position: first.position, match: 'exact' } }, signal)
    expect([[...page.entries].map(({ key }) => key), page.position]).toEqual([['n/a'], first.position])
    await storage.compact(await storage.revision(signal), signal)
    expect(await refusal(resource.reader.list({ at: { position: first.position, match: 'exact' } }, signal))).toBe('410 The resourceVersion for the provided list is too old.')
  })

  test('a watch without position begins now', async () => {
    const { reader, writer } = make(), stop = new AbortController(), seen: string[] = []
    await writer.create(object('before'), options(), signal)
    const watching = (async () => { for await (const batch of reader.watch({}, stop.signal)) for (const change of batch) if (change.type !== 'BOOKMARK') { seen.push(`${change.type} ${change.entry.key}`); stop.abort() } })()
    await new Promise((resolve) => { setTimeout(resolve, 5) })
    await writer.create(object('after'), options(), signal)
    await watching
    expect(seen).toEqual(['ADDED n/after'])
  })
})

/** A linear congruential generator: enough to replay an interleaving. */
const seeded = (seed: number) => () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31

describe.each([1, 2, Math.floor(Date.now() / 1000)])('with seed %i', (seed) => {
  test('no increment is lost, and a watch from a list sees every change once', async () => {
    const random = seeded(seed), storage = new MemoryStorage(), slow: Storage = Object.assign(Object.create(storage) as Storage, {
      get: async (key: string) => { await pause(); return storage.get(key, signal) },
      commit: async (...given: Parameters<Storage['commit']>) => { await pause(); const done = await storage.commit(...given); await pause(); return done },
      range: storage.range.bind(storage), watch: storage.watch.bind(storage), revision: storage.revision.bind(storage),
    }), pause = async () => { for (let i = Math.floor(random() * 4); i > 0; i--) await new Promise((resolve) => { setImmediate(resolve) }) }
    const resource = make(undefined, slow), { reader, writer } = resource, keys = ['n/a', 'n/b', 'n/c'], done = new Map(keys.map((key) => [key, 0]))
    for (const key of keys) await writer.create(object(key.slice(2), { count: 0 }), options(), signal)

    const page = await reader.list({}, signal), state = new Map([...page.entries].map((entry) => [entry.key, specOf(entry)?.count])), stop = new AbortController(), seen: Change[] = []
    const follow = async (batches: AsyncIterable<Batch>) => {
      for await (const batch of batches) for (const change of batch) {
        if (change.type === 'BOOKMARK') continue
        expect(specOf(change.entry)?.count, `seed ${seed}`).toBe(state.get(change.entry.key)! + 1)
        state.set(change.entry.key, specOf(change.entry)?.count)
        seen.push(change)
        if (seen.length === 240) stop.abort()
      }
    }
    const following = follow(reader.watch({ at: { position: page.position, match: 'notOlder' } }, stop.signal))
    await Promise.all(Array.from({ length: 12 }, async () => {
      for (let i = 0; i < 20; i++) {
        const key = keys[Math.floor(random() * keys.length)]!
        await writer.update(key, increment, options(), signal)
        done.set(key, done.get(key)! + 1)
      }
    }))
    await following
    expect(state, `seed ${seed}`).toEqual(done)
    expect(new Map([...(await reader.list({}, signal)).entries].map((entry) => [entry.key, specOf(entry)?.count])), `seed ${seed}`).toEqual(done)
  })
})
