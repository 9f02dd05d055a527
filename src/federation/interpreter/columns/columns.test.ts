import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Cell, Column, KubeObject } from '../../../machinery/meta/core.ts'
import { parseJson } from '../../../machinery/meta/json.ts'
import { age } from '../../../machinery/server/age.ts'
import { CLUSTERS_ANNOTATION } from '../marks.ts'
import { clusterColumn, clustersColumn, columnsFor } from './columns.ts'
import type { PrinterColumn } from './custom.ts'
import { columnsFromPrinterColumns } from './custom.ts'

interface Case { group: string; kind: string; now: number; columns: { name: string; type: string; format: string; priority: number }[]; rows: { object: KubeObject; cells: unknown[] }[]; printerColumns?: PrinterColumn[] }
const { cases } = parseJson(readFileSync(new URL('../../../../test/cases/columns/kubernetes.json', import.meta.url), 'utf8')) as { cases: Case[] }

const print = (cell: Cell, now: number) => (cell === null || typeof cell !== 'object' ? cell : 'since' in cell ? age(now - cell.since) : 'live' in cell ? cell.live(now) : cell)

describe.each(cases)('$group/$kind as a kube-apiserver shows it', ({ group, kind, now, columns: expected, rows, printerColumns }) => {
  const columns: readonly Column[] = printerColumns ? columnsFromPrinterColumns(printerColumns) : columnsFor(group, kind)!

  test('columns', () => expect(columns.map(({ name, type, format = '', priority = 0 }) => ({ name, type, format, priority }))).toEqual(expected))

  test.each(rows.map(({ object, cells }) => ({ name: object.metadata.name, object, cells })))('$name', ({ object, cells }) =>
    expect(columns.map(({ cell }) => print(cell(object), now))).toEqual(cells.slice(0, columns.length).map((cell) => (JSON.isRawJSON(cell) ? Number(cell.rawJSON) : cell))))
})

test('Clusters counts those that report now', () => {
  const down = new Set<string>(), { cell } = clustersColumn((cluster) => !down.has(cluster)), row = cell({ metadata: { annotations: { [CLUSTERS_ANNOTATION]: 'member1,member2,member3' } } })
  expect(print(row, 0)).toBe('3/3')
  down.add('member2')
  expect(print(row, 0)).toBe('2/3')
  expect(print(cell({ metadata: {} }), 0)).toBe('0/0')
})

test('Cluster is shown with -o wide', () => {
  expect(clusterColumn.priority).toBe(1)
  expect(clusterColumn.cell({ metadata: { labels: { 'cluster.federation/name': 'member1' } } })).toBe('member1')
})
