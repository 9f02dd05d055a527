import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { type ClusterAffinity, matchesClusterAffinity, matchesZones } from './cluster-affinity.ts'

interface Case { name: string; op: string; cluster: { name?: string; labels?: Record<string, string>; provider?: string; region?: string; zones?: string[] }; affinity: ClusterAffinity; zones?: string[]; operator?: string; values?: string[]; expect: boolean }
const { cases } = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../../../test/cases/scheduling/selectors.json'), 'utf8')) as { cases: Case[] }

test.each(cases.filter(({ op }) => op === 'cluster-affinity').map((given) => [given.name, given] as const))('%s', (_, { cluster: { name = '', labels = {}, ...spec }, affinity, expect: expected }) => {
  expect(matchesClusterAffinity(affinity, { metadata: { name, labels }, spec })).toBe(expected)
})

test.each(cases.filter(({ op }) => op === 'zones').map((given) => [given.name, given] as const))('%s', (_, { zones = [], operator = '', values = [], expect: expected }) => { expect(matchesZones({ operator, values }, zones)).toBe(expected) })

test.each([
  ['In', ['a'], ['a', 'b'], true], ['In', ['c'], ['a', 'b'], false], ['NotIn', ['a'], ['a', 'b'], false], ['NotIn', ['a'], [], true], ['Exists', [], ['a'], true], ['DoesNotExist', [], ['a'], false], ['Gt', ['1'], ['2'], false],
] as const)('zones: %s %j of %j', (operator, values, zones, expected) => { expect(matchesZones({ operator, values }, zones)).toBe(expected) })

test('an empty affinity matches every cluster, and a provider that is not set is in no list', () => {
  const bare = { metadata: { name: 'a' }, spec: {} }
  expect(matchesClusterAffinity({}, bare)).toBe(true)
  expect(matchesClusterAffinity({ fieldSelector: { matchExpressions: [{ key: 'provider', operator: 'NotIn', values: ['aws'] }] } }, bare)).toBe(true)
  expect(matchesClusterAffinity({ fieldSelector: { matchExpressions: [{ key: 'provider', operator: 'In', values: ['aws'] }] } }, bare)).toBe(false)
})
