/** Configs, members and the store put together, with members that are handlers in this process. */
import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { federatedTypeConfigKind, type FederatedTypeConfig } from '../../apis/policy.federation/v1alpha1/federated-type-config.ts'
import { systemClock as clock } from '../../lib/clock.ts'
import { silentLogger as logger } from '../../lib/logger.ts'
import type { Handler, KubeObject, Storage } from '../../machinery/meta/core.ts'
import type { JsonSchema } from '../../machinery/meta/json-schema.ts'
import { createStoredResource } from '../../machinery/registry/stored-resource.ts'
import { MemoryStorage } from '../../machinery/storage/memory-storage.ts'
import { Member } from '../member/member.ts'
import { Members } from '../member/members.ts'
import { SERVER } from '../template/server-user.ts'
import { builtInTargets } from '../template/target-kind.ts'
import { Templates } from '../template/templates.ts'
import { TypeConfigs } from './type-configs.ts'
import { TypeRecords } from './type-records.ts'

const stops: AbortController[] = []
afterEach(() => { for (const stop of stops.splice(0)) stop.abort() })

const GEAR = { group: 'example.com', version: 'v1', kind: 'Gear', plural: 'gears', singular: 'gear', shortNames: ['ge'], categories: [], namespaced: true, verbs: ['create', 'get', 'list', 'watch'], subresources: ['status', 'scale'], preferred: true }
const SCALE = { specReplicasPath: '.spec.count', statusReplicasPath: '.status.count' }
const schemaOf = (fields: Record<string, JsonSchema>): JsonSchema => ({ type: 'object', properties: { metadata: { allOf: [{ $ref: '#/components/schemas/meta' }] }, spec: { type: 'object', properties: fields } }, 'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Gear' }] })

/** A member that serves Gears with the fields that `of` holds at the time. */
function memberWith(name: string, of: { fields: Record<string, JsonSchema> }, members: Members): Member {
  const json = (body: object, status = 200) => Promise.resolve({ status, headers: [], body: Buffer.from(JSON.stringify(body)) })
  const handler: Handler = ({ path }) => {
    if (path === '/openapi/v3') return json({ paths: { 'apis/example.com/v1': { serverRelativeURL: `/openapi/v3/apis/example.com/v1?hash=${Object.keys(of.fields).join('-')}` } } })
    if (path === '/openapi/v3/apis/example.com/v1') return json({ components: { schemas: { 'com.example.v1.Gear': schemaOf(of.fields), meta: { type: 'object', properties: { name: { type: 'string' } } }, unused: {} } } })
    if (path === '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gears.example.com') return json({ spec: { versions: [{ name: 'v1', subresources: { scale: SCALE } }] } })
    return json({ kind: 'Status', reason: 'NotFound', message: path, code: 404 }, 404)
  }
  const member = new Member({ cluster: { metadata: { name }, spec: { syncMode: 'Push' } }, verify: () => Promise.resolve(), onChange: () => members.changed(), clock, random: Math.random, idleMs: 1000 })
  member.setConnection({ handler, upgrade: () => Promise.reject(new Error('none')), drain: () => Promise.resolve(), close: () => Promise.resolve() })
  member.setDiscovery({ kinds: [GEAR], stale: [], tags: [] })
  member.setState({ state: 'ready' })
  return member
}

async function replica(storage: Storage, members: Members) {
  const stop = new AbortController(), { signal } = stop, stored = { clock, logger, randomUuid: randomUUID, randomSuffix: () => 'abcde' }
  stops.push(stop)
  const configs = createStoredResource(federatedTypeConfigKind, storage, stored, signal), templates = new Templates({ storage, stored, plan: () => ({}), checks: { isStaged: () => false, validate: () => [], validateNative: () => [], authorize: () => Promise.resolve(), authorizeFederated: () => Promise.resolve(), review: () => Promise.resolve() } }, signal)
  for (const target of builtInTargets) templates.add(target)
  const types = await TypeConfigs.open({ configs, templates, records: await TypeRecords.open(storage, signal), storage, members, isAwaited: () => false, seen: Promise.resolve(), leads: () => true, clock, random: Math.random, logger }, signal)
  void types.run(signal)
  const create = (id: string, object: KubeObject) => templates.get(id)!.resource.writer.create(object, SERVER, signal)
  return { stop, configs, templates, create, put: (config: KubeObject) => configs.writer.create(config, SERVER, signal), status: (id: string) => (configs.cache.get(id)?.parse() as FederatedTypeConfig | undefined)?.status }
}

const ftc = (type: object, name: string, propagation = 'Enabled'): KubeObject => ({ metadata: { name }, spec: { propagation, targetType: { group: 'example.com', version: 'v1', kind: 'Gear', pluralName: 'gears', scope: 'Namespaced', ...type } } })
const gear = (name: string, spec: object): KubeObject => ({ metadata: { name, namespace: 'shop' }, spec: { template: { spec } } })

test('a custom kind is served with the schema of a member, follows it, outlives it and a restart, and goes with its last object', async () => {
  const storage = new MemoryStorage(), members = new Members(), of = { fields: { count: { type: 'integer' } } as Record<string, JsonSchema> }, member = memberWith('member1', of, members), first = await replica(storage, members)
  await first.put(ftc({}, 'gears.example.com'))
  await expect.poll(() => first.status('gears.example.com')).toMatchObject({ propagationController: 'NotRunning', conditions: [{ status: 'False', reason: 'NotFound', message: 'no cluster is known to serve gears.example.com in version v1' }] })
  expect(first.templates.get('gears.example.com')).toBeUndefined()

  members.add(member)
  await expect.poll(() => first.status('gears.example.com')).toMatchObject({ propagationController: 'Running', conditions: [{ status: 'True', message: 'with the schema of cluster member1' }] })
  expect(first.templates.get('gears.example.com')!.kind).toMatchObject({ group: 'types.example.com.federation', version: 'v1', kind: 'FederatedGear', shortNames: ['fge'], namespaced: true, scale: { specReplicasPath: '.spec.template.spec.count', statusReplicasPath: '.status.aggregated.count' } })
  await expect(first.create('gears.example.com', gear('a', { count: 'many' }))).rejects.toThrow('spec.template.spec.count')
  await first.create('gears.example.com', gear('a', { count: 1 }))

  const before = first.templates.get('gears.example.com')!
  of.fields = { count: { type: 'integer' }, teeth: { type: 'integer' } }
  members.changed()
  await expect.poll(() => before.signal.aborted).toBe(true)
  expect((await first.create('gears.example.com', gear('b', { teeth: 3 }))).parse()).toMatchObject({ spec: { template: { spec: { teeth: 3 } } } })
  first.stop.abort()

  const second = await replica(storage, new Members())
  expect((await second.create('gears.example.com', gear('c', { teeth: 4, other: 1 }))).parse()['spec']).toMatchObject({ template: { spec: { teeth: 4 } } })
  await second.configs.writer.delete('gears.example.com', SERVER, second.stop.signal)
  await expect.poll(() => second.templates.get('gears.example.com')!.whyOff()).toContain('create a FederatedTypeConfig named gears.example.com')
  await expect(second.create('gears.example.com', gear('d', {}))).rejects.toThrow('federatedgears.types.example.com.federation "d" is forbidden')
  const store = second.templates.get('gears.example.com')!
  for (const name of ['a', 'b', 'c']) await store.resource.writer.update(`shop/${name}`, (current) => ({ ...current!, metadata: { ...current!.metadata, finalizers: [] } }), SERVER, second.stop.signal)
  for (const name of ['a', 'b', 'c']) await store.resource.writer.delete(`shop/${name}`, SERVER, second.stop.signal)
  await expect.poll(() => second.templates.get('gears.example.com'), { timeout: 10_000 }).toBeUndefined()
  expect((await storage.range('/federation/schemas/', {}, new AbortController().signal)).records).toEqual([])
})

test("a kind of Kubernetes is switched off and on, and what is stored of it stays", async () => {
  const { put, configs, templates, create, status, stop: { signal } } = await replica(new MemoryStorage(), new Members()), map = (name: string): KubeObject => ({ metadata: { name, namespace: 'shop' }, spec: { template: { data: { a: 'b' } } } })
  await create('configmaps', map('a'))
  const groups = templates.groups()
  await put(ftc({ group: '', kind: 'ConfigMap', pluralName: 'configmaps' }, 'configmaps', 'Disabled'))
  await expect.poll(() => status('configmaps')).toMatchObject({ observedGeneration: 1, propagationController: 'NotRunning', statusController: 'Running' })
  expect(templates.groups()).not.toBe(groups)
  await expect(create('configmaps', map('b'))).rejects.toThrow('set spec.propagation of the FederatedTypeConfig configmaps to Enabled')
  await templates.get('configmaps')!.resource.writer.update('shop/a', (current) => ({ ...current!, metadata: { ...current!.metadata, labels: { still: 'mine' } } }), SERVER, signal)
  await configs.writer.update('configmaps', (current) => ({ ...current!, spec: { ...(current!['spec'] as object), propagation: 'Enabled' } }), SERVER, signal)
  await expect.poll(() => status('configmaps')).toMatchObject({ observedGeneration: 2, propagationController: 'Running' })
  await create('configmaps', map('b'))
})
