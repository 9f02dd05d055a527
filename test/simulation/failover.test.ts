/**
 * Members that die and come back, and members that are drained: under each failover policy, with the clock in hand. Ten replicas over three members, four of them in m1.
 * A member counts as not ready after half a minute, is driven empty a minute later, and what has failover tolerates that for one minute more.
 */
import { afterEach, describe, expect, test } from 'vitest'
import type { Failover } from '../../src/apis/policy.federation/v1alpha1/failover.ts'
import { FailoverFleet, QUICK, single } from './failover-fleet.ts'
import { deployment } from './small-fleet.ts'

let fleet: FailoverFleet
afterEach(() => fleet.close())

const MINUTE = 60_000, KEY = 'default/web', DRAIN = [{ key: 'maintenance', effect: 'NoExecute' as const }]
const GRACEFULLY: Failover = { cluster: { purgeMode: 'Gracefully' } }, DIRECTLY: Failover = { cluster: { purgeMode: 'Directly' } }

async function ten(failover?: Failover, placement?: object): Promise<void> {
  fleet = await FailoverFleet.begin(3)
  await fleet.deploy('web', deployment(10), { ...(failover && { failover }), ...(placement && { placement }) })
  expect([await fleet.targets('web'), await fleet.ready('web')]).toEqual(placement ? ['m1', 10] : ['m1: 4, m2: 3, m3: 3', 10])
}

describe('a member is killed for five minutes and brought back', () => {
  test('without failover everything stays where it is', async () => {
    await ten()
    await fleet.cutOff('m1', true, 5 * MINUTE)
    expect(fleet.taintsOf('m1')).toEqual(['not-ready:NoSchedule', 'not-ready:NoExecute'])
    expect([await fleet.targets('web'), await fleet.evictions('web')]).toEqual(['m1: 4, m2: 3, m3: 3', []])
    await fleet.cutOff('m1', false, MINUTE)
    expect(fleet.taintsOf('m1')).toEqual([])
    expect([await fleet.targets('web'), await fleet.ready('web'), await fleet.states('Deployment', KEY)]).toEqual(['m1: 4, m2: 3, m3: 3', 10, { m1: 'OK', m2: 'OK', m3: 'OK' }])
  })

  test.each([['Gracefully', GRACEFULLY], ['Directly', DIRECTLY]] as const)('%s: its replicas are elsewhere in time, and the copy there goes when it is back', async (purgeMode, failover) => {
    await ten(failover)
    await fleet.cutOff('m1', true, 2 * MINUTE)
    expect([fleet.taintsOf('m1'), await fleet.targets('web')]).toEqual([['not-ready:NoSchedule', 'not-ready:NoExecute'], 'm1: 4, m2: 3, m3: 3'])
    await fleet.advance(MINUTE)
    expect([await fleet.targets('web'), await fleet.ready('web')]).toEqual(['m2: 5, m3: 5', 10])
    expect(await fleet.evictions('web')).toMatchObject([{ cluster: 'm1', reason: 'TaintUntolerated', purgeMode, replicas: 4, movedTo: [{ cluster: 'm2', replicas: 2 }, { cluster: 'm3', replicas: 2 }] }])
    await fleet.advance(2 * MINUTE)
    expect((await fleet.states('Deployment', KEY))['m1']).toMatch(/^WaitingForRemoval: the cluster is unreachable/)
    await fleet.cutOff('m1', false, 0)
    expect(await fleet.fewestReady('web', 2 * MINUTE)).toBe(10)
    expect([await fleet.having('Deployment', KEY), await fleet.targets('web'), await fleet.evictions('web'), fleet.taintsOf('m1')]).toEqual([['m2', 'm3'], 'm2: 5, m3: 5', [], []])
    expect(await fleet.condition('Deployment', KEY, 'Propagated')).toBe('True Propagated')
  })

  test('a copy in one cluster only moves, and is told of the state that it had', async () => {
    await ten({ cluster: { purgeMode: 'Directly', statePreservation: { rules: [{ aliasLabelName: 'was/ready', jsonPath: '{.readyReplicas}' }] } } }, single)
    await fleet.cutOff('m1', true, 4 * MINUTE)
    expect([await fleet.targets('web'), (await fleet.copy('m2', 'Deployment', KEY))?.metadata.labels?.['was/ready']]).toEqual(['m2', '10'])
    await fleet.cutOff('m1', false, 2 * MINUTE)
    expect([await fleet.having('Deployment', KEY), (await fleet.copy('m2', 'Deployment', KEY))?.metadata.labels?.['was/ready']]).toEqual([['m2'], '10'])
    await fleet.edit('Deployment', KEY, { template: deployment(4) })
    expect((await fleet.copy('m2', 'Deployment', KEY))?.metadata.labels?.['was/ready']).toBe('10')
  })

  test('what has no place elsewhere stays, and says so', async () => {
    await ten(GRACEFULLY, { clusterAffinity: { clusterNames: ['m1'] } })
    await fleet.cutOff('m1', true, 5 * MINUTE)
    expect(await fleet.targets('web')).toBe('m1')
    const { message } = (await fleet.template('Deployment', KEY))!.status!.conditions!.find(({ type }) => type === 'Scheduled')!
    expect(message).toContain('m1: its taint cluster.federation/not-ready:NoExecute is no longer tolerated, but it is not left: elsewhere 0 of 3 clusters are fit: 2 NotSelected, 1 Evicted')
    await fleet.cutOff('m1', false, MINUTE)
    expect([await fleet.having('Deployment', KEY), await fleet.ready('web')]).toEqual([['m1'], 10])
  })

  test('over a restart of the server in the middle of it', async () => {
    await ten(GRACEFULLY)
    await fleet.cutOff('m1', true, 3 * MINUTE)
    const before = await fleet.evictions('web')
    await fleet.restart()
    await fleet.advance(MINUTE)
    expect([await fleet.targets('web'), await fleet.evictions('web')]).toEqual(['m2: 5, m3: 5', before])
    await fleet.cutOff('m1', false, 2 * MINUTE)
    expect(await fleet.having('Deployment', KEY)).toEqual(['m2', 'm3'])
  })
})

describe('recovery', () => {
  test('takes an eviction back while nothing has taken the place of the copy', async () => {
    await ten(GRACEFULLY)
    fleet.stub('m2').isAlive = fleet.stub('m3').isAlive = false
    await fleet.cutOff('m1', true, 4 * MINUTE)
    expect(await fleet.targets('web')).toBe('m2: 5, m3: 5')
    await fleet.cutOff('m1', false, 2 * MINUTE)
    expect([await fleet.targets('web'), await fleet.evictions('web')]).toEqual(['m1: 4, m2: 3, m3: 3', []])
    fleet.stub('m2').revive()
    fleet.stub('m3').revive()
    await fleet.advance(MINUTE)
    expect([await fleet.ready('web'), await fleet.states('Deployment', KEY)]).toEqual([10, { m1: 'OK', m2: 'OK', m3: 'OK' }])
    expect(fleet.requests.filter(({ method }) => method === 'DELETE')).toEqual([])
  })

  test('before the time is up changes nothing', async () => {
    await ten(GRACEFULLY)
    await fleet.cutOff('m1', true, 2 * MINUTE)
    await fleet.cutOff('m1', false, 5 * MINUTE)
    expect([await fleet.targets('web'), await fleet.evictions('web'), fleet.taintsOf('m1')]).toEqual(['m1: 4, m2: 3, m3: 3', [], []])
  })
})

describe('most of the fleet looks down', () => {
  test('nothing is left: it is likelier that the server is cut off; and when members come back one after the other, still nothing', async () => {
    await ten(GRACEFULLY)
    for (const name of ['m1', 'm2']) await fleet.cutOff(name, true, 0)
    await fleet.advance(30 * MINUTE)
    expect([await fleet.targets('web'), await fleet.evictions('web'), fleet.taintsOf('m1')]).toEqual(['m1: 4, m2: 3, m3: 3', [], ['not-ready:NoSchedule', 'not-ready:NoExecute']])
    await fleet.cutOff('m2', false, 30_000)
    await fleet.cutOff('m1', false, 5 * MINUTE)
    expect([await fleet.targets('web'), await fleet.ready('web')]).toEqual(['m1: 4, m2: 3, m3: 3', 10])
    expect(fleet.requests.filter(({ method }) => method === 'DELETE')).toEqual([])
  })

  test('one that stays away when the others are back is left', async () => {
    await ten(GRACEFULLY)
    for (const name of ['m1', 'm2']) await fleet.cutOff(name, true, 0)
    await fleet.advance(10 * MINUTE)
    await fleet.cutOff('m2', false, 30_000)
    expect(await fleet.targets('web')).toBe('m1: 4, m2: 3, m3: 3')
    await fleet.advance(2 * MINUTE)
    expect(await fleet.targets('web')).toBe('m2: 5, m3: 5')
  })
})

describe('a member is drained by a taint', () => {
  test('never fewer than ten are ready', async () => {
    await ten()
    await fleet.taint('m1', DRAIN)
    expect(await fleet.fewestReady('web', 2 * MINUTE)).toBe(10)
    expect([await fleet.targets('web'), await fleet.having('Deployment', KEY), await fleet.evictions('web')]).toEqual(['m2: 5, m3: 5', ['m2', 'm3'], []])
    await fleet.taint('m1', [])
    await fleet.advance(MINUTE)
    expect(await fleet.targets('web')).toBe('m2: 5, m3: 5')
  })

  test('at once, where the policy says so: the rest is ready meanwhile', async () => {
    await ten(DIRECTLY)
    await fleet.taint('m1', DRAIN)
    const fewest = await fleet.fewestReady('web', MINUTE)
    expect(fewest).toBeGreaterThanOrEqual(6)
    expect(fewest).toBeLessThan(10)
    expect([await fleet.having('Deployment', KEY), await fleet.ready('web')]).toEqual([['m2', 'm3'], 10])
  })

  test('after the time for which it is tolerated', async () => {
    fleet = await FailoverFleet.begin(3)
    await fleet.deploy('web', deployment(10), { placement: { replicaScheduling: { replicaSchedulingType: 'Divided' }, clusterTolerations: [{ key: 'maintenance', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 120 }] } })
    await fleet.taint('m1', DRAIN)
    await fleet.advance(110_000)
    expect(await fleet.targets('web')).toBe('m1: 4, m2: 3, m3: 3')
    await fleet.advance(15_000)
    expect(await fleet.targets('web')).toBe('m2: 5, m3: 5')
  })

  test('two after each other, and all three: the last copy that serves is never taken', async () => {
    await ten()
    for (const name of ['m1', 'm2', 'm3']) await fleet.taint(name, DRAIN)
    expect(await fleet.fewestReady('web', 5 * MINUTE)).toBe(10)
    expect((await fleet.having('Deployment', KEY)).length).toBe(1)
  })

  test('copies stay beyond their time where the others never get ready', async () => {
    await ten(undefined, single)
    fleet.stub('m2').isAlive = fleet.stub('m3').isAlive = false
    await fleet.taint('m1', DRAIN)
    await fleet.advance(30 * MINUTE)
    expect([await fleet.targets('web'), await fleet.ready('web')]).toEqual(['m2', 10])
    expect(await fleet.states('Deployment', KEY)).toMatchObject({ m1: 'WaitingForRemoval: it is the last copy that works' })
  })

  test('a cordoned member keeps what it has, and gets nothing new', async () => {
    await ten()
    await fleet.taint('m1', [{ key: 'unschedulable', effect: 'NoSchedule' }])
    await fleet.deploy('more', deployment(4))
    expect([await fleet.targets('web'), await fleet.targets('more')]).toEqual(['m1: 4, m2: 3, m3: 3', 'm2: 2, m3: 2'])
  })
})

describe('in moderation', () => {
  test('one template after the other leaves, at the rate', async () => {
    fleet = await FailoverFleet.begin(3)
    for (let at = 0; at < 6; at++) await fleet.deploy(`web-${at}`, deployment(3))
    await fleet.taint('m1', DRAIN)
    const left = async () => { let count = 0; for (let at = 0; at < 6; at++) if (!(await fleet.targets(`web-${at}`)).includes('m1')) count++; return count }
    const counts: number[] = []
    for (let passed = 0; passed < 12; passed += 2) { counts.push(await left()); await fleet.advance(2000) }
    expect(counts[0]).toBeLessThanOrEqual(2)
    expect(counts.every((count, at) => at === 0 || count - counts[at - 1]! <= 2)).toBe(true)
    expect(await left()).toBe(6)
  })

  test('one whose turn it is and that is being deleted holds up nobody', async () => {
    fleet = await FailoverFleet.begin(3, { ...QUICK, rates: { ...QUICK.rates, perSecond: 0.1 } })
    for (const name of ['a', 'b', 'c']) await fleet.deploy(name, deployment(3))
    await fleet.cutOff('m3', true)
    await fleet.taint('m1', DRAIN)
    const stays = async () => { const names: string[] = []; for (const name of ['a', 'b', 'c']) if ((await fleet.targets(name)).includes('m1')) names.push(name); return names }
    expect(await stays()).toHaveLength(2)
    const [next, last] = await stays()
    await fleet.drop('Deployment', `default/${next}`)
    await fleet.advance(20_000)
    expect([(await fleet.template('Deployment', `default/${next}`))?.metadata.deletionTimestamp !== undefined, (await stays()).includes(last!)]).toEqual([true, false])
  })

  test('a rate of 0 lets nothing leave', async () => {
    fleet = await FailoverFleet.begin(3, { ...QUICK, rates: { ...QUICK.rates, perSecond: 0 } })
    await fleet.deploy('web', deployment(10))
    await fleet.taint('m1', DRAIN)
    await fleet.advance(10 * MINUTE)
    expect(await fleet.targets('web')).toBe('m1: 4, m2: 3, m3: 3')
  })

  test('what is dry-run leaves nothing', async () => {
    await ten()
    await fleet.taint('m1', DRAIN)
    const federated = (await fleet.template('Deployment', KEY))!
    expect(fleet.server.distribution.plan(fleet.templates('Deployment'), { ...federated, status: { ...federated.status, schedule: { ...federated.status!.schedule, evictions: [] } } }).schedule!.evictions).toBeUndefined()
  })
})

test('a ClusterTaintPolicy drives out by any condition, and lets come back', async () => {
  await ten()
  await fleet.policies('ClusterTaintPolicy').writer!.create({ apiVersion: 'policy.federation/v1alpha1', kind: 'ClusterTaintPolicy', metadata: { name: 'dns' }, spec: { addOnConditions: [{ conditionType: 'DNS', operator: 'In', statusValues: ['False'] }], removeOnConditions: [{ conditionType: 'DNS', operator: 'In', statusValues: ['True'] }], taints: [{ key: 'dns-down', effect: 'NoExecute' }] } }, { user: { name: 'admin', groups: [], extra: {} }, manager: 'kubectl', authorize: () => Promise.resolve(), warn: () => undefined }, fleet.server.signal)
  await fleet.setCondition('m1', 'DNS', false)
  expect(fleet.taintsOf('m1')).toEqual(['dns-down:NoExecute'])
  await fleet.advance(MINUTE)
  expect([await fleet.targets('web'), await fleet.having('Deployment', KEY)]).toEqual(['m2: 5, m3: 5', ['m2', 'm3']])
  await fleet.setCondition('m1', 'DNS', true)
  expect(fleet.taintsOf('m1')).toEqual([])
})
