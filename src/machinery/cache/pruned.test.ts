import { describe, expect, test } from 'vitest'
import { Seeded } from '../../../test/suites/seeded.ts'
import type { FieldPath } from '../meta/core.ts'
import { parseJson, stringifyJson } from '../meta/json.ts'
import { parsePruned } from './pruned.ts'

/** The text within other bytes, so that absolute offsets matter. */
const pruned = (text: string, fields: readonly FieldPath[]) => { const bytes = Buffer.from(`{"a":${text},"a":1}`); return parsePruned(bytes, 6, 5 + Buffer.byteLength(text), fields) }

/** What is meant: the object parsed in full, and then without what was not asked for. */
function without(value: unknown, paths: readonly (readonly string[])[]): unknown {
  if (paths.some((path) => path.length === 0)) return value
  if (Array.isArray(value)) return value.map((item) => (Array.isArray(item) ? (item as unknown) : without(item, paths)))
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return value
  return Object.fromEntries(Object.entries(value).flatMap(([name, inside]) => { const rests = paths.filter(([first]) => first === name).map((path) => path.slice(1)); return rests.length > 0 ? [[name, without(inside, rests)]] : [] }))
}

describe('an object of which some fields are asked for', () => {
  test.each<[string, string, readonly FieldPath[], unknown]>([
    ['fields by the way to them', '{"metadata":{"name":"web","uid":"u"},"spec":{"nodeName":"n","containers":[{"image":"i","name":"a"},{"name":"b"}]},"status":{}}', ['metadata.name', 'spec.containers.name'], { metadata: { name: 'web' }, spec: { containers: [{ name: 'a' }, { name: 'b' }] } }],
    ['all of a field, asked for in parts, too', '{"a":{"b":{"c":1,"d":[1,{"e":2}]},"f":3}}', ['a.b.c', 'a.b'], { a: { b: { c: 1, d: [1, { e: 2 }] } } }],
    ['names with dots', '{"a":{"b.c/d":"x","b":{"c/d":"y"}}}', [['a', 'b.c/d']], { a: { 'b.c/d': 'x' } }],
    ['none that are there', '{"a":{"b":1}}', ['b', 'a.c.d'], { a: {} }],
    ['none at all', '{"a":{"b":1}}', [], {}],
    ['an empty object', '{}', ['a'], {}],
    ['what is no object on the way', '{"a":"}{\\"b\\":1","b":null,"c":17.5,"d":[],"e":[1,"x",null,{"x":1,"y":2},[{"x":1,"y":2}]]}', ['a.b', 'b.b', 'c.b', 'd.b', 'e.x'], { a: '}{"b":1', b: null, c: 17.5, d: [], e: [1, 'x', null, { x: 1 }, [{ x: 1, y: 2 }]] }],
    ['white space', ' \n{ "a" : { "x" : 1 , "b"\t: [ 1 ,{ "c" : "]" , "d":2 } ] } ,\r\n"e" : 1 }'.trim(), ['a.b.c', 'e'], { a: { b: [1, { c: ']' }] }, e: 1 }],
    ['escaped names', String.raw`{"\u0061":{"\"":1,"b\t":2,"c":3},"b":{"a\u002fb":5}}`, ['a."', 'a.b\t', 'b.a/b'], { a: { '"': 1, 'b\t': 2 }, b: { 'a/b': 5 } }],
    ['names beyond ASCII', '{"größe":{"日本":1,"x":2},"gröse":1}', ['größe.日本'], { größe: { 日本: 1 } }],
    ['repeated members: the last counts', '{"a":{"b":1},"a":{"b":2,"c":3},"d":{"x":1},"d":4}', ['a.b', 'd.x'], { a: { b: 2 }, d: 4 }],
    ['names of fields elsewhere', '{"x":"a","a":["a","b"],"y":{"a":{"b":1}},"z":[{"a":{"b":2}}]}', ['a.b'], { a: ['a', 'b'] }],
  ])('%s', (_, text, fields, expected) => expect(pruned(text, fields)).toEqual(expected))

  test('numbers that a double cannot hold', () => expect(stringifyJson(pruned('{"a":9007199254740993,"b":{"c":1.0,"d":2.0}}', ['a', 'b.c']))).toBe('{"a":9007199254740993,"b":{"c":1.0}}'))

  test('larger than usual', () => {
    const long = 'ö'.repeat(70_000)
    expect(pruned(`{"a":"${long}","b":"x","c":"${long}"}`, ['a', 'b'])).toEqual({ a: long, b: 'x' })
  })

  test.each(['{"a":{"b":1', '{"a":[{"b":1}', '{"x":{"b":1', '{"a":"b'])('that ends in the middle: %s', (text) => expect(() => parsePruned(Buffer.from(text), 1, Buffer.byteLength(text), ['a.b'])).toThrow(SyntaxError))
})

test('random objects: as if parsed in full', () => {
  // None with a backslash: V8 takes "\"" for that name where it expects it, for having seen it in that place before.
  const random = new Seeded(), NAMES = ['a', 'b', 'ab', 'c.d', 'é', '"', '__proto__', 'length', '']
  const blank = () => (random.chance(0.1) ? random.pick([' ', '\n', '\t\r ']) : '')
  const string = (text: string) => (random.chance(0.1) ? `"${text.replaceAll(/./gs, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}"` : JSON.stringify(text))
  const value = (depth: number): string => {
    const kind = random.int(depth > 4 ? 4 : 8)
    const text = kind === 0 ? string(random.pick(['', 'x', '"a":{', '}]', '\\', '日本', '\u2028'])) : kind === 1 ? random.pick(['0', '-1', '1.5e3', '12345678901234567890', '1.0']) : kind === 2 ? random.pick(['true', 'false']) : kind === 3 ? 'null' : kind < 6 ? object(depth + 1) : list(depth + 1)
    return `${blank()}${text}${blank()}`
  }
  const list = (depth: number) => `[${blank()}${Array.from({ length: random.int(4) }, () => value(depth)).join(',')}]`
  const object = (depth: number): string => `{${blank()}${Array.from({ length: random.int(5) }, () => `${blank()}${string(random.pick(NAMES))}${blank()}:${value(depth)}`).join(',')}}`
  for (let round = 0; round < 3_000; round++) {
    const text = object(0), paths = Array.from({ length: random.int(5) }, () => Array.from({ length: 1 + random.int(3) }, () => random.pick(NAMES)))
    expect(stringifyJson(pruned(text, paths)), `SEED=${random.seed}, ${JSON.stringify(paths)} of ${text}`).toBe(stringifyJson(without(parseJson(text), paths)))
  }
})
