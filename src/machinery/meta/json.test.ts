import { describe, expect, test } from 'vitest'
import { parseJson, stringifyJson } from './json.ts'

describe('numbers keep their text wherever they stand', () => {
  const places: readonly [string, (number: string) => string][] = [
    ['alone', (number) => number], ['alone, with white space', (number) => ` ${number}\n`], ['a member', (number) => `{"a":${number}}`], ['behind white space', (number) => `{"a" : ${number} ,"b":1}`],
    ['behind a colon on another line', (number) => `{"a"\n:\n${number}}`], ['first of a list', (number) => `[${number}]`], ['later in a list', (number) => `[1, ${number}]`], ['below', (number) => `{"a":{"b":["x",{"c":${number}}]}}`],
  ]
  const numbers = ['-0.0', '1.0', '1.50', '0.1', '1e3', '1E3', '-1e-7', '12e400', '9007199254740993', '-9007199254740993', '1234567890123456', '123456789012345678901234', '7', '-7', '0']
  test.each(places)('%s', (_place, at) => { expect(numbers.map((number) => stringifyJson(parseJson(at(number))))).toEqual(numbers.map((number) => at(number).replaceAll(/\s/g, ''))) })

  test('numbers that a double holds are numbers', () => { expect(parseJson('{"a":[0,-1,123456789012345,1.5,0.25]}')).toEqual({ a: [0, -1, 123_456_789_012_345, 1.5, 0.25] }) })
  test('the integer -0 is 0', () => { expect(stringifyJson(parseJson('{"a":-0,"b":[-0]}'))).toBe('{"a":0,"b":[0]}') })
  test('numbers behind texts that look so', () => { for (const text of [String.raw`{"a\\":1.50}`, String.raw`{"a":"\":1.5","b":1.50}`, '{"a":"web:1.27","b":1.50}', '{"a":"x,1.5","b":[1.50]}', '{"a":"web:1.27,2.0","b":[{},1.50]}']) expect(stringifyJson(parseJson(text))).toBe(text) })
  test('texts stay texts', () => { expect(parseJson(String.raw`{"a":"b\":1.0,2e5","1.0":"x,-0"}`)).toEqual({ a: 'b":1.0,2e5', '1.0': 'x,-0' }) })
})

test('what browsers and line splitters would take for something else is escaped', () => { expect(stringifyJson({ a: '<&>\u2028' })).toBe(String.raw`{"a":"\u003c\u0026\u003e\u2028"}`) })
