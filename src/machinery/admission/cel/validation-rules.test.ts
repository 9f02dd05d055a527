import { describe, expect, test } from 'vitest'
import type { JsonSchema } from '../../meta/json-schema.ts'
import { parseJson } from '../../meta/json.ts'
import { ValidationRules } from './validation-rules.ts'

type Rules = JsonSchema['x-kubernetes-validations']
const spec = (rules: Rules, properties: Record<string, JsonSchema> = {}): JsonSchema => ({ type: 'object', properties: { spec: { type: 'object', properties, 'x-kubernetes-validations': rules! } } })
const found = (schema: JsonSchema, value: unknown, old?: unknown) => new ValidationRules(schema).validate(value, old)
const texts = (schema: JsonSchema, value: unknown, old?: unknown) => found(schema, value, old).errors.map(({ field, message }) => `${field}: ${message}`)
const INT: JsonSchema = { type: 'integer' }, TEXT: JsonSchema = { type: 'string' }

describe('types', () => {
  const properties: Record<string, JsonSchema> = {
    count: INT, ratio: { type: 'number' }, name: TEXT, port: { 'x-kubernetes-int-or-string': true }, at: { type: 'string', format: 'date-time' }, wait: { type: 'string', format: 'duration' }, data: { type: 'string', format: 'byte' },
    list: { type: 'array', items: { type: 'object', properties: { a: INT } } }, map: { type: 'object', additionalProperties: INT }, 'a-b': TEXT, namespace: TEXT, note: { type: 'string', nullable: true }, free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, inner: { type: 'object', properties: { x: INT, y: TEXT } },
    resource: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
  }
  const value = {
    count: 3, ratio: 1, name: 'web', port: 80, at: '2024-01-01T00:00:00Z', wait: '1m30s', data: 'aGk=', list: [{ a: 1 }, { a: 2 }], map: { k: 1 }, 'a-b': 'dash', namespace: 'ns', note: null, free: { any: 1 }, inner: { x: 1, y: 'q' }, resource: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } },
  }
  test.each([
    'self.count + 1 == 4', 'self.ratio + 0.5 == 1.5', 'self.ratio == 1.0', 'type(self.port) == int && self.port == 80', "self.at < timestamp('2025-01-01T00:00:00Z')", "self.wait == duration('90s')", "self.data == b'hi'",
    'self.list.all(i, i.a > 0)', 'self.list.map(i, i.a).sum() == 3', "self.map['k'] == 1", "self.map.all(k, k == 'k')", "self.a__dash__b == 'dash'", "self.__namespace__ == 'ns'", 'has(self.note) && self.note == null', 'has(self.inner) && !has(self.inner.z) || true',
    "self.resource.metadata.name == 'p' && self.resource.kind == 'Pod'", 'self.inner == self.inner', 'self.list[0] in self.list', "self.?name.orValue('') == 'web'",
  ])('%s', (rule) => {
    const rules = new ValidationRules(spec([{ rule }], properties))
    expect(rules.errors.concat(rules.validate({ spec: value }, undefined).errors)).toEqual([])
  })

  test.each([
    ['self.missing == 1', 'properties[spec].x-kubernetes-validations[0].rule: Invalid value: "self.missing == 1": compilation failed: ERROR: no such key: missing'],
    ["self.count == 'a'", "no such overload: int == string"], ['self.count + 1', 'cel expression must evaluate to a bool'], ['self.free.any == 1', 'no such key: any'], ['self.count >', 'compilation failed'],
  ])('%s is refused', (rule, text) => {
    expect(new ValidationRules(spec([{ rule }], properties)).errors.map(({ field, message }) => `${field}: ${message}`).join()).toContain(text)
  })

  test('integers keep every digit', () => {
    const schema = spec([{ rule: 'self.count == 9007199254740993' }], properties)
    expect(texts(schema, parseJson('{"spec":{"count":9007199254740993}}'))).toEqual([])
  })
})

describe('messages', () => {
  const properties = { a: INT, b: TEXT, list: { type: 'array', items: TEXT } satisfies JsonSchema }
  test.each<[string, Rules, string[]]>([
    ['the rule stands in', [{ rule: 'self.a > 9' }], ['spec: Invalid value: failed rule: self.a > 9']],
    ['message', [{ rule: 'self.a > 9', message: ' a is small ' }], ['spec: Invalid value: a is small']],
    ['messageExpression wins', [{ rule: 'self.a > 9', message: 'no', messageExpression: "'a is ' + string(self.a)" }], ['spec: Invalid value: a is 1']],
    ['messageExpression fails', [{ rule: 'self.a > 9', message: 'small', messageExpression: 'self.b' }], ['spec: Invalid value: small']],
    ['messageExpression of two lines', [{ rule: 'self.a > 9', messageExpression: String.raw`'x\ny'` }], ['spec: Invalid value: failed rule: self.a > 9']],
    ['reason and fieldPath', [{ rule: 'self.a > 9', message: 'm', reason: 'FieldValueForbidden', fieldPath: '.a' }], ['spec.a: Forbidden: m']],
    ['required', [{ rule: 'has(self.b)', message: 'b', reason: 'FieldValueRequired', fieldPath: "['b']" }], ['spec.b: Required value: b']],
    ['a missing key', [{ rule: "self.b == 'x'" }], ["spec: Invalid value: \"object\": no such key: b evaluating rule: self.b == 'x'"]],
    ['division by zero', [{ rule: '1 / (self.a - 1) > 0', message: 'm' }], ['spec: Invalid value: "object": division by zero evaluating rule: m']],
    ['modulus', [{ rule: '1 % (self.a - 1) > 0', message: 'm' }], ['spec: Invalid value: "object": modulus by zero evaluating rule: m']],
    ['a conversion', [{ rule: "int('x') > 0", message: 'm' }], [`spec: Invalid value: "object": type conversion error from 'string' to 'int' evaluating rule: m`]],
    ['types that only meet when it runs', [{ rule: "dyn('x') > self.a", message: 'm' }], [`spec: Invalid value: "object": 'no such overload': call arguments did not match a supported operator, function or macro signature for rule: m`]],
    ['an overflow', [{ rule: '9223372036854775807 + self.a > 0', message: 'm' }], ['spec: Invalid value: "object": integer overflow evaluating rule: m']],
    ['all rules are told', [{ rule: 'false', message: 'x' }, { rule: 'true' }, { rule: 'false', message: 'y' }], ['spec: Invalid value: x', 'spec: Invalid value: y']],
  ])('%s', (_, rules, expected) => { expect(texts(spec(rules, properties), { spec: { a: 1 } })).toEqual(expected) })

  test('of a scalar the value is shown', () => {
    expect(texts({ type: 'object', properties: { spec: { type: 'object', properties: { b: { ...TEXT, 'x-kubernetes-validations': [{ rule: "self == 'x'", message: 'm' }] } } } } }, { spec: { b: 'y' } })).toEqual(['spec.b: Invalid value: "y": m'])
  })

  test('rules of the root see the name', () => {
    const schema: JsonSchema = { type: 'object', properties: { spec: { type: 'object' } }, 'x-kubernetes-validations': [{ rule: "self.metadata.name.startsWith('a')", message: 'm' }] }
    expect(texts(schema, { apiVersion: 'g/v1', kind: 'K', metadata: { name: 'b' }, spec: {} })).toEqual(['<nil>: Invalid value: m'])
  })
})

describe('transitions', () => {
  const immutable: JsonSchema = { type: 'object', properties: { spec: { type: 'object', properties: { a: { ...INT, 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'immutable' }] } } } } }
  test.each<[string, JsonSchema, unknown, unknown, string[]]>([
    ['not on creation', immutable, { spec: { a: 1 } }, undefined, []],
    ['not where it was not', immutable, { spec: { a: 1 } }, { spec: {} }, []],
    ['a change', immutable, { spec: { a: 2 } }, { spec: { a: 1 } }, ['spec.a: Invalid value: 2: immutable']],
    ['optional oldSelf on creation', spec([{ rule: 'oldSelf.hasValue() || self.a == 1', message: 'm', optionalOldSelf: true }], { a: INT }), { spec: { a: 2 } }, undefined, ['spec: Invalid value: m']],
    ['optional oldSelf on update', spec([{ rule: 'oldSelf.optMap(o, o.a <= self.a).orValue(true)', message: 'm', optionalOldSelf: true }], { a: INT }), { spec: { a: 2 } }, { spec: { a: 3 } }, ['spec: Invalid value: m']],
  ])('%s', (_, schema, value, old, expected) => { expect(texts(schema, value, old)).toEqual(expected) })

  const item: JsonSchema = { type: 'object', properties: { name: TEXT, a: { ...INT, 'x-kubernetes-validations': [{ rule: 'self >= oldSelf', message: 'shrank' }] } } }
  test.each<[JsonSchema['x-kubernetes-list-type'], string[]]>([['map', ['list[1].a: Invalid value: 1: shrank']], ['atomic', []]])('items of a %s list', (type, expected) => {
    const schema: JsonSchema = { type: 'object', properties: { list: { type: 'array', items: item, 'x-kubernetes-list-type': type!, 'x-kubernetes-list-map-keys': ['name'] } } }
    expect(texts(schema, { list: [{ name: 'y', a: 5 }, { name: 'x', a: 1 }] }, { list: [{ name: 'x', a: 2 }, { name: 'y', a: 5 }] })).toEqual(expected)
  })

  test('a rule broken by what did not change only warns', () => {
    const schema = spec([{ rule: 'self.a > 9', message: 'm' }], { a: INT })
    expect(found(schema, { spec: { a: 1 }, other: 1 }, { spec: { a: 1 } })).toEqual({ errors: [], warnings: ['spec: Invalid value: m'] })
    expect(texts(schema, { spec: { a: 2 } }, { spec: { a: 1 } })).toEqual(['spec: Invalid value: m'])
  })
})

test('maps and allOf', () => {
  const schema: JsonSchema = {
    type: 'object', properties: { map: { type: 'object', additionalProperties: { ...INT, 'x-kubernetes-validations': [{ rule: 'self > 0', message: 'm' }] } }, b: { ...TEXT, allOf: [{ 'x-kubernetes-validations': [{ rule: "self != 'x'", message: 'not x' }] }] } },
  }
  expect(texts(schema, { map: { k: 0, l: 1 }, b: 'x' })).toEqual(['map[k]: Invalid value: 0: m', 'b: Invalid value: "x": not x'])
})
