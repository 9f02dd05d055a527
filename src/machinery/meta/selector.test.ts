import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Entry, Kind } from './core.ts'
import { fieldSelectorName, parseFieldSelector } from './field-selector.ts'
import { LabelSelector, labelSelectorFromObject, parseLabelSelector, validateLabelSelector } from './label-selector.ts'
import { compileSelector } from './selector.ts'
import { StatusError } from './status-error.ts'

interface Case { name: string; kind: 'label' | 'field'; selector: string; requirements?: object[]; canonical?: string; empty?: boolean; matches?: boolean[]; expectError?: boolean; message?: string }
const recorded = JSON.parse(readFileSync(new URL('../../../test/cases/interpretation/selectors.json', import.meta.url), 'utf8')) as { labelSets: Record<string, string>[]; fieldSets: Record<string, string>[]; cases: Case[] }
const messageOf = (run: () => unknown) => {
  try { run() } catch (error) { return error instanceof StatusError ? `${error.reason}: ${error.message}` : `${error as Error}` }
  return undefined
}

const cases = recorded.cases.map((one) => [one.name, one] as const), refused = cases.filter(([, { expectError }]) => expectError), parsed = cases.filter(([, { expectError }]) => !expectError)

test.each(refused)('%s is refused', (_name, { kind, selector, message }) => {
  expect(messageOf(() => (kind === 'label' ? parseLabelSelector : parseFieldSelector)(selector))).toBe(`BadRequest: ${message}`)
})

test.each(parsed)('%s', (_name, { kind, selector: text, requirements, canonical, empty, matches }) => {
  const selector = kind === 'label' ? parseLabelSelector(text) : parseFieldSelector(text)
  const results = selector instanceof LabelSelector ? recorded.labelSets.map((labels) => selector.matches(labels)) : recorded.fieldSets.map((fields) => selector.matches((field) => fields[field] ?? ''))
  expect({ requirements: selector.requirements, canonical: selector.toString(), empty: selector.isEmpty, matches: results }).toEqual({ requirements, canonical, empty, matches })
})

// Recorded from a kube-apiserver 1.36.3.
test.each([
  ['app (x)', "unable to parse requirement: found '(', expected: in, notin, =, ==, !=, gt, lt"],
  ['bad key', "unable to parse requirement: found 'key', expected: in, notin, =, ==, !=, gt, lt"],
  ['app in x', "unable to parse requirement: found 'x' expected: '('"],
  ['tier>abc', 'unable to parse requirement: values[0]: Invalid value: "abc": for \'Gt\', \'Lt\' operators, the value must be an integer'],
  ['!app=x', "found '=', expected: ',' or 'end of string'"],
  ['app=a value', "found 'value', expected: ',' or 'end of string'"],
])('label selector %s is refused', (text, message) => {
  expect(messageOf(() => parseLabelSelector(text))).toBe(`BadRequest: ${message}`)
})

test('a selector object compiles, and its mistakes are listed with their fields', () => {
  const selector = labelSelectorFromObject({ matchLabels: { env: 'prod' }, matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['web', 'db'] }, { key: 'a', operator: 'Exists' }, { key: 'z', operator: 'DoesNotExist' }] })
  expect(selector.toString()).toBe('a,env=prod,tier notin (db,web),!z')
  expect(selector.matchExpressions()).toEqual([
    { key: 'a', operator: 'Exists' }, { key: 'env', operator: 'In', values: ['prod'] }, { key: 'tier', operator: 'NotIn', values: ['web', 'db'] }, { key: 'z', operator: 'DoesNotExist' },
  ])
  expect(parseLabelSelector('n>3').matchExpressions()).toEqual([])
  expect(messageOf(() => labelSelectorFromObject({ matchExpressions: [{ key: 'a', operator: 'Near' }] }))).toBe('BadRequest: "Near" is not a valid label selector operator')
  expect(messageOf(() => labelSelectorFromObject({ matchExpressions: [{ key: 'a', operator: 'In', values: [] }] }))).toBe('BadRequest: values: Invalid value: []: for \'in\', \'notin\' operators, values set can\'t be empty')
  const errors = validateLabelSelector({ matchLabels: { a: '!' }, matchExpressions: [{ key: 'a', operator: 'In' }, { key: 'b', operator: 'Exists', values: ['x'] }, { key: 'a b', operator: 'Near' }] }, 'spec.selector')
  expect(errors.map(({ field, type }) => `${field} ${type}`)).toEqual([
    'spec.selector.matchLabels FieldValueInvalid', 'spec.selector.matchExpressions[0].values FieldValueRequired', 'spec.selector.matchExpressions[1].values FieldValueForbidden',
    'spec.selector.matchExpressions[2].operator FieldValueInvalid', 'spec.selector.matchExpressions[2].key FieldValueInvalid',
  ])
})

const entry = (key: string, labels: Record<string, string>, body: object): Entry & { parsed: number } => ({
  key, position: '1', size: 1, parsed: 0, emit: () => undefined, emitMetadata: () => undefined, labels: () => labels,
  parse() { this.parsed++; return { metadata: {}, ...body } },
})
const kind = (fields: Kind['fields']) => ({ namespaced: true, fields }) as unknown as Kind

test('a request selects by labels, by key and by declared fields, parsing an entry once', () => {
  const pods = kind({ 'spec.nodeName': (object) => (object['spec'] as { nodeName?: string }).nodeName ?? '' })
  const selector = compileSelector({ labels: 'app=web', fields: 'metadata.namespace=shop,spec.nodeName!=n1,metadata.name!=c' }, pods)
  const entries = [
    entry('shop/a', { app: 'web' }, { spec: { nodeName: 'n1' } }), entry('shop/b', { app: 'web' }, { spec: {} }), entry('shop/c', { app: 'web' }, { spec: {} }), entry('other/b', { app: 'web' }, { spec: {} }), entry('shop/d', {}, { spec: {} }),
  ]
  for (let round = 0; round < 2; round++) expect(entries.map((one) => selector.matches(one))).toEqual([false, true, false, false, false])
  expect(entries.map(({ parsed }) => parsed)).toEqual([1, 1, 0, 0, 0])
  expect(selector).toMatchObject({ labels: 'app=web', fields: 'metadata.name!=c,metadata.namespace=shop,spec.nodeName!=n1' })
  expect(fieldSelectorName('metadata.name=x,metadata.namespace=y')).toBe('x')
  expect(fieldSelectorName('metadata.name!=x')).toBeUndefined()
  expect(compileSelector({ fields: 'metadata.name=n,metadata.namespace=' }, kind({})).matches(entry('n', {}, {}))).toBe(true)
})

test('unknown fields are refused in the words of the kind', () => {
  expect(messageOf(() => compileSelector({ fields: 'spec.x=1' }, kind({})))).toBe('BadRequest: "spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"')
  expect(messageOf(() => compileSelector({ fields: 'spec.size=1' }, kind({ 'spec.color': () => '' })))).toBe('BadRequest: field label not supported: spec.size')
  expect(messageOf(() => compileSelector({ fields: 'constructor=1' }, kind({})))).toMatch('not a known field selector')
})
