import { expect, test } from 'vitest'
import type { HubPlacement } from './placement-request.ts'
import { schedule } from './schedule.ts'
import type { ClusterFacts, SchedulingSnapshot } from './snapshot.ts'
import { type FleetChange, whatIf } from './what-if.ts'

const apiEnablements = [{ groupVersion: 'apps/v1', resources: [{ name: 'deployments', kind: 'Deployment' }] }]
const cluster = (name: string, pods = 100): ClusterFacts => ({ state: { state: 'ready' }, cluster: { metadata: { name }, spec: { syncMode: 'Push' }, status: { apiEnablements, resourceSummary: { allocatable: { pods } } } } })
const byRoom: HubPlacement = { replicaScheduling: { weightPreference: { dynamicWeight: 'AvailableReplicas' } } }

/** Placed already, and running. */
function running(placement: HubPlacement, clusters: readonly ClusterFacts[], more: Partial<SchedulingSnapshot> = {}): SchedulingSnapshot {
  const snapshot: SchedulingSnapshot = { template: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: '', replicas: 6 }, source: { by: 'placement', placement }, clusters }, { targets, fingerprint } = schedule(snapshot)
  return { ...snapshot, previous: { targets, fingerprint }, ...more }
}
const three = [cluster('a'), cluster('b'), cluster('c')]

test.each<[string, SchedulingSnapshot, FleetChange, [string, number | undefined, number | undefined][]]>([
  ['a member is removed', running(byRoom, three), { remove: 'a' }, [['a', 2, undefined], ['b', 2, 3], ['c', 2, 3]]],
  ['a member is drained', running(byRoom, three), { drain: 'c' }, [['a', 2, 3], ['b', 2, 3], ['c', 2, undefined]]],
  ['a member is drained that all is tolerated of', running({ ...byRoom, clusterTolerations: [{ operator: 'Exists' }] }, three), { drain: 'c' }, []],
  ['a member is drained, and nothing else has room', running(byRoom, [cluster('a', 6), cluster('b', 0)]), { drain: 'a' }, []],
  ['a member comes: replicas stay', running(byRoom, [cluster('a'), cluster('b')]), { add: cluster('c') }, []],
  ['a member comes, and all is divided anew', running(byRoom, [cluster('a'), cluster('b')], { fresh: true }), { add: cluster('c') }, [['a', 3, 2], ['b', 3, 2], ['c', undefined, 2]]],
  ['a member comes for what is everywhere', running({}, [cluster('a')]), { add: cluster('c') }, [['c', undefined, 6]]],
  ['a member that nobody knows is removed', running(byRoom, three), { remove: 'z' }, []],
])('%s', (_, snapshot, change, expected) => {
  const given = JSON.stringify(snapshot), { moves, before } = whatIf(snapshot, change)
  expect(moves.map(({ cluster: name, from, to }) => [name, from, to])).toEqual(expected)
  expect([before.targets.reduce((sum, { replicas = 0 }) => sum + replicas, 0), JSON.stringify(snapshot)]).toEqual([6, given])
})
