/** Definitions, configs and templates in one store, with a leader that does nothing else. */
import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { federatedTypeConfigKind, type FederatedTypeConfig } from '../../apis/policy.federation/v1alpha1/federated-type-config.ts'
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { systemClock as clock } from '../../lib/clock.ts'
import { silentLogger as logger } from '../../lib/logger.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { createStoredResource } from '../../machinery/registry/stored-resource.ts'
import { MemoryStorage } from '../../machinery/storage/memory-storage.ts'
import { SERVER } from '../template/server-user.ts'
import { builtInTargets } from '../template/target-kind.ts'
import { Templates } from '../template/templates.ts'
import { ImpliedConfigs } from './implied-configs.ts'
import { targetOf } from './type-record.ts'

const stops: AbortController[] = []
afterEach(() => { for (const stop of stops.splice(0)) stop.abort() })

const NAME = 'gears.example.com', FINALIZER = 'customresourcecleanup.apiextensions.k8s.io'
const definition = (versions: readonly object[], group = 'example.com'): KubeObject => ({ metadata: { name: `gears.${group}` }, spec: { template: { spec: { group, scope: 'Namespaced', names: { plural: 'gears', kind: 'Gear' }, versions } } } })
const SERVED = { served: true, storage: false }, VERSIONS = [{ name: 'v1beta1', ...SERVED, storage: true }, { name: 'v1', ...SERVED }, { name: 'v2', served: false, storage: false }]

function start({ leads = true } = {}) {
  const stop = new AbortController(), { signal } = stop, storage = new MemoryStorage(), stored = { clock, logger, randomUuid: randomUUID, randomSuffix: () => 'abcde' }
  stops.push(stop)
  const templates = new Templates({ storage, stored, plan: () => ({}), checks: { isStaged: () => false, validate: () => [], validateNative: () => [], authorize: () => Promise.resolve(), authorizeFederated: () => Promise.resolve(), review: () => Promise.resolve() } }, signal)
  for (const target of builtInTargets) templates.add(target)
  const configs = createStoredResource(federatedTypeConfigKind, storage, stored, signal), definitions = templates.get('customresourcedefinitions.apiextensions.k8s.io')!.resource
  void new ImpliedConfigs({ configs, templates, leads: () => leads, clock, random: Math.random, logger }).run(signal)
  return { signal, templates, configs, definitions, config: (name = NAME) => configs.cache.get(name)?.parse() as FederatedTypeConfig | undefined, finalizers: () => (definitions.cache.get(NAME)?.parse() as FederatedObject | undefined)?.spec.template.metadata?.finalizers }
}

test('a definition implies a config for the version that members prefer, which follows it', async () => {
  const { signal, templates, definitions, config, finalizers } = start()
  await definitions.writer.create(definition(VERSIONS), SERVER, signal)
  await expect.poll(() => config()).toMatchObject({ metadata: { annotations: { 'policy.federation/implied-by': 'CustomResourceDefinition' } }, spec: { propagation: 'Enabled', targetType: { group: 'example.com', version: 'v1', kind: 'Gear', pluralName: 'gears', scope: 'Namespaced' } } })
  await expect.poll(finalizers).toEqual([FINALIZER])
  expect(templates.isExpected(NAME)).toBe(true)
  await definitions.writer.update(NAME, (current) => ({ ...current!, spec: { template: { ...(current as FederatedObject).spec.template, ...(definition([...VERSIONS, { name: 'v3', ...SERVED }])['spec'] as { template: object }).template } } }), SERVER, signal)
  await expect.poll(() => config()?.spec.targetType.version).toBe('v3')
})

test('a config that somebody wrote stays as it is, and without propagation nothing is on its way', async () => {
  const { signal, templates, configs, definitions, config, finalizers } = start(), targetType = { group: 'example.com', version: 'v1beta1', kind: 'Gear', pluralName: 'gears', scope: 'Namespaced' }
  await configs.writer.create({ metadata: { name: NAME }, spec: { propagation: 'Disabled', targetType } }, SERVER, signal)
  await definitions.writer.create(definition(VERSIONS), SERVER, signal)
  await definitions.writer.create(definition(VERSIONS, 'other.example.com'), SERVER, signal)
  await expect.poll(() => config('gears.other.example.com')).toBeDefined()
  expect(config()?.spec).toMatchObject({ propagation: 'Disabled', targetType: { version: 'v1beta1' } })
  expect([finalizers(), templates.isExpected(NAME)]).toEqual([undefined, false])
  await definitions.writer.delete(NAME, SERVER, signal)
  await definitions.writer.delete('gears.other.example.com', SERVER, signal)
  await expect.poll(() => config('gears.other.example.com')).toBeUndefined()
  expect(config()).toBeDefined()
})

test.each(['apps', 'cluster.federation'])('kinds of the group %s are not distributed by a definition', async (group) => {
  const { signal, templates, definitions, config } = start()
  await definitions.writer.create(definition(VERSIONS, group), SERVER, signal)
  await definitions.writer.create(definition(VERSIONS), SERVER, signal)
  await expect.poll(() => config()).toBeDefined()
  expect([config(`gears.${group}`), templates.isExpected(`gears.${group}`)]).toEqual([undefined, false])
})

test('with a definition go first its objects, then the config, then what keeps the definition', async () => {
  const { signal, templates, definitions, config, finalizers } = start()
  await definitions.writer.create(definition(VERSIONS), SERVER, signal)
  await expect.poll(finalizers).toEqual([FINALIZER])
  await expect.poll(() => config()).toBeDefined()
  const gears = templates.add(targetOf({ kind: { group: 'example.com', version: 'v1', kind: 'Gear', plural: 'gears', namespaced: true, shortNames: [], hasStatus: false }, definition: 'Gear', definitions: { Gear: { type: 'object' } }, source: { cluster: 'member1', hash: '' } }))
  await gears.resource.writer.create({ metadata: { name: 'a', namespace: 'shop' }, spec: { template: {} } }, SERVER, signal)
  await definitions.writer.delete(NAME, SERVER, signal)
  const left = () => gears.cache.get('shop/a')?.parse().metadata
  await expect.poll(() => left()?.deletionTimestamp).toBeDefined()
  expect([finalizers(), config() !== undefined]).toEqual([[FINALIZER], true])
  await gears.resource.writer.update('shop/a', (current) => ({ ...current!, metadata: { ...current!.metadata, finalizers: [] } }), SERVER, signal)
  await expect.poll(() => config()).toBeUndefined()
  await expect.poll(finalizers).toBeUndefined()
})

test('a replica that does not lead writes nothing, and knows what is on its way', async () => {
  const { signal, templates, definitions, config } = start({ leads: false })
  await definitions.writer.create(definition(VERSIONS), SERVER, signal)
  await expect.poll(() => templates.isExpected(NAME)).toBe(true)
  expect(config()).toBeUndefined()
})
