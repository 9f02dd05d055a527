import { afterEach, expect, test } from 'vitest'
import { silentLogger } from '../lib/logger.ts'
import type { KubeObject, Resource } from '../machinery/meta/core.ts'
import { SimulatedClock } from './simulated-clock.ts'
import { createSimulatedCluster, type SimulatedCluster } from './simulated-cluster.ts'

let stop = new AbortController()
afterEach(() => { stop.abort(); stop = new AbortController() })

interface Running { readonly clock: SimulatedClock; readonly cluster: SimulatedCluster }

async function started(seed = 'one', nodes = 2): Promise<Running> {
  const clock = new SimulatedClock(), errors: unknown[] = []
  const cluster = await createSimulatedCluster({ name: 'member1', nodes, clock, seed, logger: { ...silentLogger, error: (fields) => { errors.push(fields) }, warn: (fields) => { errors.push(fields) } } }, stop.signal)
  await clock.advance(2000)
  expect(errors).toEqual([])
  return { clock, cluster }
}

const resource = ({ cluster }: Running, plural: string): Resource => cluster.resources.find(({ kind }) => kind.plural === plural)!
const list = async (running: Running, plural: string): Promise<KubeObject[]> => [...(await resource(running, plural).reader.list({}, stop.signal)).entries].map((entry) => entry.parse())
const names = async (running: Running, plural: string, namespace = 'shop') => (await list(running, plural)).filter(({ metadata }) => metadata.namespace === namespace).map(({ metadata }) => metadata.name!)
const statusOf = async (running: Running, plural: string) => (await list(running, plural)).find(({ metadata }) => metadata.namespace === 'shop')!['status'] as Record<string, unknown>

const shop: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx:1.29' }] } }, selector = { matchLabels: { app: 'web' } }
const workload = (kind: string, spec: object): KubeObject => ({ apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1', kind, metadata: { namespace: 'shop', name: 'web' }, spec: { ...(kind !== 'Job' && { selector }), template, ...spec } })

test('a Deployment becomes ready by way of a ReplicaSet and pods on nodes', async () => {
  const running = await started()
  await running.cluster.create(shop, workload('Deployment', { replicas: 3 }))
  await running.clock.advance(3000)
  expect(await statusOf(running, 'deployments')).toMatchObject({ observedGeneration: 1, replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3, conditions: [{ type: 'Available', status: 'True' }, { type: 'Progressing', reason: 'NewReplicaSetAvailable' }] })
  expect(await names(running, 'replicasets')).toEqual([expect.stringMatching(/^web-[a-z0-9]{7,10}$/)])
  const pods = await list(running, 'pods')
  expect(pods.map(({ metadata }) => metadata.name)).toEqual(Array.from({ length: 3 }, () => expect.stringMatching(/^web-[a-z0-9]{7,10}-[a-z0-9]{5}$/)))
  expect(new Set(pods.map(({ spec }) => (spec as { nodeName: string }).nodeName))).toEqual(new Set(['member1-node-1', 'member1-node-2']))
  expect(pods.every(({ status }) => (status as { phase: string }).phase === 'Running')).toBe(true)
})

test('pods are not ready at once', async () => {
  const running = await started()
  await running.cluster.create(shop, workload('Deployment', { replicas: 3 }))
  await running.clock.advance(200)
  expect(await statusOf(running, 'deployments')).toMatchObject({ replicas: 3, unavailableReplicas: 3, conditions: [{ type: 'Available', status: 'False' }, { type: 'Progressing', reason: 'ReplicaSetUpdated' }] })
})

test('scaling follows in both directions', async () => {
  const running = await started()
  await running.cluster.create(shop, workload('Deployment', { replicas: 3 }))
  await running.clock.advance(3000)
  for (const replicas of [5, 1, 0]) {
    await running.cluster.change('deployments', 'shop/web', (now) => ({ ...now, spec: { ...(now['spec'] as object), replicas } }))
    await running.clock.advance(3000)
    expect((await names(running, 'pods')).length).toBe(replicas)
    const status = await statusOf(running, 'deployments')
    expect({ ready: status['readyReplicas'] ?? 0, updated: status['updatedReplicas'] ?? 0 }).toEqual({ ready: replicas, updated: replicas })
  }
})

test('a new template rolls out within its limits and keeps the old ReplicaSet for undoing', async () => {
  const running = await started()
  await running.cluster.create(shop, workload('Deployment', { replicas: 4 }))
  await running.clock.advance(3000)
  await running.cluster.change('deployments', 'shop/web', (now) => ({ ...now, spec: { ...(now['spec'] as object), template: { ...template, spec: { containers: [{ name: 'web', image: 'nginx:1.30' }] } } } }))
  for (let step = 0; step < 30; step++) {
    await running.clock.advance(200)
    const { availableReplicas = 0, replicas = 0 } = (await statusOf(running, 'deployments')) as { availableReplicas?: number; replicas?: number }
    expect(availableReplicas).toBeGreaterThanOrEqual(3)
    expect(replicas).toBeLessThanOrEqual(5)
  }
  expect(await statusOf(running, 'deployments')).toMatchObject({ observedGeneration: 2, updatedReplicas: 4, readyReplicas: 4, replicas: 4 })
  const sets = await list(running, 'replicasets')
  expect(sets.map(({ spec, metadata }) => [(spec as { replicas: number }).replicas, metadata.annotations!['deployment.kubernetes.io/revision']])).toEqual(expect.arrayContaining([[0, '1'], [4, '2']]))
})

test('pods that never become ready are counted as unavailable', async () => {
  const running = await started()
  const waiting = { ...template, metadata: { ...template.metadata, annotations: { 'simulation.federation/waiting': 'ImagePullBackOff' } } }
  await running.cluster.create(shop, workload('Deployment', { replicas: 2, template: waiting }))
  await running.clock.advance(5000)
  expect(await statusOf(running, 'deployments')).toMatchObject({ replicas: 2, unavailableReplicas: 2 })
})

test.each([
  ['Deployment', 'deployments', { replicas: 2 }], ['StatefulSet', 'statefulsets', { replicas: 2 }], ['DaemonSet', 'daemonsets', {}], ['Job', 'jobs', { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } }],
])('deleting a %s takes what it owns along', async (kind, plural, spec) => {
  const running = await started()
  await running.cluster.create(shop, workload(kind, spec))
  await running.clock.advance(5000)
  expect((await names(running, 'pods')).length).toBeGreaterThan(0)
  await running.cluster.remove(plural, 'shop/web')
  await running.clock.advance(2000)
  expect([...(await names(running, 'replicasets')), ...(await names(running, 'pods'))]).toEqual([])
})

test('foreground deletion waits for what is owned, orphaning lets it live', async () => {
  const running = await started()
  await running.cluster.create(shop, workload('Deployment', { replicas: 2 }))
  await running.clock.advance(3000)
  await running.cluster.remove('deployments', 'shop/web', 'Orphan')
  await running.clock.advance(2000)
  expect(await names(running, 'deployments')).toEqual([])
  const [set] = await names(running, 'replicasets')
  expect((await names(running, 'pods')).length).toBe(2)
  await running.cluster.remove('replicasets', `shop/${set!}`, 'Foreground')
  await running.clock.advance(2000)
  expect([...(await names(running, 'replicasets')), ...(await names(running, 'pods'))]).toEqual([])
})

test('a namespace takes its contents along', async () => {
  const running = await started()
  await running.cluster.create(shop, workload('Deployment', { replicas: 2 }))
  await running.clock.advance(3000)
  expect(await names(running, 'serviceaccounts')).toEqual(['default'])
  await running.cluster.remove('namespaces', 'shop')
  await running.clock.advance(3000)
  for (const plural of ['deployments', 'replicasets', 'pods', 'serviceaccounts', 'configmaps']) expect(await names(running, plural)).toEqual([])
})

test('a StatefulSet counts upwards, one ready pod after the other', async () => {
  const running = await started()
  await running.cluster.create(shop, workload('StatefulSet', { replicas: 3, serviceName: 'web' }))
  await running.clock.advance(250)
  expect(await names(running, 'pods')).toEqual(['web-0'])
  await running.clock.advance(5000)
  expect(await names(running, 'pods')).toEqual(['web-0', 'web-1', 'web-2'])
  expect(await statusOf(running, 'statefulsets')).toMatchObject({ replicas: 3, readyReplicas: 3, availableReplicas: 3, updatedReplicas: 3, currentReplicas: 3 })
})

test('a DaemonSet has a pod on every node, new ones included', async () => {
  const running = await started('one', 3)
  await running.cluster.create(shop, workload('DaemonSet', {}))
  await running.clock.advance(3000)
  expect(await statusOf(running, 'daemonsets')).toMatchObject({ desiredNumberScheduled: 3, numberReady: 3, numberAvailable: 3 })
  await running.cluster.remove('nodes', 'member1-node-2')
  await running.clock.advance(3000)
  expect(await statusOf(running, 'daemonsets')).toMatchObject({ desiredNumberScheduled: 2, numberReady: 2, currentNumberScheduled: 2 })
})

test('a Job runs to its end', async () => {
  const running = await started()
  await running.cluster.create(shop, workload('Job', { completions: 3, parallelism: 2, template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } }))
  await running.clock.advance(2000)
  expect(await statusOf(running, 'jobs')).toMatchObject({ active: 2 })
  await running.clock.advance(12_000)
  const status = await statusOf(running, 'jobs')
  expect(status).toMatchObject({ succeeded: 3, conditions: [{ type: 'SuccessCriteriaMet' }, { type: 'Complete', status: 'True' }], completionTime: expect.any(String) })
  expect(status['active']).toBeUndefined()
})

test('the same seed tells the same story', async () => {
  const history = async (seed: string) => {
    const running = await started(seed)
    await running.cluster.create(shop, workload('Deployment', { replicas: 3 }))
    await running.clock.advance(3000)
    return JSON.stringify([await list(running, 'pods'), await list(running, 'events')])
  }
  const first = await history('one')
  expect(await history('one')).toBe(first)
  expect(await history('two')).not.toBe(first)
})
