/** Replays what a kube-apiserver answered for a custom resource, and states the rules that the recordings do not touch. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { load } from 'js-yaml'
import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../meta/core.ts'
import { parseJson, stringifyJson } from '../meta/json.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import { StatusError } from '../meta/status-error.ts'
import { applyDefaults } from './apply-defaults.ts'
import { prune } from './prune.ts'
import { resolveSchema } from './resolve-schema.ts'
import { validateSchema } from './validate-schema.ts'

const CASES = path.resolve(import.meta.dirname, '../../../test/cases/rest/scripts')
interface Step { describe: string; request: { method: string; body?: unknown; raw?: string }; answer: { status: number; headers?: { Warning?: string[] }; body: KubeObject & { message?: string; details?: { causes: { field: string; message: string; reason: string }[] } } } }
const steps = (name: string) => (parseJson(readFileSync(`${CASES}/${name}.json`, 'utf8')) as { steps: Step[] }).steps.filter(({ request }) => request.method === 'POST')
const crd = load(readFileSync(`${CASES}/../fixtures/widget-crd.yaml`, 'utf8')) as { spec: { versions: { schema: { openAPIV3Schema: JsonSchema } }[] } }
const widget = crd.spec.versions[0]!.schema.openAPIV3Schema
const posted = ({ request }: Step) => (request.raw === undefined ? parseJson(stringifyJson(request.body)) : parseJson(request.raw)) as KubeObject
const sorted = (errors: { field: string; message: string }[]) => errors.map(({ field, message }) => `${field}: ${message}`).toSorted()

describe('recorded answers', () => {
  // What the scale accessor adds lies elsewhere.
  const elsewhere = (field: string) => field === '.spec.replicas'
  test.each(steps('validation-structures').map((step) => [step.describe, step] as const))('%s', (_, step) => {
    const object = applyDefaults(widget, prune(widget, posted(step)))
    const causes = step.answer.body.details!.causes.filter(({ field }) => !elsewhere(field)), errors = validateSchema(widget, object)
    expect(sorted(errors)).toEqual(sorted(causes))
    expect(new Map(errors.map((error) => [error.message, error.type]))).toEqual(new Map(causes.map((cause) => [cause.message, cause.reason])))
  })

  const stored = (step: Step) => {
    const unknown: string[] = [], object = applyDefaults(widget, prune(widget, posted(step), (field) => unknown.push(field)))
    return { unknown, spec: parseJson(stringifyJson(object['spec'])), errors: validateSchema(widget, object) }
  }
  const accepted = ({ answer }: Step) => answer.status === 201
  test.each(steps('defaulting-pruning').filter(accepted).map((step) => [step.describe, step] as const))('%s', (_, step) => {
    const { spec, errors } = stored(step)
    expect(errors).toEqual([])
    expect(spec).toEqual(step.answer.body['spec'])
  })
  test.each(steps('defaulting-pruning').filter((step) => step.answer.headers?.Warning).map((step) => [step.describe, step] as const))('%s: warnings', (_, step) => {
    expect(stored(step).unknown.map((field) => `299 - "unknown field \\"${field}\\""`)).toEqual(step.answer.headers!.Warning)
  })
  test.each(steps('defaulting-pruning').filter((step) => !accepted(step) && !step.answer.body.message!.includes('accessor error')).map((step) => [step.describe, step] as const))('%s', (_, step) => {
    expect(sorted(stored(step).errors)).toEqual(sorted(step.answer.body.details!.causes))
  })
})

const invalid = (schema: JsonSchema, value: unknown) => validateSchema({ type: 'object', properties: { spec: schema } }, { metadata: {}, spec: value }).map(({ field, message }) => `${field}: ${message}`)

describe('texts', () => {
  test.each<[string, JsonSchema, unknown, string[]]>([
    ['an integer wanted', { type: 'integer' }, 'x', ['spec: Invalid value: "string": spec in body must be of type integer: "string"']],
    ['a fraction is no integer', { type: 'integer' }, 1.5, ['spec: Invalid value: "number": spec in body must be of type integer: "number"', '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec']],
    ['a fraction is no int32', { type: 'integer', format: 'int32' }, 1.5, ['spec: Invalid value: "float64": spec in body must be of type int32: "float64"', '<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec']],
    ['an integer is a number', { type: 'number' }, 3, []],
    ['beyond int32', { type: 'integer', format: 'int32' }, 2 ** 31, ['<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec']],
    ['the largest int64', { type: 'integer' }, parseJson('9223372036854775807'), []],
    ['beyond int64', { type: 'integer' }, parseJson('9223372036854775808'), ['spec: Invalid value: "number": spec in body must be of type integer: "number"', '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec']],
    ['enum', { type: 'string', enum: ['A', 'B'] }, 'x', ['spec: Unsupported value: "x": supported values: "A", "B"']],
    ['minimum of a large integer', { type: 'integer', minimum: 5 }, parseJson('-9007199254740993'), ['spec: Invalid value: -9007199254740993: spec in body should be greater than or equal to 5']],
    ['exclusive maximum', { type: 'number', maximum: 1, exclusiveMaximum: true }, 1, ['spec: Invalid value: 1: spec in body should be less than 1']],
    ['multiple', { type: 'number', multipleOf: 0.1 }, 0.3, []],
    ['no multiple', { type: 'number', multipleOf: 0.5 }, 0.7, ['spec: Invalid value: 0.7: spec in body should be a multiple of 0.5']],
    ['minLength', { type: 'string', minLength: 2 }, 'x', ['spec: Invalid value: "x": spec in body should be at least 2 chars long']],
    ['pattern', { type: 'string', pattern: '^[a-z]+$' }, 'X', [`spec: Invalid value: "X": spec in body should match '^[a-z]+$'`]],
    ['pattern with a flag', { type: 'string', pattern: '(?i)^[a-z]+$' }, 'X', []],
    ['date-time', { type: 'string', format: 'date-time' }, '2024-02-30T00:00:00Z', ['spec: Invalid value: "2024-02-30T00:00:00Z": spec in body must be of type date-time: "2024-02-30T00:00:00Z"']],
    ['an unknown format says nothing', { type: 'string', format: 'x' }, 'y', []],
    ['null', { type: 'string' }, null, ['spec: Invalid value: "null": spec in body must be of type string: "null"']],
    ['nullable', { type: 'string', nullable: true, enum: ['A'] }, null, []],
    ['int-or-string', { 'x-kubernetes-int-or-string': true }, true, ['spec: Invalid value: "boolean": spec in body must be of type integer,string: "boolean"']],
    ['no further properties', { type: 'object', additionalProperties: false }, { a: 1 }, ['spec: Invalid value: "a": spec.a in body is a forbidden property']],
    ['names every object inherits', { type: 'object', properties: { a: { type: 'string' } }, required: ['constructor'] }, {}, ['spec.constructor: Required value']],
  ])('%s', (_, schema, value, expected) => { expect(invalid(schema, value)).toEqual(expected) })

  test('a schema may narrow names', () => {
    const schema: JsonSchema = { type: 'object', properties: { metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 3, pattern: '^a' } } } } }
    expect(validateSchema(schema, { metadata: { name: 'abc' } })).toEqual([])
    expect(validateSchema(schema, { metadata: { name: 'abcd' } }).map(({ field, message }) => `${field}: ${message}`)).toEqual(['metadata.name: Too long: may not be more than 3 bytes'])
    expect(validateSchema(schema, { metadata: { name: 'b' } }).map(({ field }) => field)).toEqual(['metadata.name'])
  })
  test.each([
    ['hostname', ['a.bc', 'a', 'a-b'], ['a.b', 'a.', 'xn--a', '-a', '']],
    ['duration', ['1h30m', '-5s', 'P1D', '2 days', '.5h', '0'], ['5', '', 'soon', '1x']],
    ['ipv6', ['::1', '::ffff:1.2.3.4'], ['fe80::1%eth0', '1.2.3.4']],
    ['ipv4', ['1.2.3.4', '01.2.3.4'], ['::1', '256.1.1.1']],
  ])('format %s', (format, right, wrong) => {
    const isRight = (text: string) => validateSchema({ type: 'object', properties: { text: { type: 'string', format } } }, { metadata: {}, text }).length === 0
    expect([right.filter((text) => !isRight(text)), wrong.filter(isRight)]).toEqual([[], []])
  })
  test('a float has bounds', () => { expect(validateSchema({ type: 'object', properties: { f: { type: 'number', format: 'float' } } }, { metadata: {}, f: 3.5e38 })).toHaveLength(1) })
  test('types inside metadata are checked', () => {
    const schema: JsonSchema = { type: 'object', properties: { metadata: { type: 'object', properties: { labels: { type: 'object', additionalProperties: { type: 'string' } } } } } }
    const errors = validateSchema(schema, { metadata: { labels: { a: 1 as unknown as string } } })
    expect(StatusError.invalid({ group: 'g', kind: 'K' }, 'n', errors).message).toBe('K.g "n" is invalid: metadata.labels.a: Invalid value: "integer": metadata.labels.a in body must be of type string: "integer"')
  })
})

describe('prune', () => {
  test('tells each removed field and keeps free ones', () => {
    const schema: JsonSchema = { type: 'object', properties: { spec: { type: 'object', properties: { list: { type: 'array', items: { type: 'object', properties: { a: {} } } }, free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, any: { 'x-kubernetes-preserve-unknown-fields': true } } } } }
    const unknown: string[] = [], object = parseJson('{"apiVersion":"g/v1","kind":"K","metadata":{"name":"n","x":1},"x":1,"spec":{"y":1,"list":[{"a":1,"b":2}],"free":{"n":1.0},"any":[{"a":[{"b":1.0}]}]}}') as KubeObject
    expect(stringifyJson(prune(schema, object, (field) => unknown.push(field)))).toBe('{"apiVersion":"g/v1","kind":"K","metadata":{"name":"n"},"spec":{"list":[{"a":1}],"free":{"n":1},"any":[{"a":[{"b":1}]}]}}')
    expect(unknown).toEqual(['metadata.x', 'x', 'spec.y', 'spec.list[0].b'])
  })
})

describe('resolveSchema', () => {
  const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })
  test('a reference may carry a description, and recursion closes', () => {
    const schema = resolveSchema({ Tree: { type: 'object', properties: { left: { allOf: [ref('Tree')], description: 'Smaller.' }, right: ref('Tree'), any: ref('Any') } }, Any: { type: 'object' } }, 'Tree')
    expect(schema.properties!['right']).toBe(schema)
    expect(schema.properties!['left']!.description).toBe('Smaller.')
    expect(schema.properties!['left']!.properties!['right']).toBe(schema)
    expect(schema.properties!['any']!['x-kubernetes-preserve-unknown-fields']).toBe(true)
  })
  test('a missing definition is an error', () => { expect(() => resolveSchema({ A: ref('B') }, 'A')).toThrow('schema "B" is referred to but not defined') })
})
