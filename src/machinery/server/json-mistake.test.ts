import { expect, test } from 'vitest'
import { jsonMistake } from './json-mistake.ts'

test.each([
  ['', 'unexpected end of JSON input'],
  ['{"a":', 'unexpected end of JSON input'],
  ['{\'a\'}', String.raw`invalid character '\'' looking for beginning of object key string`],
  ['{"a":1,}', 'invalid character \'}\' looking for beginning of object key string'],
  ['{"a" 1}', 'invalid character \'1\' after object key'],
  ['{"a":1 "b"}', 'invalid character \'"\' after object key:value pair'],
  ['[1,]', 'invalid character \']\' looking for beginning of value'],
  ['[1 2]', 'invalid character \'2\' after array element'],
  ['[01]', 'invalid character \'1\' after array element'],
  ['{} x', 'invalid character \'x\' after top-level value'],
  ['nul1', 'invalid character \'1\' in literal null (expecting \'l\')'],
  ['NaN', 'invalid character \'N\' looking for beginning of value'],
  ['-x', 'invalid character \'x\' in numeric literal'],
  ['1.x', 'invalid character \'x\' after decimal point in numeric literal'],
  ['1e+x', 'invalid character \'x\' in exponent of numeric literal'],
  ['"a\tb"', String.raw`invalid character '\t' in string literal`],
  ['"\u0001"', String.raw`invalid character '\x01' in string literal`],
  [String.raw`"\x"`, 'invalid character \'x\' in string escape code'],
  [String.raw`"\u12g4"`, String.raw`invalid character 'g' in \u hexadecimal character escape`],
  ['\uFEFF{}', 'invalid character \'ï\' looking for beginning of value'],
])('%j', (text, expected) => { expect(jsonMistake(Buffer.from(text))).toBe(expected) })
