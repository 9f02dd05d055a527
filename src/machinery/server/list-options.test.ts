import { describe, expect, test } from 'vitest'
import { getAt, integer, listOptions, watchOptions } from './list-options.ts'

const query = (text: string) => new URLSearchParams(text)

test.each([
  ['limit=', 'strconv.ParseInt: parsing "": invalid syntax'],
  ['limit=x', 'strconv.ParseInt: parsing "x": invalid syntax'],
  ['limit=9223372036854775808', 'strconv.ParseInt: parsing "9223372036854775808": value out of range'],
])('a list with %s is refused', (text, message) => { expect(() => listOptions(query(text), 'n')).toThrow(message) })

test.each([['', undefined], ['limit=%2B5', 5], ['limit=-1', -1], ['limit=9223372036854775807', 2 ** 63]])('integer of %j', (text, expected) => { expect(integer(query(text), 'limit')).toBe(expected) })

test('a version has 64 bits', () => {
  const read = (version: string) => getAt(query(`resourceVersion=${version}`))
  expect(read('18446744073709551615')).toEqual({ at: { position: '18446744073709551615', match: 'notOlder' } })
  expect(() => read('18446744073709551616')).toThrow('strconv.ParseUint: parsing "18446744073709551616": value out of range')
  expect(() => read('-1')).toThrow('strconv.ParseUint: parsing "-1": invalid syntax')
})

describe('a watch', () => {
  const FORBIDDEN = 'resourceVersionMatch: Forbidden: '
  test.each([
    ['resourceVersionMatch=NotOlderThan', [`${FORBIDDEN}resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided`]],
    ['resourceVersionMatch=Exact', [`${FORBIDDEN}resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided`, 'resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"']],
    ['sendInitialEvents=true', [`${FORBIDDEN}sendInitialEvents requires setting resourceVersionMatch to NotOlderThan`]],
    ['sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=x', [`${FORBIDDEN}resourceVersionMatch is forbidden when continue is provided`]],
  ])('with %s is refused', (text, errors) => { expect(() => watchOptions(query(text))).toThrow(errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`) })
  test('with an initial state', () => { expect(watchOptions(query('sendInitialEvents=true&resourceVersionMatch=NotOlderThan'))).toMatchObject({ initial: true }) })
})
