/** Replicas that move by themselves: away from where they find no node, back when there is room, to clusters that come, and never faster than they get ready. */
import { afterEach, expect, test } from 'vitest'
import type { Rescheduling } from '../../src/apis/policy.federation/v1alpha1/propagation-policy.ts'
import type { PodSeen } from '../../src/federation/member/unschedulable-pods.ts'
import { timestamp } from '../../src/machinery/meta/timestamp.ts'
import { deployment, SmallFleet } from './small-fleet.ts'

let fleet: SmallFleet
afterEach(() => fleet.close())

const WEB = 'default/web', MINUTE = 60_000
const policy = (rescheduling: Rescheduling) => ({ resourceSelectors: [{ apiVersion: 'apps/v1', kind: 'Deployment' }], placement: { clusterAffinity: {}, replicaScheduling: { replicaSchedulingType: 'Divided' } }, rescheduling })

async function start(members: number, replicas: number, rescheduling: Rescheduling): Promise<void> {
  fleet = await SmallFleet.start(members)
  await fleet.policy('PropagationPolicy', 'default/all', policy(rescheduling))
  await fleet.create('Deployment', WEB, { template: deployment(replicas) }, 15_000)
}

async function shares(): Promise<number[]> {
  const copies = await Promise.all([...fleet.stubs.keys()].toSorted().map((name) => fleet.copy(name, 'Deployment', WEB)))
  return copies.map((copy) => (copy?.['spec'] as { replicas?: number } | undefined)?.replicas ?? 0)
}

const pending = (at: number): PodSeen => ({ metadata: { namespace: 'default', labels: { 'pod-template-hash': 'x' }, ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-x', controller: true }] }, spec: {}, status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', lastTransitionTime: timestamp(at) }] } })

/** What a member's pods and nodes would tell: so many pods find no node, and so much room is left. */
function nodes(cluster: string, { stuck, room }: { readonly stuck: number; readonly room: number }): void {
  const { unschedulable } = fleet.server.members.get(cluster)!, now = fleet.clock.now()
  for (let at = 0; at < 10; at++) unschedulable.set(`default/web-x-${at}`, at < stuck ? pending(now) : undefined)
  const known = fleet.clusters.get(cluster)!
  fleet.clusters.set(cluster, { ...known, status: { ...known.status, resourceSummary: { allocatable: { pods: room } } } })
  fleet.server.members.get(cluster)!.setCluster(fleet.clusters.get(cluster)!)
}

test('replicas that find no node move after a minute, over a restart too, and come back when there is room', async () => {
  await start(2, 6, { triggers: ['Unschedulable', 'CapacityReturned'] })
  expect(await shares()).toEqual([3, 3])
  nodes('m2', { stuck: 2, room: 1 })
  await fleet.advance(45_000)
  expect(await shares()).toEqual([3, 3])
  await fleet.advance(60_000)
  expect(await shares()).toEqual([5, 1])
  nodes('m2', { stuck: 0, room: 1 })
  await fleet.restart()
  await fleet.advance(10 * MINUTE)
  expect(await shares()).toEqual([5, 1])
  nodes('m2', { stuck: 0, room: 100 })
  await fleet.advance(MINUTE)
  expect(await shares()).toEqual([3, 3])
})

test('a move grows first: nothing is taken before what replaces it is ready', async () => {
  await start(2, 6, { triggers: ['ClusterJoined'] })
  const lost: number[][] = []
  await fleet.advance(2 * MINUTE)
  await fleet.addMember('m3', {})
  fleet.clusters.set('m3', { ...fleet.clusters.get('m3')!, metadata: { ...fleet.clusters.get('m3')!.metadata, creationTimestamp: timestamp(fleet.clock.now()) } })
  fleet.server.members.get('m3')!.setCluster(fleet.clusters.get('m3')!)
  fleet.stub('m3').isAlive = false
  fleet.server.members.changed()
  for (let at = 0; at < 60; at++) {
    await fleet.advance(1000)
    const [a = 0, b = 0, c = 0] = await shares(), ready = a + b
    if (ready < 6) lost.push([a, b, c])
  }
  expect([await shares(), lost]).toEqual([[3, 3, 2], []])
  fleet.stub('m3').revive()
  await fleet.advance(15_000)
  expect(await shares()).toEqual([2, 2, 2])
})

test('no more than the budget move at a time; who asks by the annotation has all divided anew, in the same steps', async () => {
  await start(2, 8, { triggers: ['Unschedulable'], maxMoves: 1 })
  nodes('m2', { stuck: 3, room: 1 })
  await fleet.advance(75_000)
  expect(await shares()).toEqual([5, 3])
  await fleet.advance(3 * MINUTE)
  expect(await shares()).toEqual([7, 1])
  nodes('m2', { stuck: 0, room: 100 })
  await fleet.advance(5 * MINUTE)
  expect(await shares()).toEqual([7, 1])
  await fleet.edit('Deployment', WEB, { template: { ...deployment(8), metadata: { annotations: { 'policy.federation/reschedule': 'now' } } } }, 10_000)
  expect(await shares()).toEqual([6, 2])
  await fleet.advance(4 * MINUTE)
  expect(await shares()).toEqual([4, 4])
  expect((await fleet.copy('m1', 'Deployment', WEB))!.metadata.annotations).not.toHaveProperty('policy.federation/reschedule')
})

test('it comes to rest: nothing is written while nothing happens', async () => {
  await start(3, 6, { triggers: ['Unschedulable', 'CapacityReturned', 'ClusterJoined', 'ClusterLabelsChanged'], minInterval: '1m', maxMoves: 2 })
  nodes('m2', { stuck: 1, room: 1 })
  await fleet.advance(10 * MINUTE)
  nodes('m2', { stuck: 0, room: 1 })
  const sent = fleet.requests.length, stored = fleet.commits
  await fleet.advance(30 * MINUTE)
  const [m1 = 0, m2 = 0, m3 = 0] = await shares()
  expect([m1 + m3, m2, fleet.requests.length - sent, fleet.commits - stored]).toEqual([5, 1, 0, 0])
})
