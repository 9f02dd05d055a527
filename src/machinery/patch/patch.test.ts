import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Kind } from '../meta/core.ts'
import type { JsonObject } from '../meta/json-value.ts'
import { equalJson, isJsonObject } from '../meta/json-value.ts'
import { parseJson, stringifyJson } from '../meta/json.ts'
import { StatusError } from '../meta/status-error.ts'
import { applyJsonPatch } from './json-patch.ts'
import { applyMergePatch } from './merge-patch.ts'
import { patchObject } from './patch-object.ts'

interface Case { name: string; kind: 'json-patch' | 'merge-patch'; document: unknown; patch: unknown; expect?: unknown; expectError?: boolean }
const { cases } = JSON.parse(readFileSync(new URL('../../../test/cases/interpretation/json-patch.json', import.meta.url), 'utf8')) as { cases: Case[] }
const outcome = (run: () => unknown) => {
  try { return run() } catch (error) { return error instanceof StatusError ? `${error.code} ${error.reason}: ${error.message}` : error }
}
const REJECTED = '422 Invalid: the server rejected our request due to an error in our request'

/** Where a kube-apiserver differs from the RFC that the cases follow. */
const DIFFERENT = new Map<string, unknown>([
  ['patch-add-whole-document', REJECTED], ['patch-add-negative-index', { foo: [1, 2, 3] }], ['patch-replace-missing-member', { foo: 1, bar: 2 }], ['patch-copy-missing-source', { a: 1, c: null }],
  ['patch-replace-value-missing', { a: null }], ['patch-pointer-bad-tilde', {}], ['merge-null-inside-object-in-array-kept', { a: [{}] }],
  ['merge-rfc-11', '400 BadRequest: Invalid JSON Patch'], ['merge-rfc-12', '400 BadRequest: error decoding patch: json: cannot unmarshal string into Go value of type map[string]interface {}'],
])
const rows = cases.filter(({ kind, document }) => kind === 'json-patch' || isJsonObject(document)).map((one) => [one.name, one] as const)

test.each(rows)('%s', (name, { kind, document, patch, expect: expected, expectError }) => {
  const before = JSON.stringify([document, patch])
  const result = outcome(() => (kind === 'json-patch' ? applyJsonPatch(document, patch) : applyMergePatch(document as JsonObject, patch)))
  expect(result).toEqual(DIFFERENT.has(name) ? DIFFERENT.get(name) : expectError ? REJECTED : expected)
  expect(JSON.stringify([document, patch])).toBe(before)
})

// Recorded from a kube-apiserver 1.36.3.
test.each([
  ['last element by -1', { a: [1, 2] }, [{ op: 'replace', path: '/a/-1', value: 3 }], { a: [1, 3] }],
  ['beyond the first by a negative index', { a: [1] }, [{ op: 'remove', path: '/a/-2' }], REJECTED],
  ['an unknown operation', {}, [{ op: 'frobnicate', path: '/a' }], REJECTED],
  ['a null operation', {}, [null], REJECTED],
  ['no list', {}, { op: 'add' }, '400 BadRequest: error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp'],
  ['an operation that is no object', {}, ['x'], '400 BadRequest: error decoding patch: json: cannot unmarshal string into Go value of type handlers.jsonPatchOp'],
  ['too many operations', {}, Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a' })), '413 RequestEntityTooLarge: Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001'],
  ['null patch', { a: 1 }, null, { a: 1 }],
  ['testing that something is not there', {}, [{ op: 'test', path: '/a', value: null }], {}],
])('json patch: %s', (_name, document, patch, expected) => {
  expect(outcome(() => applyJsonPatch(document, patch))).toEqual(expected)
})

test('copies that double end before they fill the memory', () => {
  const patch = Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: i === 0 ? '/a/0' : '/a', path: '/a/-' }))
  expect(outcome(() => applyJsonPatch({ a: ['x'.repeat(1000)] }, patch))).toBe(REJECTED)
})

test('big numbers survive, and are compared by their text', () => {
  const document = parseJson('{"a":12345678901234567890,"b":1.0}') as JsonObject
  expect(stringifyJson(applyJsonPatch(document, parseJson('[{"op":"test","path":"/a","value":12345678901234567890},{"op":"copy","from":"/a","path":"/c"},{"op":"move","from":"/b","path":"/d"}]')))).toBe('{"a":12345678901234567890,"c":12345678901234567890,"d":1.0}')
  expect(outcome(() => applyJsonPatch(document, parseJson('[{"op":"test","path":"/a","value":12345678901234567891}]')))).toBe(REJECTED)
  expect(stringifyJson(applyMergePatch(document, parseJson('{"a":{"x":98765432109876543210,"y":null}}')))).toBe('{"a":{"x":98765432109876543210},"b":1.0}')
  expect(equalJson(parseJson('1.0'), parseJson('1.0'))).toBe(true)
  expect(equalJson(parseJson('1.0'), 1)).toBe(false)
})

test('a member called __proto__ is data', () => {
  const patched = applyJsonPatch({}, parseJson('[{"op":"add","path":"/__proto__","value":{"x":1}}]')) as JsonObject
  expect(stringifyJson(patched)).toBe('{"__proto__":{"x":1}}')
  expect(stringifyJson(applyMergePatch({}, parseJson('{"__proto__":{"x":1}}')))).toBe('{"__proto__":{"x":1}}')
  expect(patched['x']).toBeUndefined()
})

test('json patch: depth is bounded, however it comes about', () => {
  const deep = (levels: number): unknown => Array.from({ length: levels }).reduce((inner) => ({ a: inner }), 1), long = (levels: number) => '/a'.repeat(levels)
  expect(outcome(() => applyJsonPatch({ a: deep(900) }, [{ op: 'add', path: long(600), value: deep(600) }]))).toBe(REJECTED)
  expect(outcome(() => applyJsonPatch({ a: deep(900) }, [{ op: 'copy', from: '/a', path: `${long(500)}/b` }]))).toBe(REJECTED)
  expect(outcome(() => applyJsonPatch({ a: deep(900), c: deep(900) }, [{ op: 'move', from: '/c', path: `${long(500)}/b` }]))).toBe(REJECTED)
  // Only seems so: what is moved is shallow.
  expect(stringifyJson(outcome(() => applyJsonPatch({ a: deep(900), c: 1 }, [{ op: 'move', from: '/c', path: `${long(500)}/b` }])))).toContain('"b":1')
})

test('what an operation says of itself is text', () => {
  expect(() => applyJsonPatch({}, [{ op: 'add', path: 5, value: 1 }])).toThrow('error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.path of type string')
})

test.each([
  [{ kind: 'Other' }, 'Other.g.io "a" is invalid: kind: Invalid value: "Other": must be Kind'],
  [{ apiVersion: 'g.io/v2' }, 'Kind.g.io "a" is invalid: apiVersion: Invalid value: "g.io/v2": must be g.io/v1'],
])('a patch to %j is refused', (patch, message) => {
  const change = patchObject({ group: 'g.io', version: 'v1', kind: 'Kind', plural: 'kinds' } as Kind, 'a', (document) => applyMergePatch(document, patch))
  expect(() => change({ apiVersion: 'g.io/v1', kind: 'Kind', metadata: { name: 'a' } })).toThrow(message)
  expect(patchObject({ group: 'g.io', version: 'v1', kind: 'Kind', plural: 'kinds' } as Kind, 'a', (document) => applyMergePatch(document, { kind: null }))({ apiVersion: 'g.io/v1', kind: 'Kind', metadata: { name: 'a' } })).toEqual({ apiVersion: 'g.io/v1', metadata: { name: 'a' } })
})
