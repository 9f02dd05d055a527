import { afterAll, expect, test } from 'vitest'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/logger.ts'
import { MemoryStorage } from '../../machinery/storage/memory-storage.ts'
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { OwnedTemplates } from './owned-templates.ts'
import { SERVER } from './server-user.ts'
import { builtInTargets } from './target-kind.ts'
import { Templates } from './templates.ts'

const controller = new AbortController(), { signal } = controller
afterAll(() => { controller.abort() })

const checks = { isStaged: () => false, validate: () => [], validateNative: () => [], authorize: () => Promise.resolve(), authorizeFederated: () => Promise.resolve(), review: () => Promise.resolve() }
const templates = new Templates({ storage: new MemoryStorage(), stored: { clock: systemClock, randomUuid: () => crypto.randomUUID(), randomSuffix: () => 'abcde', logger: silentLogger }, checks, plan: () => ({}) }, signal)
for (const target of builtInTargets) if (target.kind === 'ConfigMap' || target.kind === 'Service') templates.add(target)
const owned = new OwnedTemplates(templates), configMaps = templates.get('configmaps')!
void owned.run({ clock: systemClock, logger: silentLogger }, signal)

const owner = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid: 'any' })
const create = async (name: string, ...owners: string[]) => {
  await configMaps.resource.writer.create({ metadata: { name, namespace: 'n' }, spec: { template: { metadata: { ownerReferences: owners.map(owner) }, data: {} } } }, SERVER, signal)
  await expect.poll(() => configMaps.cache.get(`n/${name}`) !== undefined).toBe(true)
}
const ownersOf = (name: string) => (configMaps.cache.get(`n/${name}`)?.parse() as FederatedObject | undefined)?.spec.template.metadata?.ownerReferences?.map((reference) => reference.name)
const isEnding = (name: string) => configMaps.cache.get(`n/${name}`)?.parse().metadata.deletionTimestamp !== undefined

test('what a template owns goes with it, unless another owner is left or it is orphaned', async () => {
  for (const name of ['a', 'b', 'c']) await create(name)
  await create('alone', 'a')
  await create('shared', 'a', 'b')
  await create('elsewhere', 'b')
  await create('left', 'c')
  await owned.release('configmaps|n/a', false, signal)
  await expect.poll(() => [isEnding('alone'), isEnding('shared'), ownersOf('shared'), isEnding('elsewhere')]).toEqual([true, false, ['b'], false])
  await owned.release('configmaps|n/c', true, signal)
  await expect.poll(() => [isEnding('left'), ownersOf('left')]).toEqual([false, []])
})
