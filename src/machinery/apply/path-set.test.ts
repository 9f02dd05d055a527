import { describe, expect, test } from 'vitest'
import { compareElements, keyElement, valueElement } from './field-path.ts'
import { PathSet } from './path-set.ts'
import { parseJson } from '../meta/json.ts'

/** Mulberry32. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

describe('sets of paths', () => {
  test.each([1, 2, 3, 4])('are sets: members of a result are those that the operation names (seed %i)', (seed) => {
    const next = random(seed), steps = ['f:a', 'f:b', 'i:0', 'k:{"n":1}', 'v:"x"'], pick = () => steps[Math.floor(next() * steps.length)]!
    for (let round = 0; round < 200; round++) {
      const make = () => PathSet.from(Array.from({ length: Math.floor(next() * 8) }, () => Array.from({ length: 1 + Math.floor(next() * 3) }, pick)))
      const a = make(), b = make(), texts = (set: PathSet) => new Set([...set.paths()].map((path) => path.join(' '))), one = texts(a), two = texts(b)
      expect(texts(a.union(b))).toEqual(new Set([...one, ...two]))
      expect(texts(a.intersection(b))).toEqual(new Set([...one].filter((text) => two.has(text))))
      expect(texts(a.difference(b))).toEqual(new Set([...one].filter((text) => !two.has(text))))
      expect(texts(a.without(b))).toEqual(new Set([...one].filter((text) => ![...two].some((above) => text === above || text.startsWith(`${above} `)))))
      expect(a.union(b).equals(b.union(a))).toBe(true)
      expect(PathSet.fromFields(JSON.parse(JSON.stringify(a.toFields()))).equals(a)).toBe(true)
      expect(a.size).toBe(one.size)
    }
  })

  test('steps that mean the same are the same', () => {
    expect(keyElement([['b', 1], ['a', 'x']])).toBe('k:{"a":"x","b":1}')
    expect(valueElement(parseJson('1.0'))).toBe(valueElement(1))
    expect(valueElement(parseJson('9007199254740993'))).not.toBe(valueElement(parseJson('9007199254740992')))
  })

  test('steps are ordered by the bytes of names', () => {
    expect(['f:\u{10000}', 'f:\uffff', 'f:b', 'v:10', 'v:9', 'i:10', 'i:9', 'k:{"a":2}', 'k:{"a":1,"b":1}', 'k:{"a":1}'].toSorted(compareElements))
      .toEqual(['f:b', 'f:\uffff', 'f:\u{10000}', 'k:{"a":1}', 'k:{"a":1,"b":1}', 'k:{"a":2}', 'v:9', 'v:10', 'i:9', 'i:10'])
  })
})
