/** A member is drained by a NoExecute taint, and applications fail while their cluster is well: how many replicas are ready is asked of the members once a second. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { apply, copies, createHostNamespace, policy, removeNamespace, selects, weighted } from '../distribution-bed.ts'
import { deployment, describeFleet, eventually, kubectl } from '../fleet-bed.ts'
import { inOrder, placed, policyOf, readyIn, setTaints, stateIn, taintsOf, watchReady } from './failover-bed.ts'

const NAMESPACE = 'e2e-drain', thirds = weighted({ member1: 4, member2: 3, member3: 3 }), MAINTENANCE = [{ key: 'maintenance', effect: 'NoExecute' }]

describeFleet('a cluster is left', () => {
  beforeAll(async () => { await createHostNamespace(NAMESPACE) })
  afterEach(async () => { await setTaints('member1', []) })
  afterAll(async () => { await removeNamespace(NAMESPACE) }, 120_000)

  test.each<[string, object, number]>([
    ['gracefully', {}, 10],
    ['directly', { failover: { cluster: { purgeMode: 'Directly' } } }, 6],
  ])('that is drained, %s: as many are ready as the policy says', async (name, rest, fewest) => {
    await apply('host', NAMESPACE, [policyOf(name, thirds, rest)])
    await apply('fleet', NAMESPACE, [deployment(name, 10)])
    await eventually(async () => { expect([(await placed(NAMESPACE, name))[0], await readyIn(NAMESPACE, name)]).toEqual(['member1=4 member2=3 member3=3', 10]) }, 60_000)
    const watching = watchReady(NAMESPACE, name, { seconds: 40 })
    await setTaints('member1', MAINTENANCE)
    expect(await kubectl('host', 'get cluster member1 -o jsonpath={.spec.taints[0].timeAdded}')).toMatch(/^20/)
    const seen = await watching
    console.log(`${name}: ready, once a second: ${seen.join(' ')}`)
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(fewest)
    expect([await placed(NAMESPACE, name), Object.keys(await copies(NAMESPACE, 'deployments', name)), await readyIn(NAMESPACE, name)]).toEqual([['member2=5 member3=5', ''], ['member2', 'member3'], 10])
  }, 180_000)

  test('by a ClusterTaintPolicy, and a cluster is cordoned', async () => {
    await kubectl('host', 'apply -f -', { input: { ...policy('e2e-ready', { targetClusters: { clusterNames: ['member1'] }, addOnConditions: [{ conditionType: 'Ready', operator: 'In', statusValues: ['True'] }], taints: [{ key: 'e2e', value: 'x', effect: 'NoSchedule' }] }, 'ClusterTaintPolicy') } })
    try {
      await eventually(async () => { expect(await taintsOf('member1')).toBe('e2e:NoSchedule ') })
      await apply('host', NAMESPACE, [policyOf('cordoned', weighted({ member1: 1, member2: 1 }))])
      await apply('fleet', NAMESPACE, [deployment('cordoned', 2)])
      await eventually(async () => { expect(await placed(NAMESPACE, 'cordoned')).toEqual(['member2=2', '']) })
    } finally { await kubectl('host', 'delete clustertaintpolicy e2e-ready') }
    expect(await taintsOf('member1')).toBe('e2e:NoSchedule ')
  }, 120_000)

  test('where an application fails: each purge mode', async () => {
    const names = { never: { purgeMode: 'Never' }, directly: { purgeMode: 'Directly' }, gracefully: { purgeMode: 'Gracefully', gracePeriodSeconds: 120 } }
    for (const [mode, how] of Object.entries(names)) {
      const name = `app-${mode}`, failover = { application: { decisionConditions: { tolerationSeconds: 15 }, ...how } }
      await apply('host', NAMESPACE, [
        policyOf(name, inOrder('member1', 'member2'), { propagateDeps: true, failover }),
        // No node of member1 is like that.
        policy(name, { resourceSelectors: [selects('Deployment', name)], overrideRules: [{ targetCluster: { clusterNames: ['member1'] }, overriders: { plaintext: [{ path: '/spec/template/spec/nodeSelector', operator: 'add', value: { no: 'such' } }] } }] }, 'OverridePolicy'),
      ])
      await apply('fleet', NAMESPACE, [deployment(name, 2)])
    }
    await eventually(async () => { for (const mode of Object.keys(names)) expect([(await placed(NAMESPACE, `app-${mode}`))[0], await readyIn(NAMESPACE, `app-${mode}`)]).toEqual(['member2', 2]) }, 90_000)
    await eventually(async () => { for (const mode of ['directly', 'gracefully']) expect(Object.keys(await copies(NAMESPACE, 'deployments', `app-${mode}`))).toEqual(['member2']) }, 30_000)
    expect([Object.keys(await copies(NAMESPACE, 'deployments', 'app-never')), await stateIn(NAMESPACE, 'app-never', 'member1')]).toEqual([['member1', 'member2'], 'WaitingForRemoval: it stays as long as the policy says so (purgeMode Never)'])
  }, 180_000)
})
