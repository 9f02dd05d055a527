import { describe, expect, test } from 'vitest'
import type { FederatedObject, FederatedSpec } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { keepRevision, revisionFor } from './revisions.ts'

const target = { group: 'apps', version: 'v1', kind: 'Deployment', scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', defaultReplicas: 1 } }
const template = (image: string, replicas = 3, annotations?: Record<string, string>) => ({ ...(annotations && { metadata: { annotations } }), spec: { replicas, template: { spec: { containers: [{ name: 'main', image }] } } } })
const placed: FederatedObject = { metadata: { name: 'web', generation: 3 }, spec: { template: template('1') }, status: { schedule: { observedGeneration: 3, targets: [{ cluster: 'a' }, { cluster: 'b' }] } } }

/** As a write does it: generation grows, the status is what it was but for what is kept. */
function changed(before: FederatedObject, spec: Partial<FederatedSpec>): FederatedObject {
  const next = keepRevision({ ...before, spec: { ...before.spec, ...spec } }, before, target), generation = (before.metadata.generation ?? 0) + 1
  return { ...next, metadata: { ...next.metadata, generation }, status: { ...next.status, schedule: { ...next.status?.schedule, observedGeneration: generation } } }
}
const given = (federated: FederatedObject, ...names: string[]): FederatedObject => {
  const rollout = federated.status!.rollout!, others = rollout.clusters?.filter(({ name }) => !names.includes(name)) ?? []
  return { ...federated, status: { ...federated.status, rollout: { ...rollout, clusters: [...others, ...names.map((name) => ({ name, generation: rollout.generation, since: '' }))] } } }
}
const imageIn = (federated: FederatedObject, cluster: string) => {
  const revision = revisionFor(federated, cluster, target), spec = revision?.spec.template['spec'] as ReturnType<typeof template>['spec'] | undefined
  return spec && `${spec.template.spec.containers[0]!.image} × ${spec.replicas} of ${revision!.metadata.generation}`
}

describe('a write keeps what was before', () => {
  test('of a template that is placed', () => {
    expect(changed(placed, { template: template('2') }).status!.rollout).toEqual({ generation: 4, revisions: [{ generation: 3, template: template('1') }] })
  })
  test.each<[string, FederatedObject, Partial<FederatedSpec>]>([
    ['one that was never placed has nothing to keep', { ...placed, status: {} }, { template: template('2') }],
    ['scaling is no change', placed, { template: template('1', 9) }],
    ['nor is what is never sent', placed, { template: template('1', 3, { 'kubectl.kubernetes.io/last-applied-configuration': '{}' }) }],
    ['nor is where it goes', placed, { placement: { clusters: [{ name: 'a' }] } }],
    ['one that is being deleted', { ...placed, metadata: { ...placed.metadata, deletionTimestamp: '2030-01-01T00:00:00Z' } }, { template: template('2') }],
  ])('%s', (_, before, spec) => { expect(changed(before, spec).status?.rollout).toBeUndefined() })
  test.each<[string, Partial<FederatedSpec>]>([['annotations that are sent', { template: template('1', 3, { a: 'b' }) }], ['overrides', { overrides: [{ clusterName: 'a', clusterOverrides: [] }] }]])('%s are a change', (_, spec) => {
    expect(changed(placed, spec).status?.rollout).toMatchObject({ generation: 4, revisions: [{ generation: 3 }] })
  })
})

describe('a cluster has', () => {
  test('what was complete until the change reaches it, with the replicas of now', () => {
    const rolling = given(changed(placed, { template: template('2') }), 'a'), scaled = changed(rolling, { template: template('2', 5) })
    expect(['a', 'b', 'new'].map((name) => imageIn(rolling, name))).toEqual(['2 × 3 of 4', '1 × 3 of 3', '1 × 3 of 3'])
    expect(['a', 'b'].map((name) => imageIn(scaled, name))).toEqual(['2 × 5 of 5', '1 × 5 of 3'])
  })
  test('what it had when a change was superseded, until the next one reaches it', () => {
    const second = given(changed(placed, { template: template('2') }), 'a'), third = changed(changed(second, { template: template('2', 5) }), { template: template('3', 5) })
    expect(third.status!.rollout).toMatchObject({ generation: 6, revisions: [{ generation: 3 }, { generation: 5 }], clusters: [{ name: 'a', generation: 5 }] })
    expect(['a', 'b'].map((name) => imageIn(third, name))).toEqual(['2 × 5 of 5', '1 × 5 of 3'])
    expect(imageIn(given(third, 'a'), 'a')).toBe('3 × 5 of 6')
  })
  test('nothing is kept of a change that reached nobody', () => {
    expect(changed(changed(placed, { template: template('2') }), { template: template('3') }).status!.rollout).toEqual({ generation: 5, revisions: [{ generation: 3, template: template('1') }] })
  })
  test('the latest at once where it is what was complete', () => {
    const back = changed(given(changed(placed, { template: template('2') }), 'a'), { template: template('1', 4) })
    expect([back.status!.rollout, imageIn(back, 'a'), imageIn(back, 'b')]).toEqual([undefined, '1 × 4 of 5', '1 × 4 of 5'])
  })
  test('what it has where that is not known any more', () => {
    const large = changed({ ...placed, spec: { template: template('x'.repeat(500_000)) } }, { template: template('2') })
    expect([large.status!.rollout!.revisions, revisionFor(large, 'b', target), imageIn(given(large, 'a'), 'a')]).toEqual([[{ generation: 3 }], undefined, '2 × 3 of 4'])
  })
  test('a revision whose decision is still to come is not carried out', () => {
    const undecided = changed(placed, { template: template('2') }), waiting = { ...undecided, status: { ...undecided.status, schedule: { ...undecided.status!.schedule, observedGeneration: 3 } } }, { metadata, status } = revisionFor(waiting, 'b', target)!
    expect(metadata.generation).not.toBe(status!.schedule!.observedGeneration)
  })
})

test('a change that is superseded again and again does not fill the store', () => {
  let federated = placed
  for (let at = 2; at < 20; at++) federated = given(changed(federated, { template: template(String(at)) }), `c${at}`)
  const { revisions } = federated.status!.rollout!
  expect(revisions.filter((revision) => revision.template !== undefined)).toHaveLength(6)
  expect([imageIn(federated, 'other'), imageIn(federated, 'c3'), imageIn(federated, 'c18')]).toEqual(['1 × 3 of 3', undefined, '18 × 3 of 20'])
})
