/** A copy that fails while its cluster is well: under each purge mode of spec.failover.application. */
import { afterEach, describe, expect, test } from 'vitest'
import type { Failover } from '../../src/apis/policy.federation/v1alpha1/failover.ts'
import { FailoverFleet, single } from './failover-fleet.ts'
import { deployment } from './small-fleet.ts'

let fleet: FailoverFleet
afterEach(() => fleet.close())

const KEY = 'default/web', MINUTE = 60_000
async function failing(application: Partial<NonNullable<Failover['application']>>, ready = 0): Promise<void> {
  fleet = await FailoverFleet.begin(2)
  await fleet.deploy('web', deployment(3), { placement: single, propagateDeps: true, failover: { application: { decisionConditions: { tolerationSeconds: 60 }, ...application } } })
  expect([await fleet.targets('web'), await fleet.ready('web')]).toEqual(['m1', 3])
  fleet.stub('m2').isAlive = false
  await fleet.setReady('m1', 'web', ready)
  await fleet.advance(MINUTE - 10_000)
  expect(await fleet.targets('web')).toBe('m1')
  await fleet.advance(15_000)
}

describe('the copy that fails', () => {
  test('stays as long as that is tolerated, and for good where it works again', async () => {
    fleet = await FailoverFleet.begin(2)
    await fleet.deploy('web', deployment(3), { placement: single, propagateDeps: true, failover: { application: { decisionConditions: { tolerationSeconds: 60 } } } })
    for (let times = 0; times < 4; times++) {
      await fleet.setReady('m1', 'web', 0)
      await fleet.advance(50_000)
      await fleet.setReady('m1', 'web', 3)
      await fleet.advance(10_000)
    }
    expect([await fleet.targets('web'), await fleet.having('Deployment', KEY)]).toEqual(['m1', ['m1']])
  })

  test('Gracefully: goes once the other one works', async () => {
    await failing({ purgeMode: 'Gracefully' })
    expect([await fleet.targets('web'), await fleet.evictions('web')]).toMatchObject(['m2', [{ cluster: 'm1', reason: 'ApplicationFailure', producer: 'ApplicationFailover', purgeMode: 'Gracefully', gracePeriodSeconds: 600 }]])
    expect(await fleet.having('Deployment', KEY)).toEqual(['m1', 'm2'])
    fleet.stub('m2').revive()
    await fleet.advance(MINUTE)
    expect([await fleet.having('Deployment', KEY), await fleet.ready('web'), await fleet.evictions('web')]).toEqual([['m2'], 3, []])
  })

  test('Gracefully: goes after its grace period though the other one does not work, where it serves nobody', async () => {
    fleet = await FailoverFleet.begin(2)
    await fleet.deploy('web', deployment(3), { placement: single, propagateDeps: true, failover: { application: { decisionConditions: { tolerationSeconds: 60 }, purgeMode: 'Gracefully', gracePeriodSeconds: 120 } } })
    fleet.stub('m2').isAlive = false
    await fleet.setReady('m1', 'web', 0)
    await fleet.advance(2 * MINUTE)
    expect([await fleet.targets('web'), await fleet.having('Deployment', KEY)]).toEqual(['m2', ['m1', 'm2']])
    await fleet.advance(1.5 * MINUTE)
    expect(await fleet.having('Deployment', KEY)).toEqual(['m2'])
  })

  test('each cluster is tried once as long as it works in none: what is broken does not wander about', async () => {
    await failing({ gracePeriodSeconds: 60, purgeMode: 'Gracefully' })
    await fleet.advance(60 * MINUTE)
    expect([await fleet.targets('web'), await fleet.having('Deployment', KEY)]).toEqual(['m2', ['m2']])
    expect((await fleet.template('Deployment', KEY))!.status!.conditions!.find(({ type }) => type === 'Scheduled')!.message).toContain('but it is not left: elsewhere 0 of 2 clusters are fit')
    // Another version may work anywhere.
    await fleet.edit('Deployment', KEY, { template: deployment(3, 'app:2') })
    expect(await fleet.evictions('web')).toEqual([])
  })

  test('Gracefully: stays where it serves in part, and the other one not at all', async () => {
    fleet = await FailoverFleet.begin(2)
    await fleet.deploy('web', deployment(3), { placement: single, propagateDeps: true, failover: { application: { decisionConditions: { tolerationSeconds: 60 }, purgeMode: 'Gracefully', gracePeriodSeconds: 120 } } })
    fleet.stub('m2').isAlive = false
    await fleet.setReady('m1', 'web', 2)
    await fleet.advance(4 * MINUTE)
    expect([await fleet.ready('web'), await fleet.states('Deployment', KEY)]).toMatchObject([2, { m1: 'WaitingForRemoval: it is the last copy that works' }])
  })

  test('Directly: goes at once', async () => {
    await failing({ purgeMode: 'Directly' })
    await fleet.advance(5000)
    expect([await fleet.targets('web'), await fleet.having('Deployment', KEY)]).toEqual(['m2', ['m2']])
  })

  test('Never: stays until the policy says otherwise', async () => {
    await failing({ purgeMode: 'Never' })
    fleet.stub('m2').revive()
    await fleet.advance(20 * MINUTE)
    expect([await fleet.targets('web'), await fleet.having('Deployment', KEY)]).toEqual(['m2', ['m1', 'm2']])
    expect(await fleet.states('Deployment', KEY)).toMatchObject({ m1: 'WaitingForRemoval: it stays as long as the policy says so (purgeMode Never)' })
    await fleet.restart()
    await fleet.advance(MINUTE)
    expect(await fleet.having('Deployment', KEY)).toEqual(['m1', 'm2'])
    await fleet.policy('PropagationPolicy', 'default/web', { resourceSelectors: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }], placement: single, propagateDeps: true, failover: { application: { decisionConditions: { tolerationSeconds: 60 }, purgeMode: 'Gracefully' } } })
    await fleet.advance(MINUTE)
    expect(await fleet.having('Deployment', KEY)).toEqual(['m2'])
  })

  test('its time goes on over a restart of the server', async () => {
    fleet = await FailoverFleet.begin(2)
    await fleet.deploy('web', deployment(3), { placement: single, propagateDeps: true, failover: { application: { decisionConditions: { tolerationSeconds: 60 } } } })
    await fleet.setReady('m1', 'web', 0)
    await fleet.advance(40_000)
    await fleet.restart()
    await fleet.advance(30_000)
    expect(await fleet.targets('web')).toBe('m2')
  })
})

test('an outage of the cluster is no failure of the application', async () => {
  fleet = await FailoverFleet.begin(2)
  await fleet.deploy('web', deployment(3), { placement: single, propagateDeps: true, failover: { application: { decisionConditions: { tolerationSeconds: 60 } } } })
  await fleet.setReady('m1', 'web', 0)
  await fleet.advance(5000)
  await fleet.cutOff('m1', true, 10 * MINUTE)
  expect(await fleet.targets('web')).toBe('m1')
  await fleet.setReady('m1', 'web', 3)
  await fleet.cutOff('m1', false, 10 * MINUTE)
  expect([await fleet.targets('web'), await fleet.ready('web')]).toEqual(['m1', 3])
})
