import { expect, test } from 'vitest'
import { testKind } from '../../../test/suites/test-kind.ts'
import { ChunkSink } from '../cache/chunk-sink.ts'
import { SlabEntry } from '../cache/slab-entry.ts'
import type { Column, Entry, FieldPath, Kind } from '../meta/core.ts'
import { tableShape, type IncludeObject } from './table.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z'), created = NOW - 90_000
const columns: readonly Column[] = [
  { name: 'Name', type: 'string', format: 'name', reads: ['metadata.name'], cell: ({ metadata }) => metadata.name! }, { name: 'Greeting', type: 'string', reads: ['spec.greeting'], cell: ({ spec }) => (spec as { greeting: string }).greeting },
  { name: 'Age', type: 'string', reads: [], cell: () => ({ since: created }) }, { name: 'Never', type: 'string', reads: [], cell: () => ({ since: Number.NaN }) }, { name: 'Ahead', type: 'string', reads: [], cell: () => ({ since: NOW + 60_000 }) },
  { name: 'Live', type: 'string', reads: [], cell: () => ({ live: (now) => `"${now - NOW}" & <more>` }) }, { name: 'Rest', type: 'string', reads: ['spec.rest'], cell: ({ spec }) => (spec as { rest: number[] }).rest }, { name: 'Nothing', type: 'string', reads: [], cell: () => null },
]
const entry = SlabEntry.of({ metadata: { name: 'web', resourceVersion: '7' }, spec: { greeting: 'grüß "dich" 日本', rest: [1, 2] } })
const written = (kind: Kind, of: Entry, { include = 'None', now = NOW }: { include?: IncludeObject; now?: number } = {}) => {
  const sink = new ChunkSink()
  tableShape(kind, include, 'v1').item(sink, of, now)
  return Buffer.concat(sink.end()).toString()
}
const cells = (age: string, ahead: string, live: string) => String.raw`{"cells":["web","grüß \"dich\" 日本","${age}","\u003cunknown\u003e","${ahead}","\"${live}\" \u0026 \u003cmore\u003e",[1,2],null]`

test('a row has its cells, what changes with time filled in as it is written', () => {
  const kind = { ...testKind(), columns }
  expect(written(kind, entry)).toBe(`${cells('90s', String.raw`\u003cinvalid\u003e`, '0')},"object":null}`)
  expect(written(kind, entry, { now: NOW + 60_000 })).toBe(`${cells('2m30s', '0s', '60000')},"object":null}`)
})

test('the object comes along as it is asked for', () => {
  const kind = { ...testKind(), group: '', kind: 'Thing', version: 'v1', columns: columns.slice(0, 1) }
  expect(written(kind, entry, { include: 'Metadata' })).toBe('{"cells":["web"],"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"web","resourceVersion":"7"}}}')
  expect(written(kind, entry, { include: 'Object' })).toBe('{"cells":["web"],"object":{"kind":"Thing","apiVersion":"v1","metadata":{"name":"web","resourceVersion":"7"},"spec":{"greeting":"grüß \\"dich\\" 日本","rest":[1,2]}}}')
})

test('a row says what is true of all of it', () => {
  const kind = { ...testKind(), columns: columns.slice(0, 1), rowConditions: { reads: ['spec.rest'], of: ({ spec }: { spec?: unknown }) => (spec as { rest: number[] }).rest.map((n) => ({ type: `${n}`, status: 'True', reason: 'r', message: '<m>' })) } } as unknown as Kind
  expect(written(kind, entry)).toBe(String.raw`{"cells":["web"],"conditions":[{"type":"1","status":"True","reason":"r","message":"\u003cm\u003e"},{"type":"2","status":"True","reason":"r","message":"\u003cm\u003e"}],"object":null}`)
})

test('objects are parsed once, and no further than the columns say', () => {
  const asked: (readonly FieldPath[] | undefined)[] = [], observed: Entry = { key: 'web', position: '7', size: 1, emit: () => undefined, emitMetadata: () => undefined, labels: () => ({}), parse: (only) => { asked.push(only); return entry.parse(only) } }
  const kind = { ...testKind(), columns: columns.slice(0, 2) }, careless = { ...testKind(), columns: columns.slice(0, 2).map(({ name, type, cell }) => ({ name, type, cell })) }
  for (let turn = 0; turn < 2; turn++) for (const include of ['None', 'Metadata'] as const) for (const one of [kind, careless]) written(one, observed, { include })
  expect(asked).toEqual([['metadata.name', 'spec.greeting'], undefined])
})
