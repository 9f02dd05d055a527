import { expect, test } from 'vitest'
import type { Type } from './apply-schema.ts'
import { mergeTyped } from './merge-values.ts'

const set: Type = { list: { item: { scalar: 'string' }, associative: true, keys: [] } }

test.each<[live: string, config: string, merged: string]>([
  ['a b c d e', 'd x b', 'a c d e x b'],
  ['a b', 'b a', 'b a'],
  ['a b c', 'c', 'a b c'],
  ['a b c', 'c a', 'b c a'],
  ['', 'a b', 'a b'],
  ['a b', '', 'a b'],
  ['a', 'x y', 'a x y'],
  ['a b a', 'a x', 'a b x'],
])('items of %j under %j: %j', (live, config, merged) => {
  const items = (text: string) => text.split(' ').filter(Boolean)
  expect(mergeTyped(set, items(live), items(config))).toEqual(items(merged))
})
