import { expect, test } from 'vitest'
import { ParsedEntries } from './parsed-entries.ts'
import { SlabEntry } from './slab-entry.ts'

const entry = (name: string) => SlabEntry.of({ metadata: { name } })

test('an entry is parsed once, for all who ask', () => {
  const parsed = new ParsedEntries(2), web = entry('web')
  expect(parsed.of(web)).toEqual({ metadata: { name: 'web' } })
  expect(parsed.of(web)).toBe(parsed.of(web))
  expect(parsed.of(entry('web')), 'another version of the same name').not.toBe(parsed.of(web))
})

test('only the latest are kept', () => {
  const parsed = new ParsedEntries(2), [a, b, c] = [entry('a'), entry('b'), entry('c')], first = parsed.of(a)
  const second = parsed.of(b)
  expect(parsed.of(a)).toBe(first)
  parsed.of(c)
  expect(parsed.of(b)).toBe(second)
  expect(parsed.of(a)).not.toBe(first)
})
