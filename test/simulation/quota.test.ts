/** Quotas over all clusters: refused at the door, kept by decisions, given to clusters, freed again. */
import { afterEach, expect, test } from 'vitest'
import type { FederatedResourceQuota } from '../../src/apis/policy.federation/v1alpha1/federated-resource-quota.ts'
import { author } from './simulated-fleet.ts'
import { SmallFleet } from './small-fleet.ts'

let fleet: SmallFleet
afterEach(() => fleet.close())

const divided = { clusterAffinity: {}, replicaScheduling: { replicaSchedulingType: 'Divided' as const } }
const web = (replicas: number, cpu = '1') => ({ spec: { replicas, selector: { matchLabels: { app: 'x' } }, template: { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'main', image: 'app:1', resources: { requests: { cpu } } }] } } } })

async function quota(spec: FederatedResourceQuota['spec'] | undefined, name = 'team'): Promise<void> {
  const { writer } = fleet.policies('FederatedResourceQuota'), key = `shop/${name}`
  if (spec) await writer!.update(key, (current) => ({ ...(current ?? { apiVersion: 'policy.federation/v1alpha1', kind: 'FederatedResourceQuota', metadata: { namespace: 'shop', name } }), spec }), author, fleet.server.signal)
  else await writer!.delete(key, author, fleet.server.signal)
  await fleet.advance(5000)
}
const statusOf = async (name = 'team') => {
  const [entry] = (await fleet.policies('FederatedResourceQuota').reader.list({ namespace: 'shop', name }, fleet.server.signal)).entries
  return (entry?.parse() as FederatedResourceQuota | undefined)?.status
}
const schedule = async (name: string) => { const { schedule: made, conditions } = (await fleet.template('Deployment', `shop/${name}`))!.status!, scheduled = conditions!.find(({ type }) => type === 'Scheduled')!; return [(made!.targets ?? []).reduce((sum, { replicas = 0 }) => sum + replicas, 0), made!.unplaced ?? 0, scheduled.reason] }

test('what is beyond the quota is refused as a kube-apiserver does; less is not', async () => {
  fleet = await SmallFleet.start(2)
  await quota({ overall: { 'requests.cpu': '6', pods: '100' } })
  await fleet.create('Deployment', 'shop/a', { template: web(4), placement: divided })
  await expect(fleet.create('Deployment', 'shop/b', { template: web(3), placement: divided })).rejects.toThrow('deployments.apps "b" is forbidden: exceeded quota: team, requested: requests.cpu=3, used: requests.cpu=4, limited: requests.cpu=6')
  await fleet.create('Deployment', 'shop/b', { template: web(2), placement: divided })
  await expect(fleet.edit('Deployment', 'shop/a', { template: web(5) })).rejects.toThrow('exceeded quota: team, requested: requests.cpu=1, used: requests.cpu=6, limited: requests.cpu=6')
  await fleet.edit('Deployment', 'shop/a', { template: web(1) })
  await fleet.edit('Deployment', 'shop/b', { template: web(5) })
  expect(await statusOf()).toMatchObject({ overallUsed: { 'requests.cpu': '6', pods: '6' } })
  await expect(fleet.create('Deployment', 'shop/c', { template: web(1), placement: { clusterSelector: {} } })).rejects.toThrow('requested: requests.cpu=2')
})

test('decisions keep to it where what was admitted does not, and go on when there is room', async () => {
  fleet = await SmallFleet.start(2)
  await fleet.create('Deployment', 'shop/a', { template: web(4), placement: divided })
  // A template without a place counts for nothing, and is admitted: that it gets one is a decision.
  await fleet.create('Deployment', 'shop/b', { template: web(4) })
  await quota({ overall: { cpu: '6' } })
  expect(await statusOf()).toMatchObject({ overallUsed: { cpu: '4' } })
  await fleet.policy('PropagationPolicy', 'shop/all', { resourceSelectors: [{ apiVersion: 'apps/v1', kind: 'Deployment' }], placement: divided })
  expect([await schedule('a'), await schedule('b')]).toEqual([[4, 0, 'Success'], [2, 2, 'QuotaExceeded']])
  await fleet.restart()
  await fleet.advance(20_000)
  expect(await schedule('b')).toEqual([2, 2, 'QuotaExceeded'])
  await fleet.edit('Deployment', 'shop/a', { template: web(3) })
  expect(await schedule('b')).toEqual([3, 1, 'QuotaExceeded'])
  await quota(undefined)
  expect(await schedule('b')).toEqual([4, 0, 'Success'])
})

test('many at once get no more than there is', async () => {
  fleet = await SmallFleet.start(2)
  for (let at = 0; at < 10; at++) await fleet.create('Deployment', `shop/w${at}`, { template: web(2) }, 0)
  await quota({ overall: { cpu: '9' } })
  await fleet.policy('PropagationPolicy', 'shop/all', { resourceSelectors: [{ apiVersion: 'apps/v1', kind: 'Deployment' }], placement: divided })
  await fleet.advance(10_000)
  const placed = await Promise.all(Array.from({ length: 10 }, (_, at) => schedule(`w${at}`)))
  expect(placed.reduce((sum, [count]) => sum + Number(count), 0)).toBe(9)
})

test('what is assigned to clusters is a template of its own, and goes with the quota', async () => {
  fleet = await SmallFleet.start(3)
  await quota({ overall: { configmaps: '10' }, staticAssignments: [{ clusterName: 'm1', hard: { configmaps: '3' } }, { clusterName: 'm2', hard: { configmaps: '7' } }] })
  const template = (await fleet.template('ResourceQuota', 'shop/team'))!
  expect(template.spec).toMatchObject({ placement: { clusters: [{ name: 'm1' }, { name: 'm2' }] }, overrides: [{ clusterName: 'm1', clusterOverrides: [{ value: { configmaps: '3' } }] }, { clusterName: 'm2', clusterOverrides: [{ value: { configmaps: '7' } }] }] })
  expect(await statusOf()).toMatchObject({ aggregatedStatus: [{ clusterName: 'm1', hard: { configmaps: '3' } }, { clusterName: 'm2' }] })
  await quota({ overall: { configmaps: '10' }, staticAssignments: [{ clusterName: 'm2', hard: { configmaps: '8' } }] })
  expect((await fleet.template('ResourceQuota', 'shop/team'))!.spec).toMatchObject({ placement: { clusters: [{ name: 'm2' }] }, overrides: [{ clusterName: 'm2', clusterOverrides: [{ value: { configmaps: '8' } }] }] })
  await quota(undefined)
  await fleet.advance(60_000)
  expect(await fleet.template('ResourceQuota', 'shop/team')).toBeUndefined()
})
