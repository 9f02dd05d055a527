import { describe, expect, test } from 'vitest'
import { comparePositions } from '../machinery/meta/position.ts'
import { decodePosition, encodeSequence, encodeVector, fits, MAX_VECTOR_SLOTS, minimumDigitsAfter, type Epoch } from './position-codec.ts'

const epoch = (number: number, slots: number, { minimumDigits = 0, narrow = false } = {}): Epoch => ({ number, bases: Array.from({ length: slots }, () => 0), minimumDigits, ...(narrow && { narrow }) })
const known = (...epochs: Epoch[]) => new Map(epochs.map((e) => [e.number, e]))

test.each([
  ['wide', epoch(4, 3), '400000000000042000000000012000000000000000000000030'],
  ['narrow', epoch(4, 3, { narrow: true }), '4000000001200000000000000000030'],
  ['narrow of four: what is over stands before', epoch(4, 4, { narrow: true }), '4000000012000000000000300000000'],
])('a vector comes back as it went in: %s', (_, e, text) => {
  expect(encodeVector(e, [12, 0, 30])).toBe(text)
  expect(decodePosition(text, known(e))).toEqual({ form: 'vector', epoch: 4, components: [12, 0, 30, 0].slice(0, e.bases.length), vague: [], outdated: [] })
})

test('a narrow position fits 128 bits, however large its parts', () => {
  for (let slots = 1; slots <= 5; slots++) expect(BigInt(encodeVector(epoch(99_999_999, slots, { narrow: true }), [9e15, 9e15, 9e15, 9e15, 9e15]))).toBeLessThan(2n ** 128n)
})

describe.each([['wide', {}, 10 ** 12], ['narrow', { narrow: true as const }, 10 ** 6]])('%s: a base', (_, form, end) => {
  const base = 9 * end, e: Epoch = { number: 2, bases: [0, base, 0, 0, 0], minimumDigits: 0, ...form }
  test.each([
    ['large resourceVersions are kept within their width, and the base is added back', base + 7, base + 7, []],
    ['nothing is nothing', 0, 0, []],
    ['what is before the base was seen long ago', 5, 1, [1]],
    ['at the base, too', base + 1, 1, [1]],
    ['the last that fits', base + end - 2, base + end - 2, []],
    ['what is beyond is told as less, never as more', base + 2 * end, base + end - 1, [1]],
  ])('%s', (_, version, told, vague) => { expect(decodePosition(encodeVector(e, [1, version]), known(e))).toEqual({ form: 'vector', epoch: 2, components: [1, told, 0, 0, 0], vague, outdated: [] }) })
  test('what fits', () => { expect([base + end - 2, base + end - 1, base + end].map((version) => fits(e, 1, version))).toEqual([true, false, false]) })
})

test.each([
  ['letters', 'abc'], ['a leading zero', '0400000000000042000000000012000000000000000000000030'], ['another width', '4000'], ['an unknown epoch', '300000000000042000000000012000000000000000000000030'],
  ['a sum that does not fit', '400000000000041000000000012000000000000000000000030'],
])('%s is no position of ours', (_, text) => expect(decodePosition(text, known(epoch(4, 3)))).toBeUndefined())

test('digits that no narrow position has', () => { expect(decodePosition('4010000012000000000000300000000', known(epoch(4, 4, { narrow: true })))).toBeUndefined() })

test.each([false, true])('later is larger: random histories of changes, joins and renewed bases, that begin narrow: %s', (beginsNarrow) => {
  let seed = 7
  const random = (below: number) => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed % below }, backwards: string[] = [], forms = new Set<boolean>()
  for (let run = 0; run < 50; run++) {
    let e: Epoch = epoch(2 * (1 + random(100)), 1 + random(4), { narrow: beginsNarrow }), before = '0'
    const versions = Array.from({ length: 12 }, () => 0)
    for (let step = 0; step < 60; step++) {
      const slots = e.bases.length + (e.bases.length < 12 && random(3) === 0 ? 1 : 0)
      if (random(10) === 0) e = { number: e.number + 2, bases: Array.from({ length: slots }, (_, slot) => Math.max(e.bases[slot] ?? 0, versions[slot]! - random(300_000))), minimumDigits: 0, ...(e.narrow && slots <= 5 && { narrow: true }) }
      else versions[random(e.bases.length)]! += 1 + random(10_000)
      const now = encodeVector(e, versions)
      forms.add(e.narrow === true)
      if (step > 0 && now !== before && comparePositions(now, before) <= 0) backwards.push(`run ${run} step ${step}: ${now} after ${before}`)
      before = now
    }
  }
  expect([backwards, forms.size]).toEqual([[], beginsNarrow ? 2 : 1])
})

test.each([
  ['wide', epoch(8, MAX_VECTOR_SLOTS)], ['wide, long after', epoch(98, MAX_VECTOR_SLOTS)], ['narrow, that a hundred join at once', epoch(8, 5, { narrow: true })],
])('a fleet that outgrows vectors goes on upward, with sequences only its maker can resume: %s', (_, vectors) => {
  const number = vectors.number + 2, slots = MAX_VECTOR_SLOTS + 1, sequences = epoch(number, slots, { minimumDigits: minimumDigitsAfter(vectors, number, slots) }), begins = { ...sequences, number: number - 1 }
  const later = epoch(1000, slots, { minimumDigits: minimumDigitsAfter(sequences, 1000, slots) }), positions = [encodeVector(vectors, vectors.bases.map(() => 999_999)), encodeSequence(begins, 4, 1), encodeSequence(sequences, 4, 1), encodeSequence(later, 1, 0)]
  expect(positions.toSorted(comparePositions)).toEqual(positions)
  expect(decodePosition(positions[2]!, known(vectors, begins, sequences, later))).toEqual({ form: 'sequence', epoch: number, replica: 4, sequence: 1 })
  expect(encodeSequence(epoch(2, 300), 4, 1)).toHaveLength(25)
})
