/** A member whose kube-apiserver is dead for five minutes, under each failover policy at once, and then back. What the policies tolerate is shortened in their placements. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apply, copies, createHostNamespace, removeNamespace, weighted } from '../distribution-bed.ts'
import { deployment, describeFleet, eventually, kubectl } from '../fleet-bed.ts'
import { bringBack, eventsOf, inOrder, kill, placed, policyOf, readyIn, stateIn, taintsOf, tolerates, watchReady } from './failover-bed.ts'

const NAMESPACE = 'e2e-killed', DOWN_SECONDS = Number(process.env['FAILOVER_DOWN_SECONDS'] ?? 300), OTHERS = ['member2', 'member3']
const thirds = { ...weighted({ member1: 4, member2: 3, member3: 3 }) }
const rules = { statePreservation: { rules: [{ aliasLabelName: 'was.example/ready', jsonPath: '{.readyReplicas}' }] } }

describeFleet('a member is killed for five minutes', () => {
  beforeAll(async () => {
    await createHostNamespace(NAMESPACE)
    await apply('host', NAMESPACE, [
      policyOf('stays', thirds),
      policyOf('gracefully', { ...thirds, ...tolerates(30) }, { failover: { cluster: { purgeMode: 'Gracefully' } } }),
      policyOf('directly', { ...thirds, ...tolerates(30) }, { failover: { cluster: { purgeMode: 'Directly' } } }),
      policyOf('moves', { ...inOrder('member1', 'member2'), ...tolerates(30) }, { failover: { cluster: { purgeMode: 'Directly', ...rules } } }),
      policyOf('nowhere', { clusterAffinity: { clusterNames: ['member1'] }, ...tolerates(30) }, { failover: { cluster: {} } }),
    ])
    for (const name of ['stays', 'gracefully', 'directly']) await apply('fleet', NAMESPACE, [deployment(name, 10)])
    for (const name of ['moves', 'nowhere']) await apply('fleet', NAMESPACE, [deployment(name, 2)])
    await eventually(async () => { for (const name of ['stays', 'gracefully', 'directly']) expect([(await placed(NAMESPACE, name))[0], await readyIn(NAMESPACE, name)]).toEqual(['member1=4 member2=3 member3=3', 10]) }, 60_000)
    await eventually(async () => { for (const name of ['moves', 'nowhere']) expect([(await placed(NAMESPACE, name))[0], await readyIn(NAMESPACE, name)]).toEqual(['member1', 2]) }, 60_000)
  }, 180_000)
  afterAll(async () => {
    await bringBack('member1')
    await removeNamespace(NAMESPACE)
  }, 120_000)

  test('what has failover is elsewhere in time, what has none stays; once it is back nothing is lost and nothing is left over', async () => {
    const uid = (await copies(NAMESPACE, 'deployments', 'stays'))['member1']!.metadata.uid, killedAt = performance.now()
    await kill('member1')
    await eventually(async () => { expect(await taintsOf('member1')).toBe('cluster.federation/not-ready:NoSchedule ') }, 30_000)
    await eventually(async () => { expect(await taintsOf('member1')).toBe('cluster.federation/not-ready:NoSchedule cluster.federation/not-ready:NoExecute ') }, 60_000)
    await eventually(async () => {
      for (const name of ['gracefully', 'directly']) expect(await placed(NAMESPACE, name)).toEqual(['member2=5 member3=5', 'member1'])
      expect(await placed(NAMESPACE, 'moves')).toEqual(['member2', 'member1'])
    }, 90_000)
    await eventually(async () => { for (const name of ['gracefully', 'directly']) expect(await readyIn(NAMESPACE, name, OTHERS)).toBe(10) }, 60_000)
    console.log(`ready elsewhere ${Math.round((performance.now() - killedAt) / 1000)} s after the member was killed`)
    await eventually(async () => { expect((await copies(NAMESPACE, 'deployments', 'moves', OTHERS))['member2']?.metadata.labels?.['was.example/ready']).toBe('2') })
    expect([await placed(NAMESPACE, 'stays'), await readyIn(NAMESPACE, 'stays', OTHERS)]).toEqual([['member1=4 member2=3 member3=3', ''], 6])
    expect(await eventsOf(NAMESPACE, 'gracefully')).toMatch(/Evicting: cluster member1 is left, as soon as others can do without it: its taint cluster.federation\/not-ready:NoExecute is no longer tolerated; member2 gets 2 replicas, member3 gets 2 replicas/)
    await eventually(async () => { expect(await eventsOf(NAMESPACE, 'nowhere')).toMatch(/EvictionHeld: cluster member1: .*is not left: elsewhere 0 of 3 clusters are fit/) }, 30_000)
    expect(await kubectl('host', ['describe', 'cluster', 'member1'])).toContain('set cluster.federation/not-ready:NoExecute')

    const left = DOWN_SECONDS - Math.round((performance.now() - killedAt) / 1000)
    expect(Math.min(...await watchReady(NAMESPACE, 'gracefully', { seconds: Math.max(1, left), members: OTHERS }))).toBe(10)

    await bringBack('member1')
    const seen = await watchReady(NAMESPACE, 'gracefully', { seconds: 45 })
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(10)
    await eventually(async () => {
      expect(await taintsOf('member1')).toBe('')
      for (const name of ['gracefully', 'directly']) expect([await placed(NAMESPACE, name), Object.keys(await copies(NAMESPACE, 'deployments', name)), await stateIn(NAMESPACE, name, 'member1')]).toEqual([['member2=5 member3=5', ''], OTHERS, ''])
      expect(Object.keys(await copies(NAMESPACE, 'deployments', 'moves'))).toEqual(['member2'])
    }, 90_000)
    expect([(await copies(NAMESPACE, 'deployments', 'stays'))['member1']!.metadata.uid, await placed(NAMESPACE, 'stays'), await readyIn(NAMESPACE, 'stays'), await placed(NAMESPACE, 'nowhere'), await readyIn(NAMESPACE, 'nowhere')]).toEqual([uid, ['member1=4 member2=3 member3=3', ''], 10, ['member1', ''], 2])
  }, (DOWN_SECONDS + 400) * 1000)

  test('most of the fleet is killed: nothing is left, since it is likelier that the server is cut off; and they come back one after the other', async () => {
    const before = await placed(NAMESPACE, 'gracefully')
    await kill('member2', 'member3')
    try {
      await eventually(async () => { expect(await taintsOf('member3')).toContain('NoExecute') }, 90_000)
      await eventually(async () => { expect(await taintsOf('member2')).toContain('NoExecute') })
      await watchReady(NAMESPACE, 'gracefully', { seconds: 60, members: ['member1'] })
      expect(await placed(NAMESPACE, 'gracefully')).toEqual(before)
      await bringBack('member2')
      await eventually(async () => { expect(await taintsOf('member2')).toBe('') }, 60_000)
      expect(await placed(NAMESPACE, 'gracefully')).toEqual(before)
    } finally { await bringBack('member2', 'member3') }
    await eventually(async () => { expect(await taintsOf('member3')).toBe('') }, 60_000)
    await watchReady(NAMESPACE, 'gracefully', { seconds: 40 })
    expect([await placed(NAMESPACE, 'gracefully'), await readyIn(NAMESPACE, 'gracefully')]).toEqual([before, 10])
  }, 420_000)
})
