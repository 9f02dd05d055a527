import { describe, expect, test } from 'vitest'
import type { FederatedTypeConfig } from '../../apis/policy.federation/v1alpha1/federated-type-config.ts'
import { type KnownType, typeVerdict, type TypeVerdict, whySwitchedOff, withVerdict } from './type-verdict.ts'

const gear = { group: 'example.com', version: 'v1', kind: 'Gear', plural: 'gears', namespaced: true }, typeOf = (type: object = {}) => ({ group: 'example.com', version: 'v1', kind: 'Gear', pluralName: 'gears', scope: 'Namespaced' as const, ...type })
const config = (type: object = {}, propagation: 'Enabled' | 'Disabled' = 'Enabled'): FederatedTypeConfig => ({ metadata: { name: 'gears.example.com', generation: 3 }, spec: { targetType: typeOf(type), propagation } })
const served: KnownType = { isServed: true, target: gear, source: 'member1' }, unknown: KnownType = { isServed: false, target: undefined }
const DISABLED = 'spec.propagation is Disabled: nothing new is distributed, and what was stays as it is'

describe('what a FederatedTypeConfig comes to', () => {
  test.each<[string, FederatedTypeConfig, KnownType, TypeVerdict]>([
    ['a custom kind whose schema was read', config(), served, { isServed: true, isRunning: true, reason: 'Served', message: 'with the schema of cluster member1' }],
    ['one whose member is away', config(), { ...served, problem: 'the cluster is unreachable now' }, { isServed: true, isRunning: true, reason: 'Served', message: 'with the schema of cluster member1; the cluster is unreachable now' }],
    ['a kind of Kubernetes', config({ group: 'apps', kind: 'Deployment', pluralName: 'deployments' }), { isServed: true, target: { ...gear, group: 'apps', kind: 'Deployment', plural: 'deployments' } }, { isServed: true, isRunning: true, reason: 'Served', message: '' }],
    ['a kind that no member has', config(), { ...unknown, problem: 'no cluster is known to serve it' }, { isServed: false, isRunning: false, reason: 'NotFound', message: 'no cluster is known to serve it' }],
    ['a kind that is disabled before it was ever served', config({}, 'Disabled'), unknown, { isServed: false, isRunning: false, reason: 'Disabled', message: DISABLED }],
    ['a kind that is disabled', config({}, 'Disabled'), served, { isServed: true, isRunning: false, reason: 'Disabled', message: DISABLED }],
    ['another scope than the kind has', config({ scope: 'Cluster' }), { isServed: false, target: gear }, { isServed: false, isRunning: false, reason: 'Differs', message: 'spec.targetType differs from the kind that there is: scope is Namespaced' }],
    ['another version and kind', config({ version: 'v2', kind: 'Wheel' }), served, { isServed: true, isRunning: false, reason: 'Differs', message: 'spec.targetType differs from the kind that there is: version is v1, kind is Gear' }],
    ['nodes', config({ group: '', kind: 'Node', pluralName: 'nodes' }), unknown, { isServed: false, isRunning: false, reason: 'NotDistributable', message: 'nodes cannot be distributed: its objects stand for the state of one cluster' }],
    ['registrations of servers', config({ group: 'apiregistration.k8s.io', kind: 'APIService', pluralName: 'apiservices' }), unknown, { isServed: false, isRunning: false, reason: 'NotDistributable', message: 'apiservices.apiregistration.k8s.io cannot be distributed: it is none of the kinds of Kubernetes that can be distributed' }],
    ['kinds of this server', config({ group: 'cluster.federation', kind: 'Cluster', pluralName: 'clusters' }), unknown, { isServed: false, isRunning: false, reason: 'NotDistributable', message: 'clusters.cluster.federation cannot be distributed: it is a kind of this server itself' }],
  ])('%s', (_, given, known, expected) => { expect(typeVerdict(given, known)).toEqual(expected) })
})

test.each<[string, boolean, FederatedTypeConfig | undefined, string]>([
  ['a kind of Kubernetes without a config is on', true, undefined, ''], ['with one it is on', true, config(), ''], ['unless that says Disabled', true, config({}, 'Disabled'), 'set spec.propagation of the FederatedTypeConfig x to Enabled'],
  ['a custom kind without a config is off', false, undefined, 'create a FederatedTypeConfig named x'], ['with one it is on', false, config(), ''], ['unless that says Disabled', false, config({}, 'Disabled'), 'set spec.propagation of the FederatedTypeConfig x to Enabled'],
])('%s', (_, isBuiltIn, given, advice) => { expect((whySwitchedOff('x', isBuiltIn, given) ?? '').replace(/^.*to distribute it /, '')).toBe(advice) })

test('status keeps its time while it says the same, and is the same object where nothing changed', () => {
  const first = withVerdict(config(), typeVerdict(config(), served), 0), again = { ...config(), status: first }
  expect(first).toEqual({ observedGeneration: 3, propagationController: 'Running', statusController: 'Running', conditions: [{ type: 'Served', status: 'True', reason: 'Served', message: 'with the schema of cluster member1', lastTransitionTime: '1970-01-01T00:00:00Z', observedGeneration: 3 }] })
  expect(withVerdict(again, typeVerdict(again, served), 60_000)).toBe(first)
  const disabled = { ...again, spec: { ...again.spec, propagation: 'Disabled' as const } }
  expect(withVerdict(disabled, typeVerdict(disabled, served), 60_000)).toMatchObject({ propagationController: 'NotRunning', conditions: [{ status: 'True', reason: 'Disabled', lastTransitionTime: '1970-01-01T00:00:00Z' }] })
})
