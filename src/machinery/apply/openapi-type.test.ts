import { describe, expect, test } from 'vitest'
import type { JsonSchema } from '../meta/json-schema.ts'
import { objectType } from './openapi-type.ts'
import { TypedValue } from './typed-value.ts'
import { validateValue } from './validate-value.ts'

const STRING: JsonSchema = { type: 'string' }
const object = (properties: Record<string, JsonSchema>, more: JsonSchema = {}): JsonSchema => ({ type: 'object', properties, ...more })
const list = (items: JsonSchema, more: JsonSchema = {}): JsonSchema => ({ type: 'array', items, ...more })
/** What applying the value of `x` would own. */
const owned = (schema: JsonSchema, value: unknown, definitions = {}) => TypedValue.validated(objectType(object({ x: schema }), definitions), { x: value }).paths().toFields()['f:x']

describe('what a schema makes of a value', () => {
  test.each<[string, JsonSchema, unknown, unknown]>([
    ['a list of which nothing is said is a leaf', list(STRING), ['a'], {}],
    ['an atomic list is a leaf', list(STRING, { 'x-kubernetes-list-type': 'atomic', 'x-kubernetes-patch-strategy': 'merge' }), ['a'], {}],
    ['a set has items', list(STRING, { 'x-kubernetes-list-type': 'set' }), ['a'], { 'v:"a"': {} }],
    ['a map list has items by key', list(object({ n: STRING }), { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['n'] }), [{ n: 'a' }], { 'k:{"n":"a"}': { '.': {}, 'f:n': {} } }],
    ['a missing key takes its default', list(object({ n: STRING, p: { type: 'string', default: 'TCP' } }), { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['n', 'p'] }), [{ n: 'a' }], { 'k:{"n":"a","p":"TCP"}': { '.': {}, 'f:n': {} } }],
    ['patch strategies count where list types are missing', list(object({ n: STRING }), { 'x-kubernetes-patch-strategy': 'merge', 'x-kubernetes-patch-merge-key': 'n' }), [{ n: 'a' }], { 'k:{"n":"a"}': { '.': {}, 'f:n': {} } }],
    ['a merged list without a key is a set', list(STRING, { 'x-kubernetes-patch-strategy': 'merge' }), ['a'], { 'v:"a"': {} }],
    ['retainKeys alone merges nothing', list(STRING, { 'x-kubernetes-patch-strategy': 'retainKeys' }), ['a'], {}],
    ['declared fields are owned by what is in them', object({ a: object({ b: STRING }) }), { a: { b: '' } }, { 'f:a': { 'f:b': {} } }],
    ['members of a map are owned themselves', { type: 'object', additionalProperties: STRING }, { k: 'v' }, { 'f:k': {} }],
    ['an atomic map is a leaf', object({ a: STRING }, { 'x-kubernetes-map-type': 'atomic' }), { a: '' }, {}],
    ['an object without structure may hold anything', { type: 'object' }, { a: { b: [1] } }, { 'f:a': { '.': {}, 'f:b': {} } }],
    ['unknown fields that are kept are granular', object({ a: STRING }, { 'x-kubernetes-preserve-unknown-fields': true }), { z: { y: 1 } }, { 'f:z': { '.': {}, 'f:y': {} } }],
    ['and so they are further inside', object({ a: object({ b: STRING }) }, { 'x-kubernetes-preserve-unknown-fields': true }), { a: { z: 1 } }, { 'f:a': { 'f:z': {} } }],
    ['int or string', { 'x-kubernetes-int-or-string': true }, '10%', {}],
    ['a quantity, resolved', { oneOf: [STRING, { type: 'number' }] }, 1, {}],
    ['an embedded resource has metadata', object({ spec: STRING }, { 'x-kubernetes-embedded-resource': true }), { metadata: { finalizers: ['a'] } }, { 'f:metadata': { 'f:finalizers': { 'v:"a"': {} } } }],
  ])('%s', (_rule, schema, value, fields) => {
    expect(owned(schema, value)).toEqual(fields)
  })

  test('references are followed, recursive ones too, and may be atomic at one place', () => {
    const definitions = { Tree: object({ name: STRING, left: { $ref: '#/definitions/Tree' }, right: { allOf: [{ $ref: '#/components/schemas/Tree' }], description: 'the other', 'x-kubernetes-map-type': 'atomic' } }) }
    expect(owned({ $ref: '#/definitions/Tree' }, { left: { left: { name: 'a' } }, right: { name: 'b' } }, definitions)).toEqual({ 'f:left': { 'f:left': { 'f:name': {} } }, 'f:right': {} })
  })

  test('a resolved schema may contain itself', () => {
    const tree = object({ name: STRING })
    tree.properties!['child'] = tree
    expect(owned(tree, { child: { child: { name: 'a' } } })).toEqual({ 'f:child': { 'f:child': { 'f:name': {} } } })
  })

  test('metadata is known where the schema leaves it open', () => {
    const mistakes = (value: unknown) => validateValue(objectType(object({ metadata: { type: 'object' } })), value, { allowDuplicates: false })
    expect(mistakes({ apiVersion: 'v1', kind: 'X', metadata: { name: 'a', labels: { a: 'b' }, ownerReferences: [{ uid: 'u', kind: 'Y' }] } })).toEqual([])
    expect(mistakes({ metadata: { name: true, bogus: 1 } })).toEqual([
      { path: '.metadata.name', message: 'expected string, got &value.valueUnstructured{Value:true}' },
      { path: '.metadata.bogus', message: 'field not declared in schema' },
    ])
  })

  test('a reference to nothing is named', () => {
    expect(validateValue(objectType(object({ x: { $ref: '#/definitions/Gone' } })), { x: 1 }, { allowDuplicates: false })).toEqual([{ path: '.x', message: 'schema error: no type found matching: Gone' }])
  })
})
