/** A server that starts again finds everything as it is, and writes nothing: not to members, not to its store. */
import { afterEach, describe, expect, test } from 'vitest'
import { author } from './simulated-fleet.ts'
import { deployment, on, onAll, SmallFleet } from './small-fleet.ts'

let fleet: SmallFleet
afterEach(() => fleet.close())

const TEMPLATES = 200, MEMBERS = 5

/** Half are ConfigMaps everywhere, half Deployments: divided, or with overrides, or with a policy. */
async function createAll(): Promise<void> {
  const divided = { clusterAffinity: {}, replicaScheduling: { replicaSchedulingType: 'Divided' as const } }
  for (let at = 0; at < TEMPLATES; at++) {
    const name = `t${at}`
    if (at % 2 === 0) await fleet.create('ConfigMap', `shop/${name}`, { template: { data: { at: String(at) } }, placement: onAll }, 0)
    else await fleet.create('Deployment', `shop/${name}`, { template: deployment(10), ...(at % 4 === 1 ? { placement: divided } : at % 3 === 0 ? { placement: on('m1', 'm3'), overrides: [{ clusterName: 'm1', clusterOverrides: [{ op: 'replace', path: '/spec/replicas', value: 4 }] }] } : {}) }, 0)
  }
}

test(`${TEMPLATES} templates in ${MEMBERS} members: a restart writes nothing, and one whose template changed meanwhile is written`, async () => {
  fleet = await SmallFleet.start(MEMBERS)
  await fleet.policy('PropagationPolicy', 'shop/all', { resourceSelectors: [{ apiVersion: 'apps/v1', kind: 'Deployment' }], placement: { clusterAffinity: { clusterNames: ['m2', 'm4'] } } })
  await createAll()
  await fleet.advance(30_000)
  const made = fleet.requests.length, stored = fleet.commits
  expect(made).toBeGreaterThan(TEMPLATES * 2)
  await fleet.restart()
  await fleet.advance(30_000)
  expect({ writes: fleet.requests.slice(made), commits: fleet.commits - stored }).toEqual({ writes: [], commits: 0 })

  await fleet.restart()
  await fleet.templates('ConfigMap').resource.writer.update('shop/t0', (current) => ({ ...current!, spec: { ...(current!['spec'] as object), template: { data: { at: 'new' } } } }), author, fleet.server.signal)
  await fleet.advance(60_000)
  expect(fleet.requests.slice(made).map(({ cluster, method, path }) => `${method} ${cluster} ${path}`).toSorted()).toEqual(['m1', 'm2', 'm3', 'm4', 'm5'].map((name) => `PATCH ${name} /api/v1/namespaces/shop/configmaps/t0`))
})

test('a restart while a member cannot be reached writes nothing either, beyond saying so', async () => {
  fleet = await SmallFleet.start(2)
  await fleet.create('ConfigMap', 'shop/a', { template: { data: { a: '1' } }, placement: onAll })
  await fleet.cutOff('m2', true, 60_000)
  const made = fleet.requests.length, stored = fleet.commits
  expect(await fleet.states('ConfigMap', 'shop/a')).toMatchObject({ m1: 'OK', m2: expect.stringContaining('ClusterNotReady') })
  await fleet.restart()
  await fleet.advance(30_000)
  await fleet.cutOff('m2', false, 60_000)
  expect(fleet.requests.length - made).toBe(0)
  // That it is back is news, and so is, until its watch is up again, what is left to wait for.
  expect(fleet.commits - stored).toBeLessThanOrEqual(2)
})

/** Starts again over a store that is slow to say what there is of one kind, until told to. */
async function restartSlowly(plural: string): Promise<() => void> {
  const told = Promise.withResolvers<void>(), range = fleet.store.range.bind(fleet.store)
  fleet.store.range = async (prefix, ...rest) => {
    if (prefix.includes(plural)) await told.promise
    return range(prefix, ...rest)
  }
  await fleet.stop()
  void fleet.start()
  await fleet.advance(60_000)
  return told.resolve
}

test('until its workload is known, the bounds of an autoscaler stay as they were divided', async () => {
  fleet = await SmallFleet.start(0)
  for (const name of ['m1', 'm2']) await fleet.addMember(name, {}, [])
  await fleet.advance(5000)
  await fleet.create('Deployment', 'shop/web', { template: deployment(4), placement: { clusterAffinity: {}, replicaScheduling: { replicaSchedulingType: 'Divided' } } })
  await fleet.create('HorizontalPodAutoscaler', 'shop/web', { template: { spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas: 4, maxReplicas: 8 } }, placement: onAll })
  const bounds = async () => (await fleet.copy('m1', 'HorizontalPodAutoscaler', 'shop/web'))?.['spec'] as object
  expect(await bounds()).toMatchObject({ minReplicas: 2, maxReplicas: 4 })
  const { length } = fleet.requests, tell = await restartSlowly('federateddeployments')
  expect(await bounds()).toMatchObject({ minReplicas: 2, maxReplicas: 4 })
  tell()
  await fleet.advance(30_000)
  expect(fleet.requests.slice(length)).toEqual([])
})

describe('until policies are known', () => {
  const policy = (more: object) => fleet.policy('PropagationPolicy', 'shop/all', { resourceSelectors: [{ apiVersion: 'v1', kind: 'ConfigMap' }], placement: { clusterAffinity: {} }, ...more }), level = async () => (await fleet.copy('m1', 'ConfigMap', 'shop/a'))?.['data']

  test('nothing is sent that they may hold back', async () => {
    fleet = await SmallFleet.start(1)
    await policy({})
    await fleet.create('ConfigMap', 'shop/a', { template: { data: { level: '1' } } })
    await policy({ suspension: { dispatching: true } })
    await fleet.edit('ConfigMap', 'shop/a', { template: { data: { level: '2' } } })
    expect(await level()).toEqual({ level: '1' })
    const tell = await restartSlowly('propagationpolicies')
    expect(await level()).toEqual({ level: '1' })
    tell()
    await fleet.advance(30_000)
    expect([await level(), await fleet.states('ConfigMap', 'shop/a')]).toMatchObject([{ level: '1' }, { m1: expect.stringContaining('Suspended') as string }])
    await policy({})
    expect(await level()).toEqual({ level: '2' })
  })

  test('nothing is removed that they may preserve', async () => {
    fleet = await SmallFleet.start(1)
    await policy({ preserveResourcesOnDeletion: true })
    await fleet.create('ConfigMap', 'shop/a', { template: { data: { level: '1' } } })
    await fleet.cutOff('m1', true)
    await fleet.drop('ConfigMap', 'shop/a')
    await fleet.stop()
    await fleet.cutOff('m1', false)
    const tell = await restartSlowly('propagationpolicies')
    expect(await level()).toEqual({ level: '1' })
    tell()
    await fleet.advance(30_000)
    expect([await level(), await fleet.template('ConfigMap', 'shop/a')]).toEqual([{ level: '1' }, undefined])
  })
})
