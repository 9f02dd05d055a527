import { expect, test } from 'vitest'
import { Seeded } from '../../../test/suites/seeded.ts'
import { age, ageStart } from './age.ts'

const S = 1000, M = 60 * S, H = 60 * M, D = 24 * H

test.each([
  [-5 * S, '<invalid>'], [-1 * S, '0s'], [0, '0s'], [999, '0s'], [119 * S, '119s'], [120 * S, '2m'], [125 * S, '2m5s'], [599 * S, '9m59s'], [10 * M + 5 * S, '10m'], [179 * M, '179m'],
  [180 * M, '3h'], [200 * M, '3h20m'], [8 * H + 5 * M, '8h'], [47 * H, '47h'], [48 * H, '2d'], [50 * H, '2d2h'], [8 * D, '8d'], [700 * D, '700d'], [730 * D, '2y'], [731 * D, '2y1d'], [8 * 365 * D, '8y'],
])('%i ms is %s', (ms, text) => {
  expect(age(ms)).toBe(text)
})

test('all durations from the start of one have its text', () => {
  const random = new Seeded(), starts = new Set<number>()
  for (let round = 0; round < 20_000; round++) {
    const ms = Math.round(10 ** (1 + random.next() * 11)) * (random.chance(0.1) ? -1 : 1), start = ageStart(ms)
    expect(age(start), `SEED=${random.seed}: ${ms}`).toBe(age(ms))
    starts.add(start)
  }
  expect(starts.size).toBeLessThan(10_000)
  expect(ageStart(Number.NaN)).toBeNaN()
})
