import { afterEach, expect, test } from 'vitest'
import { ManualClock } from '../../../test/suites/manual-clock.ts'
import type { Event } from '../../apis/core/v1/event.ts'
import { silentLogger } from '../../lib/logger.ts'
import { federatedKind } from './federated-kind.ts'
import { builtInTargets } from './target-kind.ts'
import { createRecorder } from './template-events.ts'

let end = new AbortController()
const fleetId = '3f8a1c1e-7d5b-4b8e-9a43-0c7d3a1e5b9f'
afterEach(() => { end.abort(); end = new AbortController() })

async function told(kind: string, metadata: { namespace?: string; name: string }, leads = true): Promise<Event[]> {
  const clock = new ManualClock(), events: Event[] = [], target = builtInTargets.find((one) => one.kind === kind)!
  const sink = { create: (event: Event) => { events.push(event); return Promise.resolve() }, repeat: () => Promise.resolve() }
  const { record } = createRecorder({ sink, instance: 'one', fleetId, leads: () => leads, clock, random: () => 0, logger: silentLogger }, end.signal)
  record(federatedKind(target, () => ({})), { metadata: { ...metadata, uid: 'hub', resourceVersion: '7' }, spec: { template: {} } }, { type: 'Normal', reason: 'Created', message: 'cluster member1: created' })
  await clock.advance(0)
  return events
}

test.each([
  ['Deployment', { namespace: 'shop', name: 'web' }, { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' }, ['shop', 'shop']],
  ['ConfigMap', { namespace: 'shop', name: 'web' }, { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'web' }, ['shop', 'shop']],
  ['ClusterRole', { name: 'view' }, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'view' }, ['default', 'default']],
  // A FederatedNamespace lives in the namespace it stands for, what it stands for in none.
  ['Namespace', { namespace: 'shop', name: 'shop' }, { apiVersion: 'v1', kind: 'Namespace', name: 'shop' }, ['shop', 'default']],
])('a template of kind %s has two faces', async (kind, metadata, native, namespaces) => {
  const [hub, shown, ...more] = await told(kind, metadata)
  expect(more).toEqual([])
  expect(hub!.involvedObject).toEqual({ apiVersion: 'types.federation/v1alpha1', kind: `Federated${kind}`, ...metadata, uid: 'hub', resourceVersion: '7' })
  expect(shown!.involvedObject).toEqual({ ...native, uid: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-5/) as string })
  expect([hub!.metadata.labels, shown!.metadata.labels]).toEqual([undefined, { 'cluster.federation/fleet': 'default' }])
  expect([hub!.metadata.namespace, shown!.metadata.namespace]).toEqual(namespaces)
})

test('what is done in several clusters within a second is one Event that names them', async () => {
  const clock = new ManualClock(), messages: string[] = [], sink = { create: ({ involvedObject: { kind }, message }: Event) => { messages.push(`${kind}: ${message}`); return Promise.resolve() }, repeat: () => Promise.resolve() }
  const { record } = createRecorder({ sink, instance: 'one', fleetId, leads: () => true, clock, random: () => 0, logger: silentLogger }, end.signal), kind = federatedKind(builtInTargets.find((one) => one.kind === 'ConfigMap')!, () => ({}))
  const tell = (name: string, cluster: string) => record(kind, { metadata: { namespace: 'shop', name, uid: name }, spec: { template: {} } }, { type: 'Normal', reason: 'Created', message: 'created in', cluster })
  for (const cluster of ['member3', 'member1', 'member2']) tell('web', cluster)
  tell('api', 'member1')
  await clock.advance(999)
  expect(messages).toEqual([])
  await clock.advance(1)
  expect(messages).toEqual(['FederatedConfigMap: created in clusters member1, member2, member3', 'ConfigMap: created in clusters member1, member2, member3', 'FederatedConfigMap: created in cluster member1', 'ConfigMap: created in cluster member1'])
  tell('web', 'member4')
  await clock.advance(1000)
  expect(messages.slice(4)).toEqual(['FederatedConfigMap: created in cluster member4', 'ConfigMap: created in cluster member4'])
})

test('who does not lead tells nothing', async () => { expect(await told('Deployment', { namespace: 'shop', name: 'web' }, false)).toEqual([]) })
