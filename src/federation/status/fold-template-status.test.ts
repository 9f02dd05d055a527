import { describe, expect, test } from 'vitest'
import type { ClusterState, FederatedObject, FederatedStatus } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import type { CopyRecord } from '../propagation/copy-decision.ts'
import { foldTemplateStatus } from './fold-template-status.ts'

const NOW = Date.UTC(2030, 0, 1), THEN = '2029-01-01T00:00:00Z'
const copy = (ready: number, { generation = 1, observedGeneration = generation }: { readonly generation?: number; readonly observedGeneration?: number } = {}): KubeObject => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace: 'shop', name: 'web', generation, labels: { 'cluster.federation/managed': 'fleet' } }, spec: { replicas: 3 },
  status: { observedGeneration, replicas: 3, updatedReplicas: 3, readyReplicas: ready, availableReplicas: ready },
})
const ok = (more: Partial<CopyRecord> = {}): CopyRecord => ({ state: 'OK', uid: 'x', appliedGeneration: 2, copyGeneration: 1, applied: 'f:o', ...more })

interface Given { readonly status?: Partial<FederatedStatus>; readonly targets?: readonly string[]; readonly records?: Record<string, CopyRecord | 'gone'>; readonly copies?: Record<string, KubeObject>; readonly joined?: readonly string[]; readonly lost?: readonly string[]; readonly observedGeneration?: number }
function fold({ status = {}, targets = ['a', 'b'], records = {}, copies = {}, joined = ['a', 'b', 'c'], lost = [], observedGeneration = 2 }: Given): FederatedStatus {
  const federated: FederatedObject = { metadata: { namespace: 'shop', name: 'web', uid: 'u', generation: 2 }, spec: { template: {} }, status: { schedule: { observedGeneration, targets: targets.map((cluster) => ({ cluster })) }, ...status } }
  const native: KubeObject = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace: 'shop', name: 'web', generation: 2 }, spec: { replicas: 3 }, ...(status.aggregated ? { status: status.aggregated } : {}) }
  return foldTemplateStatus({ federated, native, records: new Map(Object.entries(records)), copyOf: (cluster) => copies[cluster], isJoined: (cluster) => joined.includes(cluster), isLost: (cluster) => lost.includes(cluster), now: NOW })
}
const states = ({ clusters = [] }: FederatedStatus) => clusters.map(({ name, state }) => `${name} ${state}`).join(', ')
const condition = ({ conditions = [] }: FederatedStatus, type: string) => { const found = conditions.find((one) => one.type === type)!; return [found.status, found.reason, found.message] }
const both = { records: { a: ok(), b: ok() }, copies: { a: copy(3), b: copy(3) } }

describe('clusters', () => {
  const remembered: ClusterState = { name: 'c', state: 'WaitingForRemoval', uid: 'z' }
  test.each<[string, Given, string]>([
    ['targets, with what is known of each', both, 'a OK, b OK'],
    ['a target of which nothing is known yet', { records: { a: ok() } }, 'a OK, b Pending'],
    ['one that is no target any more, until its copy is gone', { ...both, status: { clusters: [remembered] } }, 'a OK, b OK, c WaitingForRemoval'],
    ['and not after', { records: { ...both.records, c: 'gone' }, status: { clusters: [remembered] } }, 'a OK, b OK'],
    ['a target whose copy is gone is one without a copy', { records: { a: ok(), b: 'gone' } }, 'a OK, b Pending'],
    ['nothing of a cluster that has left', { ...both, joined: ['a'] }, 'a OK'],
    ['after a restart what was stored', { status: { clusters: [{ name: 'a', state: 'ApplyFailed', message: 'no' }, { name: 'b', state: 'OK' }] } }, 'a ApplyFailed, b OK'],
  ])('%s', (_name, given, told) => expect(states(fold(given))).toBe(told))

  test('each with health and status of its copy; one out of sight counts as it was last seen', () => {
    const { clusters } = fold({ ...both, copies: { a: copy(1) }, status: { clusters: [{ name: 'b', state: 'OK', health: 'Healthy', status: { readyReplicas: 3 } }] } })
    expect(clusters).toEqual([{ name: 'a', ...ok(), health: 'Unhealthy', unhealthySince: '2030-01-01T00:00:00Z', status: { observedGeneration: 1, replicas: 3, updatedReplicas: 3, readyReplicas: 1, availableReplicas: 1 } }, { name: 'b', ...ok(), health: 'Healthy', status: { readyReplicas: 3 } }])
  })

  test('a status that is no object tells nothing, and keeps nothing else from being told', () => {
    const { aggregated, clusters } = fold({ ...both, copies: { a: { ...copy(3), status: 'Active' }, b: copy(2) } })
    expect([clusters!.map(({ name, state }) => [name, state]), 'status' in clusters![0]!, clusters![1]!.status, aggregated]).toMatchObject([[['a', 'OK'], ['b', 'OK']], false, { readyReplicas: 2 }, { readyReplicas: 2 }])
  })

  const failing: Partial<FederatedStatus> = { clusters: [{ name: 'a', state: 'OK', health: 'Unhealthy', unhealthySince: THEN }] }
  test.each<[string, Given, string | undefined]>([
    ['seen to fail for the first time', { copies: { a: copy(1) } }, '2030-01-01T00:00:00Z'],
    ['as before', { copies: { a: copy(1) }, status: failing }, THEN],
    ['works again', { copies: { a: copy(3) }, status: failing }, undefined],
    ['out of sight since this server started', { status: failing }, THEN],
    ['its cluster cannot be reached', { status: failing, lost: ['a'] }, undefined],
    ['seen to fail for the first time since then', { copies: { a: copy(1) }, status: { clusters: [{ name: 'a', state: 'OK', health: 'Unhealthy' }] } }, '2030-01-01T00:00:00Z'],
    ['never seen', {}, undefined],
  ])('since when one fails: %s', (_name, given, since) => expect(fold({ targets: ['a'], records: { a: ok() }, ...given }).clusters![0]!.unhealthySince).toBe(since))
})

describe('all together', () => {
  const generationOf = (status: FederatedStatus) => (status.aggregated as { observedGeneration?: number } | undefined)?.observedGeneration
  test('numbers are summed', () => expect(fold({ ...both, copies: { a: copy(3), b: copy(1) } }).aggregated).toMatchObject({ replicas: 6, readyReplicas: 4 }))
  test('without targets there is none', () => expect(fold({ targets: [] })).not.toHaveProperty('aggregated'))
  test.each<[string, Given, number]>([
    ['every copy has observed the latest', both, 2],
    ['one has not observed what was sent', { ...both, copies: { a: copy(3), b: copy(3, { generation: 2, observedGeneration: 1 }) } }, 1],
    ['the watch shows one of before it was sent', { ...both, records: { a: ok(), b: ok({ copyGeneration: 2 }) } }, 1],
    ['one was not sent the latest', { ...both, records: { a: ok(), b: ok({ appliedGeneration: 1 }) } }, 1],
    ['one was not made', { records: { a: ok() }, copies: { a: copy(3) } }, 1],
    ['where it goes was not decided', { ...both, observedGeneration: 1 }, 1],
    ['one is out of sight, and had observed it', { ...both, copies: { a: copy(3) }, status: { clusters: [{ name: 'b', ...ok(), status: { observedGeneration: 1, readyReplicas: 3 } }] } }, 2],
    ['one is out of sight, and had not', { ...both, copies: { a: copy(3) }, records: { a: ok(), b: ok({ copyGeneration: 4 }) }, status: { clusters: [{ name: 'b', ...ok(), status: { observedGeneration: 3, readyReplicas: 3 } }] } }, 1],
  ])('its generation: %s', (_name, given, generation) => expect(generationOf(fold({ ...given, status: { aggregated: { observedGeneration: 1 }, ...given.status } }))).toBe(generation))
})

describe('conditions', () => {
  test.each<[string, Given, readonly string[]]>([
    ['all have it', both, ['True', 'Propagated', '2 of 2 clusters have it']],
    ['it is not decided', { ...both, observedGeneration: 1 }, ['False', 'NotDecided', 'where this generation goes has not been decided yet']],
    ['it goes nowhere', { targets: [] }, ['False', 'NoTargets', 'it goes to no cluster']],
    ['one failed', { records: { a: ok(), b: { state: 'ApplyFailed', message: 'quota' } } }, ['False', 'ApplyFailed', '1 of 2 clusters have it; b: ApplyFailed (quota)']],
    ['one has an earlier generation', { records: { a: ok(), b: ok({ appliedGeneration: 1 }) } }, ['False', 'Pending', '1 of 2 clusters have it; b: Pending']],
    ['one is still to be left', { ...both, records: { ...both.records, c: { state: 'WaitingForRemoval', message: 'unreachable' } } }, ['False', 'WaitingForRemoval', '2 of 2 clusters have it; c: WaitingForRemoval (unreachable)']],
    ['many failed', { targets: 'defghijk'.split(''), joined: 'defghijk'.split('') }, ['False', 'Pending', '0 of 8 clusters have it; d: Pending; e: Pending; f: Pending; g: Pending; h: Pending; and 3 more']],
  ])('Propagated: %s', (_name, given, told) => expect(condition(fold(given), 'Propagated')).toEqual(told))

  test.each<[string, Given, readonly string[]]>([
    ['all are', both, ['True', 'Healthy', '']],
    ['one is not', { ...both, copies: { a: copy(3), b: copy(1) } }, ['False', 'Unhealthy', 'not healthy in b']],
    ['one is not known', { ...both, copies: { a: copy(3) } }, ['Unknown', 'Unknown', 'not known in b']],
    ['one is in a cluster out of reach, as it was last seen', { ...both, records: { a: ok(), b: ok({ state: 'ClusterNotReady', message: 'the cluster is unreachable' }) } }, ['Unknown', 'Unknown', 'not known in b']],
    ['there is none', { targets: [] }, ['Unknown', 'NoTargets', 'it goes to no cluster']],
  ])('Healthy: %s', (_name, given, told) => expect(condition(fold(given), 'Healthy')).toEqual(told))

  test('keep their time while their status stays, and nothing is written where nothing changed', () => {
    const first = fold(both), old: FederatedStatus = { ...first, conditions: first.conditions!.map((one) => ({ ...one, lastTransitionTime: THEN })) }, federated: FederatedObject = { metadata: { namespace: 'shop', name: 'web', uid: 'u', generation: 2 }, spec: { template: {} }, status: old }
    const again = (records: Record<string, CopyRecord>) => foldTemplateStatus({ federated, native: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { generation: 2 }, spec: { replicas: 3 }, status: old.aggregated }, records: new Map(Object.entries(records)), copyOf: (cluster) => both.copies[cluster as 'a' | 'b'], isJoined: () => true, now: NOW })
    expect(again(both.records)).toBe(old)
    expect(again({ a: ok(), b: { state: 'ApplyFailed' } }).conditions).toMatchObject([{ type: 'Propagated', status: 'False', lastTransitionTime: '2030-01-01T00:00:00Z' }, { type: 'Healthy', lastTransitionTime: THEN }])
  })
  test('those of others stay', () => expect(fold({ ...both, status: { conditions: [{ type: 'Scheduled', status: 'True', reason: 'Success', message: '', lastTransitionTime: THEN }] } }).conditions!.map(({ type }) => type)).toEqual(['Scheduled', 'Propagated', 'Healthy']))
})

test('before anything was decided nothing is said', () => {
  const federated: FederatedObject = { metadata: { name: 'web' }, spec: { template: {} } }
  expect(foldTemplateStatus({ federated, native: { metadata: {} }, records: new Map(), copyOf: () => undefined, isJoined: () => true, now: NOW })).toEqual({})
})
