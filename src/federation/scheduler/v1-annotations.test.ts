import { expect, test } from 'vitest'
import { loadCases } from '../../../test/cases/scheduling/load-cases.ts'
import { parseV1Annotations } from './v1-annotations.ts'

interface Case { name: string; op: string; labels: Record<string, string>; annotation: string; expect: boolean }
const SELECTOR = 'federation.alpha.kubernetes.io/cluster-selector', PREFERENCES = 'federation.kubernetes.io/deployment-preferences'
const parse = (annotations: Record<string, string>, kind = 'Deployment') => parseV1Annotations(kind, annotations)

test.each(loadCases<Case>('selectors.json').filter(({ op }) => op === 'v1-cluster-selector').map((one) => [one.name, one] as const))('%s', (_, { labels, annotation, expect: expected }) => {
  expect(parse({ [SELECTOR]: annotation }).placement?.selector?.matches(labels)).toBe(expected)
})

test('an object without them has no placement', () => { expect(parse({ other: 'x' })).toEqual({ errors: [] }) })

test('preferences are read whatever the case of their members; null is no limit', () => {
  const text = '{"Rebalance":true,"clusters":{"foo":{"MinReplicas":10,"maxReplicas":50,"weight":100},"*":{"weight":1,"maxReplicas":null,"other":true}}}'
  expect(parse({ [PREFERENCES]: text })).toEqual({ errors: [], placement: { nowhere: false, selector: undefined, rebalance: true, preferences: { foo: { minReplicas: 10, maxReplicas: 50, weight: 100 }, '*': { weight: 1 } } } })
})

test('preferences are those of the kind', () => {
  expect(parse({ [PREFERENCES]: '{}' }, 'Job')).toEqual({ errors: [] })
  expect(parse({ 'federation.kubernetes.io/job-preferences': '{"rebalance":true}' }, 'Job').placement).toMatchObject({ rebalance: true, preferences: undefined })
})

test('the mark of the control plane means nowhere', () => { expect(parse({ [SELECTOR]: 'federation.kubernetes.io/federation-control-plane=true' }, 'Namespace').placement?.nowhere).toBe(true) })

test.each([
  [{ [SELECTOR]: 'env=prod' }, [`metadata.annotations[${SELECTOR}]`]],
  [{ [SELECTOR]: '{}' }, [`metadata.annotations[${SELECTOR}]`]],
  [{ [SELECTOR]: '[1]' }, [`metadata.annotations[${SELECTOR}][0]`]],
  [{ [SELECTOR]: '[{"key":"a","operator":"In","values":[]},{"key":"-","operator":"="},{"key":"a","operator":"~"},{"key":"a","operator":"Exists","values":["x"]},{"key":"a","operator":">","values":["x"]}]' },
    [`metadata.annotations[${SELECTOR}][0].values`, `metadata.annotations[${SELECTOR}][1].key`, `metadata.annotations[${SELECTOR}][1].values`, `metadata.annotations[${SELECTOR}][2].operator`, `metadata.annotations[${SELECTOR}][3].values`, `metadata.annotations[${SELECTOR}][4].values`]],
  [{ [PREFERENCES]: '{' }, [`metadata.annotations[${PREFERENCES}]`]],
  [{ [PREFERENCES]: '{"rebalance":"yes"}' }, [`metadata.annotations[${PREFERENCES}]`]],
  [{ [PREFERENCES]: '{"clusters":{"a":3,"b":{"weight":-1,"minReplicas":1.5}}}' }, [`metadata.annotations[${PREFERENCES}].clusters[a]`, `metadata.annotations[${PREFERENCES}].clusters[b].weight`, `metadata.annotations[${PREFERENCES}].clusters[b].minReplicas`]],
])('mistakes in %j', (annotations: Record<string, string>, fields) => {
  const { placement, errors } = parse(annotations)
  expect(placement).toBeUndefined()
  expect(errors.map(({ field }) => field)).toEqual(fields)
})
