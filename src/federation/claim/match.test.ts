/** Replays Karmada's choice of policies, and states what ours adds: reasons, stickiness, safety. */
import { expect, test } from 'vitest'
import { loadCases } from '../../../test/cases/scheduling/load-cases.ts'
import type { LabelSelector } from '../../apis/meta/v1/label-selector.ts'
import type { AnyPolicy, Claimable, PolicyReference } from './any-policy.ts'
import { match } from './match.ts'

interface Selector { apiVersion: string; kind: string; name?: string; namespace?: string; labels?: Record<string, string> }
interface Case { name: string; op: 'choose' | 'tie' | 'lowered'; scope: 'namespaced' | 'cluster'; resource: Claimable; policies: { name: string; priority: number; selectors: Selector[] }[]; a: string | null; b: string; newPriority: number; oldPriority: number; others: { name: string; priority: number; preemption: 'Always' }[]; expect: string | null | string[] }
const cases = loadCases<Case>('policy-choice.json'), of = (op: Case['op']) => cases.filter((one) => one.op === op).map((one) => [one.name, one] as const)

const web: Claimable = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'test', name: 'web', labels: { app: 'web' }, generation: 1 }
const byKind = { apiVersion: 'apps/v1', kind: 'Deployment' }, byName = { ...byKind, name: 'web' }, byLabel: { apiVersion: string; kind: string; labelSelector: LabelSelector } = { ...byKind, labelSelector: { matchLabels: { app: 'web' } } }

const policy = (name: string, spec: Partial<AnyPolicy['spec']> = {}, metadata: Partial<AnyPolicy['metadata']> = { namespace: 'test' }): AnyPolicy => ({ metadata: { name, generation: 1, ...metadata }, spec: { resourceSelectors: [byKind], ...spec } })
const clusterWide = (name: string, spec: Partial<AnyPolicy['spec']> = {}) => policy(name, spec, {})
const scoped = (scope: Case['scope']) => (scope === 'namespaced' ? { namespace: 'test' } : {})
const held = (name: string, scope: Case['scope'] = 'namespaced'): PolicyReference => (scope === 'namespaced' ? { kind: 'PropagationPolicy', namespace: 'test', name } : { kind: 'ClusterPropagationPolicy', name })

test.each(of('choose'))('%s', (_, { scope, resource, policies, expect: expected }) => {
  const given = policies.map(({ name, priority, selectors }) => policy(name, { priority, resourceSelectors: selectors.map(({ labels, ...selector }) => ({ ...selector, ...(labels && { labelSelector: { matchLabels: labels } }) })) }, scoped(scope)))
  expect(match({ template: resource, policies: given.toReversed() }).policy?.name ?? null).toBe(expected)
})

test.each(of('tie'))('%s', (_, { scope, a, b, expect: expected }) => {
  expect(match({ template: web, policies: [b, ...(a === null ? [] : [a])].map((name) => policy(name, {}, scoped(scope))) }).policy?.name).toBe(expected)
})

test.each(of('lowered'))('%s', (_, { scope, newPriority, oldPriority, others, expect: expected }) => {
  const rivals = others.map(({ name, priority, preemption }) => policy(name, { priority, preemption, resourceSelectors: [byName] }, scoped(scope)))
  const takers: string[] = []
  for (const priority of [oldPriority, newPriority]) {
    for (let left = rivals; ;) {
      const claim = match({ template: web, policies: [policy('lowered', { priority, resourceSelectors: [byName] }, scoped(scope)), ...left], current: held('lowered', scope) })
      if (claim.outcome !== 'Preempted') break
      takers.push(claim.policy!.name)
      left = left.filter(({ metadata }) => metadata.name !== claim.policy!.name)
    }
  }
  expect(takers).toEqual(expected)
})

test('each loser is told why', () => {
  const { policy: winner, losers } = match({ template: web, policies: [clusterWide('c', { priority: 9 }), policy('a', { priority: 2 }), policy('b', { priority: 2, resourceSelectors: [byLabel] }), policy('low'), policy('d', { priority: 2, resourceSelectors: [byLabel] }), policy('other', { resourceSelectors: [{ ...byKind, name: 'db' }] })] })
  expect(winner).toEqual(held('b'))
  expect(losers.map(({ policy: { name }, reason }) => [name, reason])).toEqual([['d', 'LaterName'], ['a', 'LessSpecific'], ['low', 'LowerPriority'], ['c', 'ClusterWide']])
  expect(losers.map(({ message }) => message)).toEqual([
    'all else being equal, b comes before d', 'with equal priority 2, labels is more specific than its kind', 'priority 2 is higher than 0', 'a policy of the namespace comes before those for all namespaces',
  ])
})

test('a claim stays although a better policy comes', () => {
  const { outcome, policy: winner, losers } = match({ template: web, policies: [policy('old'), policy('new', { priority: 5, resourceSelectors: [byName] })], current: held('old') })
  expect([outcome, winner, losers[0]?.reason]).toEqual(['Kept', held('old'), 'AlreadyClaimed'])
})

test.each([
  ['a namespaced policy of higher priority', 'namespaced', policy('old', { priority: 1 }), policy('new', { priority: 2, preemption: 'Always', resourceSelectors: [byName] }), true],
  ['equal priority never', 'namespaced', policy('old', { priority: 1 }), policy('new', { priority: 1, preemption: 'Always', resourceSelectors: [byName] }), false],
  ['selectors without a name never', 'namespaced', policy('old'), policy('new', { priority: 2, preemption: 'Always', resourceSelectors: [byLabel] }), false],
  ['a namespaced policy from a cluster-wide one, whatever the priorities', 'cluster', clusterWide('old', { priority: 9 }), policy('new', { priority: -1, preemption: 'Always', resourceSelectors: [byName] }), true],
  ['a cluster-wide policy from a namespaced one never', 'namespaced', policy('old'), clusterWide('new', { priority: 9, preemption: 'Always', resourceSelectors: [byName] }), false],
  ['a cluster-wide policy from a lower one', 'cluster', clusterWide('old'), clusterWide('new', { priority: 1, preemption: 'Always', resourceSelectors: [byName] }), true],
] as const)('preemption: %s', (_, scope, old, rival, takes) => {
  const claim = match({ template: web, policies: [old, rival], current: held('old', scope) })
  expect([claim.outcome, claim.policy?.name, claim.keepTargets]).toEqual(takes ? ['Preempted', 'new', false] : ['Kept', 'old', false])
})

test.each([
  ['is gone', []],
  ['is being deleted', [policy('old', {}, { namespace: 'test', deletionTimestamp: '2026-01-01T00:00:00Z' })]],
  ['selects it no more', [policy('old', { resourceSelectors: [{ ...byKind, name: 'db' }] })]],
])('a policy that %s leaves the targets where they are, and says so; another one takes over where there is one', (_, policies) => {
  const lost = match({ template: web, policies, current: held('old') })
  expect(lost).toMatchObject({ outcome: 'Lost', keepTargets: true, message: 'PropagationPolicy test/old is gone or selects it no more, and no other policy selects it: the present targets stay' })
  expect(lost.policy).toBeUndefined()
  expect(match({ template: web, policies: [...policies, policy('next')], current: held('old') })).toMatchObject({ outcome: 'Claimed', policy: held('next'), keepTargets: false })
})

test('a template that nothing ever claimed keeps nothing', () => { expect(match({ template: web, policies: [] })).toMatchObject({ outcome: 'NoPolicy', keepTargets: false }) })

test('a policy of another namespace does not match, whatever its selectors say', () => {
  expect(match({ template: web, policies: [policy('a', { resourceSelectors: [{ ...byKind, namespace: 'test' }] }, { namespace: 'elsewhere' })] }).outcome).toBe('NoPolicy')
})

test('a lazy policy waits for the next change of the template', () => {
  const lazy = policy('lazy', { activationPreference: 'Lazy' })
  expect(match({ template: web, policies: [lazy] }).outcome).toBe('Claimed')
  expect(match({ template: { ...web, observedGeneration: 1 }, policies: [lazy] })).toMatchObject({ outcome: 'Waiting', isPending: true })
  expect(match({ template: { ...web, generation: 2, observedGeneration: 1 }, policies: [lazy] }).outcome).toBe('Claimed')
  const changed = policy('lazy', lazy.spec, { namespace: 'test', generation: 2 }), current = { ...held('lazy'), generation: 1 }
  expect(match({ template: { ...web, observedGeneration: 1 }, policies: [changed], current })).toMatchObject({ outcome: 'Kept', isPending: true })
  expect(match({ template: { ...web, generation: 2, observedGeneration: 1 }, policies: [changed], current })).toMatchObject({ outcome: 'Kept', isPending: false })
})

test('a lazy policy preempts with the next change of the template, and is told to be about to', () => {
  const policies = [policy('old'), policy('new', { priority: 1, preemption: 'Always', activationPreference: 'Lazy', resourceSelectors: [byName] })]
  expect(match({ template: { ...web, observedGeneration: 1 }, policies, current: held('old') })).toMatchObject({ outcome: 'Kept', losers: [{ reason: 'Lazy' }] })
  expect(match({ template: { ...web, generation: 2, observedGeneration: 1 }, policies, current: held('old') }).outcome).toBe('Preempted')
})
