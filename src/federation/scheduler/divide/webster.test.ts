import { expect, test } from 'vitest'
import { loadCases } from '../../../../test/cases/scheduling/load-cases.ts'
import { Seeded } from '../../../../test/suites/seeded.ts'
import { type NameOrder, nameOrderOf, webster } from './webster.ts'

interface Case { name: string; op: 'seats' | 'dispense'; seats: number; votes: Record<string, number>; initial: Record<string, number>; tie?: string; uid?: string; expect: Record<string, number> }

test.each(loadCases<Case>('webster.json').map((one) => [one.name, one] as const))('%s', (_, { seats, votes, initial, uid = '', expect: expected }) => {
  expect(Object.fromEntries(webster(seats, new Map(Object.entries(votes)), { initial: new Map(Object.entries(initial)), names: nameOrderOf(uid) }))).toEqual(expected)
})

/** The rule itself, seat by seat. */
function seatBySeat(seats: number, votes: ReadonlyMap<string, number>, initial: ReadonlyMap<string, number>, names: NameOrder): Map<string, number> {
  const held = new Map([...votes.keys()].map((name) => [name, initial.get(name) ?? 0])), quotient = (name: string) => votes.get(name)! / (2 * held.get(name)! + 1)
  for (let seat = 0; seat < seats; seat++) {
    const [first] = [...held.keys()].sort((a, b) => quotient(b) - quotient(a) || held.get(a)! - held.get(b)! || (a < b === (names === 'ascending') ? -1 : 1))
    held.set(first!, held.get(first!)! + 1)
  }
  return held
}

test('many seats at once are those that one at a time would give', () => {
  const random = new Seeded()
  for (let round = 0; round < 400; round++) {
    const votes = new Map(Array.from({ length: 1 + random.int(6) }, (_, i) => [`c${i}`, random.chance(0.1) ? 0 : 1 + random.int(random.pick([3, 100, 1_000_000]))] as const))
    const initial = new Map([...votes.keys()].filter(() => random.chance(0.4)).map((name) => [name, random.int(30)])), seats = random.int(150), names = random.pick(['ascending', 'descending'] as const)
    expect({ seed: random.seed, round, held: webster(seats, votes, { initial, names }) }).toEqual({ seed: random.seed, round, held: seatBySeat(seats, votes, initial, names) })
  }
})

test('more seats take none away, and another party never gives anybody more', () => {
  const random = new Seeded()
  for (let round = 0; round < 400; round++) {
    const votes = new Map(Array.from({ length: 1 + random.int(6) }, (_, i) => [`c${i}`, 1 + random.int(20)] as const)), seats = random.int(100), before = webster(seats, votes), more = webster(seats + 1, votes), crowded = webster(seats, new Map([...votes, ['new', 1 + random.int(20)]]))
    const wrong = [...before].filter(([name, held]) => more.get(name)! < held || crowded.get(name)! > held)
    expect({ seed: random.seed, round, wrong }).toEqual({ seed: random.seed, round, wrong: [] })
  }
})

test('a million replicas cost no more than a few', () => {
  const votes = new Map(Array.from({ length: 100 }, (_, i) => [`c${i}`, i + 1]))
  const begin = performance.now(), held = webster(2 ** 31 - 1, votes)
  expect([...held.values()].reduce((sum, count) => sum + count, 0)).toBe(2 ** 31 - 1)
  expect(performance.now() - begin).toBeLessThan(5000)
})
