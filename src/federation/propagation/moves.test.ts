/** Replays Karmada's eviction tasks, and states the rules. */
import { expect, test } from 'vitest'
import { loadCases } from '../../../test/cases/scheduling/load-cases.ts'
import { type Leaving, type OtherTarget, stays } from './moves.ts'

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

const leaving = (more: Partial<Leaving> = {}): Leaving => ({ purgeMode: 'Gracefully', patienceMs: 60_000, serves: true, ...more }), growing = [other('b', { missing: 1 })]

test.each<[string, readonly OtherTarget[], number, Leaving, string | undefined]>([
  ['at once', growing, 0, leaving({ purgeMode: 'Directly' }), undefined],
  ['never', [other('b')], LONG, leaving({ purgeMode: 'Never' }), 'it stays as long as the policy says so (purgeMode Never)'],
  ['gracefully, and others are ready', [other('b')], 0, leaving(), undefined],
  ['gracefully, and others are not', growing, 59_999, leaving({ serves: false }), 'it stays until b can do without it'],
  ['after its grace period what serves nobody', growing, 60_000, leaving({ serves: false }), undefined],
  ['after its grace period the last that serves', growing, 60_000, leaving(), LAST],
  ['after its grace period one of several that serve', [...growing, other('c')], 60_000, leaving(), undefined],
])('a cluster is left: %s', (_name, others, waitedMs, how, why) => expect(stays(others, waitedMs, how)).toBe(why))

interface Task { fromCluster: string; ageSeconds: number | null; gracePeriodSeconds?: number; suppressDeletion?: boolean }
interface EvictCase { name: string; op: string; timeoutSeconds: number; scheduled: boolean; targets: string[]; health: Record<string, 'Healthy'>; tasks: Task[]; expect: { kept: Task[]; done: string[] } }
/** A template that goes nowhere is gone for by its author's wish, and nothing waits: upstream waits until it was scheduled, and then takes the copy. */
const cases = loadCases<EvictCase>('rescheduling.json').filter(({ op, targets, tasks }) => op === 'evict-tasks' && (targets.length > 0 || tasks.some(({ suppressDeletion }) => suppressDeletion)))

test.each(cases.map((one) => [one.name, one] as const))('%s', (_name, { timeoutSeconds, scheduled, targets, health, tasks, expect: { done } }) => {
  const others = targets.map((name) => other(name, { settled: scheduled, health: health[name] })), gone = tasks.filter(({ ageSeconds, gracePeriodSeconds = timeoutSeconds, suppressDeletion }) => stays(others, (ageSeconds ?? 0) * 1000, leaving({ purgeMode: suppressDeletion ? 'Never' : 'Gracefully', patienceMs: gracePeriodSeconds * 1000, serves: false })) === undefined)
  expect(gone.map(({ fromCluster }) => fromCluster)).toEqual(done)
})
