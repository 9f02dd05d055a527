import type { Cell, Entry, FieldPath, Kind, Sink } from '../meta/core.ts'
import { stringifyJson } from '../meta/json.ts'
import { age, ageStart } from './age.ts'
import { bookmarkMeta } from './object-shapes.ts'
import type { Shape } from './shape.ts'
import { apiVersionOf, encoded, put } from './shape.ts'

/** What a row carries beside its cells. */
export type IncludeObject = 'Metadata' | 'Object' | 'None'

/** Rows are cells, computed once per entry, followed by the object's metadata bytes. */
export function tableShape(kind: Kind, include: IncludeObject, version: 'v1' | 'v1beta1'): Shape {
  const apiVersion = `meta.k8s.io/${version}`, start = `{"kind":"Table","apiVersion":"${apiVersion}","metadata":`, rows = rowsOf(kind)
  const columns = stringifyJson(kind.columns.map(({ name, type, format = '', description = '', priority = 0 }) => ({ name, type, format, description, priority })))
  const partial = `{"kind":"PartialObjectMetadata","apiVersion":"${apiVersion}","metadata":`
  const beforeMetadata = Buffer.from(`,"object":${partial}`), beforeObject = Buffer.from(`,"object":{"kind":${stringifyJson(kind.kind)},"apiVersion":${stringifyJson(apiVersionOf(kind))},`)
  const row = (sink: Sink, entry: Entry, now: number, position?: string) => {
    writeCells(sink, cellsOf(rows, kind, entry), now)
    switch (include) {
      case 'None': sink.put(NO_OBJECT); break
      case 'Object': sink.put(beforeObject); entry.emit(sink, position); sink.put(ROW_END); break
      default: sink.put(beforeMetadata); entry.emitMetadata(sink, position); sink.put(OBJECT_END)
    }
  }
  return {
    aging: true, encoded: encoded(),
    listStart: (meta) => `${start}${stringifyJson(meta)},"columnDefinitions":${columns},"rows":[`,
    listEnd: () => ']}',
    item: row,
    object: (sink, entry, now, position, first) => {
      put(sink, `${start}{"resourceVersion":"${position ?? entry.position}"},"columnDefinitions":`)
      put(sink, first ? columns : 'null')
      put(sink, ',"rows":[')
      row(sink, entry, now, position)
      put(sink, ']}')
    },
    bookmark: (position, initial) => `${start}{"resourceVersion":"${position}"},"columnDefinitions":null,"rows":[{"cells":[${kind.columns.map((_, index) => (index === 0 ? '""' : 'null')).join(',')}],"object":${partial}${bookmarkMeta(position, initial)}}}]}`,
  }
}

const NO_OBJECT = Buffer.from(',"object":null}'), ROW_END = Buffer.from('}'), OBJECT_END = Buffer.from('}}')

/** A row up to its object, as JSON text with holes: `from` to `to` in `home`. Thousands are held, and read one after the other: in few objects, and next to each other. */
interface Cells { readonly home: Buffer; readonly from: number; readonly to: number; readonly hole: Hole | undefined }
/** Filled in before the byte `at` of `home`; `next` stands behind it. `live` undefined: with an age. */
interface Hole { readonly at: number; readonly since: number; readonly live: ((now: number) => string) | undefined; readonly next: Hole | undefined }
/** `reads`: what all columns together look at; undefined: anything. */
interface Rows { readonly cells: WeakMap<Entry, Cells>; readonly reads: readonly FieldPath[] | undefined }

/** By the columns rather than the kind: all shapes of a table share its cells. */
const byColumns = new WeakMap<Kind['columns'], Rows>()

function rowsOf({ columns, rowConditions }: Kind): Rows {
  let rows = byColumns.get(columns)
  if (!rows) byColumns.set(columns, (rows = { cells: new WeakMap(), reads: columns.every(({ reads }) => reads) ? [...columns.flatMap(({ reads }) => reads!), ...(rowConditions?.reads ?? [])] : undefined }))
  return rows
}

function cellsOf(rows: Rows, { columns, rowConditions }: Kind, entry: Entry): Cells {
  const known = rows.cells.get(entry)
  if (known) return known
  const object = entry.parse(rows.reads), holes: { readonly at: number; readonly cell: HoleCell }[] = []
  let text = '{"cells":['
  columns.forEach((column, index) => {
    if (index > 0) text += ','
    const cell = column.cell(object)
    if (isHole(cell)) holes.push({ at: Buffer.byteLength(text), cell })
    else text += typeof cell === 'string' ? quoted(cell) : stringifyJson(cell)
  })
  const conditions = rowConditions?.of(object) ?? [], { home, from, to } = kept(conditions.length > 0 ? `${text}],"conditions":${stringifyJson(conditions)}` : `${text}]`)
  const hole = holes.reduceRight<Hole | undefined>((next, { at, cell }) => ('since' in cell ? { at: from + at, since: cell.since, live: undefined, next } : { at: from + at, since: Number.NaN, live: cell.live, next }), undefined), cells = { home, from, to, hole }
  rows.cells.set(entry, cells)
  return cells
}

type HoleCell = { readonly since: number } | { readonly live: (now: number) => string }
const isHole = (cell: Cell): cell is HoleCell => typeof cell === 'object' && cell !== null && !Array.isArray(cell)

/** Texts that need no escapes are most. */
const PLAIN = /^[\w .,:;/@()=%+*-]*$/
const NONE = '<none>', NONE_QUOTED = stringifyJson(NONE)
const quoted = (text: string): string => (text === NONE ? NONE_QUOTED : PLAIN.test(text) ? `"${text}"` : stringifyJson(text))

/** One living row keeps so much from the collector. */
const HOME_BYTES = 8 << 10
let room = Buffer.allocUnsafeSlow(HOME_BYTES), used = 0

function kept(text: string): { readonly home: Buffer; readonly from: number; readonly to: number } {
  const length = Buffer.byteLength(text)
  if (length > HOME_BYTES / 4) return { home: Buffer.from(text), from: 0, to: length }
  if (length > HOME_BYTES - used) { room = Buffer.allocUnsafeSlow(HOME_BYTES); used = 0 }
  const from = used
  used += room.write(text, from)
  return { home: room, from, to: used }
}

function writeCells(sink: Sink, { home, from, to, hole: first }: Cells, now: number): void {
  let at = from
  for (let hole = first; hole; hole = hole.next) {
    sink.put(home, at, hole.at)
    if (hole.live) put(sink, quoted(hole.live(now)))
    else sink.put(ageOf(now - hole.since))
    at = hole.at
  }
  sink.put(home, at, to)
}

/** By the beginning of the time that has the same text: there are some thousand. */
const ages = new Map<number, Buffer>()

function ageOf(ms: number): Buffer {
  const from = ageStart(ms)
  let text = ages.get(from)
  if (!text) {
    text = Buffer.from(quoted(Number.isFinite(ms) ? age(from) : '<unknown>'))
    if (ages.size < AGES_MAX) ages.set(from, text)
  }
  return text
}
const AGES_MAX = 10_000
