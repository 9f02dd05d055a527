import { expect, test } from 'vitest'
import { Seeded } from '../../../test/suites/seeded.ts'
import { isWellFormedBody } from './well-formed-json.ts'

/** The brace that opens it has been read. */
const isWellFormed = (text: string) => text.startsWith('{') && isWellFormedBody(Buffer.from(text.slice(1)))
const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

test.each(['{}', '{"a":1}', '{"a":[],"b":{}}', '{"a":[1,-2.5e+3,0,true,false,null,"x"],"b":{"c":[[{}]]}}', String.raw`{"\u00e9\"\\":"\/\b\f\n\r\t"}`, '{"ü":"😀"}', nested(1000)])('%s is', (text) => {
  expect(isWellFormed(text)).toBe(true)
  expect(() => JSON.parse(text) as unknown).not.toThrow()
})

test.each([
  '', '{', '}', '[]', '"a"', '1', '{}{}', '{} ', '{"a"}', '{"a":}', '{"a":1,}', '{,}', '{"a":1]', '{"a":[1}', '{"a":[1,]}', '{"a":nonsense}', '{a:1}', '{"a":01}', '{"a":1.}', '{"a":.5}', '{"a":+1}', '{"a":NaN}', '{"a":tru}', '{"a":"b}', String.raw`{"a":"\x"}`, String.raw`{"a":"\u12"}`, '{"a":"\n"}', '{"a":1 }', '{"a":1,2}', '{"a":[1 2]}', '{"a":[:]}', '{"a"::1}', nested(1001),
])('%j is not', (text) => { expect(isWellFormed(text)).toBe(false) })

test('nor is what is no UTF-8', () => { expect(isWellFormedBody(Buffer.from('"a":"\xff"}', 'latin1'))).toBe(false) })

test('agrees with the parser about documents with a byte changed', () => {
  const random = new Seeded(7), text = JSON.stringify({ metadata: { name: 'web', labels: { a: 'b' } }, spec: { list: [1, 2.5, null, true, { deep: [[]] }], text: 'q"\\\n' } }), parses = (of: string) => { try { JSON.parse(of); return true } catch { return false } }
  for (let round = 0; round < 5000; round++) {
    const at = Math.floor(random.next() * text.length), changed = text.slice(0, at) + '{}[]",:\\1e-.tn x'.charAt(Math.floor(random.next() * 16)) + text.slice(at + (random.next() < 0.5 ? 1 : 0))
    // White space is the one thing that the parser takes.
    const unspaced = changed.replaceAll(/ (?=(?:[^"\\]|\\.|"(?:[^"\\]|\\.)*")*$)/g, '@')
    expect([unspaced, isWellFormed(unspaced)]).toEqual([unspaced, parses(unspaced)])
  }
})
