/**
 * Random faults, random edits, 20 members: whatever happened, once everything works again the fleet is as its templates say, nothing of others was touched, and all is quiet.
 * A seed that fails is printed with what happened: `SEED=n npm run test:simulation` repeats it, `SIMULATION_SEEDS=200` runs so many.
 */
import { describe, expect, test } from 'vitest'
import { simulate } from './simulate.ts'

const { SEED, SIMULATION_SEEDS = '30' } = process.env
const seeds = SEED === undefined ? Array.from({ length: Number(SIMULATION_SEEDS) }, (_, at) => at + 1) : [Number(SEED)]

describe('20 members, random faults, random edits', () => {
  test.each(seeds)('seed %i', async (seed) => {
    const { wrong, happened } = await simulate(seed)
    expect(wrong, `SEED=${seed}\n${happened.join('\n')}`).toEqual([])
  })
})
