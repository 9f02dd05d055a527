import { describe, expect, test } from 'vitest'
import type { RolloutWave } from '../../apis/policy.federation/v1alpha1/rollout.ts'
import type { RolloutStatus } from '../../apis/types.federation/v1alpha1/rollout-status.ts'
import type { CopyRecord } from '../propagation/copy-decision.ts'
import { rollout, type RolloutTarget } from './rollout.ts'
import { problemOf } from './rollout-controller.ts'

const NOW = Date.UTC(2030, 0, 1), ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString().replace('.000Z', 'Z')
const named = (...clusterNames: string[]): RolloutWave => ({ clusterAffinity: { clusterNames } })
const canary: readonly RolloutWave[] = [named('a'), { ...named('b', 'c', 'd'), maxUnavailable: 1 }]

interface Given {
  readonly waves?: readonly RolloutWave[]
  /** Clusters that were given the change, and so many seconds ago. */
  readonly given?: Readonly<Record<string, number>>
  /** Those of the given ones that are not healthy with it. */
  readonly sick?: readonly string[]
  readonly failed?: readonly string[]
  readonly away?: readonly string[]
  readonly targets?: readonly string[]
  readonly healthy?: RolloutStatus['healthy']
}

function decide({ waves = canary, given = {}, sick = [], failed = [], away = [], targets = ['a', 'b', 'c', 'd', 'e'], healthy }: Given) {
  const status: RolloutStatus = { generation: 4, revisions: [{ generation: 3, template: {} }], clusters: Object.entries(given).map(([name, seconds]) => ({ name, generation: 4, since: ago(seconds) })), ...(healthy && { healthy }) }
  const states = targets.map((name): RolloutTarget => ({ cluster: { metadata: { name }, spec: { syncMode: 'Push' } }, reachable: !away.includes(name), problem: sick.includes(name) || failed.includes(name) ? 'Unhealthy' : undefined, failed: failed.includes(name) }))
  return { ...rollout({ waves, status, targets: states, now: NOW }), before: status }
}
const given = ({ rollout: next }: ReturnType<typeof decide>) => next?.clusters?.filter(({ generation }) => generation === 4).map(({ name }) => name).join('')

describe('who is given the change', () => {
  test.each<[string, Given, string | undefined, string]>([
    ['the first wave, at first', {}, 'a', 'WaveInProgress'],
    ['nobody else while it changes', { given: { a: 5 }, sick: ['a'] }, 'a', 'WaveInProgress'],
    ['nobody else while it is not healthy, however long', { given: { a: 900 }, sick: ['a'] }, 'a', 'WaveStopped'],
    ['nobody else where it failed', { given: { a: 1 }, failed: ['a'] }, 'a', 'WaveStopped'],
    ['the second wave, as many at a time as may be changing', { given: { a: 60 } }, 'ab', 'WaveInProgress'],
    ['the next of it once one is healthy', { given: { a: 60, b: 30 } }, 'abc', 'WaveInProgress'],
    ['not the next of it while one is not', { given: { a: 60, b: 30 }, sick: ['b'] }, 'ab', 'WaveInProgress'],
    ['two of three at a time, of which one is not healthy', { waves: [{ ...named('a', 'b', 'c'), maxUnavailable: 2 }], given: { a: 90 }, sick: ['a'] }, 'ab', 'WaveInProgress'],
    ['nobody while one of an earlier wave fell ill', { given: { a: 200, b: 150, c: 90 }, sick: ['a'] }, 'abc', 'WaveStopped'],
    ['clusters in no wave come last, all at once', { targets: ['a', 'e', 'f'], given: { a: 60 } }, 'aef', 'WaveInProgress'],
    ['not those that cannot be reached', { given: { a: 60 }, away: ['b'] }, 'ac', 'WaveInProgress'],
    ['and their wave waits for them', { given: { a: 60, c: 30, d: 30 }, away: ['b'] }, 'acd', 'WaveStopped'],
    ['a wave without clusters is passed', { waves: [named('z'), named('b')], targets: ['b', 'c'] }, 'b', 'WaveInProgress'],
    ['a wave of all that are left', { waves: [named('a'), {}], given: { a: 60 }, targets: ['a', 'b', 'c'] }, 'abc', 'WaveInProgress'],
    ['everybody once it is complete', { given: { a: 9, b: 8, c: 7, d: 6, e: 5 } }, undefined, 'Complete'],
    ['not complete while the last is not healthy', { given: { a: 9, b: 8, c: 7, d: 6, e: 5 }, sick: ['e'] }, 'abcde', 'WaveInProgress'],
    ['everybody where no wave is ordered and nobody waits', { waves: [], targets: [] }, undefined, 'Complete'],
  ])('%s', (_, input, expected, reason) => {
    const decided = decide(input)
    expect([given(decided), decided.reason]).toEqual([expected, reason])
  })

  test('nothing is stored where nothing changed', () => {
    const { rollout: next, before } = decide({ given: { a: 5 }, sick: ['a'] })
    expect(next).toBe(before)
  })
})

describe('a pause', () => {
  const waves = [{ ...named('a'), pauseSeconds: 300 }, named('b')], targets = ['a', 'b']
  test('begins when the wave is healthy', () => {
    expect(decide({ waves, targets, given: { a: 60 } })).toMatchObject({ reason: 'WavePaused', rollout: { healthy: { wave: 1, since: ago(0) } }, againMs: 300_000, message: 'wave 1 of 2 is healthy; the next one begins 2030-01-01T00:05:00Z' })
  })
  test('goes on from where it was', () => { expect(decide({ waves, targets, given: { a: 600 }, healthy: { wave: 1, since: ago(200) } })).toMatchObject({ reason: 'WavePaused', againMs: 100_000 }) })
  test('ends', () => {
    const { rollout: next, ...decided } = decide({ waves, targets, given: { a: 600 }, healthy: { wave: 1, since: ago(300) } })
    expect([given({ ...decided, rollout: next }), next]).toEqual(['ab', expect.not.objectContaining({ healthy: expect.anything() as unknown })])
  })
  test('begins anew once what fell ill in it is healthy again', () => {
    const ill = decide({ waves, targets, given: { a: 600 }, sick: ['a'], healthy: { wave: 1, since: ago(200) } })
    expect(ill.rollout).not.toHaveProperty('healthy')
  })
  test('is not made up for once the next wave has begun', () => { expect(decide({ waves, targets, given: { a: 600, b: 5 }, sick: ['b'] }).reason).toBe('WaveInProgress') })
})

test('a condition says which wave, how many, and what it waits for', () => {
  expect(decide({ given: { a: 60, b: 90 }, sick: ['b'], away: ['d'] }).message).toBe('wave 2 of 3: 1 of 3 clusters were given the change; it waits for b (Unhealthy), d (not reachable)')
})

test('revisions that no cluster has any more are forgotten, but for what was complete', () => {
  const status: RolloutStatus = { generation: 7, revisions: [{ generation: 3 }, { generation: 5 }, { generation: 6 }], clusters: [{ name: 'a', generation: 6, since: ago(60) }, { name: 'b', generation: 5, since: ago(60) }] }
  const targets = ['a', 'b', 'c'].map((name): RolloutTarget => ({ cluster: { metadata: { name }, spec: { syncMode: 'Push' } }, reachable: true, problem: undefined, failed: false }))
  expect(rollout({ waves: [named('a')], status, targets, now: NOW }).rollout).toEqual({ generation: 7, revisions: [{ generation: 3 }, { generation: 5 }], clusters: [{ name: 'a', generation: 7, since: ago(0) }, { name: 'b', generation: 5, since: ago(60) }] })
})

describe('a copy', () => {
  const record = (more: Partial<CopyRecord> = {}): CopyRecord => ({ state: 'OK', appliedGeneration: 4, copyGeneration: 2, ...more })
  const copy = (generation: number, available: number, observedGeneration = generation) => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { generation }, spec: { replicas: 2 }, status: { observedGeneration, replicas: 2, updatedReplicas: 2, availableReplicas: available } })
  test.each<[string, Parameters<typeof problemOf>, string | undefined, boolean]>([
    ['is healthy with the change', [record(), copy(2, 2), 4], undefined, false],
    ['was scaled since', [record({ appliedGeneration: 6 }), copy(3, 2), 4], undefined, false],
    ['has not been sent it', [record({ appliedGeneration: 3 }), copy(2, 2), 4], 'the change is not there yet', false],
    ['is shown as it was before', [record(), copy(1, 2), 4], 'the copy is not seen yet', false],
    ['is not shown', [record(), undefined, 4], 'the copy is not seen yet', false],
    ['has not observed it', [record(), copy(2, 2, 1), 4], 'Unhealthy', false],
    ['does not work', [record(), copy(2, 0), 4], 'Unhealthy', false],
    ['was refused', [record({ state: 'ApplyFailed', message: 'no' }), copy(1, 2), 4], 'ApplyFailed: no', true],
    ['is of a kind of which health is not known', [{ state: 'OK', appliedGeneration: 4 }, { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} }, 4], undefined, false],
  ])('%s', (_, input, problem, failed) => { expect(problemOf(...input)).toEqual({ problem, failed }) })
})
