import { expect, test } from 'vitest'
import { effectivePlacement } from './effective-placement.ts'

const inline = { clusters: [{ name: 'inline' }] }, annotations = { nowhere: false, selector: undefined, preferences: undefined, rebalance: false }, policy = { placement: { clusterAffinity: { clusterNames: ['policy'] } } }, fallback = { clusterAffinity: { clusterNames: ['set'] } }, preference = { totalReplicas: 1 }

test.each<[string, Parameters<typeof effectivePlacement>[0], ReturnType<typeof effectivePlacement>]>([
  ['inline first', { inline, annotations, policy, fallback, preference }, { by: 'placement', placement: inline }],
  ['then annotations', { inline: {}, annotations, policy, fallback }, { by: 'annotations', annotations }],
  ['then the policy', { policy, fallback }, { by: 'placement', placement: policy.placement }],
  ['a policy without a placement means everywhere', { policy: {}, fallback }, { by: 'placement', placement: { clusterSelector: {} } }],
  ['then the set', { fallback, preference }, { by: 'placement', placement: fallback }],
  ['a preference alone means everywhere', { preference }, { by: 'placement', placement: { clusterSelector: {} } }],
  ['an inline placement that says nothing is none', { inline: {} }, undefined],
  ['an empty list of clusters says something', { inline: { clusters: [] }, policy }, { by: 'placement', placement: { clusters: [] } }],
])('%s', (_, given, expected) => { expect(effectivePlacement(given)).toEqual(expected) })
