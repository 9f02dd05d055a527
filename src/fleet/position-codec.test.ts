import { expect, test } from 'vitest'
import { comparePositions } from '../machinery/meta/position.ts'
import { decodePosition, digitsOf, encodeSequence, encodeVector, MAX_VECTOR_SLOTS, type Epoch } from './position-codec.ts'

const epoch = (number: number, slots: number, minimumDigits = 0, base = 0): Epoch => ({ number, bases: Array.from({ length: slots }, () => base), minimumDigits })
const known = (...epochs: Epoch[]) => new Map(epochs.map((e) => [e.number, e]))

test('a vector comes back as it went in', () => {
  const e = epoch(3, 3)
  expect(encodeVector(e, [12, 0, 30])).toBe('300000000000042000000000012000000000000000000000030')
  expect(decodePosition(encodeVector(e, [12, 0, 30]), known(e))).toEqual({ form: 'vector', epoch: 3, components: [12, 0, 30] })
})

test('a base keeps large resourceVersions within their width, and is added back', () => {
  const e: Epoch = { number: 1, bases: [0, 9_000_000_000_000], minimumDigits: 0 }
  expect(decodePosition(encodeVector(e, [5, 9_000_000_000_007]), known(e))).toEqual({ form: 'vector', epoch: 1, components: [5, 9_000_000_000_007] })
  expect(() => encodeVector(epoch(1, 1), [10 ** 12])).toThrow(RangeError)
})

test.each([
  ['letters', 'abc'], ['a leading zero', '0300000000000042000000000012000000000000000000000030'], ['another width', '3000'], ['an unknown epoch', '400000000000042000000000012000000000000000000000030'],
  ['a sum that does not fit', '300000000000041000000000012000000000000000000000030'],
])('%s is no position of ours', (_, text) => expect(decodePosition(text, known(epoch(3, 3)))).toBeUndefined())

test('later is larger: random histories of changes and joins', () => {
  let seed = 7
  const random = (below: number) => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed % below }, backwards: string[] = []
  for (let run = 0; run < 50; run++) {
    let e = epoch(1 + random(200), 1 + random(4)), before = '0'
    const versions = Array.from({ length: 12 }, () => 0)
    for (let step = 0; step < 60; step++) {
      if (random(10) === 0 && e.bases.length < 12) e = epoch(e.number + 1, e.bases.length + random(2), digitsOf(e))
      else versions[random(e.bases.length)]! += 1 + random(1000)
      const now = encodeVector(e, versions)
      if (step > 0 && now !== before && comparePositions(now, before) <= 0) backwards.push(`run ${run} step ${step}: ${now} after ${before}`)
      before = now
    }
  }
  expect(backwards).toEqual([])
})

test('a fleet that outgrows vectors goes on upward, with sequences only its maker can resume', () => {
  const vectors = epoch(8, MAX_VECTOR_SLOTS), sequences = epoch(9, MAX_VECTOR_SLOTS + 1, digitsOf(vectors))
  const last = encodeVector(vectors, vectors.bases.map(() => 999_999)), first = encodeSequence(sequences, 4, 1)
  expect(comparePositions(first, last)).toBeGreaterThan(0)
  expect(decodePosition(first, known(vectors, sequences))).toEqual({ form: 'sequence', epoch: 9, replica: 4, sequence: 1 })
  expect(encodeSequence(epoch(1, 300), 4, 1)).toHaveLength(25)
})
