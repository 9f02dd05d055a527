import { expect, test } from 'vitest'
import type { Kind, KubeObject } from '../meta/core.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import { parseJson } from '../meta/json.ts'
import { StatusError } from '../meta/status-error.ts'
import { duplicateFields, MAX_REPORTED } from './duplicate-fields.ts'
import { type FieldValidation, patchMistakes, validateFields, validatePatched } from './field-validation.ts'
import { parseYaml } from './yaml.ts'
import { yamlDuplicates } from './yaml-duplicates.ts'

test.each<[string, string, string[]]>([
  ['none', '{"a":{"a":1},"b":[{"a":1},{"a":1}]}', []],
  ['nested, each path once, in the order of the text', '{"a":1,"spec":{"m":"x","m":[{"x":1,"x":2,"x":3,"y":[[],[{"q":1,"q":2}]]},{"x":1}]},"a":2}', ['spec.m', 'spec.m[0].x', 'spec.m[0].y[1][0].q', 'a']],
  ['escapes', String.raw`{"a\"":"\\","a\u0022":"{\"b\":1,\"b\":2}","c":"\\\""}`, ['a"']],
  ['members of what is given twice', '{"a":{"x":1,"x":1},"a":{"x":1,"x":1}}', ['a.x', 'a']],
  ['scalars', '"a"', []],
])('duplicate fields: %s', (_, text, paths) => { expect(duplicateFields(text)).toEqual(paths) })

test('deep and wide bodies are no trouble', () => {
  expect(duplicateFields('{"a":'.repeat(100_000) + '{"b":1,"b":2}' + '}'.repeat(100_000))).toHaveLength(1)
  expect(duplicateFields(`{${Array.from({ length: 300 }, (_, i) => `"k${i}":1,"k${i}":2`).join()}}`)).toHaveLength(MAX_REPORTED)
})

test('duplicate keys of YAML, by line of the value', () => {
  expect(yamlDuplicates('a: 1\nb:\n  c: x\n  c: "y"\n  9: z\n  9: q\n  "9": other\nl:\n- n: 1\n  n:\n    k: v\na:\n  - 1\n')).toEqual(
    ['line 4: key "c" already set in map', 'line 6: key 9 already set in map', 'line 11: key "n" already set in map', 'line 13: key "a" already set in map'])
  expect(yamlDuplicates('x: &base {a: 1}\ny:\n  <<: *base\n  <<: *base\n')).toEqual([])
})

const schema: JsonSchema = { type: 'object', properties: { spec: { type: 'object', properties: { parts: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } } } } } }
const kind = { kind: 'Widget', version: 'v1' } as Kind
const attempt = (run: (warn: (text: string) => void) => void): string[] => {
  const texts: string[] = []
  try { run((text) => texts.push(text)) } catch (error) { texts.push(error instanceof StatusError ? `${error.code} ${error.message}` : String(error)) }
  return texts
}

const BODY = '{"metadata":{"name":"a","foo":1,"ownerReferences":[{"uid":"u","bar":1}]},"z":1,"spec":{"parts":[{"name":"p","extra":1},{"name":"q","name":"r"}],"Parts":1}}'
const UNKNOWN = ['unknown field "metadata.foo"', 'unknown field "metadata.ownerReferences[0].bar"', 'unknown field "spec.Parts"', 'unknown field "spec.parts[0].extra"', 'unknown field "z"']
test.each<[FieldValidation, string[]]>([
  ['Ignore', []],
  ['Warn', ['duplicate field "spec.parts[1].name"', ...UNKNOWN]],
  ['Strict', [`400 Widget in version "v1" cannot be handled as a Widget: strict decoding error: duplicate field "spec.parts[1].name", ${UNKNOWN.join(', ')}`]],
])('a body, %s', (validation, expected) => {
  expect(attempt((warn) => { validateFields(validation, { bytes: Buffer.from(BODY), format: 'json', object: parseJson(BODY) as KubeObject }, kind, schema, warn) })).toEqual(expected)
})

test('of a kind that is typed, both sorts of mistakes come in the order of the text', () => {
  const text = '{"z":1,"spec":{"parts":[{"name":"q","name":"r","extra":1}],"Parts":1,"Parts":{"a":1,"a":2}},"metadata":{"foo":1}}', mistakes = ['unknown field "z"', 'duplicate field "spec.parts[0].name"', 'unknown field "spec.parts[0].extra"', 'unknown field "spec.Parts"', 'unknown field "metadata.foo"']
  const body = { bytes: Buffer.from(text), format: 'json', object: parseJson(text) as KubeObject } as const, typed = { ...kind, isTyped: true }
  expect(attempt((warn) => { validateFields('Warn', body, typed, schema, warn) })).toEqual(mistakes)
  expect(attempt((warn) => { validateFields('Strict', body, typed, schema, warn) })).toEqual([`400 Widget in version "v1" cannot be handled as a Widget: strict decoding error: ${mistakes.join(', ')}`])
})

test('YAML says its duplicates in its own words', () => {
  const text = 'metadata:\n  name: a\n  name: b\nspec: {}\nspec: {}\n', body = { bytes: Buffer.from(text), format: 'yaml', object: parseYaml(text) as KubeObject } as const
  expect(attempt((warn) => { validateFields('Warn', body, kind, schema, warn) })).toEqual(['line 3: key "name" already set in map', 'line 5: key "spec" already set in map'])
  expect(attempt((warn) => { validateFields('Strict', body, kind, schema, warn) })).toEqual(
    ['400 Widget in version "v1" cannot be handled as a Widget: strict decoding error: yaml: unmarshal errors:\n  line 3: key "name" already set in map\n  line 5: key "spec" already set in map'])
})

test('patches', () => {
  expect(patchMistakes('[{"op":"add","op":"add","path":"/a","value":{"x":1,"x":1},"foo":1}]', parseJson('[{"op":"add","path":"/a","value":{"x":1},"foo":1}]'))).toEqual(
    ['json patch duplicate field "[0].op"', 'json patch duplicate field "[0].value.x"', 'json patch unknown field "[0].foo"'])
  const patched = { spec: { bogus: 1 }, metadata: { name: 'a' } } as KubeObject
  expect(attempt((warn) => { validatePatched('Strict', patched, { mistakes: ['duplicate field "a"'] }, schema, warn) })).toEqual(
    [String.raw`422  "" is invalid: patch: Invalid value: "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"bogus\":1}}": strict decoding error: duplicate field "a", unknown field "spec.bogus"`])
  expect(attempt((warn) => { validatePatched('Strict', patched, { mistakes: [], shownPatch: 'map[spec:map[bogus:1]]' }, schema, warn) })).toEqual(['422  "" is invalid: patch: Invalid value: "map[spec:map[bogus:1]]": strict decoding error: unknown field "spec.bogus"'])
  expect(attempt((warn) => { validatePatched('Warn', patched, { mistakes: [] }, schema, warn) })).toEqual(['unknown field "spec.bogus"'])
  expect(attempt((warn) => { validatePatched('Ignore', patched, { mistakes: ['duplicate field "a"'] }, schema, warn) })).toEqual([])
  expect(patched).toEqual({ spec: { bogus: 1 }, metadata: { name: 'a' } })
})
