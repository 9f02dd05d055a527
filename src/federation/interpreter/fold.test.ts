import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { parseJson, stringifyJson } from '../../machinery/meta/json.ts'
import type { Copy } from './fold.ts'
import { fold } from './fold.ts'
import type { GroupKind } from './interpretation-of.ts'

const uid = '00000000-0000-5000-8000-000000000000'
const DEPLOYMENT = { group: 'apps', kind: 'Deployment' }, CUSTOM = { group: 'example.com', kind: 'Thing' }, NAMESPACE = { group: '', kind: 'Namespace' }

/** Copies of member1, member2, …; `metadata` may be left out. */
const copies = (...objects: readonly Partial<KubeObject>[]): Copy[] => objects.map((object, i) => ({ cluster: `member${i + 1}`, object: { ...object, metadata: { name: 'web', namespace: 'shop', ...object.metadata } } }))
const condition = (type: string, status: string, message?: string, more?: object) => ({ type, status, ...(message !== undefined && { message }), ...more })

interface Row { kind: GroupKind; copies: Copy[]; scalable?: boolean; expected: object }
const rows: Record<string, Row> = {
  'replicas and counts add up; a difference in replicas is none': {
    kind: DEPLOYMENT,
    copies: copies({ spec: { replicas: 2, paused: false }, status: { replicas: 2, readyReplicas: 1, unavailableReplicas: 1, collisionCount: 3 } }, { spec: { replicas: 3, paused: false }, status: { replicas: 3, readyReplicas: 3 } }),
    expected: { metadata: { annotations: { 'cluster.federation/clusters': 'member1,member2' } }, spec: { replicas: 5, paused: false }, status: { replicas: 5, readyReplicas: 4, unavailableReplicas: 1 } },
  },
  'clusters that ask for something else than the first are named': {
    kind: DEPLOYMENT,
    copies: copies({ spec: { replicas: 1, image: 'a' } }, { spec: { replicas: 1, image: 'b' } }, { spec: { image: 'a', replicas: 9 } }),
    expected: { metadata: { annotations: { 'cluster.federation/clusters': 'member1,member2,member3', 'cluster.federation/differs': 'member2' } }, spec: { replicas: 11, image: 'a' } },
  },
  'what has no spec is compared by all it has': {
    kind: { group: '', kind: 'ConfigMap' },
    copies: copies({ data: { a: '1' } }, { data: { a: '2' } }),
    expected: { metadata: { annotations: { 'cluster.federation/differs': 'member2' } }, data: { a: '1' } },
  },
  'addresses and node ports are each member\'s own': {
    kind: { group: '', kind: 'Service' },
    copies: copies(
      { spec: { type: 'LoadBalancer', clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ports: [{ port: 80, nodePort: 30001 }] }, status: { loadBalancer: { ingress: [{ ip: '2.2.2.2' }] } } },
      { spec: { type: 'LoadBalancer', clusterIP: '10.0.0.9', clusterIPs: ['10.0.0.9'], ports: [{ port: 80, nodePort: 30002 }] }, status: { loadBalancer: { ingress: [{ ip: '1.1.1.1' }, { ip: '2.2.2.2' }] } } },
      { spec: { type: 'LoadBalancer', clusterIP: '10.0.0.9', ports: [{ port: 81, nodePort: 30002 }] }, status: { loadBalancer: {} } }),
    expected: { metadata: { annotations: { 'cluster.federation/clusters': 'member1,member2,member3', 'cluster.federation/differs': 'member3' } }, status: { loadBalancer: { ingress: [{ ip: '1.1.1.1' }, { ip: '2.2.2.2' }] } } },
  },
  'observedGeneration follows once all have caught up with their own': {
    kind: DEPLOYMENT,
    copies: copies({ metadata: { generation: 4 }, status: { observedGeneration: 4 } }, { metadata: { generation: 9 }, status: { observedGeneration: 9 } }),
    expected: { metadata: { generation: 4 }, status: { observedGeneration: 4 } },
  },
  'observedGeneration stays behind while one is': {
    kind: DEPLOYMENT,
    copies: copies({ metadata: { generation: 4 }, status: { observedGeneration: 4 } }, { metadata: { generation: 9 }, status: { observedGeneration: 8 } }),
    expected: { status: { observedGeneration: 3 } },
  },
  'a copy without status has observed nothing': {
    kind: DEPLOYMENT,
    copies: copies({ metadata: { generation: 4 }, status: { observedGeneration: 4, conditions: [condition('Available', 'True', 'fine')] } }, { metadata: { generation: 1 } }),
    expected: { status: { observedGeneration: 3, conditions: [{ type: 'Available', status: 'Unknown', reason: 'NotReported', message: 'member2: not reported' }] } },
  },
  'one copy keeps its status as it is': {
    kind: DEPLOYMENT,
    copies: copies({ metadata: { generation: 4 }, spec: { replicas: 2 }, status: { observedGeneration: 3, collisionCount: 2, conditions: [condition('Available', 'False', 'no')] } }),
    expected: { spec: { replicas: 2 }, status: { observedGeneration: 3, collisionCount: 2, conditions: [condition('Available', 'False', 'no')] } },
  },
  'a condition holds where it holds everywhere; what all say needs no names': {
    kind: DEPLOYMENT,
    copies: copies({ status: { conditions: [condition('Available', 'True', 'fine', { lastTransitionTime: '2026-01-01T00:00:00Z' })] } }, { status: { conditions: [condition('Available', 'True', 'fine', { lastTransitionTime: '2026-01-02T00:00:00Z' })] } }),
    expected: { status: { conditions: [{ type: 'Available', status: 'True', message: 'fine', lastTransitionTime: '2026-01-02T00:00:00Z' }] } },
  },
  'False beats Unknown beats True; the message names who says it': {
    kind: DEPLOYMENT,
    copies: copies(
      { status: { conditions: [condition('Available', 'True', 'fine', { reason: 'A' })] } }, { status: { conditions: [condition('Available', 'Unknown', 'who knows', { reason: 'B' })] } },
      { status: { conditions: [condition('Available', 'False', 'down', { reason: 'C' })] } }, { status: { conditions: [condition('Available', 'False', 'down', { reason: 'C' })] } }),
    expected: { status: { conditions: [{ type: 'Available', status: 'False', reason: 'C', message: 'member2: who knows; member3, member4: down' }] } },
  },
  'trouble in one cluster is trouble, and no news is good news': {
    kind: DEPLOYMENT,
    copies: copies({ status: { conditions: [condition('Available', 'True', 'fine')] } }, { status: { conditions: [condition('Available', 'True', 'fine'), condition('ReplicaFailure', 'True', 'quota', { reason: 'FailedCreate' })] } }),
    expected: { status: { conditions: [condition('Available', 'True', 'fine'), { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'member2: quota' }] } },
  },
  'a rollout of a StatefulSet ends when every cluster\'s has': {
    kind: { group: 'apps', kind: 'StatefulSet' },
    copies: copies({ status: { currentRevision: 'b', updateRevision: 'b' } }, { status: { currentRevision: 'a', updateRevision: 'b' } }),
    expected: { status: { currentRevision: 'a', updateRevision: 'b' } },
  },
  'a Job adds up, begins with the first and is not complete before the last': {
    kind: { group: 'batch', kind: 'Job' },
    copies: copies(
      { spec: { completions: 2, parallelism: 1 }, status: { succeeded: 2, startTime: '2026-01-01T10:00:00Z', completionTime: '2026-01-01T11:00:00Z', conditions: [condition('Complete', 'True')] } },
      { spec: { completions: 3, parallelism: 2 }, status: { active: 1, succeeded: 1, startTime: '2026-01-01T09:00:00Z' } }),
    expected: { spec: { completions: 5, parallelism: 3 }, status: { active: 1, succeeded: 3, startTime: '2026-01-01T09:00:00Z' } },
  },
  'a Job that failed anywhere failed': {
    kind: { group: 'batch', kind: 'Job' },
    copies: copies({ status: { succeeded: 1, conditions: [condition('Complete', 'True')] } }, { status: { failed: 1, conditions: [condition('Failed', 'True', 'backoff', { reason: 'BackoffLimitExceeded' })] } }, { status: { active: 1 } }),
    expected: { status: { active: 1, succeeded: 1, failed: 1, conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'member2: backoff' }] } },
  },
  'a namespace with an Active copy is Active': {
    kind: NAMESPACE,
    copies: copies({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' }, status: { phase: 'Terminating', conditions: [condition('NamespaceFinalizersRemaining', 'True', 'busy')] } }, { status: { phase: 'Active' } }),
    expected: { status: { phase: 'Active', conditions: [condition('NamespaceFinalizersRemaining', 'True', 'member1: busy')] } },
  },
  'a deletion is shown once all copies are being deleted': {
    kind: NAMESPACE,
    copies: copies({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' }, status: { phase: 'Terminating' } }, { metadata: { deletionTimestamp: '2026-01-02T00:00:00Z' }, status: { phase: 'Terminating' } }),
    expected: { metadata: { deletionTimestamp: '2026-01-02T00:00:00Z' }, status: { phase: 'Terminating' } },
  },
  'disrupted pods have their fleet names': {
    kind: { group: 'policy', kind: 'PodDisruptionBudget' },
    copies: copies({ status: { disruptedPods: { 'web-1': 't1' }, disruptionsAllowed: 1 } }, { status: { disruptedPods: { 'web-1': 't2' }, disruptionsAllowed: 2 } }),
    expected: { status: { disruptedPods: { 'web-1@member1': 't1', 'web-1@member2': 't2' }, disruptionsAllowed: 3 } },
  },
  'the generic rule: counts, what is no count, times, booleans, texts, maps, lists': {
    kind: CUSTOM,
    copies: copies(
      { status: { count: 1, port: 80, ready: true, lastSync: '2026-01-01T00:00:00Z', phase: 'A', nested: { x: 1, y: 'only' }, tags: ['a', 'b'], parts: [{ name: 'p', replicas: 1 }] } },
      { status: { count: 2, port: 80, ready: false, lastSync: '2026-01-02T00:00:00Z', phase: 'B', nested: { x: 2 }, tags: ['b', 'c'], parts: [{ name: 'q', replicas: 5 }, { name: 'p', replicas: 2 }] } }),
    expected: { status: { count: 3, port: 80, ready: false, lastSync: '2026-01-02T00:00:00Z', phase: 'A', nested: { x: 3, y: 'only' }, tags: ['a', 'b', 'c'], parts: [{ name: 'p', replicas: 3 }, { name: 'q', replicas: 5 }] } },
  },
  'replicas of a custom kind add up if it can be scaled': { kind: CUSTOM, scalable: true, copies: copies({ spec: { replicas: 1 } }, { spec: { replicas: 2 } }), expected: { spec: { replicas: 3 }, metadata: { annotations: { 'cluster.federation/clusters': 'member1,member2' } } } },
  'and are a difference if it cannot': { kind: CUSTOM, copies: copies({ spec: { replicas: 1 } }, { spec: { replicas: 2 } }), expected: { spec: { replicas: 1 }, metadata: { annotations: { 'cluster.federation/differs': 'member2' } } } },
}

describe.each(Object.entries(rows))('%s', (_, { kind, copies, scalable = false, expected }) => {
  test('folded', () => expect(fold(kind, copies, { uid, scalable })).toMatchObject(expected))

  test('all of the status is said', () => expect(fold(kind, copies, { uid, scalable })['status']).toEqual((expected as KubeObject)['status']))

  test('in any order, and without touching the copies', () => {
    const before = structuredClone(copies)
    expect(fold(kind, copies.toReversed(), { uid, scalable })).toEqual(fold(kind, copies, { uid, scalable }))
    expect(copies).toEqual(before)
  })
})

test('what is between a member and its clients is not shown', () => {
  const { metadata } = fold(DEPLOYMENT, copies({ metadata: { uid: 'x', resourceVersion: '7', managedFields: [{}], finalizers: ['f'], labels: { a: 'b' }, annotations: { c: 'd' }, deletionTimestamp: 't', deletionGracePeriodSeconds: 3 } }, {}), { uid })
  expect(metadata).toEqual({ name: 'web', namespace: 'shop', uid, labels: { a: 'b' }, annotations: { c: 'd', 'cluster.federation/clusters': 'member1,member2' } })
})

test('the host has the first word and is not named', () => {
  const [host, ...members] = copies({ metadata: { labels: { from: 'host' } } }, { metadata: { labels: { from: 'member' } } })
  expect(fold(NAMESPACE, [...members, { ...host!, cluster: '' }], { uid }).metadata).toMatchObject({ labels: { from: 'host' }, annotations: { 'cluster.federation/clusters': 'member2' } })
})

test('integers beyond 2^53 add up exactly', () => {
  const big = copies(parseJson('{"status":{"bytes":9007199254740993}}') as KubeObject, parseJson('{"status":{"bytes":2}}') as KubeObject)
  expect(stringifyJson(fold(CUSTOM, big, { uid })['status'])).toBe('{"bytes":9007199254740995}')
})

test('very many different messages are cut short', () => {
  const many = copies(...Array.from({ length: 30 }, (_, i) => ({ status: { conditions: [condition('Ready', 'False', `reason ${i}`)] } })))
  expect((fold(CUSTOM, many, { uid })['status'] as { conditions: { message: string }[] }).conditions[0]!.message).toMatch(/^member1: reason 0; .*; and 20 more$/)
})
