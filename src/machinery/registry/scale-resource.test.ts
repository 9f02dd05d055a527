import { afterAll, expect, test } from 'vitest'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/logger.ts'
import { defineKind } from '../meta/define-kind.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { createStoredResource } from './stored-resource.ts'

const controller = new AbortController(), { signal } = controller
afterAll(() => { controller.abort() })

const Kiosk = {
  ...defineKind({ group: 'example.com', version: 'v1', kind: 'Kiosk', plural: 'kiosks', scope: 'Cluster', schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, columns: [] }),
  scale: { specReplicasPath: '.spec.size.wanted', statusReplicasPath: '.status.there', labelSelectorPath: '.status.selector' },
}
const options = { user: { name: 'u', groups: [], extra: {} }, manager: 'm', authorize: () => Promise.resolve(), warn: () => undefined }
const make = async (spec: object) => {
  const resource = createStoredResource(Kiosk, new MemoryStorage(), { clock: systemClock, randomUuid: () => crypto.randomUUID(), randomSuffix: () => 'abcde', logger: silentLogger }, signal)
  await resource.writer.create({ metadata: { name: 'a' }, spec }, options, signal)
  return { resource, to: (replicas: unknown) => resource.scale!.writer!.update('a', (scale) => ({ ...scale!, spec: replicas === undefined ? {} : { replicas } }), options, signal) }
}

test('replicas are written where the kind keeps them, and belong to whoever scaled', async () => {
  const { resource, to } = await make({ size: { wanted: 2, kept: true } })
  expect((await to(5)).entry.parse()).toMatchObject({ metadata: { name: 'a' }, spec: { replicas: 5 }, status: { replicas: 0 } })
  const [parent] = (await resource.reader.list({ name: 'a' }, signal)).entries
  expect(parent!.parse()).toMatchObject({ spec: { size: { wanted: 5, kept: true } }, metadata: { generation: 2, managedFields: expect.arrayContaining([expect.objectContaining({ subresource: 'scale', fieldsV1: { 'f:spec': { 'f:size': { 'f:wanted': {} } } } })]) } })
})

test('refusals', async () => {
  const { to } = await make({})
  await expect(to(undefined)).rejects.toThrow('the spec replicas field ".spec.size.wanted" cannot be empty')
  for (const replicas of ['3', 1.5, 2 ** 31]) await expect(to(replicas)).rejects.toThrow('Go struct field ScaleSpec.spec.replicas of type int32')
  const { resource } = await make({})
  await expect(resource.scale!.writer!.update('nope', (scale) => scale!, options, signal)).rejects.toThrow('kiosks.example.com "nope" not found')
})

test('zero replicas are left out, and an object that has none cannot be shown', async () => {
  const shown = async ({ resource }: Awaited<ReturnType<typeof make>>) => [...(await resource.scale!.reader.list({ name: 'a' }, signal)).entries].map((entry) => entry.parse()['spec'])
  expect(await shown(await make({ size: { wanted: 0 } }))).toEqual([{}])
  await expect(make({}).then(shown)).rejects.toThrow('the spec replicas field ".spec.size.wanted" does not exist')
})
