import type { Cell, Entry, FieldPath, Kind, Sink } from '../meta/core.ts'
import { stringifyJson } from '../meta/json.ts'
import { age } from './age.ts'
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

/** A row up to its object, as JSON text with holes: each is filled in before the byte `at`, in order. */
interface Cells { readonly text: Buffer; readonly holes: readonly { readonly at: number; readonly cell: Hole }[] }
type Hole = { readonly since: number } | { readonly live: (now: number) => string }
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
  const object = entry.parse(rows.reads), holes: { at: number; cell: Hole }[] = []
  let text = '{"cells":['
  columns.forEach((column, index) => {
    if (index > 0) text += ','
    const cell = column.cell(object)
    if (isHole(cell)) holes.push({ at: Buffer.byteLength(text), cell })
    else text += typeof cell === 'string' ? quoted(cell) : stringifyJson(cell)
  })
  const conditions = rowConditions?.of(object) ?? [], cells = { text: Buffer.from(conditions.length > 0 ? `${text}],"conditions":${stringifyJson(conditions)}` : `${text}]`), holes }
  rows.cells.set(entry, cells)
  return cells
}

const isHole = (cell: Cell): cell is Hole => typeof cell === 'object' && cell !== null && !Array.isArray(cell)

/** Texts that need no escapes are most. */
const PLAIN = /^[\w .,:;/@()=%+*-]*$/
const NONE = '<none>', NONE_QUOTED = stringifyJson(NONE)
const quoted = (text: string): string => (text === NONE ? NONE_QUOTED : PLAIN.test(text) ? `"${text}"` : stringifyJson(text))

function writeCells(sink: Sink, { text, holes }: Cells, now: number): void {
  let from = 0
  for (const { at, cell } of holes) {
    sink.put(text, from, at)
    if ('since' in cell) sink.put(ageOf(now - cell.since))
    else put(sink, quoted(cell.live(now)))
    from = at
  }
  sink.put(text, from, text.length)
}

/** By whole seconds, which is all that they depend on. Rows that were made together, and those of an hour ago in the next hour, have the same ones. */
const ages = new Map<number, Buffer>(), AGES_MAX = 4_096

function ageOf(ms: number): Buffer {
  const seconds = Math.trunc(ms / 1000)
  let text = ages.get(seconds)
  if (!text) {
    text = Buffer.from(quoted(Number.isFinite(ms) ? age(seconds * 1000) : '<unknown>'))
    if (ages.size >= AGES_MAX) ages.clear()
    ages.set(seconds, text)
  }
  return text
}
