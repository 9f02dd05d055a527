import { describe, expect, test } from 'vitest'
import { Seeded } from '../../../test/suites/seeded.ts'
import { Ingest } from './ingest.ts'
import { Slab } from './slab.ts'
import type { SlabEntry } from './slab-entry.ts'
import { WatchIngest, type WatchEvent } from './watch-ingest.ts'

const random = new Seeded()
/** The text in pieces; the buffer of each piece is reused, as a socket may. */
function* pieces(text: string, maxBytes: number) {
  const bytes = Buffer.from(text), piece = Buffer.alloc(maxBytes)
  for (let at = 0; at < bytes.length; ) {
    const length = Math.min(bytes.length - at, 1 + random.int(maxBytes))
    bytes.copy(piece, 0, at, at + length)
    yield piece.subarray(0, length)
    at += length
  }
}
const listed = (text: string, maxBytes: number) => {
  const entries: SlabEntry[] = [], ingest = new Ingest((entry) => { entries.push(entry) }, new Slab(300))
  for (const piece of pieces(text, maxBytes)) ingest.write(piece)
  return { entries, envelope: ingest.end() }
}

describe('a list', () => {
  const items = Array.from({ length: 40 }, (_, i) => ({ metadata: { name: `n${i}`, namespace: 'ns', resourceVersion: `${i + 1}` }, spec: { text: 'x'.repeat((i * 37) % 200), items: [{ metadata: { name: 'no' } }] } }))
  const metadata = { resourceVersion: '77', continue: 'abc', remainingItemCount: 3 }
  const cases: Record<string, string> = {
    'metadata before': JSON.stringify({ kind: 'L', apiVersion: 'v1', metadata, items }),
    'metadata behind, items with headers': JSON.stringify({ apiVersion: 'v1', items: items.map((item) => ({ apiVersion: 'v1', kind: 'K', ...item })), kind: 'L', metadata }),
    'indented': JSON.stringify({ kind: 'L', metadata, items, apiVersion: 'v1' }, undefined, 2),
    'other members called items': JSON.stringify({ metadata, x: { items: [{ a: 1 }] }, y: ['items'], kind: 'L', items, apiVersion: 'v1' }),
  }
  test.for(Object.entries(cases))('%s', ([, text]) => {
    for (const maxBytes of [1, 7, 100, 5000, 100_000]) {
      const { entries, envelope } = listed(text, maxBytes)
      expect(entries.map((entry) => entry.parse()), `SEED=${random.seed}`).toEqual(items)
      expect(envelope).toMatchObject({ kind: 'L', apiVersion: 'v1', metadata })
    }
  })
  test.for(['{"kind":"L","metadata":{"resourceVersion":"5"},"items":[]}', '{"kind":"L","metadata":{"resourceVersion":"5"},"items":null}', '{"items":[ ],"kind":"L","metadata":{"resourceVersion":"5"}}\n'])('nothing in %s', (text) => {
    expect(listed(text, 3)).toMatchObject({ entries: [], envelope: { kind: 'L', metadata: { resourceVersion: '5' } } })
  })
  test('cut off anywhere is an error', () => {
    const text = JSON.stringify({ kind: 'L', metadata: { resourceVersion: '5' }, items: items.slice(0, 2) })
    for (let end = 0; end < text.length; end++) expect(() => listed(text.slice(0, end), 50)).toThrow(SyntaxError)
  })
  test.for(['{"items":[5]}', '{"items":["a"]}', '{"items":[[]]}', '{"items":[{"metadata":{}}]}', 'not found', '<html>'])('%s is an error', (text) => {
    expect(() => listed(text, 50)).toThrow(SyntaxError)
  })
  test('one entry keeps only its slab', () => {
    const { entries } = listed(cases['metadata before']!, 100)
    expect(Math.max(...entries.map(({ home }) => home.length))).toBeLessThan(1000)
  })
})

describe('a watch', () => {
  const watched = (text: string, maxBytes: number) => {
    const ingest = new WatchIngest({ slabMaxBytes: 200 }), events: WatchEvent[] = []
    for (const piece of pieces(text, maxBytes)) events.push(...ingest.write(piece))
    return { events: events.map((event) => (event.type === 'ERROR' ? event : event.type === 'BOOKMARK' ? event : { type: event.type, object: event.entry.parse() })), isPartial: ingest.isPartial }
  }
  const object = (i: number) => ({ metadata: { name: `n${i}`, resourceVersion: `${i}` }, spec: { a: '}'.repeat(i % 50) } })
  const header = { kind: 'K', apiVersion: 'v1' }, status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code: 410, reason: 'Expired' }
  const events = Array.from({ length: 60 }, (_, i) => ({ type: (['ADDED', 'MODIFIED', 'DELETED'] as const)[i % 3]!, object: object(i) }))
  test('events, bookmarks and errors, however they are cut', () => {
    const bookmark = { type: 'BOOKMARK', object: { ...header, metadata: { resourceVersion: '9', annotations: { 'k8s.io/initial-events-end': 'true' } } } }, error = { type: 'ERROR', object: status }
    const lines = [...events.map((event) => ({ ...event, object: { ...header, ...event.object } })), bookmark, error, { object: { ...object(1), ...header }, type: 'ADDED' }, { type: 'ADDED', object: { a: 1, ...header, ...object(2) } }]
    for (const indent of [undefined, 1]) {
      const text = lines.map((line) => `${JSON.stringify(line, undefined, indent)}\n`).join('')
      for (const maxBytes of [1, 13, 400, 100_000]) expect(watched(text, maxBytes), `SEED=${random.seed}`).toEqual({ events: [...events, bookmark, { type: 'ERROR', status }, { type: 'ADDED', object: object(1) }, { type: 'ADDED', object: { a: 1, ...object(2) } }], isPartial: false })
    }
  })
  test('an event cut off is not told', () => {
    const text = `{"type":"ADDED","object":${JSON.stringify({ x: 1, ...header, ...object(1) })}}`
    for (let end = 1; end < text.length; end++) expect(watched(text.slice(0, end), 20)).toEqual({ events: [], isPartial: true })
  })
  test.for(['[]', 'x', '{"type":"ADDED"}', '{"type":"ADDED","object":null}', '{"type":"WHAT","object":{}}', '{"type":"ADDED","object":{"metadata":{}}}', '{"type":"ADDED","object":{"metadata":{"name":"a"}},"x":1}'])('%s is an error', (text) => {
    expect(() => watched(text, 50)).toThrow(SyntaxError)
  })
})
