/**
 * Replays what Karmada and KubeFed keep from the member when they write a copy. They replace it and so carry everything over; we apply, so most of it stays because it is
 * others'. What must agree is the outcome: each case is carried out over the observed object, owned by others, by the machinery of server-side apply and the kind's schema.
 */
import { beforeAll, expect, test } from 'vitest'
import { applyObject, type ManagedKind, type ManagedObject, updateObject } from '../../machinery/apply/field-manager.ts'
import { objectType } from '../../machinery/apply/openapi-type.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import type { JsonObject } from '../../machinery/meta/json-value.ts'
import type { JsonSchema } from '../../machinery/meta/json-schema.ts'
import { recordedCases, withoutEmpty } from '../../../test/suites/recorded-cases.ts'
import { groupOf } from './folded-uid.ts'
import { retained, type RetainOptions } from './retained.ts'

interface Case { name: string; style: 'dispatch' | 'federated'; retainReplicas?: boolean; desired: KubeObject; observed: KubeObject; expect?: KubeObject; expectFixed?: KubeObject; expectError?: boolean }
const cases = recordedCases<Case>('interpretation/retain.json')

const DIFFERENT: Readonly<Record<string, string>> = {
  'federated-service-account-secrets-desired-set': 'the styles contradict each other: we have the union, as dispatch does',
  'federated-service-node-port-member-wins-over-desired': 'a node port that the template asks for is the user\'s, who could not change it otherwise',
  'federated-metadata-member-annotations-finalizers-version': 'annotations of the template are sent, and labels of others stay',
  'dispatch-pod-error': 'a kind without a rule keeps nothing, and needs none',
}
/** The pods of these cases get containers and volumes that no API server would let them have, which an apply would add; what would be sent is compared. */
const BY_RULE = new Set(['dispatch-pod-member-value-kept', 'dispatch-pod-node-name-and-mounts', 'dispatch-job-member-value-kept'])

/** What we are to have applied before, where the case is about what becomes of it. */
const BEFORE: Readonly<Record<string, JsonObject>> = { 'federated-service-node-port-protocol-differs': { spec: { ports: [{ name: 'a', port: 80, protocol: 'TCP' }] } } }

let definitions: Record<string, JsonSchema & { 'x-kubernetes-group-version-kind'?: readonly { group: string; version: string; kind: string }[] }>
beforeAll(async () => { definitions = (await import('../../../openapi/kubernetes/definitions.json', { with: { type: 'json' } })).default as never })

function managedKind({ apiVersion = '', kind = '' }: KubeObject): ManagedKind {
  const group = groupOf(apiVersion), version = apiVersion.slice(apiVersion.indexOf('/') + 1)
  const schema = Object.values(definitions).find((schema) => schema['x-kubernetes-group-version-kind']?.some((of) => of.group === group && of.version === version && of.kind === kind))
  return { apiVersion, kind, type: objectType(schema!, definitions) }
}

const NOW = Date.parse('2026-01-01T00:00:00Z')
const whole = (object: KubeObject): KubeObject => ({ ...object, metadata: object.metadata ?? {} })

function outcome({ desired, observed, retainReplicas = false, name }: Case): unknown {
  const config = retained(whole(desired), whole(observed), { retainReplicas })
  if (BY_RULE.has(name)) return withoutEmpty(config)
  const kind = managedKind(desired), apply = (live: KubeObject | undefined, config: KubeObject) => applyObject(kind, { live, config, manager: 'federation', force: true, now: NOW })
  const before = BEFORE[name] && stored(apply(undefined, { ...whole(observed), ...BEFORE[name] }))
  const live = stored(updateObject(kind, { live: before, next: before ? { ...observed, metadata: before.metadata } : whole(observed), manager: 'member', now: NOW }))
  const { object: { metadata: { uid: _, ...metadata }, ...body } } = apply(live, config)
  return unordered({ ...body, metadata })
}
const stored = ({ object, managedFields }: ManagedObject): KubeObject => ({ ...object, metadata: { ...object.metadata, uid: 'u', managedFields: managedFields! } })

/** Secrets of an account are a set by name. */
function unordered(value: unknown): unknown {
  const plain = (withoutEmpty(value) ?? {}) as JsonObject
  return Array.isArray(plain['secrets']) ? { ...plain, secrets: (plain['secrets'] as { name: string }[]).toSorted((a, b) => a.name.localeCompare(b.name)) } : plain
}

test.each(cases.filter(({ name, expectError }) => !DIFFERENT[name] && !expectError))('$name', (one) => { expect(outcome(one)).toEqual(unordered(one.expectFixed ?? one.expect)) })
test.each(cases.filter(({ name, expectError }) => !DIFFERENT[name] && expectError))('$name', (one) => { expect(() => outcome(one)).toThrow('.spec.clusterIP: expected string') })
test.each<[string, KubeObject, KubeObject, RetainOptions]>([
  ['a Job\'s parallelism', { apiVersion: 'batch/v1', kind: 'Job', metadata: {}, spec: { parallelism: 2 } }, { metadata: {}, spec: { parallelism: 5 } }, {}],
  ['where a scale subresource says', { apiVersion: 'example.com/v1', kind: 'Thing', metadata: {}, spec: { parallelism: 2 } }, { metadata: {}, spec: { parallelism: 5 } }, { scale: { specReplicasPath: '.spec.parallelism' } }],
])('replicas are kept: %s', (_, desired, observed, options) => {
  expect(retained(desired, observed, options)['spec']).toEqual({ parallelism: 2 })
  expect(retained(desired, observed, { ...options, retainReplicas: true })['spec']).toEqual({ parallelism: 5 })
})

test.each(Object.entries(DIFFERENT))('%s differs: %s', (name) => {
  const one = cases.find((one) => one.name === name)!
  expect(unordered(one.expectError ? retained(one.desired, one.observed) : outcome(one))).not.toEqual(unordered(one.expectFixed ?? one.expect ?? {}))
})
