import { expect, test } from 'vitest'
import type { Placement } from './placement.ts'
import { unsupportedPlacement } from './unsupported-placement.ts'

const overflow = [{ affinityName: 'a', clusterNames: ['x'], overflowAffinities: [{ affinityName: 'b' }] }]

test.each<[string, Placement, string[]]>([
  ['all that is done', { clusterAffinity: {}, clusterTolerations: [{ operator: 'Exists' }], spreadConstraints: [{ spreadByField: 'region' }, { spreadByField: 'cluster' }], replicaScheduling: { replicaDivisionPreference: 'Aggregated' }, partial: true }, []],
  ['other workloads', { workloadAffinity: { affinity: { groupByLabelKey: 'app' } } }, ['spec.placement.workloadAffinity']],
  ['several sorts of groups', { spreadConstraints: [{ spreadByField: 'region' }, { spreadByField: 'cluster' }, { spreadByField: 'zone' }, { spreadByLabel: 'rack' }] }, []],
  ['overflow of what looks at no room', { clusterAffinities: overflow }, ['spec.placement.clusterAffinities[0].overflowAffinities']],
  ['overflow of fixed weights', { clusterAffinities: overflow, replicaScheduling: {} }, ['spec.placement.clusterAffinities[0].overflowAffinities']],
  ['overflow of Duplicated', { clusterAffinities: overflow, replicaScheduling: { replicaSchedulingType: 'Duplicated', replicaDivisionPreference: 'Aggregated' } }, ['spec.placement.clusterAffinities[0].overflowAffinities']],
  ['overflow of what looks at room', { clusterAffinities: overflow, replicaScheduling: { weightPreference: { dynamicWeight: 'AvailableReplicas' } } }, []],
])('%s', (_, placement, fields) => { expect(unsupportedPlacement(placement, 'spec.placement').map(({ field }) => field)).toEqual(fields) })
