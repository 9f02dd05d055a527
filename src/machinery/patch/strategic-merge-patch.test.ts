import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { JsonSchema } from '../meta/json-schema.ts'
import type { JsonObject } from '../meta/json-value.ts'
import { parseJson, stringifyJson } from '../meta/json.ts'
import { StatusError } from '../meta/status-error.ts'
import { type Definitions, resolveSchema } from '../schema/resolve-schema.ts'
import { applyStrategicMergePatch } from './strategic-merge-patch.ts'
import { typedDocument } from './typed-document.ts'

interface Case { readonly name: string; readonly document: JsonObject; readonly patch: JsonObject; readonly out?: JsonObject; readonly error?: string }
const { cases, definitions } = JSON.parse(readFileSync(new URL('../../../test/cases/patch/strategic-merge.json', import.meta.url), 'utf8')) as { definitions: Definitions; cases: Case[] }
const mergeItem = resolveSchema(definitions, 'mergeItem')
const message = (run: () => unknown) => {
  try { return run() } catch (error) { return error instanceof StatusError ? error.message : error }
}
const refusal = (run: () => unknown) => {
  try { return run() } catch (error) { return error instanceof StatusError ? `${error.code} ${error.reason}: ${error.message}` : error }
}

/** What upstream tells to its callers, and a kube-apiserver keeps to itself. */
const UNSAID = new Map([['lists of lists are not supported', 'the server rejected our request due to an error in our request']])
test.each(cases.map((one) => [one.name, one] as const))('%s', (_name, { document, patch, out, error }) => {
  const before = JSON.stringify([document, patch])
  expect(message(() => applyStrategicMergePatch(document, patch, mergeItem))).toEqual(out ?? UNSAID.get(error!) ?? error)
  expect(JSON.stringify([document, patch])).toBe(before)
})

// Where upstream looks for fields of texts, maps and free JSON as if these were structs, and fails.
test('what the schema says nothing of: objects are merged, lists replaced', () => {
  const schema: JsonSchema = { type: 'object', properties: { free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, byName: { type: 'object', additionalProperties: mergeItem } } }
  expect(applyStrategicMergePatch({ free: { a: { b: 1 }, list: [{ name: 1 }] } }, { free: { a: { c: 2 }, list: [{ name: 2 }] } }, schema)).toEqual({ free: { a: { b: 1, c: 2 }, list: [{ name: 2 }] } })
  expect(applyStrategicMergePatch({ byName: { a: { mergingIntList: [1] } } }, { byName: { a: { mergingIntList: [2] }, b: {} } }, schema)).toEqual({ byName: { a: { mergingIntList: [2, 1] }, b: {} } })
  expect(applyStrategicMergePatch({ gone: { x: 1 } }, { '$setElementOrder/other': [], gone: null }, {})).toEqual({})
})

const owner = (uid: string) => ({ apiVersion: 'v1', kind: 'Pod', name: 'p', uid })

test('the collector takes out an owner, whatever the schema says of metadata', () => {
  const patch = { metadata: { ownerReferences: [{ $patch: 'delete', uid: 'b' }], uid: 'x' } }
  for (const schema of [{}, { type: 'object', properties: { metadata: { type: 'object' } } }] satisfies JsonSchema[]) {
    expect(applyStrategicMergePatch({ metadata: { uid: 'x', ownerReferences: [owner('a'), owner('b'), owner('c')] } }, patch, schema)).toEqual({ metadata: { uid: 'x', ownerReferences: [owner('a'), owner('c')] } })
    expect(applyStrategicMergePatch({ metadata: { uid: 'x' } }, patch, schema)).toEqual({ metadata: { uid: 'x', ownerReferences: [] } })
    expect(applyStrategicMergePatch({ metadata: { finalizers: ['a', 'b'] } }, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'], finalizers: ['c'] } }, schema)).toEqual({ metadata: { finalizers: ['c', 'b'] } })
  }
})

test('an embedded resource has metadata, too', () => {
  const schema: JsonSchema = { type: 'object', properties: { template: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { metadata: { type: 'object' } } } } }
  expect(applyStrategicMergePatch({ template: { metadata: { finalizers: ['a'] } } }, { template: { metadata: { finalizers: ['b'] } } }, schema)).toEqual({ template: { metadata: { finalizers: ['b', 'a'] } } })
})

test.each<[string, unknown, unknown]>([
  ['null changes nothing', null, { name: 'a' }],
  ['a list', [], '400 BadRequest: json: cannot unmarshal array into Go value of type map[string]interface {}'],
  ['a number', 1, '400 BadRequest: json: cannot unmarshal number into Go value of type map[string]interface {}'],
  ['a lost directive', { $setElementOrder: [] }, '400 BadRequest: invalid patch format of setElementOrder list'],
  ['an unknown directive', { $patch: 'x' }, '500 : unknown patch type: x in map: map[$patch:x]'],
  ['lists of lists', { mergingIntList: [[1]] }, { name: 'a', mergingIntList: [[1]] }],
])('patches: %s', (_name, patch, expected) => { expect(refusal(() => applyStrategicMergePatch({ name: 'a' }, patch, mergeItem))).toEqual(expected) })

test('lists of lists cannot be merged', () => { expect(refusal(() => applyStrategicMergePatch({ mergingIntList: [1] }, { mergingIntList: [[1]] }, mergeItem))).toBe('500 : list element types are not identical: [[1] [[1]]]') })

test('big numbers survive, and are found by their text', () => {
  const document = parseJson('{"mergingIntList":[12345678901234567890,1],"mergingList":[{"name":12345678901234567891}]}') as JsonObject, patch = parseJson('{"$deleteFromPrimitiveList/mergingIntList":[12345678901234567891],"mergingList":[{"name":12345678901234567891,"value":1.50}]}')
  expect(stringifyJson(applyStrategicMergePatch(document, patch, mergeItem))).toBe('{"mergingIntList":[12345678901234567890,1],"mergingList":[{"name":12345678901234567891,"value":1.50}]}')
})

test('members called __proto__ and constructor are data', () => {
  const patch = parseJson('{"__proto__":{"x":1},"simpleMap":{"__proto__":"a"},"$setElementOrder/constructor":[1],"toString":{"y":2}}')
  const patched = applyStrategicMergePatch(parseJson('{"simpleMap":{"b":"c"}}') as JsonObject, patch, mergeItem)
  expect(stringifyJson(patched)).toBe('{"simpleMap":{"b":"c","__proto__":"a"},"__proto__":{"x":1},"toString":{"y":2}}')
  expect(patched['x']).toBeUndefined()
})

test('long lists take no more than their length', () => {
  const items = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => ({ name: `${prefix}${i}` })), seconds = (count: number) => {
    const begin = performance.now(), order = [...items('b', count), ...items('a', count).toReversed()]
    const { mergingList } = applyStrategicMergePatch({ mergingList: items('a', count) }, { '$setElementOrder/mergingList': order, mergingList: items('b', count) }, mergeItem)
    expect(mergingList).toEqual(order)
    return performance.now() - begin
  }
  // The least of several says most of the work, and least of what else the machine did. Each with each would be 64 times as much.
  const least = (count: number) => Math.min(...Array.from({ length: 5 }, () => seconds(count)))
  expect(least(16_000) / least(2000)).toBeLessThan(30)
})

const spec: JsonSchema = {
  type: 'object', properties: {
    replicas: { type: 'integer', format: 'int32' }, size: { type: 'integer' }, ratio: { type: 'number' }, enabled: { type: 'boolean' }, note: { type: 'string' }, at: { type: 'string', format: 'date-time' }, secret: { type: 'string', format: 'byte' },
    names: { type: 'array', items: { type: 'string' } }, labels: { type: 'object', additionalProperties: { type: 'string' } }, port: { 'x-kubernetes-int-or-string': true }, free: { type: 'object' }, inner: { type: 'object', properties: { a: { type: 'string' } } },
  },
}

// Recorded from a kube-apiserver 1.36.3 (strategic-merge-patch.json), the rest by its converter.
test.each<[string, unknown, string]>([
  ['replicas', 'three', 'unrecognized type: int32'], ['replicas', 1.5, 'cannot convert float64 to int32'], ['replicas', true, 'unrecognized type: int32'], ['size', {}, 'unrecognized type: int64'], ['ratio', 'x', 'unrecognized type: float64'],
  ['enabled', 1, 'unrecognized type: bool'], ['note', 1, 'cannot convert int64 to string'], ['note', 1.5, 'unrecognized type: string'], ['note', [], 'unrecognized type: string'], ['secret', 1, 'cannot restore slice from int64'],
  ['names', { a: 'b' }, 'cannot restore slice from map'], ['names', [1], 'cannot convert int64 to string'], ['labels', ['a'], 'cannot restore map from slice'], ['labels', { a: true }, 'unrecognized type: string'], ['inner', 'x', 'cannot restore struct from: string'],
])('%s cannot be %j', (field, value, why) => {
  const patch = { spec: { [field]: value } }, text = message(() => typedDocument(patch, { type: 'object', properties: { spec } }, patch))
  expect(text).toMatch(/^ "" is invalid: patch: Invalid value: "map\[spec:map\[/)
  expect(text).toContain(`]": ${why}`)
})

test('what has the types of the kind', () => {
  const document = parseJson('{"spec":{"replicas":3.0,"size":1,"ratio":2,"at":"2026-01-01T00:00:00Z","secret":"YQ==","names":["a",null],"labels":{"a":null},"port":"http","free":{"a":null},"inner":null,"bogus":null}}') as JsonObject
  expect(stringifyJson(typedDocument(document, { type: 'object', properties: { spec } }, {}))).toBe('{"spec":{"replicas":3.0,"size":1,"ratio":2,"at":"2026-01-01T00:00:00Z","secret":"YQ==","names":["a",null],"labels":{"a":null},"port":"http","free":{"a":null},"bogus":null}}')
})
