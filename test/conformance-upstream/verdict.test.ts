import { expect, test } from 'vitest'
import type { Run } from './specs.ts'
import { checkExemptions, judge, tally } from './verdict.ts'

const spec = (name: string, sig = 'apps') => ({ name, sig, serial: false })
const run = (outcome: Run['outcome'], message = ''): Run => ({ outcome, message, seconds: 1 })
const EXEMPT = [{ reason: 'names of pods carry their cluster', specs: ['exempt'] }]

const CASES: Record<string, { name?: string; member?: Run; fleet?: Run; is: ReturnType<typeof judge> }> = {
  'what passes passes': { member: run('passed'), fleet: run('passed'), is: { verdict: 'passed' } },
  'what fails on the fleet alone has failed': { member: run('passed'), fleet: run('failed', 'a\nb'), is: { verdict: 'failed', reason: 'a' } },
  'without a baseline a failure is one': { fleet: run('failed', 'a'), is: { verdict: 'failed', reason: 'a' } },
  'what no member can do does not apply': { member: run('failed', 'no container runs'), is: { verdict: 'not applicable', reason: 'does not pass on a bare member of the test bed: no container runs' } },
  'what skips itself does not apply': { member: run('passed'), fleet: run('skipped', 'needs a node'), is: { verdict: 'not applicable', reason: 'needs a node' } },
  'what is exempt does not apply': { name: 'exempt', member: run('passed'), fleet: run('failed', 'x'), is: { verdict: 'not applicable', reason: EXEMPT[0]!.reason } },
  'what is exempt and passes is told': { name: 'exempt', member: run('passed'), fleet: run('passed'), is: { verdict: 'wrongly exempt', reason: EXEMPT[0]!.reason } },
  'what did not run says so': { member: run('passed'), is: { verdict: 'not run' } },
}
test.each(Object.entries(CASES))('%s', (_, { name = 'any', member, fleet, is }) => {
  expect(judge({ spec: spec(name), ...(member && { member }), ...(fleet && { fleet }) }, EXEMPT)).toEqual(is)
})

test('an exemption names specs that exist, once', () => {
  expect(checkExemptions([{ reason: 'a', specs: ['one', 'gone'] }, { reason: 'b', specs: ['one'] }], new Set(['one']))).toEqual(['no such spec: gone', 'listed twice: one'])
})

test('the table has a row per group and their sum', () => {
  const judged = [
    { outcome: { spec: spec('a'), member: run('passed'), fleet: run('passed') }, verdict: { verdict: 'passed' } as const },
    { outcome: { spec: spec('b', 'cli'), member: run('passed'), fleet: run('failed') }, verdict: { verdict: 'failed', reason: 'x' } as const },
    { outcome: { spec: spec('c', 'cli'), member: run('failed'), fleet: run('failed') }, verdict: { verdict: 'not applicable', reason: 'x' } as const },
  ]
  expect(tally(judged).slice(1)).toEqual([['apps', '1', '1', '1', '0', '0'], ['cli', '2', '1', '0', '1', '1'], ['all', '3', '2', '1', '1', '1']])
})
