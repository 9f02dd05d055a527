import { expect, test } from 'vitest'
import { Seeded } from '../../../test/suites/seeded.ts'
import { type AnyPolicy, type Claimable, referenceTo } from './any-policy.ts'
import { PolicyIndex } from './policy-index.ts'
import { RANK, rankOf } from './selector-rank.ts'

const deployment = { apiVersion: 'apps/v1', kind: 'Deployment' }
const template = (namespace: string, name: string, labels: Record<string, string> = {}, kind = 'Deployment'): Claimable => ({ apiVersion: 'apps/v1', kind, namespace, name, labels })
const policy = (namespace: string | undefined, name: string, ...resourceSelectors: AnyPolicy['spec']['resourceSelectors'][number][]): AnyPolicy => ({ metadata: { name, ...(namespace && { namespace }) }, spec: { resourceSelectors } })
const names = (of: readonly { readonly name?: string; readonly metadata?: { readonly name?: string } }[]) => of.map(({ name, metadata }) => name ?? metadata?.name ?? '').toSorted((a, b) => a.localeCompare(b))

test('a policy that changes concerns what it selected, what it selects, and what it claims', () => {
  const index = new PolicyIndex(), before = policy('shop', 'p', { ...deployment, name: 'a' })
  for (const name of ['a', 'b', 'c', 'd']) index.setTemplate(template('shop', name), name === 'c' ? referenceTo(before) : undefined)
  expect(names(index.setPolicy(before))).toEqual(['a', 'c'])
  expect(names(index.setPolicy(policy('shop', 'p', { ...deployment, name: 'b' })))).toEqual(['a', 'b', 'c'])
  expect(names(index.claimedBy(referenceTo(before)))).toEqual(['c'])
  expect(names(index.removePolicy(referenceTo(before)))).toEqual(['b', 'c'])
  expect(index.policiesFor(template('shop', 'b'))).toEqual([])
})

test('a policy that asks for what it asked for before concerns nobody; one that was made again does', () => {
  const index = new PolicyIndex(), version = (metadata: { uid: string; generation: number; deletionTimestamp?: string }, name = 'a') => { const { spec } = policy('shop', 'p', { ...deployment, name }); return { metadata: { name: 'p', namespace: 'shop', ...metadata }, spec, status: { claimed: Math.random() } } }
  for (const name of ['a', 'b']) index.setTemplate(template('shop', name), undefined)
  expect(names(index.setPolicy(version({ uid: '1', generation: 1 })))).toEqual(['a'])
  const told = version({ uid: '1', generation: 1 })
  expect(index.setPolicy(told)).toEqual([])
  expect(index.policy(referenceTo(told))).toBe(told)
  expect(names(index.setPolicy(version({ uid: '1', generation: 2 }, 'b')))).toEqual(['a', 'b'])
  expect(names(index.setPolicy(version({ uid: '2', generation: 2 }, 'b')))).toEqual(['b'])
  expect(names(index.setPolicy(version({ uid: '2', generation: 2, deletionTimestamp: '2026-01-01T00:00:00Z' }, 'b')))).toEqual(['b'])
})

test('a template that moves or goes is found where it is', () => {
  const index = new PolicyIndex(), all = policy(undefined, 'all', deployment)
  index.setPolicy(all)
  index.setTemplate(template('shop', 'a'), referenceTo(all))
  index.setTemplate(template('shop', 'a', { app: 'x' }), undefined)
  expect(index.claimedBy(referenceTo(all))).toEqual([])
  expect(index.templatesFor(all)).toEqual([template('shop', 'a', { app: 'x' })])
  index.removeTemplate(template('shop', 'a'))
  expect(index.templatesFor(all)).toEqual([])
})

test('a namespaced policy and a cluster-wide one of the same name are two', () => {
  const index = new PolicyIndex()
  index.setPolicy(policy('shop', 'p', deployment))
  index.setPolicy(policy(undefined, 'p', deployment))
  expect(index.policiesFor(template('shop', 'a'))).toHaveLength(2)
  index.removePolicy({ kind: 'ClusterPropagationPolicy', name: 'p' })
  expect(index.policiesFor(template('shop', 'a'))).toHaveLength(1)
})

test('the index answers what a scan of everything would', () => {
  const random = new Seeded(), index = new PolicyIndex(), policies = new Map<string, AnyPolicy>(), templates = new Map<string, Claimable>(), namespaces = ['a', 'b'], kinds = ['Deployment', 'StatefulSet']
  const selects = ({ metadata: { namespace }, spec }: AnyPolicy, it: Claimable) => (!namespace || namespace === it.namespace) && rankOf(spec.resourceSelectors, it) !== RANK.none
  const selector = () => ({ apiVersion: 'apps/v1', kind: random.pick(kinds), ...(random.chance(0.3) && { namespace: random.pick(namespaces) }), ...(random.chance(0.4) && { name: `t${random.int(4)}` }), ...(random.chance(0.3) && { labelSelector: { matchLabels: { app: `${random.int(2)}` } } }) })
  for (let step = 0; step < 2000; step++) {
    let answered: ReadonlySet<unknown>, expected: ReadonlySet<unknown>
    if (random.chance(0.5)) {
      const it = policy(random.pick([undefined, ...namespaces]), `p${random.int(5)}`, selector(), ...(random.chance(0.5) ? [selector()] : [])), reference = referenceTo(it), key = JSON.stringify(reference), old = policies.get(key), isRemoved = random.chance(0.3)
      const affected = isRemoved ? index.removePolicy(reference) : index.setPolicy(it)
      if (isRemoved) policies.delete(key)
      else policies.set(key, it)
      answered = new Set(affected)
      expected = new Set([...templates.values()].filter((one) => (old && selects(old, one)) || (!isRemoved && selects(it, one))))
    } else {
      const it = template(random.pick(namespaces), `t${random.int(4)}`, { app: `${random.int(2)}` }, random.pick(kinds)), key = JSON.stringify([it.kind, it.namespace, it.name])
      if (random.chance(0.3)) { index.removeTemplate(it); templates.delete(key) } else { index.setTemplate(it, undefined); templates.set(key, it) }
      answered = new Set(index.policiesFor(it))
      expected = new Set([...policies.values()].filter((one) => selects(one, it)))
    }
    expect({ seed: random.seed, step, answered }).toEqual({ seed: random.seed, step, answered: expected })
  }
})

test('what does not concern a change is not looked at', () => {
  const index = new PolicyIndex()
  let looks = 0
  for (let i = 0; i < 1000; i++) index.setPolicy(policy('shop', `p${i}`, new Proxy({ ...deployment, name: `t${i}` }, { get: (target, key) => { looks++; return Reflect.get(target, key) as unknown } })))
  looks = 0
  expect(names(index.policiesFor(template('shop', 't7')))).toEqual(['p7'])
  expect(looks).toBeLessThan(20)
})
