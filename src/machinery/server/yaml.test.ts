import { expect, test } from 'vitest'
import { stringifyJson } from '../meta/json.ts'
import { parseYaml, stringifyYaml } from './yaml.ts'

test.each([
  ['a: y', '{"a":true}'],
  ['a: "y"', '{"a":"y"}'],
  ['a: off', '{"a":false}'],
  ['a: 2001-01-01', '{"a":"2001-01-01"}'],
  ['a: 8080:80', '{"a":"8080:80"}'],
  ['a: 0777', '{"a":511}'],
  ['a: 0x1f', '{"a":31}'],
  ['a: 9223372036854775807', '{"a":9223372036854775807}'],
  ['a: 1.5', '{"a":1.5}'],
  ['a: ~', '{"a":null}'],
  ['a: {b: 1}\nc: [x, y]', '{"a":{"b":1},"c":["x",true]}'],
  ['{"a": 1}', '{"a":1}'],
  ['', 'null'],
  ['# nothing', 'null'],
  ['a: 1\n---\nb: 2', '{"a":1}'],
  ['x: &x {b: 1}\na: {<<: *x}', '{"x":{"b":1},"a":{"b":1}}'],
])('%s', (text, json) => {
  expect(stringifyJson(parseYaml(text))).toBe(json)
})

test.each([['.inf', '+Inf'], ['-.inf', '-Inf'], ['.nan', 'NaN']])('%s is no JSON', (text, name) => { expect(() => parseYaml(`a: [${text}]`)).toThrow(`json: unsupported value: ${name}`) })

test('a bomb of aliases is refused', () => {
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefghijklmnop'.split('').map((letter, i) => `${letter}: &${letter} [${Array.from({ length: 9 }, () => `*${'abcdefghijklmnop'[i]!}`).join(',')}]`)].join('\n')
  expect(() => parseYaml(bomb)).toThrow('alias')
})

test.each([
  ['few names for a long text', `a: &a "${'x'.repeat(100_000)}"\nb: [${'*a, '.repeat(500)}]`, 'excessive aliasing'],
  ['eight levels of nine', ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefgh'.split('').map((letter, i) => `${letter}: &${letter} [${Array.from({ length: 9 }, () => `*${'abcdefg'[i]!}`).join(',')}]`)].join('\n'), 'excessive aliasing'],
  ['a value inside itself', 'a: &a {b: [*a]}', 'contains itself'],
  ['lists inside lists', '['.repeat(2_000) + ']'.repeat(2_000), 'maxDepth'],
  ['aliases inside aliases', Array.from({ length: 1_500 }, (_, i) => `k${i}: &a${i} [${i === 0 ? 'x' : `*a${i - 1}`}]`).join('\n'), 'exceeded max depth of 1000'],
])('refused: %s', (_name, text, why) => {
  expect(() => parseYaml(text)).toThrow(why)
})

test('many aliases of small things are no bomb', () => {
  expect(parseYaml(`a: &a {b: c}\nd: [${Array.from({ length: 150 }, () => '*a').join(', ')}]`)).toMatchObject({ d: Array.from({ length: 150 }, () => ({ b: 'c' })) })
  expect(parseYaml('['.repeat(900) + ']'.repeat(900))).toHaveLength(1)
})

test('output sorts keys and keeps digits', () => {
  expect(stringifyYaml({ b: ['x', { c: 1 }], a: 'yes', n: JSON.rawJSON('9223372036854775807'), t: '2001-01-01T00:00:00Z' })).toBe('a: "yes"\nb:\n- x\n- c: 1\n"n": 9223372036854775807\nt: "2001-01-01T00:00:00Z"\n')
})
