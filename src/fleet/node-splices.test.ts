import { expect, test } from 'vitest'
import { ChunkSink } from '../machinery/cache/chunk-sink.ts'
import { SlabEntry } from '../machinery/cache/slab-entry.ts'
import type { KubeObject } from '../machinery/meta/core.ts'
import { identityBound } from './combine.ts'

const metadata = { name: 'web', namespace: 'shop', resourceVersion: '7', annotations: { nodeName: 'a', note: '"spec":{"nodeName":"b"}' }, managedFields: [{ fieldsV1: { 'f:spec': { 'f:nodeName': {} } } }] }
const shown = (kind: string, object: object, cluster = 'member1') => {
  const combine = identityBound(kind, undefined), entry = SlabEntry.of(object as KubeObject)
  return combine.merge('shop/web@member1', [{ cluster, entry }], '9').parse()
}

test.each<[string, Record<string, unknown>]>([
  ['its only nodeName', { spec: { nodeName: 'n1', hostNetwork: true } }],
  ['labels of that name before it', { spec: { nodeSelector: { nodeName: 'x' }, containers: [{ name: 'c', env: [{ name: 'nodeName', value: '}]"nodeName":"y"' }] }], nodeName: 'n1' } }],
  ['a status with one of its own', { spec: { nodeName: 'n1' }, status: { nodeName: 'z', nominatedNodeName: 'z' } }],
])('a pod is on the node that the fleet calls so, and nothing else of it is changed: %s', (_, body) => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata, ...body }, { metadata: shownMetadata, ...rest } = shown('Pod', pod)
  expect(rest).toEqual({ ...body, spec: { ...(body['spec'] as object), nodeName: 'n1@member1' } })
  expect(shownMetadata).toMatchObject({ name: 'web@member1', annotations: metadata.annotations })
})

test('metadata may come last', () => { expect(shown('Pod', { spec: { nodeName: 'n1' }, metadata })['spec']).toEqual({ nodeName: 'n1@member1' }) })

test.each<[string, string, object]>([
  ['waits for a node', 'Pod', { metadata, spec: { nodeSelector: { nodeName: 'x' } }, status: { nodeName: 'z' } }], ['has no spec', 'Pod', { metadata, status: { nodeName: 'z' } }],
  ['is a kind whose nodeName is another matter', 'ConfigMap', { metadata, spec: { nodeName: 'n1' } }],
])('what %s is shown as it is', (_, kind, object) => {
  const { metadata: _m, ...rest } = object as KubeObject
  expect(shown(kind, object)).toMatchObject(rest)
})

test.each<[string, object]>([['small', {}], ['larger than is usual', { text: 'ö'.repeat(40_000) }]])('some fields of a %s pod are as in all of it', (_, more) => {
  const { resourceVersion: _v, ...unversioned } = metadata, combine = identityBound('Pod', undefined)
  for (const own of [metadata, unversioned, { ...metadata, labels: {} }, { ...metadata, labels: { app: 'web' } }]) {
    const entry = combine.merge('shop/web@member1', [{ cluster: 'member1', entry: SlabEntry.of({ metadata: own, spec: { nodeName: 'n1', ...more }, status: { phase: 'Running' } }) }], '9'), { metadata: { name, labels, resourceVersion }, spec } = entry.parse()
    expect({ name, labels, resourceVersion }).toEqual({ name: 'web@member1', labels: { ...('labels' in own && own.labels), 'cluster.federation/name': 'member1' }, resourceVersion: '9' })
    expect(entry.parse(['metadata.name', 'metadata.labels', 'metadata.resourceVersion', 'spec'])).toEqual({ metadata: { name, labels, resourceVersion }, spec })
  }
})

test('a position may be of any length', () => {
  const position = '9'.repeat(5_000)
  for (const versioned of [true, false]) {
    const { resourceVersion, ...own } = metadata, entry = identityBound('Pod', undefined).merge('shop/web@member1', [{ cluster: 'member1', entry: SlabEntry.of({ metadata: { ...own, ...(versioned && { resourceVersion }) }, spec: { nodeName: 'n1' } }) }], '9'), sink = new ChunkSink()
    entry.emitMetadata(sink, position)
    expect((JSON.parse(Buffer.concat(sink.end()).toString()) as KubeObject['metadata']).resourceVersion).toBe(position)
  }
})

test('on the host names have no mark', () => { expect(shown('Pod', { metadata, spec: { nodeName: 'n1' } }, '')['spec']).toEqual({ nodeName: 'n1' }) })
