/** The safety rules of the design, §4, about where copies are and what is in them. */
import { afterEach, describe, expect, test } from 'vitest'
import type { KubeObject } from '../../src/machinery/meta/core.ts'
import { deployment, job, on, onAll, SmallFleet } from './small-fleet.ts'

let fleet: SmallFleet
afterEach(() => fleet.close())

const replicasOf = (object: KubeObject | undefined) => (object?.['spec'] as { replicas?: number } | undefined)?.replicas
const config = (level: string) => ({ data: { level } })

describe('rule 4: a placement is given up by an explicit change only, and within a budget', () => {
  const policy = { resourceSelectors: [{ apiVersion: 'v1', kind: 'ConfigMap' }], placement: { clusterAffinity: { labelSelector: { matchLabels: { env: 'dev' } } } } }

  test('a template whose policy is gone stays where it is, and says so', async () => {
    fleet = await SmallFleet.start(3)
    await fleet.policy('PropagationPolicy', 'default/all', policy)
    await fleet.create('ConfigMap', 'default/a', { template: config('1') })
    expect(await fleet.having('ConfigMap', 'default/a')).toEqual(['m2', 'm3'])
    await fleet.policy('PropagationPolicy', 'default/all', undefined)
    await fleet.edit('ConfigMap', 'default/a', { template: config('2') })
    expect(await fleet.condition('ConfigMap', 'default/a', 'Scheduled')).toBe('False PolicyLost')
    expect(await fleet.having('ConfigMap', 'default/a')).toEqual(['m2', 'm3'])
    await fleet.restart()
    await fleet.advance(60_000)
    expect(await fleet.having('ConfigMap', 'default/a')).toEqual(['m2', 'm3'])
  })

  test('copies that a policy preserves stay when their template goes, though the policy went before', async () => {
    fleet = await SmallFleet.start(2)
    const policy = (more: object | undefined) => fleet.policy('PropagationPolicy', 'default/all', more && { resourceSelectors: [{ apiVersion: 'v1', kind: 'ConfigMap' }], placement: { clusterAffinity: {} }, ...more })
    await policy({ preserveResourcesOnDeletion: true })
    for (const key of ['default/a', 'default/b']) await fleet.create('ConfigMap', key, { template: { data: { level: '1' } } })
    await policy(undefined)
    await fleet.drop('ConfigMap', 'default/a')
    expect([await fleet.template('ConfigMap', 'default/a'), await fleet.having('ConfigMap', 'default/a')]).toEqual([undefined, ['m1', 'm2']])
    expect((await fleet.copy('m1', 'ConfigMap', 'default/a'))?.metadata.labels).toBeUndefined()
    // Unless another policy has claimed it meanwhile that does not.
    await policy({})
    await fleet.drop('ConfigMap', 'default/b')
    expect(await fleet.having('ConfigMap', 'default/b')).toEqual([])
  })

  test('a template that fits nowhere any more stays where it is, and says so', async () => {
    fleet = await SmallFleet.start(3)
    await fleet.policy('PropagationPolicy', 'default/all', policy)
    await fleet.create('ConfigMap', 'default/a', { template: config('1') })
    for (const name of ['m2', 'm3']) fleet.label(name, { env: 'test' })
    await fleet.advance(60_000)
    expect(await fleet.condition('ConfigMap', 'default/a', 'Scheduled')).toBe('False NoClusterFits')
    expect(await fleet.having('ConfigMap', 'default/a')).toEqual(['m2', 'm3'])
  })

  test('removals beyond the budget wait; deleting a template is no mistake of that kind', async () => {
    fleet = await SmallFleet.start(6, (one) => { one.maxRemovalsPerMinute = 2 })
    await fleet.create('ConfigMap', 'default/a', { template: config('1'), placement: onAll })
    await fleet.create('ConfigMap', 'default/b', { template: config('1'), placement: onAll })
    await fleet.edit('ConfigMap', 'default/a', { placement: on() }, 20_000)
    expect(await fleet.having('ConfigMap', 'default/a')).toHaveLength(4)
    expect(Object.values(await fleet.states('ConfigMap', 'default/a'))).toContain('WaitingForRemoval: more copies are to be removed than may be in a minute (--max-removals-per-minute)')
    await fleet.drop('ConfigMap', 'default/b', 'Background', 20_000)
    expect(await fleet.having('ConfigMap', 'default/b')).toEqual([])
    await fleet.advance(180_000)
    expect(await fleet.having('ConfigMap', 'default/a')).toEqual([])
  })
})

describe('rule 5: moves grow first, and the last copy that works is never taken', () => {
  test('a copy stays until the one that replaces it is ready', async () => {
    fleet = await SmallFleet.start(2)
    await fleet.create('Deployment', 'default/web', { template: deployment(3), placement: on('m1') })
    fleet.stub('m2').isAlive = false
    await fleet.edit('Deployment', 'default/web', { placement: on('m2') }, 60_000)
    expect(await fleet.having('Deployment', 'default/web')).toEqual(['m1', 'm2'])
    expect(await fleet.states('Deployment', 'default/web')).toMatchObject({ m1: 'WaitingForRemoval: it stays until m2 can do without it' })
    fleet.stub('m2').revive()
    await fleet.advance(15_000)
    expect(await fleet.having('Deployment', 'default/web')).toEqual(['m2'])
  })

  test('replicas stay until those that replace them are ready', async () => {
    fleet = await SmallFleet.start(2)
    const shares = (m1: number, m2: number) => ({ clusterAffinity: {}, replicaScheduling: { clusterPreferences: { m1: { weight: m1 }, m2: { weight: m2 } }, rebalance: true } })
    await fleet.create('Deployment', 'default/web', { template: deployment(8), placement: shares(3, 1) })
    const replicas = async () => [replicasOf(await fleet.copy('m1', 'Deployment', 'default/web')), replicasOf(await fleet.copy('m2', 'Deployment', 'default/web'))]
    expect(await replicas()).toEqual([6, 2])
    fleet.stub('m2').isAlive = false
    await fleet.edit('Deployment', 'default/web', { placement: shares(1, 3) }, 60_000)
    expect(await replicas()).toEqual([6, 6])
    fleet.stub('m2').revive()
    await fleet.advance(15_000)
    expect(await replicas()).toEqual([2, 6])
  })

  test('where the new place never gets ready, what works stays for good, and what does not goes after a while', async () => {
    fleet = await SmallFleet.start(3)
    await fleet.create('Deployment', 'default/web', { template: deployment(3), placement: on('m1') })
    fleet.stub('m2').isAlive = fleet.stub('m3').isAlive = false
    await fleet.edit('Deployment', 'default/web', { placement: on('m2') }, 1_800_000)
    expect(await fleet.states('Deployment', 'default/web')).toMatchObject({ m1: 'WaitingForRemoval: it is the last copy that works' })
    await fleet.edit('Deployment', 'default/web', { placement: on() }, 15_000)
    expect(await fleet.having('Deployment', 'default/web')).toEqual([])
  })

  test('scaling down is no move', async () => {
    fleet = await SmallFleet.start(2)
    await fleet.create('Deployment', 'default/web', { template: deployment(8), placement: { clusterAffinity: {}, replicaScheduling: { replicaSchedulingType: 'Divided' } } })
    await fleet.edit('Deployment', 'default/web', { template: deployment(2) }, 15_000)
    expect([replicasOf(await fleet.copy('m1', 'Deployment', 'default/web')), replicasOf(await fleet.copy('m2', 'Deployment', 'default/web'))]).toEqual([1, 1])
  })
})

describe('rule 6: jobs run once', () => {
  test('a finished Job that was tidied away is not run again, over a restart too; a new generation is', async () => {
    fleet = await SmallFleet.start(1)
    await fleet.create('Job', 'default/report', { template: job(), placement: onAll }, 10_000)
    await fleet.stub('m1').remove('jobs', 'default/report')
    await fleet.advance(60_000)
    await fleet.restart()
    await fleet.advance(60_000)
    expect(await fleet.having('Job', 'default/report')).toEqual([])
    expect(await fleet.states('Job', 'default/report')).toEqual({ m1: 'OK: it finished here, and was removed since' })
    await fleet.edit('Job', 'default/report', { template: job(2) })
    expect(await fleet.having('Job', 'default/report')).toEqual(['m1'])
  })

  test('one that did not finish is made again', async () => {
    fleet = await SmallFleet.start(1)
    fleet.stub('m1').isAlive = false
    await fleet.create('Job', 'default/report', { template: job(), placement: onAll }, 10_000)
    await fleet.stub('m1').remove('jobs', 'default/report')
    await fleet.advance(10_000)
    expect(await fleet.having('Job', 'default/report')).toEqual(['m1'])
  })

  test('one that finished in an earlier generation, and not yet in this one, is made again', async () => {
    fleet = await SmallFleet.start(1)
    await fleet.create('Job', 'default/report', { template: job(), placement: onAll }, 10_000)
    await fleet.stub('m1').remove('jobs', 'default/report')
    fleet.stub('m1').isAlive = false
    await fleet.edit('Job', 'default/report', { template: job(2) })
    await fleet.stub('m1').remove('jobs', 'default/report')
    await fleet.advance(10_000)
    expect(await fleet.having('Job', 'default/report')).toEqual(['m1'])
  })

  test('shares that have begun do not move when a cluster joins', async () => {
    fleet = await SmallFleet.start(2)
    await fleet.create('Job', 'default/report', { template: job(4), placement: { clusterAffinity: {}, replicaScheduling: { replicaSchedulingType: 'Divided' } } }, 10_000)
    const shares = async () => (await fleet.template('Job', 'default/report'))!.status!.schedule!.targets
    const before = await shares()
    expect(before).toMatchObject([{ cluster: 'm1', replicas: 2 }, { cluster: 'm2', replicas: 2 }])
    await fleet.addMember('m3')
    await fleet.advance(30_000)
    expect(await shares()).toEqual(before)
  })
})

describe('rule 7: replicas that a member keeps for itself fall to no default', () => {
  test('handed over when they are to be kept, and left alone from then on', async () => {
    fleet = await SmallFleet.start(1)
    await fleet.create('Deployment', 'default/web', { template: deployment(5), placement: onAll })
    await fleet.edit('Deployment', 'default/web', { retainReplicas: true })
    expect(replicasOf(await fleet.copy('m1', 'Deployment', 'default/web'))).toBe(5)
    await fleet.stub('m1').change('deployments', 'default/web', (object) => ({ ...object, spec: { ...(object['spec'] as object), replicas: 11 } }), { manager: 'autoscaler' })
    await fleet.edit('Deployment', 'default/web', { template: deployment(7, 'app:2') })
    const copy = await fleet.copy('m1', 'Deployment', 'default/web')
    expect([replicasOf(copy), JSON.stringify(copy).includes('app:2')]).toEqual([11, true])
    await fleet.restart()
    await fleet.advance(10_000)
    expect(replicasOf(await fleet.copy('m1', 'Deployment', 'default/web'))).toBe(11)
  })

  test('a copy is created with the replicas of the template', async () => {
    fleet = await SmallFleet.start(1)
    await fleet.create('Deployment', 'default/web', { template: deployment(5), placement: onAll, retainReplicas: true })
    expect(replicasOf(await fleet.copy('m1', 'Deployment', 'default/web'))).toBe(5)
    expect(await fleet.states('Deployment', 'default/web')).toEqual({ m1: 'OK' })
  })
})

describe('rule 9: namespaces', () => {
  const namespaceOf = (name: string) => fleet.stub('m1').get('namespaces', name)

  test('made where they are missing, with what the host says of pod security and nothing else', async () => {
    fleet = await SmallFleet.start(1)
    await fleet.hostNamespace('shop', { 'pod-security.kubernetes.io/enforce': 'restricted', team: 'shop' })
    await fleet.create('ConfigMap', 'shop/a', { template: config('1'), placement: onAll })
    expect((await namespaceOf('shop'))!.metadata.labels).toEqual({ 'pod-security.kubernetes.io/enforce': 'restricted', 'kubernetes.io/metadata.name': 'shop' })
    await fleet.drop('ConfigMap', 'shop/a')
    expect(await namespaceOf('shop')).toBeDefined()
  })

  test('those that are there are left as they are', async () => {
    fleet = await SmallFleet.start(1)
    await fleet.hostNamespace('shop', { 'pod-security.kubernetes.io/enforce': 'restricted' })
    const before = await fleet.stub('m1').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
    await fleet.create('ConfigMap', 'shop/a', { template: config('1'), placement: onAll })
    expect(await namespaceOf('shop')).toEqual(before)
    expect(await fleet.having('ConfigMap', 'shop/a')).toEqual(['m1'])
  })

  test('of those that were made for a template only what holds nothing of others goes', async () => {
    fleet = await SmallFleet.start(3)
    await fleet.stub('m3').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
    await fleet.create('Namespace', 'shop/shop', { template: {}, placement: onAll, conflictResolution: 'Overwrite' })
    expect(await fleet.states('Namespace', 'shop/shop')).toEqual({ m1: 'OK', m2: 'OK', m3: 'OK' })
    const theirs = await fleet.stub('m1').create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'shop', name: 'theirs' }, data: {} })
    await fleet.drop('Namespace', 'shop/shop', 'Background', 15_000)
    expect([await fleet.template('Namespace', 'shop/shop'), await fleet.having('Namespace', 'shop')]).toEqual([undefined, ['m1', 'm3']])
    expect(await fleet.copy('m1', 'ConfigMap', 'shop/theirs')).toEqual(theirs)
    expect(Object.keys((await namespaceOf('shop'))!.metadata.labels!)).toEqual(['kubernetes.io/metadata.name'])
  })

  test('those of the system are not made', async () => {
    fleet = await SmallFleet.start(1)
    await fleet.create('ConfigMap', 'kube-extra/a', { template: config('1'), placement: onAll })
    expect(await namespaceOf('kube-extra')).toBeUndefined()
    expect(await fleet.states('ConfigMap', 'kube-extra/a')).toEqual({ m1: 'ApplyFailed: the cluster has no namespace kube-extra, and namespaces of that prefix are not made by a fleet' })
  })
})

test('rule 10: marks of tools that track objects stay on the template', async () => {
  fleet = await SmallFleet.start(1)
  const marks = { 'argocd.argoproj.io/tracking-id': 'x', 'kustomize.toolkit.fluxcd.io/checksum': 'x', 'helm.toolkit.fluxcd.io/driftDetection': 'x', 'kubectl.kubernetes.io/last-applied-configuration': '{}', 'deployment.kubernetes.io/revision': '3' }
  await fleet.create('Deployment', 'default/web', { template: { metadata: { annotations: { ...marks, note: 'mine' }, labels: { 'kustomize.toolkit.fluxcd.io/name': 'x', app: 'x' } }, ...deployment(1) }, placement: onAll })
  const { metadata } = (await fleet.copy('m1', 'Deployment', 'default/web'))!
  expect(Object.keys(metadata.annotations!).toSorted()).toEqual(['cluster.federation/revision', 'cluster.federation/template', 'note'])
  expect(Object.keys(metadata.labels!).toSorted()).toEqual(['app', 'cluster.federation/managed'])
  expect((await fleet.template('Deployment', 'default/web'))!.spec.template.metadata!.annotations).toEqual({ ...marks, note: 'mine' })
})

test('what overrides see of a cluster may change: its copies follow', async () => {
  fleet = await SmallFleet.start(1)
  await fleet.policy('OverridePolicy', 'default/where', { resourceSelectors: [{ apiVersion: 'v1', kind: 'ConfigMap' }], overrideRules: [{ targetCluster: { labelSelector: { matchLabels: { env: 'prod' } } }, overriders: { plaintext: [{ path: '/data/env', operator: 'add', value: "${cluster.labels['env']}" }] } }] })
  await fleet.create('ConfigMap', 'default/a', { template: config('1'), placement: onAll })
  expect((await fleet.copy('m1', 'ConfigMap', 'default/a'))!['data']).toEqual({ level: '1', env: 'prod' })
  fleet.label('m1', { env: 'dev' })
  await fleet.advance(5000)
  expect((await fleet.copy('m1', 'ConfigMap', 'default/a'))!['data']).toEqual({ level: '1' })
})
