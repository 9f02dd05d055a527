import { describe, expect, test } from 'vitest'
import type { Cluster, ClusterStatus } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { Handler } from '../../machinery/meta/core.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'
import { nextStatus, urgency } from './cluster-status.ts'
import { readClusterProperty, readIdentity, refusal } from './identity.ts'

const signal = new AbortController().signal, cluster = (id?: string): Cluster => ({ metadata: { name: 'member1', generation: 3 }, spec: { syncMode: 'Push', ...(id && { id }) } })
const question = { cluster: cluster(), uid: 'new', property: undefined, pinned: undefined, accepted: undefined, other: undefined }
const answering = (paths: Record<string, [number, object]>): Handler => ({ path }) => Promise.resolve({ status: paths[path]?.[0] ?? 404, headers: [], body: Buffer.from(JSON.stringify(paths[path]?.[1] ?? {})) })

describe('who is refused', () => {
  test.each<[string, Partial<Parameters<typeof refusal>[0]>, RegExp | undefined]>([
    ['nobody at the first meeting', {}, undefined], ['nobody who is who it was', { pinned: 'new' }, undefined], ['a cluster that changed', { pinned: 'old' }, /was old and is new.*accept-uid=new/], ['not one that was accepted', { pinned: 'old', accepted: 'new' }, undefined],
    ['one whose acceptance names another', { pinned: 'old', accepted: 'older' }, /was old/], ['a second name', { other: 'member2' }, /Cluster member2 is the same cluster/], ['one that spec.id does not mean', { cluster: cluster('wanted') }, /spec.id is wanted, but .* is new/],
    ['not one whose property spec.id names', { cluster: cluster('east'), property: 'east' }, undefined], ['one that spec.id does not mean, accepted or not', { cluster: cluster('wanted'), accepted: 'new' }, /spec.id/],
  ])('%s', (_name, change, message) => { expect(refusal({ ...question, ...change }) ?? '').toMatch(message ?? /^$/) })

  test('identity is read from kube-system, with a remedy where that cannot be', async () => {
    expect(await readIdentity(answering({ '/api/v1/namespaces/kube-system': [200, { metadata: { uid: 'u' } }] }), signal)).toBe('u')
    await expect(readIdentity(answering({}), signal)).rejects.toThrow(/Kubernetes API server/)
    await expect(readIdentity(() => Promise.resolve({ status: 200, headers: [], body: Buffer.from('hello') }), signal)).rejects.toThrow(/not a Kubernetes API server: correct spec\.apiEndpoint/)
    await expect(readIdentity(answering({ '/api/v1/namespaces/kube-system': [403, StatusError.forbidden({ group: '', resource: 'namespaces' }, 'kube-system', 'no').status()] }), signal)).rejects.toThrow(/bind the credential/)
    expect(await readClusterProperty(answering({ '/apis/about.k8s.io/v1beta1/clusterproperties/cluster.clusterset.k8s.io': [200, { spec: { value: 'east' } }] }), signal)).toBe('east')
    expect(await readClusterProperty(answering({}), signal)).toBeUndefined()
  })
})

describe('status', () => {
  const report = { ready: { status: 'True' as const, reason: 'ClusterReady', message: 'm' }, id: 'u', kubernetesVersion: 'v1', discovery: undefined, summary: undefined, remoteResourceVersions: {} }
  test('transition times move with the status only, and conditions of others stay', () => {
    const old: ClusterStatus = { tombstones: 2, conditions: [{ type: 'Ready', status: 'True', reason: 'Old', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }, { type: 'Other', status: 'True', reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }] }
    const next = nextStatus({ ...cluster(), status: old }, report, Date.parse('2026-02-01T00:00:00.5Z')), lost = nextStatus({ ...cluster(), status: next }, { ...report, ready: { ...report.ready, status: 'False' } }, Date.parse('2026-02-01T00:00:00.5Z'))
    expect(next).toMatchObject({ id: 'u', tombstones: 2, conditions: [{ type: 'Ready', reason: 'ClusterReady', lastTransitionTime: '2026-01-01T00:00:00Z', observedGeneration: 3 }, { type: 'Other' }] })
    expect(lost.conditions![0]).toMatchObject({ status: 'False', lastTransitionTime: '2026-02-01T00:00:00Z' })
  })

  test('what nobody acts on can wait', () => {
    const old: ClusterStatus = { id: 'u', nodeSummary: { totalNum: 1 }, remoteResourceVersions: { pods: '1' } }
    expect([old, { ...old, remoteResourceVersions: { pods: '2' } }, { ...old, nodeSummary: { totalNum: 2 } }, { ...old, id: 'v' }].map((next) => urgency(old, next))).toEqual(['none', 'piggyback', 'later', 'now'])
  })
})
