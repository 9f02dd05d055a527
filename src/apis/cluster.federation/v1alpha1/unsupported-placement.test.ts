import { expect, test } from 'vitest'
import type { Placement } from './placement.ts'
import { unsupportedPlacement } from './unsupported-placement.ts'

test.each<[string, Placement, string[]]>([
  ['all that is done', { clusterAffinity: {}, clusterTolerations: [{ operator: 'Exists' }], spreadConstraints: [{ spreadByField: 'region' }, { spreadByField: 'cluster' }], replicaScheduling: { replicaDivisionPreference: 'Aggregated' }, partial: true }, []],
  ['other workloads', { workloadAffinity: { affinity: { groupByLabelKey: 'app' } } }, ['spec.placement.workloadAffinity']],
  ['several sorts of groups', { spreadConstraints: [{ spreadByField: 'region' }, { spreadByField: 'cluster' }, { spreadByField: 'zone' }, { spreadByLabel: 'rack' }] }, []],
])('%s', (_, placement, fields) => { expect(unsupportedPlacement(placement, 'spec.placement').map(({ field }) => field)).toEqual(fields) })
