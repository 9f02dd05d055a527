import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/suites/manual-clock.ts'
import { CorrectionPauses } from './correction-pauses.ts'

test('the first at once, the next after pauses that double up to a minute, and after five quiet minutes at once again', async () => {
  const clock = new ManualClock(0), pauses = new CorrectionPauses(clock), waits: number[] = []
  for (let count = 0; count < 9; count++) {
    expect(pauses.take('a')).toBe(0)
    waits.push(pauses.take('a'))
    await clock.advance(waits.at(-1)!)
  }
  expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
  expect([pauses.take('b'), pauses.take('b')], 'of each template by itself').toEqual([0, 1000])
  await clock.advance(200_000)
  pauses.forgetCalm()
  expect([pauses.take('a'), pauses.take('a')]).toEqual([0, 60_000])
  await clock.advance(300_000)
  pauses.forgetCalm()
  expect([pauses.take('a'), pauses.take('a')]).toEqual([0, 1000])
})
