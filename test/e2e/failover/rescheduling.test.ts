/** Replicas that move by themselves between real clusters. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { KubeObject } from '../../../src/machinery/meta/core.ts'
import { apply, createHostNamespace, deploymentPolicy, ofCopies, removeNamespace, replicas, weighted } from '../distribution-bed.ts'
import { deployment, describeFleet, eventually, kubectl } from '../fleet-bed.ts'

const NAMESPACE = 'e2e-rescheduling'
const shares = (name: string) => ofCopies(NAMESPACE, 'deployments', name, replicas)
const readyNow = async (name: string) => Object.values(await ofCopies(NAMESPACE, 'deployments', name, ({ status }) => (status as { readyReplicas?: number } | undefined)?.readyReplicas ?? 0)).reduce((sum, count) => sum + count, 0)

/** As they would be made again. */
async function removeNodes(member: string): Promise<object[]> {
  const { items } = JSON.parse(await kubectl(member, 'get nodes -o json')) as { items: KubeObject[] }
  await kubectl(member, 'delete nodes --all')
  return items.map(({ apiVersion, kind, metadata: { name, labels, annotations }, spec, status }) => ({ apiVersion, kind, metadata: { name, labels, annotations }, spec, status }))
}

describeFleet('replicas', () => {
  beforeAll(async () => { await createHostNamespace(NAMESPACE) }, 60_000)
  afterAll(async () => { await removeNamespace(NAMESPACE) }, 90_000)

  test('that find no node, since it was removed, move after a minute, and are moved back when it returns', async () => {
    await apply('fleet', NAMESPACE, [deploymentPolicy('web', weighted({ member1: 1, member2: 1 }), { rescheduling: { triggers: ['Unschedulable', 'CapacityReturned'] } }), deployment('web', 6)])
    await kubectl('fleet', `-n ${NAMESPACE} rollout status deploy/web --timeout=60s`)
    expect(await shares('web')).toEqual({ member1: 3, member2: 3 })
    const nodes = await removeNodes('member2')
    try {
      await kubectl('member2', `-n ${NAMESPACE} delete pods --all --force --grace-period=0`)
      const since = Date.now()
      await eventually(async () => { expect(await shares('web')).toEqual({ member1: 6 }) }, 150_000)
      expect(Date.now() - since).toBeGreaterThan(55_000)
      expect(await readyNow('web')).toBe(6)
    } finally { await kubectl('member2', 'apply -f -', { input: { apiVersion: 'v1', kind: 'List', items: nodes } }) }
    let least = 6
    await eventually(async () => {
      least = Math.min(least, await readyNow('web'))
      expect(await shares('web')).toEqual({ member1: 3, member2: 3 })
    }, 150_000)
    await kubectl('fleet', `-n ${NAMESPACE} rollout status deploy/web --timeout=60s`)
    // Grown before anything was taken.
    expect(least).toBe(6)
  })

  test('are divided anew once by the annotation, through the fleet', async () => {
    const room = { replicaScheduling: { replicaSchedulingType: 'Divided', replicaDivisionPreference: 'Aggregated' }, clusterAffinity: { clusterNames: ['member1', 'member3'] } }
    await apply('fleet', NAMESPACE, [deploymentPolicy('anew', { ...room, clusterAffinity: { clusterNames: ['member3'] } }), deployment('anew', 4)])
    await eventually(async () => { expect(await shares('anew')).toEqual({ member3: 4 }) })
    await apply('fleet', NAMESPACE, [deploymentPolicy('anew', { replicaScheduling: { replicaSchedulingType: 'Divided', weightPreference: { dynamicWeight: 'AvailableReplicas' } }, clusterAffinity: { clusterNames: ['member1', 'member3'] } })])
    await eventually(async () => { expect((await shares('anew'))['member3']).toBe(4) })
    await kubectl('fleet', `-n ${NAMESPACE} annotate deploy anew policy.federation/reschedule=1`)
    await eventually(async () => { expect(await shares('anew')).toEqual({ member1: 2, member3: 2 }) }, 60_000)
    expect(await ofCopies(NAMESPACE, 'deployments', 'anew', ({ metadata }) => metadata.annotations?.['policy.federation/reschedule'])).toEqual({ member1: undefined, member3: undefined })
  })
})
