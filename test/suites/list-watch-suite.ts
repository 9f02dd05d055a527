/** What every ListerWatcher must do: storage readers, caches, members and merged views. Each implementation's test runs it. */
import { describe, expect, test } from 'vitest'
import type { Batch, Change, Entry, KubeObject, ListQuery, ListerWatcher, Page, Position, Selector, WatchQuery } from '../../src/machinery/meta/core.ts'
import { comparePositions, isPosition } from '../../src/machinery/meta/position.ts'
import { isReason } from '../../src/machinery/meta/status-error.ts'
import { Seeded } from './seeded.ts'

/** A reader of a namespaced kind, empty at first, and a way to change what it reads. */
export interface ListWatchBed {
  readonly reader: ListerWatcher
  /** Creates, replaces or (undefined) deletes `namespace/name`; answers once the reader shows it. */
  write(key: string, object: KubeObject | undefined): Promise<void>
  /** Makes the reader forget everything before its present position. Absent: it never does. */
  forget?(): Promise<void>
  close(): Promise<void>
}

export function listWatchSuite(name: string, make: () => Promise<ListWatchBed>): void {
  const check: Check = (title, run) => {
    test.for([title])('%s', async () => {
      expect.hasAssertions()
      const bed = await make()
      try {
        await run(bed)
      } finally {
        await bed.close()
      }
    })
  }
  describe(`${name} is a ListerWatcher`, () => {
    describe('list', () => { lists(check) })
    describe('watch', () => { watches(check) })
    describe('a random history', () => { histories(check) })
  })
}

type Check = (title: string, run: (bed: ListWatchBed) => Promise<void>) => void

const never = new AbortController().signal
const thing = (key: string, text: string, labels: Record<string, string> = {}): KubeObject => ({ metadata: { namespace: key.split('/')[0]!, name: key.split('/')[1]!, labels }, spec: { text } })
const textOf = (entry: Entry) => `${entry.key}=${(entry.parse()['spec'] as { text: string }).text}`
const put = (bed: ListWatchBed, key: string, text: string, labels?: Record<string, string>) => bed.write(key, thing(key, text, labels))
const labelled = (name: string, value: string): Selector => ({ matches: (entry) => entry.labels()[name] === value, labels: `${name}=${value}` })
const textsOf = (page: Page) => Array.from(page.entries, textOf)
const listed = async (bed: ListWatchBed, query: ListQuery = {}) => textsOf(await bed.reader.list(query, never))
const told = (change: Change) => (change.type === 'BOOKMARK' ? (change.initial ? 'INITIAL' : '') : `${change.type} ${textOf(change.entry)}`)

/** Starts watching at once; `until` answers what was told, bookmarks left out, when that many changes have come. */
function follow(bed: ListWatchBed, query: WatchQuery) {
  const stop = new AbortController(), seen: Change[] = []
  let wake = () => {}
  const done = (async () => {
    for await (const batch of bed.reader.watch(query, stop.signal)) {
      seen.push(...batch)
      wake()
    }
  })()
  const texts = () => seen.map(told).filter((text) => text !== '')
  return {
    seen,
    async until(count: number) {
      const failed = done.then(() => true)
      while (texts().length < count) if (await Promise.race([failed, new Promise<void>((resolve) => { wake = resolve })])) break
      return texts()
    },
    async stop() {
      stop.abort()
      await done
    },
  }
}
/** What a watch tells at first: `count` changes. */
async function first(bed: ListWatchBed, query: WatchQuery, count: number) {
  const watch = follow(bed, query), texts = await watch.until(count)
  await watch.stop()
  return texts.slice(0, count)
}

function lists(check: Check): void {
  check('in key order, of a namespace, of a name, of a selection', async (bed) => {
    expect(await listed(bed)).toEqual([])
    for (const [key, label] of [['b/1', 'x'], ['a-b/1', 'y'], ['a/2', 'x'], ['a/10', 'y'], ['a/1', 'x']] as const) await put(bed, key, label, { l: label })
    expect(await listed(bed)).toEqual(['a-b/1=y', 'a/1=x', 'a/10=y', 'a/2=x', 'b/1=x'])
    expect(await listed(bed, { namespace: 'a' })).toEqual(['a/1=x', 'a/10=y', 'a/2=x'])
    expect(await listed(bed, { namespace: 'none' })).toEqual([])
    expect(await listed(bed, { name: '1' })).toEqual(['a-b/1=y', 'a/1=x', 'b/1=x'])
    expect(await listed(bed, { namespace: 'a', name: '10' })).toEqual(['a/10=y'])
    expect(await listed(bed, { namespace: 'a', name: '0' })).toEqual([])
    expect(await listed(bed, { where: labelled('l', 'x') })).toEqual(['a/1=x', 'a/2=x', 'b/1=x'])
    expect(await listed(bed, { namespace: 'a', where: labelled('l', 'x'), name: '2' })).toEqual(['a/2=x'])
    expect(await listed(bed, { namespace: 'a', where: labelled('l', 'x'), name: '10' })).toEqual([])
  })
  check('entries say who they are and where they stand', async (bed) => {
    await put(bed, 'a/1', 'x', { l: 'x' })
    await put(bed, 'a/2', 'x')
    const page = await bed.reader.list({}, never)
    expect(isPosition(page.position)).toBe(true)
    for (const entry of page.entries) {
      const object = entry.parse()
      expect(entry.key).toBe(`${object.metadata.namespace}/${object.metadata.name}`)
      expect(object).not.toHaveProperty('kind')
      expect(object).not.toHaveProperty('apiVersion')
      expect(object.metadata.resourceVersion).toBe(entry.position)
      expect(isPosition(entry.position)).toBe(true)
      expect(comparePositions(entry.position, page.position)).toBeLessThanOrEqual(0)
      expect(entry.labels()).toEqual(object.metadata.labels ?? {})
    }
  })
  check('a page is walked as often as one likes, and stays what it was', async (bed) => {
    for (let i = 0; i < 5; i++) await put(bed, `a/${i}`, 'old')
    const page = await bed.reader.list({}, never), expected = [0, 1, 2, 3, 4].map((i) => `a/${i}=old`), walk = page.entries[Symbol.iterator]()
    const begun = [textOf(walk.next().value as Entry)]
    await put(bed, 'a/3', 'new')
    await bed.write('a/4', undefined)
    for (let next = walk.next(); !next.done; next = walk.next()) begun.push(textOf(next.value))
    expect([begun, textsOf(page), textsOf(page)]).toEqual([expected, expected, expected])
  })
  check('pages of one snapshot, with what remains where nothing selects', async (bed) => {
    for (let i = 0; i < 7; i++) await put(bed, `a/${i}`, 'old', { l: i % 2 ? 'odd' : 'even' })
    await put(bed, 'b/0', 'old', { l: 'even' })
    const page = await bed.reader.list({ limit: 3 }, never)
    expect([textsOf(page), page.next]).toEqual([['a/0=old', 'a/1=old', 'a/2=old'], { after: 'a/2', remaining: 5 }])
    await put(bed, 'a/4', 'new')
    await bed.write('a/3', undefined)
    await put(bed, 'a/45', 'new')
    const at = { position: page.position, match: 'exact' } as const, second = await bed.reader.list({ limit: 3, after: 'a/2', at }, never)
    expect([textsOf(second), second.next, second.position]).toEqual([['a/3=old', 'a/4=old', 'a/5=old'], { after: 'a/5', remaining: 2 }, page.position])
    const third = await bed.reader.list({ limit: 3, after: 'a/5', at }, never)
    expect([textsOf(third), third.next, third.position]).toEqual([['a/6=old', 'b/0=old'], undefined, page.position])
    expect(await listed(bed, { after: 'a/2' })).toEqual(['a/4=new', 'a/45=new', 'a/5=old', 'a/6=old', 'b/0=old'])
    const inNamespace = await bed.reader.list({ namespace: 'a', limit: 2, after: 'a/2', at }, never)
    expect([textsOf(inNamespace), inNamespace.next]).toEqual([['a/3=old', 'a/4=old'], { after: 'a/4', remaining: 2 }])
    const odd = await bed.reader.list({ where: labelled('l', 'odd'), limit: 2, at }, never)
    expect([textsOf(odd), odd.next]).toEqual([['a/1=old', 'a/3=old'], { after: 'a/3' }])
    expect(textsOf(await bed.reader.list({ where: labelled('l', 'odd'), limit: 2, at, after: 'a/3' }, never))).toEqual(['a/5=old'])
    expect((await bed.reader.list({ limit: 8, at }, never)).next, 'just full').toBeUndefined()
  })
  check('not older than a position that it told', async (bed) => {
    await put(bed, 'a/1', 'x')
    const { position } = await bed.reader.list({}, never)
    expect(await listed(bed, { at: { position, match: 'notOlder' } })).toEqual(['a/1=x'])
  })
  check('an aborted list throws', async (bed) => {
    await expect(bed.reader.list({}, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
  })
  check('a forgotten position is Expired, the present one is not', async (bed) => {
    await put(bed, 'a/1', 'x')
    const { position } = await bed.reader.list({}, never)
    await put(bed, 'a/1', 'y')
    await bed.forget?.()
    if (bed.forget) await expect(bed.reader.list({ at: { position, match: 'exact' } }, never)).rejects.toSatisfy((error) => isReason(error, 'Expired'))
    expect(await listed(bed, { at: { position: (await bed.reader.list({}, never)).position, match: 'exact' } })).toEqual(['a/1=y'])
  })
}

function watches(check: Check): void {
  check('goes on where a list was', async (bed) => {
    await put(bed, 'a/1', 'before')
    const { position } = await bed.reader.list({}, never), watch = follow(bed, { at: { position, match: 'notOlder' } })
    await put(bed, 'a/1', 'x')
    await put(bed, 'b/1', 'y')
    await bed.write('a/1', undefined)
    await put(bed, 'a/1', 'again')
    expect(await watch.until(4)).toEqual(['MODIFIED a/1=x', 'ADDED b/1=y', 'DELETED a/1=x', 'ADDED a/1=again'])
    await watch.stop()
    let last = position
    for (const change of watch.seen) {
      expect(comparePositions(change.position, last), 'positions go up').toBeGreaterThanOrEqual(change.type === 'BOOKMARK' ? 0 : 1)
      last = change.position
    }
  })
  check('the initial state, a bookmark, and what follows', async (bed) => {
    for (let i = 0; i < 1100; i++) if (i % 100 === 0) await put(bed, `a/${String(i).padStart(4, '0')}`, 'x')
    const watch = follow(bed, { initial: true }), state = await watch.until(12)
    expect(state).toEqual([...Array.from({ length: 11 }, (_, i) => `ADDED a/${String(i * 100).padStart(4, '0')}=x`), 'INITIAL'])
    await put(bed, 'a/new', 'y')
    expect((await watch.until(13)).at(-1)).toBe('ADDED a/new=y')
    await watch.stop()
    for (const change of watch.seen.slice(0, 11)) expect(change.type === 'ADDED' && change.position).toBe(change.type === 'ADDED' && change.entry.position)
    const bookmark = watch.seen[11]!
    expect(await first(bed, { at: { position: bookmark.position, match: 'notOlder' } }, 1)).toEqual(['ADDED a/new=y'])
  })
  check('nothing at first, and the initial state is complete', async (bed) => {
    expect(await first(bed, { initial: true }, 1)).toEqual(['INITIAL'])
    expect(await first(bed, { initial: true, namespace: 'none' }, 1)).toEqual(['INITIAL'])
  })
  check('without a position: from now on', async (bed) => {
    await put(bed, 'a/1', 'before')
    const watch = follow(bed, {})
    await new Promise((resolve) => { setTimeout(resolve, 20) })
    await put(bed, 'a/2', 'x')
    expect(await watch.until(1)).toEqual(['ADDED a/2=x'])
    await watch.stop()
  })
  check('moving into a selection is ADDED, out of it DELETED with the old object and the new position', async (bed) => {
    const { position } = await bed.reader.list({}, never), at = { position, match: 'notOlder' } as const
    await put(bed, 'a/1', '1', { l: 'out' })
    await put(bed, 'a/1', '2', { l: 'in' })
    await put(bed, 'a/1', '3', { l: 'in' })
    await put(bed, 'b/1', '3', { l: 'in' })
    await put(bed, 'a/1', '4', { l: 'out' })
    const left = (await bed.reader.list({}, never)).position
    await put(bed, 'a/1', '5', { l: 'out' })
    await bed.write('a/1', undefined)
    await put(bed, 'a/1', '6', { l: 'in' })
    await bed.write('a/1', undefined)
    const watch = follow(bed, { at, namespace: 'a', where: labelled('l', 'in') })
    expect(await watch.until(5)).toEqual(['ADDED a/1=2', 'MODIFIED a/1=3', 'DELETED a/1=3', 'ADDED a/1=6', 'DELETED a/1=6'])
    await watch.stop()
    expect(watch.seen.find(({ type }) => type === 'DELETED')!.position).toBe(left)
    expect(await first(bed, { at, namespace: 'b' }, 1)).toEqual(['ADDED b/1=3'])
    expect(await first(bed, { at, name: '1', where: labelled('l', 'out') }, 5)).toEqual(['ADDED a/1=1', 'DELETED a/1=1', 'ADDED a/1=4', 'MODIFIED a/1=5', 'DELETED a/1=5'])
  })
  check('ends quietly when aborted', async (bed) => {
    const watch = follow(bed, {})
    await watch.stop()
    const batches: Batch[] = []
    for await (const batch of bed.reader.watch({ initial: true }, AbortSignal.abort())) batches.push(batch)
    expect(batches).toEqual([])
  })
  check('a forgotten position is Expired', async (bed) => {
    await put(bed, 'a/1', 'x')
    const { position } = await bed.reader.list({}, never)
    await put(bed, 'a/1', 'y')
    await bed.forget?.()
    if (bed.forget) await expect(first(bed, { at: { position, match: 'notOlder' } }, 1)).rejects.toSatisfy((error) => isReason(error, 'Expired'))
    expect(await first(bed, { initial: true }, 2)).toEqual(['ADDED a/1=y', 'INITIAL'])
  })
}

function histories(check: Check): void {
  check('every watcher sees exactly what came after its position, in order; every state can be listed again', async (bed) => {
    const random = new Seeded(), state = new Map<string, string>(), changes: { text: string; position: Position }[] = [], states = new Map<Position, string[]>(), early = follow(bed, { initial: true })
    const present = () => [...state].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, text]) => `${key}=${text}`)
    await early.until(1)
    const start = (await bed.reader.list({}, never)).position
    states.set(start, [])
    for (let step = 0; step < 80; step++) {
      const key = `${random.pick(['a', 'b'])}/${random.int(6)}`, old = state.get(key), isDeleted = old !== undefined && random.chance(0.3)
      if (isDeleted) state.delete(key)
      else state.set(key, `${step}`)
      await (isDeleted ? bed.write(key, undefined) : put(bed, key, `${step}`))
      const { position } = await bed.reader.list({ limit: 1 }, never)
      changes.push({ text: isDeleted ? `DELETED ${key}=${old}` : `${old === undefined ? 'ADDED' : 'MODIFIED'} ${key}=${step}`, position })
      states.set(position, present())
    }
    const live = (await early.until(81)).slice(1)
    expect(live, `SEED=${random.seed}`).toEqual(changes.map(({ text }) => text))
    await early.stop()
    for (const at of [0, 1, random.int(80), random.int(80), 79]) {
      const position = at === 0 ? start : changes[at - 1]!.position, expected = changes.slice(at).map(({ text }) => text)
      expect(await first(bed, { at: { position, match: 'notOlder' } }, expected.length), `SEED=${random.seed} from ${position}`).toEqual(expected)
    }
    for (const [position, expected] of states) expect(await listed(bed, { at: { position, match: 'exact' } }), `SEED=${random.seed} at ${position}`).toEqual(expected)
  })
}
