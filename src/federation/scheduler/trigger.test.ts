/** Replays when Karmada decides anew. */
import { expect, test } from 'vitest'
import type { Placement } from '../../apis/cluster.federation/v1alpha1/placement.ts'
import { loadCases } from '../../../test/cases/scheduling/load-cases.ts'
import { placementRequest } from './placement-request.ts'
import type { SchedulingSnapshot, Target } from './snapshot.ts'
import { affinityIndex, triggerOf } from './trigger.ts'

interface Case { name: string; op: string; strategy: 'Duplicated' | 'Divided' | '' | null; replicas: number; targets: Record<string, number>; components?: unknown[]; placement: Placement; applied: Placement | null; observedAffinity: string; affinities: { affinityName: string }[]; expect: boolean | number }
const cases = loadCases<Case>('rescheduling.json')

function trigger(placement: Placement, { replicas, applied = placement, observedAffinity = '', targets = {}, fresh = false, present = Object.keys(targets) }: { replicas?: number; applied?: Placement; observedAffinity?: string; targets?: Record<string, number>; fresh?: boolean; present?: string[] } = {}) {
  const before = placementRequest({ by: 'placement', placement: applied }), request = placementRequest({ by: 'placement', placement })
  const snapshot: SchedulingSnapshot = {
    template: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: '', ...(replicas !== undefined && { replicas }) }, source: { by: 'placement', placement }, fresh,
    clusters: present.map((name) => ({ cluster: { metadata: { name }, spec: { syncMode: 'Push' } }, state: { state: 'ready' } })),
    previous: { targets: Object.entries(targets).map(([cluster, count]): Target => ({ cluster, replicas: count })), fingerprint: before.terms[affinityIndex(before.terms, observedAffinity)]?.fingerprint ?? '', ...(observedAffinity && { affinity: observedAffinity }) },
  }
  return triggerOf(snapshot, request)
}

test.each(cases.filter(({ op, applied }) => op === 'placement-changed' && applied).map((one) => [one.name, one] as const))('%s', (_, { placement, applied, observedAffinity, expect: expected }) => {
  expect(trigger(placement, { applied: applied!, observedAffinity }) === 'PlacementChanged').toBe(expected)
})

/** Duplicated is always looked at, so that a difference there is no trigger of its own. Components are not scheduled by. */
test.each(cases.filter(({ op, strategy, components }) => op === 'replicas-changed' && strategy === 'Divided' && !components).map((one) => [one.name, one] as const))('%s', (_, { replicas, targets, expect: expected }) => {
  expect(trigger({ replicaScheduling: { replicaSchedulingType: 'Divided' } }, { replicas, targets }) === 'ReplicasChanged').toBe(expected)
})

const divided: Placement = { replicaScheduling: { replicaSchedulingType: 'Divided' } }

test.each<[string, Placement, Parameters<typeof trigger>[1], string | undefined]>([
  ['all is as it was', divided, { replicas: 4, targets: { a: 2, b: 2 } }, undefined],
  ['another cluster came', divided, { replicas: 4, targets: { a: 2, b: 2 }, present: ['a', 'b', 'c'] }, undefined],
  ['a target left', divided, { replicas: 4, targets: { a: 2, b: 2 }, present: ['a'] }, 'TargetLeft'],
  ['it was scaled', divided, { replicas: 5, targets: { a: 2, b: 2 } }, 'ReplicasChanged'],
  ['nothing was placed yet, and nothing is to run', divided, { replicas: 0 }, 'ReplicasChanged'],
  ['it is empty everywhere', divided, { replicas: 0, targets: { a: 0 } }, undefined],
  ['someone asked', divided, { replicas: 4, targets: { a: 2, b: 2 }, fresh: true }, 'Requested'],
  ['it is duplicated', {}, { replicas: 4, targets: { a: 4 } }, 'Always'],
  ['the kind has no replicas', divided, { targets: { a: 0 } }, 'Always'],
  ['there are preferences', { replicaScheduling: { clusterPreferences: { '*': { weight: 1 } } } }, { replicas: 4, targets: { a: 4 } }, 'Always'],
  ['an unused alternative changed', { ...divided, clusterAffinities: [{ affinityName: 'a' }, { affinityName: 'b', clusterNames: ['x'] }] }, { replicas: 1, targets: { a: 1 }, observedAffinity: 'a', applied: { ...divided, clusterAffinities: [{ affinityName: 'a' }, { affinityName: 'b', clusterNames: ['y'] }] } }, undefined],
  ['the alternative in use is gone', { ...divided, clusterAffinities: [{ affinityName: 'b' }] }, { replicas: 1, targets: { a: 1 }, observedAffinity: 'a', applied: { ...divided, clusterAffinities: [{ affinityName: 'a' }] } }, 'PlacementChanged'],
  ['the order of members changed', { replicaScheduling: { rebalance: true, keepEmpty: true } }, { replicas: 1, targets: { a: 1 }, applied: { replicaScheduling: { keepEmpty: true, rebalance: true } } }, undefined],
])('%s', (_, placement, given, expected) => { expect(trigger(placement, given)).toBe(expected) })

test.each([['b', 1], ['', 0], ['gone', 0]] as const)('the alternative to begin with: in use %j, at %d', (used, expected) => { expect(affinityIndex([{ name: 'a' }, { name: 'b' }], used)).toBe(expected) })
