import { describe, expect, test } from 'vitest'
import { parseJson } from '../meta/json.ts'
import { canonicalJson, printed, quoted, shown, syntax, typeName } from './go-text.ts'

describe('values as Go writes them', () => {
  test.each<[unknown, Partial<Record<'canonical' | 'printed' | 'shown' | 'syntax' | 'type', string>>]>([
    [1, { canonical: '1', printed: '1', shown: '1', syntax: '1', type: 'int64' }],
    [1.5, { canonical: '1.5', printed: '1.5', type: 'float64' }],
    [0.00001, { canonical: '0.00001', printed: '1e-05' }],
    [1e21, { canonical: '1e+21', printed: '1e+21', type: 'float64' }],
    [parseJson('9007199254740993'), { canonical: '9007199254740993', printed: '9007199254740993', type: 'int64' }],
    [parseJson('1.0'), { canonical: '1', printed: '1', type: 'int64' }],
    [true, { canonical: 'true', printed: 'true', shown: 'true', syntax: 'true', type: 'bool' }],
    [null, { canonical: 'null', printed: 'null', shown: '<nil>', syntax: 'interface {}(nil)', type: '<nil>' }],
    ['a"b\n', { canonical: String.raw`"a\"b\n"`, printed: String.raw`"a\"b\n"`, shown: 'a"b\n', type: 'string' }],
    ['<&>', { canonical: String.raw`"\u003c\u0026\u003e"`, printed: '"<&>"' }],
    ['\b\u2028', { canonical: String.raw`"\u0008\u2028"`, printed: String.raw`"\b\u2028"` }],
    [['x', 1], { canonical: '["x",1]', printed: '["x",1]', shown: '[x 1]', syntax: '[]interface {}{"x", 1}', type: '[]interface {}' }],
    [{ b: 1, a: ['y'] }, { canonical: '{"a":["y"],"b":1}', shown: 'map[a:[y] b:1]', syntax: 'map[string]interface {}{"a":[]interface {}{"y"}, "b":1}', type: 'map[string]interface {}' }],
  ])('%j', (value, texts) => {
    const actual = { canonical: canonicalJson(value), printed: printed(value), shown: shown(value), syntax: syntax(value), type: typeName(value) }
    expect(actual).toMatchObject(texts)
  })

  test('%q escapes what cannot be printed', () => {
    expect(quoted('\u0007é\u00a0\u{e0001}\u0001')).toBe(String.raw`"\aé\u00a0\U000e0001\x01"`)
  })
})
