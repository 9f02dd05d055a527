import { expect, test } from 'vitest'
import { systemClock } from '../lib/clock.ts'
import { silentLogger } from '../lib/logger.ts'
import { MemoryStorage } from '../machinery/storage/memory-storage.ts'
import { Epochs, nextLedger } from './epochs.ts'

const { signal } = new AbortController(), first = { epochs: [{ number: 2, slots: [], active: [], minimumDigits: 0 }], replicas: 1 }
const after = (...steps: readonly (readonly { id: string; version?: number }[])[]) => steps.reduce((ledger, sources) => nextLedger(ledger, sources), first as ReturnType<typeof nextLedger>)

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
  const members = [{ id: 'a' }, { id: 'b' }], first = nextLedger(after(members), members, ['set prod: a']), same = nextLedger(first, members, ['set prod: a']), wider = nextLedger(same, members, [])
  expect([first, same, wider].map(({ epochs }) => epochs.at(-1)!.number)).toEqual([6, 6, 8])
  expect(wider.epochs.at(-1)!.slots.map(({ source }) => source), 'marks take no slots').toEqual(['a', 'b'])
})

test('a source with large resourceVersions gets a base', () => {
  expect(after([{ id: 'a', version: 5 }, { id: 'b', version: 10 ** 13 }]).epochs.at(-1)!.slots).toEqual([{ source: 'a', base: 0 }, { source: 'b', base: 10 ** 13 - 1 }])
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

test('what another replica decides is followed', async () => {
  const storage = new MemoryStorage(), one = await Epochs.open(storage, signal), two = await Epochs.open(storage, signal), stop = new AbortController()
  const changed = new Promise<void>((resolve) => { two.onChange(resolve) }), following = two.follow({ clock: systemClock, logger: silentLogger }, stop.signal)
  await one.use([{ id: 'a' }], signal)
  await changed
  expect(two.current.active).toEqual(['a'])
  stop.abort()
  await following
})
