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
    put(sink, '{"cells":[')
    const cells = cellsOf(rows, kind, entry)
    writeCells(sink, cells, now)
    put(sink, cells.end)
    switch (include) {
      case 'None': put(sink, ',"object":null}'); break
      case 'Object': sink.put(beforeObject); entry.emit(sink, position); put(sink, '}'); break
      default: sink.put(beforeMetadata); entry.emitMetadata(sink, position); put(sink, '}}')
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

/** Cells as JSON text with holes: `texts[i]` comes before `holes[i]`. `end`: what follows the last cell. */
interface Cells { readonly texts: readonly Buffer[]; readonly holes: readonly Hole[]; readonly end: string }
type Hole = { readonly since: number } | { readonly live: () => string }
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
  const object = entry.parse(rows.reads), texts = [''], holes: Hole[] = []
  columns.forEach((column, index) => {
    if (index > 0) texts[texts.length - 1] += ','
    const cell = column.cell(object)
    if (isHole(cell)) { holes.push(cell); texts.push('') } else texts[texts.length - 1] += stringifyJson(cell)
  })
  const conditions = rowConditions?.of(object) ?? [], cells = { texts: texts.map((text) => Buffer.from(text)), holes, end: conditions.length > 0 ? `],"conditions":${stringifyJson(conditions)}` : ']' }
  rows.cells.set(entry, cells)
  return cells
}

const isHole = (cell: Cell): cell is Hole => typeof cell === 'object' && cell !== null && !Array.isArray(cell)

function writeCells(sink: Sink, { texts, holes }: Cells, now: number): void {
  texts.forEach((text, index) => {
    if (text.length > 0) sink.put(text)
    const hole = holes[index]
    if (hole) put(sink, 'since' in hole ? `"${Number.isFinite(hole.since) ? age(now - hole.since) : '<unknown>'}"` : stringifyJson(hole.live()))
  })
}
