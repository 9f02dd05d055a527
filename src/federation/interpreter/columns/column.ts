/** What the columns of many kinds are made of. Cells are what kube-apiserver's own printers give, empty and missing values included (pkg/printers/internalversion). */
import { labelSelectorFromObject } from '../../../machinery/meta/label-selector.ts'
import type { Cell, Column, FieldPath, KubeObject } from '../../../machinery/meta/core.ts'
import { canonicalJson } from '../../../machinery/apply/go-text.ts'
import { isJsonObject } from '../../../machinery/meta/json-value.ts'

/** `reads`: see Column. */
export interface ColumnOptions { readonly reads?: readonly FieldPath[]; readonly type?: Column['type']; readonly format?: string; readonly wide?: boolean }

export const column = (name: string, cell: (object: KubeObject) => Cell, { type = 'string', format = '', wide = false, reads }: ColumnOptions = {}): Column => ({ name, type, format, ...(wide && { priority: 1 }), ...(reads && { reads }), cell })

/** The field at a dotted path as text, or `absent`. */
export const text = (name: string, path: string, { absent = '', ...options }: ColumnOptions & { readonly absent?: string } = {}): Column => {
  const members = path.split('.')
  return column(name, (object) => { const value = valueAt(object, members); return value === undefined || value === null || value === '' ? absent : plain(value) }, { reads: [path], ...options })
}

/** The number at a dotted path, or 0. The column's type is that of kube-apiserver's, which calls some numbers strings. */
export const count = (name: string, path: string, options: ColumnOptions = {}): Column => {
  const members = path.split('.')
  return column(name, (object) => numberOf(valueAt(object, members)), { type: 'integer', reads: [path], ...options })
}

/** How many items or members the field at a dotted path has. */
export const size = (name: string, path: string, options: ColumnOptions = {}): Column => {
  const members = path.split('.')
  return column(name, (object) => { const value = valueAt(object, members); return Array.isArray(value) ? value.length : isJsonObject(value) ? Object.keys(value).length : 0 }, { type: 'integer', reads: [path], ...options })
}

export const boolean = (name: string, path: string, absent = false): Column => {
  const members = path.split('.')
  return column(name, (object) => { const value = valueAt(object, members); return typeof value === 'boolean' ? value : absent }, { type: 'boolean', reads: [path] })
}

export const name: Column = column('Name', ({ metadata }) => metadata.name ?? '', { format: 'name', reads: ['metadata.name'] })
export const age: Column = column('Age', ({ metadata }) => since(metadata.creationTimestamp), { reads: ['metadata.creationTimestamp'] })
/** Of kinds that kube-apiserver has no printer for. */
export const createdAt: Column = column('Created At', ({ metadata }) => metadata.creationTimestamp ?? null, { type: 'date', reads: ['metadata.creationTimestamp'] })

/** A hole for the age of an RFC 3339 time. */
export function since(time: unknown): Cell {
  const ms = typeof time === 'string' ? Date.parse(time) : Number.NaN
  return Number.isNaN(ms) ? '<unknown>' : { since: ms }
}

export function valueAt(object: unknown, members: readonly string[]): unknown {
  let value = object
  for (const member of members) {
    if (!isJsonObject(value)) return undefined
    value = value[member]
  }
  return value
}

export const numberOf = (value: unknown): number => (typeof value === 'number' ? value : JSON.isRawJSON(value) ? Number(value.rawJSON) : 0)
export const plain = (value: unknown): string => (typeof value === 'string' ? value : JSON.isRawJSON(value) ? value.rawJSON : canonicalJson(value))

export function formatLabels(labels: unknown): string {
  return isJsonObject(labels) && Object.keys(labels).length > 0 ? Object.entries(labels).map(([key, value]) => `${key}=${plain(value)}`).toSorted().join(',') : '<none>'
}

/** `none` for a selector that is absent or empty, `invalid` for one that cannot be read. */
export function formatSelector(selector: unknown, none = '<none>', invalid = '<error>'): string {
  try {
    return isJsonObject(selector) ? labelSelectorFromObject(selector).toString() || none : none
  } catch {
    return invalid
  }
}

/** The columns of everything with a pod template at `path`. */
export function containerColumns(path: string, { wide = true }: { readonly wide?: boolean } = {}): readonly Column[] {
  const members = [...path.split('.'), 'spec', 'containers']
  const joined = (field: 'name' | 'image') => (object: KubeObject) => ((valueAt(object, members) as Record<string, string | undefined>[] | undefined) ?? []).map((container) => container[field] ?? '').join(',')
  return [column('Containers', joined('name'), { wide, reads: [`${path}.spec.containers.name`] }), column('Images', joined('image'), { wide, reads: [`${path}.spec.containers.image`] })]
}

export const selectorColumn = (path: string): Column => { const members = path.split('.'); return column('Selector', (object) => formatSelector(valueAt(object, members)), { wide: true, reads: [path] }) }
