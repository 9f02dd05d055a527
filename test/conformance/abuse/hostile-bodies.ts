/** Bodies that nobody would write by accident: valid objects with parts replaced, and texts that are made to hurt a decoder. */
import type { JsonObject } from '../../../src/machinery/meta/json-value.ts'
import type { Seeded } from '../../suites/seeded.ts'

export interface Served {
  readonly root: string
  readonly apiVersion: string
  readonly kind: string
  /** Whether strategic merge patches are taken. */
  readonly isStrategic?: true
  /** A whole object has it beside its metadata. */
  readonly content: JsonObject
}
const WIDGET = { spec: { model: 'fuzzed', color: 'red', replicas: 2, tags: ['x', 'y'], parts: [{ name: 'p', count: 1, tags: ['t'] }], ports: [{ port: 80, protocol: 'TCP' }], steps: [{ run: 'r' }], settings: { mode: 'auto', limits: { max: 1 } }, free: { known: 'k', more: [1, { a: null }] }, template: { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'n' } }, matrix: [[1], [2, 3]], quotas: { q: { hard: 1 } }, selector: { a: 'b' } } }
const GADGET = { spec: { size: 1, color: 'red', tags: ['a'], parts: [{ name: 'p', count: 1 }] } }
export const KINDS: readonly Served[] = [
  { root: '/apis/conformance.example.com/v1/namespaces/fuzz/widgets', apiVersion: 'conformance.example.com/v1', kind: 'Widget', content: WIDGET },
  { root: '/apis/conformance.example.com/v1/gadgets', apiVersion: 'conformance.example.com/v1', kind: 'Gadget', content: GADGET },
  { root: '/apis/conformance.example.com/v1beta1/gadgets', apiVersion: 'conformance.example.com/v1beta1', kind: 'Gadget', content: GADGET },
  { root: '/apis/wardle.example.com/v1alpha1/namespaces/fuzz/flunders', apiVersion: 'wardle.example.com/v1alpha1', kind: 'Flunder', isStrategic: true, content: { spec: { reference: 'r' } } },
]
/** Few, so that most writes meet an object and the store stays small. */
export const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const

const KEYS = ['metadata', 'spec', 'status', 'name', 'namespace', 'labels', 'annotations', 'finalizers', 'ownerReferences', 'managedFields', 'uid', 'resourceVersion', 'generateName', 'creationTimestamp', 'deletionTimestamp', 'generation', 'apiVersion', 'kind', 'model', 'color', 'replicas', 'parts', 'ports', 'tags', 'steps', 'matrix', 'free', 'anything', 'template', 'settings', 'quotas', 'conditions', 'choice', 'options', 'fieldsV1', 'fieldsType', 'manager', 'operation', 'time', '', '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'length', 'f:spec', 'k:{"name":"a"}', '.', '/', '~', '\u0000', '\u2028', '<script>', 'é', '🙂'] as const
const NUMBERS = ['0', '-0', '1', '-1', '0.5', '1.0', '1e3', '2147483648', '-2147483649', '9007199254740993', '9223372036854775807', '9223372036854775808', '-9223372036854775809', '18446744073709551616', '1e308', '1e309', '1e999999', '-1e999999', '1e-999999', '1E+2', '0.1e-1', '00', '.5', '1.', '+1', '0x10', 'NaN', 'Infinity', '-', '1e'] as const
const STRINGS = ['', ' ', 'a', 'A', '.', '..', '/', '%', 'true', 'null', '1', '1e9', 'red', '\u0000', '\\', '"', '\n', '\u2028', '\ufeff', '\ufffd', '🙂', '__proto__', 'x'.repeat(254), 'a.b/c', '${x}', '{{x}}', '2024-01-01T00:00:00Z', '9999-99-99T99:99:99Z', 'Apply', 'Update', 'FieldsV1', 'v1', 'kubernetes', 'a/b/c', 'foregroundDeletion', '-1Gi', '(((((a+)+)+)+)+)$'] as const
/** In JSON's own notation, or in bytes that are no text. */
const RAW_STRINGS = [String.raw`"\ud800"`, String.raw`"\udc00\ud800"`, String.raw`"\u0000"`, String.raw`"\x41"`, '"\u0001"', '"\n"', String.raw`"\uZZZZ"`, '"unended', '\'single\'', 'bare', 'tru', '"\u{10ffff}"'] as const

export const digits = (random: Seeded): string => '9'.repeat(random.pick([20, 400, 5_000, 100_000]))

/** A JSON value as text, valid or nearly so. */
export function jsonText(random: Seeded, depth = 0): string {
  const sort = random.int(depth > 6 ? 5 : 10)
  switch (sort) {
    case 0: return random.pick(['null', 'true', 'false'])
    case 1: return random.chance(0.02) ? digits(random) : random.pick(NUMBERS)
    case 2: return random.chance(0.1) ? random.pick(RAW_STRINGS) : JSON.stringify(random.pick(STRINGS))
    case 3: return String(random.int(10))
    case 4: return JSON.stringify(random.pick(STRINGS))
    case 5: case 6: return `[${Array.from({ length: random.int(4) }, () => jsonText(random, depth + 1)).join(',')}]`
    default: return `{${Array.from({ length: random.int(5) }, () => `${JSON.stringify(random.pick(KEYS))}:${jsonText(random, depth + 1)}`).join(',')}}`
  }
}

const wellFormed = ({ apiVersion, kind, content }: Served, name: string) => ({ apiVersion, kind, metadata: { name, labels: { app: 'fuzz' }, annotations: { note: 'n' } }, ...content })

/** The object of a write, with up to three of its parts exchanged for something else. */
export function objectText(random: Seeded, kind: Served, name: string): string {
  let text = JSON.stringify(wellFormed(kind, name))
  for (let wrong = random.int(4); wrong > 0; wrong--) {
    const places = [...text.matchAll(/:(?=["\d[{tfn])/g)], place = random.pick(places)
    if (!place) break
    const from = place.index + 1, value = /^(?:"(?:[^"\\]|\\.)*"|[\w.+-]+|\[\]|\{\})/.exec(text.slice(from))?.[0]
    // A container keeps what is in it, under one more key.
    text = value === undefined ? `${text.slice(0, from + 1)}${text[from] === '{' ? `${JSON.stringify(random.pick(KEYS))}:` : ''}${jsonText(random)},${text.slice(from + 1)}` : text.slice(0, from) + jsonText(random) + text.slice(from + value.length)
  }
  return text
}

const POINTERS = ['', '/', '/spec', '/spec/tags/-', '/spec/tags/0', '/spec/tags/-1', '/spec/tags/99999999999', '/spec/free/more/1/a', '/metadata', '/metadata/name', '/metadata/uid', '/metadata/labels', '/metadata/managedFields', '/metadata/__proto__', '/__proto__/x', '/constructor/prototype/x', '/kind', '/status', '/~0/~1/~2', '/spec/settings', '/spec/free', 'spec', '/a/b/c'] as const
const OPERATIONS = ['add', 'remove', 'replace', 'move', 'copy', 'test', 'frobnicate'] as const

export function jsonPatchText(random: Seeded): string {
  if (random.chance(0.05)) return jsonText(random)
  // Copies of copies double what is there.
  if (random.chance(0.01)) return JSON.stringify(Array.from({ length: 60 }, () => ({ op: 'copy', from: '/spec', path: '/spec/copied' })))
  if (random.chance(0.005)) return JSON.stringify(Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'x' })))
  return `[${Array.from({ length: random.int(5) }, () => `{"op":${JSON.stringify(random.pick(OPERATIONS))},"path":${JSON.stringify(random.pick(POINTERS))},"from":${JSON.stringify(random.pick(POINTERS))},"value":${jsonText(random)}}`).join(',')}]`
}

export function deleteOptionsText(random: Seeded): string {
  if (random.chance(0.3)) return jsonText(random)
  const field = (name: string, values: readonly string[]) => (random.chance(0.5) ? [`"${name}":${random.chance(0.2) ? jsonText(random) : random.pick(values)}`] : [])
  return `{${[...field('kind', ['"DeleteOptions"', '"Other"']), ...field('apiVersion', ['"v1"', '"meta.k8s.io/v1"']), ...field('propagationPolicy', ['"Foreground"', '"Background"', '"Orphan"', '"x"']), ...field('orphanDependents', ['true', 'false']), ...field('gracePeriodSeconds', ['0', '-1', '1e3', '9223372036854775808']), ...field('dryRun', ['["All"]', '["x"]', '[]']), ...field('preconditions', ['{"uid":"x"}', '{"resourceVersion":"1"}', '{"resourceVersion":"x"}'])].join(',')}}`
}

const YAML = [
  'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n',
  'a: &a {x: *a}\n', '&a [*a]\n', '*unknown\n', '<<: {a: b}\n', '<<: [1, 2]\n', '<<: *x\n', '? [a, b]\n: c\n', '? {a: b}\n: c\n', '!!binary aGk=\n', 'a: !!binary "/////w=="\n', 'a: !!js/function "function () {}"\n', 'a: !!python/object:x {}\n', 'a: !local x\n', '!!set {a, b}\n', '!!omap [a: 1]\n', '!!timestamp 2001-12-14\n', 'a: !!float x\n', 'a: .nan\n', 'a: .inf\n', 'a: -.inf\n', 'a: 1e999999\n', 'a: 0x7fffffffffffffffffff\n', 'a: 0o777\n', 'a: 0777777777777777777777777\n', 'a: 190:20:30\n', 'a: ~\n~: b\n', '1: a\n2: b\ntrue: c\n',
  '---\na: 1\n---\nb: 2\n', '%YAML 9.9\n---\na\n', '%TAG ! x\n', '\ta: b\n', 'a: |\n  x\n y\n', 'a: "\\xZZ"\n', 'a: "\\ud800"\n', '"\\0": 1\n', '- - - - - - -\n', '[[[[[[', '{{{{', '- ? - ? - ?\n', '__proto__: {x: 1}\n', 'constructor: {prototype: {x: 1}}\n', 'metadata: &m {name: a}\nspec: *m\n', 'a: \'\n', '@x\n', '`x\n', '# only a comment\n', '...\n', '\ufeffa: b\n', 'a: b: c\n', 'a:\n- b\n c: d\n', '>\n', '|9\n x\n', 'a: &b\n',
] as const

export function yamlText(random: Seeded, kind: Served, name: string): string {
  const whole = () => `apiVersion: ${kind.apiVersion}\nkind: ${kind.kind}\nmetadata: {name: ${name}}\n`
  switch (random.int(6)) {
    case 0: return random.pick(YAML)
    case 1: return `${whole()}spec:\n${random.pick(YAML).split('\n').map((line) => `  ${line}`).join('\n')}\n`
    case 2: return `${whole()}spec: ${jsonText(random)}\n`
    case 3: return objectText(random, kind, name)
    case 4: return random.chance(0.05) ? `${whole()}spec: {${'a: b, '.repeat(5_000)}}\n` : `${whole()}spec: {color: red, color: blue}\n`
    default: return `${whole()}spec: {model: fuzzed, tags: [y, ~], ${random.pick(KEYS.slice(0, 40))}: ${jsonText(random)}}\n`
  }
}

const MAX_BODY = 3 * 1024 * 1024
const nested = (open: string, close: string, depth: number, inner = '1') => open.repeat(depth) + inner + close.repeat(depth)
/** Costly to make and to read: a few in a thousand. */
const HEAVY: readonly ((random: Seeded) => string)[] = [
  () => '['.repeat(1 << 20), () => '{"a":'.repeat(200_000), () => nested('[', ']', 1 << 19), () => nested('{"a":', '}', 100_000), () => `{"spec":{"free":${nested('{"a":', '}', 9_990)}}}`, () => `{"metadata":{"name":"a"},"spec":{"model":"fuzzed","anything":${nested('[', ']', 9_990)}}}`,
  (random) => `{"metadata":{"name":"a"},"spec":{"model":"fuzzed","anything":${nested('[{"a":', '}]', random.pick([50, 200, 1_000, 3_000]))}}}`,
  (random) => `{"metadata":{"name":"a","labels":${nested('{"a":', '}', random.pick([200, 3_000]))}}}`,
  () => `{${'"a":1,'.repeat(50_000)}"a":1}`, () => `{"spec":{${'"color":"red",'.repeat(20_000)}"color":"red"}}`, () => `{"metadata":{"labels":{${Array.from({ length: 20_000 }, (_, i) => `"k${i}":"v"`).join(',')}}}}`,
  () => 'x'.repeat(MAX_BODY + 1), () => `{"spec":"${'y'.repeat(MAX_BODY)}"}`, (random) => `{"metadata":{"name":"a"},"spec":{"model":"fuzzed","note":"${'n'.repeat(random.pick([1_000_000, 1_572_864, 3_000_000]))}"}}`,
  () => `{"spec":{"replicas":${'9'.repeat(100_000)}}}`, () => `{"spec":{"ratio":0.${'9'.repeat(1_000_000)}}}`, () => `{"spec":{"tags":[${'"a",'.repeat(100_000)}"a"]}}`, () => '- '.repeat(20_000), () => '? '.repeat(20_000), () => nested('[', ']', 20_000), () => `a: ${nested('{a: ', '}', 5_000)}`, () => `"${String.raw`\u0000`.repeat(200_000)}"`, () => `a: &a x\nb: [${'*a,'.repeat(200_000)}]\n`, () => Array.from({ length: 20_000 }, (_, i) => `k${i}: &a${i} v`).join('\n'), () => `"${'\\\\'.repeat(300_000)}"`,
]
export const heavyText = (random: Seeded): string => random.pick(HEAVY)(random)

/** Bytes changed, dropped, doubled, moved in: what a broken network or a poor encoder makes of a text. */
export function damaged(random: Seeded, bytes: Buffer): Buffer {
  let result = Buffer.from(bytes)
  for (let times = 1 + random.int(4); times > 0 && result.length > 0; times--) {
    const at = random.int(result.length), span = 1 + random.int(8)
    switch (random.int(5)) {
      case 0: result[at] = random.int(256); break
      case 1: result = Buffer.concat([result.subarray(0, at), result.subarray(at + span)]); break
      case 2: result = Buffer.concat([result.subarray(0, at), Buffer.from(random.pick(BYTES)), result.subarray(at)]); break
      case 3: result = result.subarray(0, at); break
      default: result = Buffer.concat([result.subarray(0, at + span), result.subarray(at)])
    }
  }
  return result
}
const BYTES: readonly (readonly number[])[] = [[0], [0xff], [0xfe, 0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xef, 0xbb, 0xbf], [0x22], [0x5c], [0x7b], [0x5d], [0x2c], [0x0d, 0x0a]]

export const noise = (random: Seeded): Buffer => Buffer.from(Array.from({ length: random.int(200) }, () => random.int(256)))
