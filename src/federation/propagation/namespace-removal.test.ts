import { expect, test } from 'vitest'
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { Handler, KubeObject, ObjectMeta } from '../../machinery/meta/core.ts'
import type { DiscoveredKind } from '../member/discovery.ts'
import { whyNamespaceStays } from './namespace-removal.ts'

const NOW = Date.parse('2026-01-01T00:01:00Z'), MADE = { 'cluster.federation/created-by': 'fleet' }, OURS = { labels: { 'cluster.federation/managed': 'fleet' } }
const kind = (plural: string, kindName: string, rest: Partial<DiscoveredKind> = {}): DiscoveredKind => ({ group: '', version: 'v1', kind: kindName, plural, singular: '', shortNames: [], categories: [], namespaced: true, verbs: ['list', 'delete'], subresources: [], preferred: true, ...rest })
const KINDS = [kind('configmaps', 'ConfigMap'), kind('serviceaccounts', 'ServiceAccount'), kind('secrets', 'Secret'), kind('events', 'Event'), kind('pods', 'Pod'), kind('pods', 'PodMetrics', { group: 'metrics.k8s.io', verbs: ['list'] }), kind('nodes', 'Node', { namespaced: false })]
const BORN = { configmaps: [{ name: 'kube-root-ca.crt' }], serviceaccounts: [{ name: 'default' }], secrets: [{ name: 'default-token-x', annotations: { 'kubernetes.io/service-account.name': 'default' } }], events: [{ name: 'e' }], pods: [{ name: 'p', ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u', controller: true }] }] }

type Held = Readonly<Record<string, readonly ObjectMeta[] | 403 | 405 | null>>
const memberWith = (held: Held, stale: readonly string[] = []): { handler: Handler; discovery: { kinds: readonly DiscoveredKind[]; stale: readonly string[]; tags: readonly string[] } } => ({
  discovery: { kinds: KINDS, stale, tags: [] },
  handler: ({ path }) => {
    const found = held[path.split('/').at(-1)!] ?? null, status = typeof found === 'number' ? found : 200
    return Promise.resolve({ status, headers: [], body: Buffer.from(JSON.stringify(typeof found === 'number' ? { kind: 'Status', code: found, reason: found === 403 ? 'Forbidden' : 'MethodNotAllowed', message: 'no' } : { items: found?.map((metadata): KubeObject => ({ metadata })) ?? null })) })
  },
})
const template = (deletedAt?: string): FederatedObject => ({ metadata: { name: 'shop', namespace: 'shop', ...(deletedAt !== undefined && { deletionTimestamp: deletedAt }) }, spec: { template: {} } })
const WAIT = { wait: 'it still holds 1 object, among them ConfigMap web' }

test.each<[string, { held?: Held; annotations?: Record<string, string>; federated?: FederatedObject | undefined; stale?: readonly string[] }, Awaited<ReturnType<typeof whyNamespaceStays>>]>([
  ['one of ours with nothing but what all have goes', { held: BORN }, undefined],
  ['one that was there before stays', { held: BORN, annotations: {} }, 'release'],
  ['one of another fleet stays', { held: BORN, annotations: { 'cluster.federation/created-by': 'other' } }, 'release'],
  ['one that holds what others made stays', { held: { ...BORN, secrets: [{ name: 'theirs' }] } }, 'release'],
  ['one that holds ours waits until these are gone', { held: { configmaps: [{ name: 'web', ...OURS }] } }, WAIT],
  ['one that holds ours waits a while when it is deleted', { held: { configmaps: [{ name: 'web', ...OURS }] }, federated: template('2026-01-01T00:00:30Z') }, WAIT],
  ['and stays with them after that', { held: { configmaps: [{ name: 'web', ...OURS }] }, federated: template('2026-01-01T00:00:00Z') }, 'release'],
  ['what others made and is going is waited for', { held: { configmaps: [{ name: 'web', deletionTimestamp: '2026-01-01T00:00:59Z' }] } }, WAIT],
  ['nobody waits for the template that is gone', { held: { configmaps: [{ name: 'web', ...OURS }] }, federated: undefined }, 'release'],
  ['what may not be seen may be there', { held: { ...BORN, secrets: 403 } }, 'release'],
  ['what cannot be listed is not', { held: { ...BORN, secrets: 405 } }, undefined],
  ['groups whose server is away may hold something', { held: BORN, stale: ['example.com/v1'] }, 'release'],
])('%s', async (_, { held = {}, annotations = MADE, stale, ...rest }, expected) => {
  const federated = 'federated' in rest ? rest.federated : template()
  expect(await whyNamespaceStays({ member: memberWith(held, stale), namespace: { metadata: { name: 'shop', annotations } }, federated, fleetId: 'fleet', now: NOW }, new AbortController().signal)).toEqual(expected)
})
