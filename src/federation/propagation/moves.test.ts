import { expect, test } from 'vitest'
import { type OtherTarget, stays } from './moves.ts'

const other = (cluster: string, more: Partial<OtherTarget> = {}): OtherTarget => ({ cluster, reachable: true, settled: true, health: 'Healthy', missing: 0, ...more })
const LONG = 600_000, LAST = 'it is the last copy that works'

test.each<[string, readonly OtherTarget[], number, string | undefined]>([
  ['the others are ready', [other('b'), other('c')], 0, undefined],
  ['there are no others: it goes nowhere', [], 0, undefined],
  ['a kind that has no health counts by being there', [other('b', { health: 'Unknown' })], 0, undefined],
  ['another copy is not made yet', [other('b', { settled: false, health: undefined })], 0, 'it stays until b can do without it'],
  ['the decision has not been carried out there', [other('b', { settled: false }), other('c')], 0, 'it stays until b can do without it'],
  ['replicas are missing there', [other('b', { missing: 1 }), other('c')], 0, 'it stays until b can do without it'],
  ['it does not work there', [other('b', { health: 'Unhealthy' }), other('c')], 0, 'it stays until b can do without it'],
  ['several are waited for', ['b', 'c', 'd', 'e', 'f'].map((name) => other(name, { missing: 1 })), 0, 'it stays until b, c, d and 2 more can do without it'],
  ['one that cannot be reached is not waited for', [other('b', { reachable: false, settled: false }), other('c')], 0, undefined],
  ['patience ends where another one works', [other('b', { health: 'Unhealthy' }), other('c')], LONG, undefined],
  ['and does not where none does', [other('b', { health: 'Unhealthy' }), other('c', { settled: false, health: undefined })], LONG, LAST],
  ['what cannot be reached is not known to work', [other('b', { reachable: false })], 0, LAST],
])('%s', (_name, others, waitedMs, why) => expect(stays(others, waitedMs)).toBe(why))
