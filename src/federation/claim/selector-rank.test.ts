import { expect, test } from 'vitest'
import { loadCases } from '../../../test/cases/scheduling/load-cases.ts'
import type { Claimable, ResourceSelector } from './any-policy.ts'
import { RANK, rankOf } from './selector-rank.ts'

interface Case { name: string; op: string; resource: Claimable; selectors: ResourceSelector[]; expect: number | boolean }
const cases = loadCases<Case>('selectors.json').filter(({ op }) => op === 'resource-rank' || op === 'resource-match')

test.each(cases.map((one) => [one.name, one] as const))('%s', (_, { op, resource, selectors, expect: expected }) => {
  const rank = rankOf(selectors, resource)
  expect(op === 'resource-match' ? rank !== RANK.none : rank).toBe(expected)
})

test('a name decides alone: labels beside it are not asked', () => {
  const pod: Claimable = { apiVersion: 'v1', kind: 'Pod', namespace: 'a', name: 'web', labels: {} }
  expect(rankOf([{ apiVersion: 'v1', kind: 'Pod', name: 'web', labelSelector: { matchLabels: { app: 'db' } } }], pod)).toBe(RANK.name)
  expect(rankOf([{ apiVersion: 'v1beta1', kind: 'Pod', name: 'web' }], pod)).toBe(RANK.none)
})
