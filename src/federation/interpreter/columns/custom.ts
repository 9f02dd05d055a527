import type { Cell, Column } from '../../../machinery/meta/core.ts'
import { column, name, numberOf, plain, since } from './column.ts'
import type { Finder } from './json-path.ts'
import { compileJsonPath } from './json-path.ts'

/** As a CustomResourceDefinition's version has them. */
export interface PrinterColumn { readonly name: string; readonly type: string; readonly jsonPath: string; readonly format?: string; readonly description?: string; readonly priority?: number }

/** Columns of a custom kind: Name, then its own. A path that cannot be read leaves its column empty. */
export const columnsFromPrinterColumns = (columns: readonly PrinterColumn[]): readonly Column[] => [name, ...columns.map(customColumn)]

function customColumn({ name, type, jsonPath, format = '', description, priority = 0 }: PrinterColumn): Column {
  const find = compile(jsonPath), { reads } = find
  return { ...column(name, (object) => customCell(type, find(object)), { type: type as Column['type'], format, ...(reads && { reads }) }), ...(description !== undefined && { description }), ...(priority > 0 && { priority }) }
}

function compile(path: string): Finder {
  try {
    return compileJsonPath(path)
  } catch (error) {
    if (error instanceof SyntaxError) return Object.assign(() => undefined, { reads: [] })
    throw error
  }
}

/** A value of another type than the column's is shown as nothing (apiextensions-apiserver's table convertor). */
function customCell(type: string, value: unknown): Cell {
  if (value === undefined) return null
  // Go prints a null as this, and knows no other text for it.
  if (value === null) return type === 'string' ? '<no value>' : null
  const isNumber = typeof value === 'number' || JSON.isRawJSON(value)
  switch (type) {
    case 'integer': return isNumber ? Math.trunc(numberOf(value)) : null
    case 'number': return isNumber ? numberOf(value) : null
    case 'boolean': return typeof value === 'boolean' ? value : null
    case 'string': return plain(value)
    case 'date': return typeof value === 'string' ? dateCell(value) : null
    default: return null
  }
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/
const dateCell = (text: string): Cell => (text === '' || text === 'null' ? '<unknown>' : RFC3339.test(text) ? since(text) : '<invalid>')
