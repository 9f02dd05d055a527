/** What every Storage must do. Each implementation's test runs it. */
import { describe, expect, test } from 'vitest'
import { isReason, StatusError } from '../../src/machinery/meta/status-error.ts'
import type { Storage, StoredLine } from '../../src/machinery/meta/core.ts'

const never = new AbortController().signal
const bytes = (text: string) => new TextEncoder().encode(text)
const textOf = (value: Uint8Array) => new TextDecoder().decode(value)

const read = async (storage: Storage, key: string) => {
  const { record } = await storage.get(key, never)
  return record && { ...record, value: textOf(record.value) }
}

/** Writes whatever is there now; answers the new revision. */
const write = async (storage: Storage, key: string, text: string | undefined): Promise<number> => {
  const { record } = await storage.get(key, never), done = await storage.commit(key, text === undefined ? undefined : bytes(text), record?.revision ?? 0, never)
  if (!('revision' in done)) throw new Error(`lost a race for ${key}`)
  return done.revision
}

const keys = async (storage: Storage, prefix: string, options: Parameters<Storage['range']>[1] = {}) => {
  const page = await storage.range(prefix, options, never)
  return { keys: page.records.map(({ key, value }) => `${key}=${textOf(value)}`), revision: page.revision, more: page.more, total: page.total }
}

const short = ({ key, now, before, revision }: StoredLine) => `${revision} ${key} ${before ? textOf(before.value) : '-'}→${now ? textOf(now.value) : '-'}`

/** Lines until `count` have come; `revision` of the last batch. */
const lines = async (storage: Storage, prefix: string, after: number, count: number) => {
  const stop = new AbortController(), seen: StoredLine[] = []
  let last = after
  for await (const batch of storage.watch(prefix, after, stop.signal)) {
    expect(batch.revision, 'each batch goes further').toBeGreaterThan(last)
    for (const line of batch.lines) expect(line.revision).toBeLessThanOrEqual(batch.revision)
    last = batch.revision
    seen.push(...batch.lines)
    if (seen.length >= count) stop.abort()
  }
  return seen
}

const reasonOf = async (promise: Promise<unknown>) => {
  try {
    await promise
    return 'no error'
  } catch (error) {
    return error instanceof StatusError ? (error.details?.causes?.[0]?.reason ?? error.reason) : String(error)
  }
}
const firstOf = async <T>(stream: AsyncIterable<T>): Promise<T | undefined> => {
  for await (const item of stream) return item
  return undefined
}

/** `make` answers an empty store; the suite closes it. */
export function storageSuite(name: string, make: () => Promise<Storage>): void {
  const check = (title: string, run: (storage: Storage) => Promise<void>) => {
    test.for([title])('%s', async () => {
      expect.hasAssertions()
      const storage = await make()
      try {
        await run(storage)
      } finally {
        await storage.close()
      }
    })
  }
  describe(`${name} is a Storage`, () => {
    describe('commit', () => { commits(check) })
    describe('range', () => { ranges(check) })
    describe('watch', () => { watches(check) })
    describe('compact', () => { compactions(check) })
    describe('close', () => { closing(check) })
  })
}

type Check = (title: string, run: (storage: Storage) => Promise<void>) => void

function commits(check: Check): void {
  check('one counter for all keys, one step for each change, a deletion too', async (storage) => {
    const begin = await storage.revision(never)
    expect(begin).toBeGreaterThan(0)
    expect(await write(storage, '/a/x', '1')).toBe(begin + 1)
    expect(await write(storage, '/b/y', '1')).toBe(begin + 2)
    expect(await write(storage, '/a/x', undefined)).toBe(begin + 3)
    expect(await storage.revision(never)).toBe(begin + 3)
    expect(await read(storage, '/a/x')).toBeUndefined()
    expect(await read(storage, '/b/y')).toEqual({ key: '/b/y', value: '1', revision: begin + 2 })
  })
  check('the expected revision decides', async (storage) => {
    const first = await write(storage, '/a/x', '1')
    expect(await storage.commit('/a/x', bytes('2'), 0, never), 'create of what exists').toMatchObject({ current: { revision: first } })
    expect(await storage.commit('/a/x', bytes('2'), first + 1, never), 'stale').toMatchObject({ current: { revision: first } })
    expect(await storage.commit('/a/x', undefined, first + 1, never), 'stale deletion').toMatchObject({ current: { revision: first } })
    expect(await storage.commit('/a/y', bytes('1'), first, never), 'update of what is absent').toEqual({ current: undefined })
    expect(await storage.commit('/a/y', undefined, 0, never), 'deletion of what is absent').toEqual({ current: undefined })
    expect(await storage.revision(never), 'a refused commit takes no revision').toBe(first)
    expect(await storage.commit('/a/x', bytes('2'), first, never)).toEqual({ revision: first + 1 })
  })
  check('of concurrent commits to one key exactly one wins', async (storage) => {
    for (let round = 0; round < 5; round++) {
      const { record } = await storage.get('/a/x', never), before = await storage.revision(never)
      const results = await Promise.all(Array.from({ length: 20 }, (_, i) => storage.commit('/a/x', bytes(`${round}.${i}`), record?.revision ?? 0, never)))
      const won = results.flatMap((result, i) => ('revision' in result ? [{ i, revision: result.revision }] : []))
      expect(won).toHaveLength(1)
      expect(won[0]!.revision).toBe(before + 1)
      expect(await read(storage, '/a/x')).toEqual({ key: '/a/x', value: `${round}.${won[0]!.i}`, revision: before + 1 })
      expect(results.every((result, i) => i === won[0]!.i || ('current' in result && result.current !== undefined)), 'losers learn who won').toBe(true)
    }
  })
  check('concurrent commits to many keys all count, each once', async (storage) => {
    const begin = await storage.revision(never)
    const results = await Promise.all(Array.from({ length: 200 }, (_, i) => storage.commit(`/a/${i}`, bytes('v'), 0, never)))
    expect(results.map((result) => ('revision' in result ? result.revision : 0)).sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => begin + 1 + i))
    expect(await storage.revision(never)).toBe(begin + 200)
  })
  check('values are bytes, and views of larger buffers', async (storage) => {
    const large = Buffer.from([9, 9, 0, 255, 128, 10, 9, 9])
    await storage.commit('/a/x', large.subarray(2, 6), 0, never)
    expect([...(await storage.get('/a/x', never)).record!.value]).toEqual([0, 255, 128, 10])
    expect([...large]).toEqual([9, 9, 0, 255, 128, 10, 9, 9])
  })
}

function closing(check: Check): void {
  check('what was made before is answered, what comes after is refused', async (storage) => {
    const made = storage.commit('/p/a', bytes('1'), 0, never), watched = reasonOf(firstOf(storage.watch('/q/', 100_000, never)))
    await storage.close()
    expect(await made).toHaveProperty('revision')
    expect(await watched).toBe('ServiceUnavailable')
    for (const call of [storage.get('/p/a', never), storage.range('/p/', {}, never), storage.commit('/p/b', bytes('1'), 0, never), storage.revision(never), storage.compact(1, never), firstOf(storage.watch('/p/', 1, never))]) expect(await reasonOf(call)).toBe('ServiceUnavailable')
    await storage.close()
  })
}

function ranges(check: Check): void {
  check('a prefix, in key order by bytes', async (storage) => {
    for (const key of ['/p/b/1', '/p/a-b/1', '/p/a/1', '/p/a/10', '/p/a/2', '/pp/x', '/o/x']) await write(storage, key, 'v')
    expect((await keys(storage, '/p/')).keys).toEqual(['/p/a-b/1=v', '/p/a/1=v', '/p/a/10=v', '/p/a/2=v', '/p/b/1=v'])
    expect((await keys(storage, '/p/a/')).total).toBe(3)
    expect(await keys(storage, '/none/')).toMatchObject({ keys: [], more: false, total: 0 })
    expect((await keys(storage, '/none/')).revision, 'the revision is that of the store').toBe(await storage.revision(never))
  })
  check('pages of one snapshot while writes go on', async (storage) => {
    for (let i = 0; i < 7; i++) await write(storage, `/p/${i}`, 'old')
    const first = await keys(storage, '/p/', { limit: 3 })
    expect(first).toMatchObject({ keys: ['/p/0=old', '/p/1=old', '/p/2=old'], more: true, total: 7 })
    await write(storage, '/p/4', 'new')
    await write(storage, '/p/5', undefined)
    await write(storage, '/p/55', 'new')
    const second = await keys(storage, '/p/', { limit: 3, after: '/p/2', revision: first.revision })
    expect(second).toEqual({ keys: ['/p/3=old', '/p/4=old', '/p/5=old'], more: true, total: 4, revision: first.revision })
    expect(await keys(storage, '/p/', { limit: 3, after: '/p/5', revision: first.revision })).toEqual({ keys: ['/p/6=old'], more: false, total: 1, revision: first.revision })
    expect((await keys(storage, '/p/', { after: '/p/2' })).keys).toEqual(['/p/3=old', '/p/4=new', '/p/55=new', '/p/6=old'])
    expect((await keys(storage, '/p/', { limit: 6 })).more, 'a page that is just full').toBe(true)
    expect((await keys(storage, '/p/', { limit: 7 })).more).toBe(false)
  })
  check('every earlier state can be read again', async (storage) => {
    const states = new Map<number, string[]>()
    for (let i = 0; i < 30; i++) {
      const revision = await write(storage, `/p/${(i * 7) % 5}`, i % 4 === 3 ? undefined : `v${i}`).catch(() => 0)
      if (revision) states.set(revision, (await keys(storage, '/p/')).keys)
    }
    for (const [revision, expected] of states) expect(await keys(storage, '/p/', { revision })).toMatchObject({ keys: expected, revision })
  })
  check('a revision in the future is too large', async (storage) => {
    const revision = await write(storage, '/p/x', '1')
    expect(await reasonOf(storage.range('/p/', { revision: revision + 1 }, never))).toBe('ResourceVersionTooLarge')
  })
  check('an aborted call throws', async (storage) => {
    const aborted = AbortSignal.abort()
    await expect(storage.range('/p/', {}, aborted)).rejects.toMatchObject({ name: 'AbortError' })
    await expect(storage.get('/p/', aborted)).rejects.toMatchObject({ name: 'AbortError' })
    await expect(storage.commit('/p/x', bytes('1'), 0, aborted)).rejects.toMatchObject({ name: 'AbortError' })
    expect(await read(storage, '/p/x')).toBeUndefined()
  })
}

function watches(check: Check): void {
  check('every change in order, with what was before', async (storage) => {
    const begin = await storage.revision(never), watched = lines(storage, '/p/', begin, 5)
    for (const [key, text] of [['/p/x', '1'], ['/o/x', 'other'], ['/p/x', '2'], ['/p/y', '3'], ['/p/x', undefined], ['/p/x', '4']] as const) await write(storage, key, text)
    const expected = [`${begin + 1} /p/x -→1`, `${begin + 3} /p/x 1→2`, `${begin + 4} /p/y -→3`, `${begin + 5} /p/x 2→-`, `${begin + 6} /p/x -→4`]
    const seen = await watched
    expect(seen.map(short)).toEqual(expected)
    expect(seen[1]!.before!.revision, 'before carries its own revision').toBe(begin + 1)
    for (let i = 0; i < 5; i++) expect((await lines(storage, '/p/', seen[i]!.revision - 1, 5 - i)).map(short), 'from an old revision').toEqual(expected.slice(i))
  })
  check('joins the past to the present without a gap while writes go on', async (storage) => {
    const begin = await storage.revision(never)
    for (let i = 0; i < 50; i++) await write(storage, `/p/${i % 7}`, `${i}`)
    const writing = (async () => { for (let i = 50; i < 400; i++) await write(storage, `/p/${i % 7}`, `${i}`) })()
    const watchers = await Promise.all([0, 10, 49].map((from) => lines(storage, '/p/', begin + from, 400 - from)))
    await writing
    for (const [index, from] of [0, 10, 49].entries()) expect(watchers[index]!.map(({ revision }) => revision)).toEqual(Array.from({ length: 400 - from }, (_, i) => begin + from + i + 1))
  })
  check('tells how far it has looked when only others change', async (storage) => {
    const begin = await storage.revision(never), stop = new AbortController()
    await write(storage, '/o/x', '1')
    const last = await write(storage, '/o/y', '1')
    let seen = begin
    for await (const batch of storage.watch('/p/', begin, stop.signal)) {
      expect(batch.lines).toEqual([])
      seen = batch.revision
      if (seen === last) stop.abort()
    }
    expect(seen).toBe(last)
  })
  check('from the future it waits, and tells only what is beyond', async (storage) => {
    const begin = await storage.revision(never), watched = lines(storage, '/p/', begin + 2, 1)
    for (let i = 1; i <= 3; i++) await write(storage, '/p/x', `${i}`)
    expect((await watched).map(short)).toEqual([`${begin + 3} /p/x 2→3`])
  })
  check('ends quietly when aborted', async (storage) => {
    const stop = new AbortController(), first = firstOf(storage.watch('/p/', await storage.revision(never), stop.signal))
    setTimeout(() => { stop.abort() }, 5)
    expect(await first).toBeUndefined()
    expect(await firstOf(storage.watch('/p/', 1, AbortSignal.abort()))).toBeUndefined()
  })
}

function compactions(check: Check): void {
  check('forgets the past, keeps the present', async (storage) => {
    const begin = await storage.revision(never)
    for (const [key, text] of [['/p/a', '1'], ['/p/b', '1'], ['/p/a', '2'], ['/p/b', undefined], ['/p/c', '1'], ['/p/a', '3'], ['/p/c', '2']] as const) await write(storage, key, text)
    const at = begin + 5, then = await keys(storage, '/p/', { revision: at })
    await storage.compact(at, never)
    expect(await reasonOf(storage.range('/p/', { revision: at - 1 }, never))).toBe('Expired')
    expect(await keys(storage, '/p/', { revision: at }), 'the revision itself stays').toEqual(then)
    expect((await keys(storage, '/p/', { revision: at + 1 })).keys).toEqual(['/p/a=3', '/p/c=1'])
    expect((await keys(storage, '/p/')).keys).toEqual(['/p/a=3', '/p/c=2'])
    expect(await reasonOf(firstOf(storage.watch('/p/', at - 1, never)))).toBe('Expired')
    expect((await lines(storage, '/p/', at, 2)).map(short)).toEqual([`${begin + 6} /p/a 2→3`, `${begin + 7} /p/c 1→2`])
    expect(await write(storage, '/p/d', '1'), 'the counter goes on').toBe(begin + 8)
  })
  check('to the present, twice, backwards and into the future', async (storage) => {
    await write(storage, '/p/a', '1')
    const revision = await write(storage, '/p/a', undefined)
    await storage.compact(revision, never)
    await storage.compact(revision, never)
    await storage.compact(1, never)
    expect(await reasonOf(storage.compact(revision + 1, never))).toBe('ResourceVersionTooLarge')
    expect(await reasonOf(storage.range('/p/', { revision: revision - 1 }, never))).toBe('Expired')
    expect(await storage.revision(never)).toBe(revision)
    expect(await write(storage, '/p/a', '2')).toBe(revision + 1)
  })
  check('a watch that has seen everything goes on', async (storage) => {
    const revision = await write(storage, '/p/a', '1'), watched = lines(storage, '/p/', revision, 1)
    await storage.compact(revision, never)
    await write(storage, '/p/a', '2')
    expect((await watched).map(short)).toEqual([`${revision + 1} /p/a 1→2`])
  })
  check('a list that was begun before is told so', async (storage) => {
    for (let i = 0; i < 4; i++) await write(storage, `/p/${i}`, 'v')
    const page = await storage.range('/p/', { limit: 2 }, never)
    await write(storage, '/p/9', 'v')
    await storage.compact(page.revision + 1, never)
    await expect(storage.range('/p/', { limit: 2, after: '/p/1', revision: page.revision }, never)).rejects.toSatisfy((error) => isReason(error, 'Expired'))
  })
}
