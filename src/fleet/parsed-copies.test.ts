import { expect, test } from 'vitest'
import type { Entry, KubeObject } from '../machinery/meta/core.ts'
import { folded } from './combine.ts'
import { ParsedCopies } from './parsed-copies.ts'

/** Entries that count how often they are parsed. */
function counted(name: string, size = 10): Entry & { readonly times: () => number } {
  let times = 0
  return { key: name, position: '1', size, emit: () => undefined, emitMetadata: () => undefined, labels: () => ({}), times: () => times, parse: (): KubeObject => { times++; return { metadata: { name } } } }
}

test('what was asked for lately is not parsed again; what was not makes room', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => counted(name)), copies = new ParsedCopies(25)
  for (const entry of [a!, b!, a!, c!, a!, b!]) expect(copies.of(entry).metadata.name).toBe(entry.key)
  expect([a, b, c].map((entry) => entry!.times())).toEqual([1, 2, 1])
})

test('one that is too large for all the room is parsed each time', () => {
  const large = counted('large', 100), copies = new ParsedCopies(25)
  copies.of(large)
  copies.of(large)
  expect(large.times()).toBe(2)
})

test('of a folded row only the copy that changed is parsed', () => {
  const combine = folded((copies) => ({ metadata: { name: 'web' }, of: copies.map(({ cluster }) => cluster) })), copies = Array.from({ length: 30 }, (_, i) => ({ cluster: `member${i}`, entry: counted('web') }))
  combine.merge('web', copies, '1')
  const changed = { cluster: 'member7', entry: counted('web') }, all = copies.with(7, changed)
  combine.merge('web', all, '2')
  expect(all.map(({ entry }) => entry.times())).toEqual(all.map(() => 1))
})
