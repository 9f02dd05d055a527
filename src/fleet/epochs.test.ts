import { expect, test, vi } from 'vitest'
import { systemClock } from '../lib/clock.ts'
import { silentLogger } from '../lib/logger.ts'
import { MemoryStorage } from '../machinery/storage/memory-storage.ts'
import { Epochs, nextLedger, renewed } from './epochs.ts'
import { decodePosition, encodeVector } from './position-codec.ts'

type Ledger = ReturnType<typeof nextLedger>
const { signal } = new AbortController(), narrow: Ledger = { epochs: [{ number: 2, slots: [], active: [], minimumDigits: 0, narrow: true }], replicas: 1 }, wide: Ledger = { epochs: [{ number: 2, slots: [], active: [], minimumDigits: 0 }], replicas: 1 }
const after = (...steps: readonly (readonly { id: string }[])[]) => steps.reduce((ledger, sources) => nextLedger(ledger, sources), narrow)
const sources = (many: number) => Array.from({ length: many }, (_, i) => ({ id: `s${i}` })), last = ({ epochs }: Ledger) => epochs.at(-1)!
const seen = (versions: Record<string, number>, times = 0) => new Map(Object.entries(versions).map(([source, version]) => [source, { version, times }]))

test.each([
  ['the same sources begin no epoch', [[{ id: 'a' }, { id: 'b' }], [{ id: 'b' }, { id: 'a' }]], 4, ['a', 'b'], ['a', 'b']],
  ['a join takes a new slot', [[{ id: 'a' }], [{ id: 'a' }, { id: 'b' }]], 6, ['a', 'b'], ['a', 'b']],
  ['who leaves keeps the slot, silent', [[{ id: 'a' }, { id: 'b' }], [{ id: 'b' }]], 6, ['a', 'b'], ['b']],
  ['who comes back has its slot again', [[{ id: 'a' }, { id: 'b' }], [{ id: 'b' }], [{ id: 'a' }, { id: 'b' }]], 8, ['a', 'b'], ['a', 'b']],
  ['another identity is another source', [[{ id: 'a/1' }], [{ id: 'a/2' }]], 6, ['a/1', 'a/2'], ['a/2']],
] as const)('%s', (_, steps, number, slots, active) => {
  const last = after(...steps).epochs.at(-1)!
  expect([last.number, last.slots.map(({ source }) => source), last.active]).toEqual([number, slots, active])
})

test('a set that leaves out a member, or takes one in, begins an epoch, though the members are the same', () => {
  const members = [{ id: 'a' }, { id: 'b' }], first = nextLedger(after(members), members, { marks: ['set prod: a'] }), same = nextLedger(first, members, { marks: ['set prod: a'] }), wider = nextLedger(same, members)
  expect([first, same, wider].map(({ epochs }) => epochs.at(-1)!.number)).toEqual([6, 6, 8])
  expect(wider.epochs.at(-1)!.slots.map(({ source }) => source), 'marks take no slots').toEqual(['a', 'b'])
})

test.each([
  ['five sources are narrow', narrow, [2, 5], true],
  ['a sixth makes it wide', narrow, [5, 6], undefined],
  ['it does not go back when one leaves: slots stay', narrow, [6, 5], undefined],
  ['what was begun wide stays wide, though it is small', wide, [2, 3], undefined],
] as const)('%s', (_, begin, steps, isNarrow) => {
  expect(last(steps.reduce<Ledger>((ledger, many) => nextLedger(ledger, sources(many)), begin)).narrow).toBe(isNarrow)
})

test('a source with large resourceVersions gets a base, with room below for those who are behind', () => {
  const ledger = nextLedger(narrow, sources(5), { reached: seen({ s0: 5, s1: 10_000_000 }) })
  expect(last(ledger).slots.slice(0, 2)).toEqual([{ source: 's0', base: 0 }, { source: 's1', base: 9_750_000 }])
})

test('bases are renewed before a component outgrows its width, and by nobody twice', () => {
  const ledger = nextLedger(narrow, sources(5)), reached = (version: number) => seen({ s0: 3, s1: version })
  expect(renewed(ledger, reached(749_999))).toBe(ledger)
  const next = renewed(ledger, reached(750_000))
  expect([last(next).number, last(next).active, last(next).slots.map(({ base }) => base)]).toEqual([last(ledger).number + 2, last(ledger).active, [0, 500_000, 0, 0, 0]])
  expect(renewed(next, reached(750_000))).toBe(next)
})

test('a source that was set back begins one epoch with a base of its own, however many notice; who only lags begins none', () => {
  const far = renewed(nextLedger(narrow, sources(5)), seen({ s1: 9_000_000 })), lag = seen({ s1: 400_000 })
  expect(renewed(far, lag)).toBe(far)
  const next = renewed(far, lag, lag)
  expect([far, next].map((ledger) => last(ledger).slots[1])).toEqual([{ source: 's1', base: 8_750_000 }, { source: 's1', base: 1, timesSetBack: 1 }])
  expect(last(next).number).toBe(last(far).number + 2)
  expect(renewed(next, lag, seen({ s1: 399_000 })), 'another kind, or another replica, tells the same restore').toBe(next)
  expect(renewed(next, seen({ s1: 9_000_000 })), 'what was seen before counts no more').toBe(next)
  expect(last(renewed(next, lag, seen({ s1: 300_000 }, 1))).slots[1], 'a second one').toEqual({ source: 's1', base: 1, timesSetBack: 2 })
  expect(last(renewed(far, lag, seen({ s1: 8_000_000 }, 3))).slots[1], 'where the store lost count').toEqual({ source: 's1', base: 7_750_000, timesSetBack: 4 })
})

test('replicas that both find a source set back begin one epoch, and know of earlier epochs that its versions count no more', async () => {
  const storage = new MemoryStorage(), [one, two] = [await Epochs.open(storage, signal), await Epochs.open(storage, signal)], stop = new AbortController(), following = [one, two].map((epochs) => epochs.follow({ clock: systemClock, logger: silentLogger }, stop.signal))
  await one.use(sources(5), signal)
  for (const epochs of [one, two]) await epochs.roomFor(new Map([['s1', 9_000_000]]), signal)
  await vi.waitFor(() => { expect([one, two].map(({ current }) => current.bases[1])).toEqual([8_750_000, 8_750_000]) })
  const before = one.current.number
  one.setBack('s1', 400_000, 0)
  two.setBack('s1', 400_010, 0)
  await vi.waitFor(() => { expect([one, two].map((epochs) => epochs.timesSetBack('s1'))).toEqual([1, 1]) })
  two.reached('s0', 5)
  two.reached('s1', 9_000_001, 0)
  await two.use(sources(5), signal)
  expect([two.current.number, two.current.bases[1], two.current.setBack, two.known.get(before)!.setBack]).toEqual([before + 2, 1, [], [1]])
  const position = encodeVector(one.known.get(before)!, [0, 8_900_000, 7]), decoded = decodePosition(position, two.known)
  expect(decoded).toEqual({ form: 'vector', epoch: before, components: [0, 1, 7, 0, 0], vague: [], outdated: [1] })
  stop.abort()
  await Promise.all(following)
})

test('a join that leaves less width for each renews bases with it', () => {
  const ledger = nextLedger(narrow, sources(3)), next = nextLedger(ledger, sources(5), { reached: seen({ s0: 900_000_000 }) })
  expect([last(ledger), last(next)].map(({ slots }) => slots[0]!.base)).toEqual([0, 899_750_000])
})

test('the ledger survives a restart, replicas share it, and each start is another replica', async () => {
  const storage = new MemoryStorage(), one = await Epochs.open(storage, signal), two = await Epochs.open(storage, signal)
  await one.use([{ id: 'a' }], signal)
  await two.use([{ id: 'a' }, { id: 'b' }], signal)
  const three = await Epochs.open(storage, signal)
  expect(three.current).toEqual(two.current)
  expect([one.replica, two.replica, three.replica]).toEqual([1, 2, 3])
  expect([...three.known.keys()]).toEqual([1, 2, 3, 4, 5, 6])
})

test('whoever sees a source outgrow its component begins the next epoch, and whoever waits for it goes on in it', async () => {
  const storage = new FailingOnce(), epochs = await Epochs.open(storage, signal), stop = new AbortController(), following = epochs.follow({ clock: systemClock, logger: silentLogger }, stop.signal)
  await epochs.use(sources(5), signal)
  const before = epochs.current.number, room = await epochs.roomFor(new Map([['s1', 2_000_000]]), signal)
  expect([room.number, room.bases[1], epochs.current.number]).toEqual([before + 2, 1_750_000, before + 2])
  storage.fails = true
  expect((await epochs.roomFor(new Map([['s1', 9_000_000]]), signal)).number, 'nobody is held up by a store that cannot be written').toBe(before + 2)
  await vi.waitFor(() => { expect(epochs.current.bases[1]).toBe(8_750_000) }, 5000)
  stop.abort()
  await following
})

test('what another replica decides is followed', async () => {
  const storage = new MemoryStorage(), one = await Epochs.open(storage, signal), two = await Epochs.open(storage, signal), stop = new AbortController()
  const changed = new Promise<void>((resolve) => { two.onChange(resolve) }), following = two.follow({ clock: systemClock, logger: silentLogger }, stop.signal)
  await one.use([{ id: 'a' }], signal)
  await changed
  expect(two.current.active).toEqual(['a'])
  stop.abort()
  await following
})

class FailingOnce extends MemoryStorage {
  fails = false
  override commit(...of: Parameters<MemoryStorage['commit']>): ReturnType<MemoryStorage['commit']> {
    if (!this.fails) return super.commit(...of)
    this.fails = false
    return Promise.reject(new Error('the store cannot be written'))
  }
}
