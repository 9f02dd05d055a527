import { afterEach, expect, test } from 'vitest'
import { silentLogger } from '../lib/logger.ts'
import { bytesOf } from '../machinery/client/failure.ts'
import { getJson, patchJson, postJson } from '../machinery/client/json-client.ts'
import type { Request } from '../machinery/meta/core.ts'
import { seedDemo } from './demo-scenario.ts'
import { SimulatedClock } from './simulated-clock.ts'
import { createSimulatedMember } from './simulated-member.ts'

let stop = new AbortController()
afterEach(() => { stop.abort(); stop = new AbortController() })

async function demo() {
  const clock = new SimulatedClock(), members = await Promise.all(['member1', 'member2', 'member3'].map((name) => createSimulatedMember({ name, nodes: 2, clock, seed: 'demo', logger: silentLogger }, stop.signal)))
  await seedDemo(members)
  await clock.advance(30_000)
  return { clock, members, first: members[0]! }
}

interface List { items: { metadata: { name: string; namespace: string }; status: Record<string, unknown> }[] }
interface Table { columnDefinitions: { name: string; priority: number }[]; rows: { cells: unknown[] }[] }
const get = (path: string, headers: Request['headers'] = []): Request => ({ method: 'GET', path: path.split('?')[0]!, query: new URLSearchParams(path.split('?')[1] ?? ''), headers })

test('it looks like a Kubernetes cluster', async () => {
  const { first: { handler } } = await demo()
  expect(await getJson(handler, '/version', stop.signal)).toMatchObject({ gitVersion: 'v1.36.3' })
  expect(Buffer.from(await bytesOf(await handler(get('/readyz'), stop.signal))).toString()).toBe('ok')
  expect(await getJson<{ resources: object[] }>(handler, '/apis/apps/v1', stop.signal)).toMatchObject({ resources: expect.arrayContaining([expect.objectContaining({ name: 'deployments', shortNames: ['deploy'], categories: ['all'] }), expect.objectContaining({ name: 'deployments/scale', kind: 'Scale' }), expect.objectContaining({ name: 'deployments/status' })]) })
  expect(await getJson(handler, '/openapi/v3/apis/apps/v1', stop.signal)).toMatchObject({ paths: { '/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale': {} }, components: { schemas: { 'io.k8s.api.apps.v1.Deployment': { type: 'object' } } } })
  expect(await getJson(handler, '/openapi/v2', stop.signal)).toMatchObject({ swagger: '2.0', definitions: { 'io.k8s.api.core.v1.PodSpec': { required: ['containers'] } } })
  expect(await getJson(handler, '/api/v1/namespaces/kube-system', stop.signal)).toMatchObject({ kind: 'Namespace', apiVersion: 'v1', metadata: { uid: expect.any(String) }, status: { phase: 'Active' } })
})

test('the demo comes to rest with everything ready but what cannot start', async () => {
  const { members } = await demo()
  const ready = await Promise.all(members.map(async ({ name, handler }) => {
    const { items } = await getJson<List>(handler, '/apis/apps/v1/deployments', stop.signal)
    return [name, Object.fromEntries(items.map(({ metadata, status }) => [`${metadata.namespace}/${metadata.name}`, status['readyReplicas'] ?? 0]))]
  }))
  expect(Object.fromEntries(ready)).toEqual({ member1: { 'default/api': 3, 'default/web': 2 }, member2: { 'default/api': 2, 'default/web': 3 }, member3: { 'default/web': 4, 'data/reports': 0 } })
  const { items } = await getJson<List>(members[0]!.handler, '/apis/batch/v1/jobs', stop.signal)
  expect(items.map(({ status }) => status['succeeded'])).toEqual([2])
})

test('tables have the columns of kubectl', async () => {
  const { first: { handler } } = await demo()
  const table = await getJson<Table>(handler, '/apis/apps/v1/namespaces/default/deployments', stop.signal, 'application/json;as=Table;v=v1;g=meta.k8s.io')
  expect(table.columnDefinitions.filter(({ priority }) => priority === 0).map(({ name }) => name)).toEqual(['Name', 'Ready', 'Up-to-date', 'Available', 'Age'])
  expect(table.rows.map(({ cells }) => cells.slice(0, 4))).toEqual([['api', '3/3', 3, 3], ['web', '2/2', 2, 2]])
})

test('scale, by its own subresource and by patch', async () => {
  const { first: { handler }, clock } = await demo(), path = '/apis/apps/v1/namespaces/default/deployments/web'
  expect(await patchJson(handler, `${path}/scale`, { spec: { replicas: 5 } }, stop.signal)).toMatchObject({ kind: 'Scale', spec: { replicas: 5 }, status: { replicas: 2, selector: 'app=web' } })
  await clock.advance(3000)
  expect(await getJson(handler, path, stop.signal)).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 5 }, status: { readyReplicas: 5, observedGeneration: 2 } })
  await patchJson(handler, path, { spec: { replicas: 1 } }, stop.signal)
  await clock.advance(3000)
  expect(await getJson(handler, path, stop.signal)).toMatchObject({ status: { readyReplicas: 1, observedGeneration: 3 } })
})

test('pods log where they run', async () => {
  const { first: { handler } } = await demo()
  const { items: [pod] } = await getJson<List>(handler, '/api/v1/namespaces/default/pods?labelSelector=app%3Dweb', stop.signal), name = pod!.metadata.name
  const log = async (query: string) => Buffer.from(await bytesOf(await handler(get(`/api/v1/namespaces/default/pods/${name}/log${query}`), stop.signal))).toString()
  expect(await log('')).toMatch(new RegExp(`^${name} started on member1-node-[12] in member1\n$`))
  expect(await log('?container=nope')).toContain(`container nope is not valid for pod ${name}`)
})

test('what kubectl sends is taken: nulls, names to generate, unknown namespaces refused', async () => {
  const { first: { handler } } = await demo()
  const template = { metadata: { creationTimestamp: null, labels: { app: 'x' } }, spec: { containers: [{ name: 'x', image: 'x', resources: {} }] } }
  const made = await postJson(handler, '/apis/apps/v1/namespaces/default/deployments', { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x', creationTimestamp: null }, spec: { strategy: {}, selector: { matchLabels: { app: 'x' } }, template }, status: {} }, stop.signal)
  expect(made).toMatchObject({ spec: { replicas: 1, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } }, template: { spec: { restartPolicy: 'Always', containers: [{ imagePullPolicy: 'Always' }] } } } })
  expect(await postJson(handler, '/api/v1/namespaces/default/configmaps', { metadata: { generateName: 'x-' } }, stop.signal)).toMatchObject({ metadata: { name: expect.stringMatching(/^x-\w{5}$/) } })
  await expect(postJson(handler, '/api/v1/namespaces/nowhere/configmaps', { metadata: { name: 'x' } }, stop.signal)).rejects.toMatchObject({ reason: 'NotFound' })
})
