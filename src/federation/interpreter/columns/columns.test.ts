import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Seeded } from '../../../../test/suites/seeded.ts'
import { SlabEntry } from '../../../machinery/cache/slab-entry.ts'
import type { Cell, Column, KubeObject } from '../../../machinery/meta/core.ts'
import { isJsonObject } from '../../../machinery/meta/json-value.ts'
import { parseJson } from '../../../machinery/meta/json.ts'
import { age } from '../../../machinery/server/age.ts'
import { CLUSTERS_ANNOTATION, TARGETS_ANNOTATION } from '../marks.ts'
import { clusterColumn, clustersColumn, columnsFor, rowConditionsFor } from './columns.ts'
import type { PrinterColumn } from './custom.ts'
import { columnsFromPrinterColumns } from './custom.ts'

interface Case { group: string; kind: string; now: number; columns: { name: string; type: string; format: string; priority: number }[]; rows: { object: KubeObject; cells: unknown[] }[]; printerColumns?: PrinterColumn[] }
const { cases } = parseJson(readFileSync(new URL('../../../../test/cases/columns/kubernetes.json', import.meta.url), 'utf8')) as { cases: Case[] }

const print = (cell: Cell, now: number) => (cell === null || typeof cell !== 'object' ? cell : 'since' in cell ? age(now - cell.since) : 'live' in cell ? cell.live(now) : cell)

const columnsOf = ({ group, kind, printerColumns }: Case): readonly Column[] => (printerColumns ? columnsFromPrinterColumns(printerColumns) : columnsFor(group, kind)!)

describe.each(cases)('$group/$kind as a kube-apiserver shows it', ({ now, columns: expected, rows, ...of }) => {
  const columns = columnsOf({ now, columns: expected, rows, ...of })

  test('columns', () => expect(columns.map(({ name, type, format = '', priority = 0 }) => ({ name, type, format, priority }))).toEqual(expected))

  test.each(rows.map(({ object, cells }) => ({ name: object.metadata.name, object, cells })))('$name', ({ object, cells }) =>
    expect(columns.map(({ cell }) => print(cell(object), now))).toEqual(cells.slice(0, columns.length).map((cell) => (JSON.isRawJSON(cell) ? Number(cell.rawJSON) : cell))))
})

/** Cells say what they look at, and objects are parsed no further. */
describe.each(cases)('$group/$kind of the fields that its columns name', ({ group, kind, now, rows, ...of }) => {
  const columns = [...columnsOf({ group, kind, now, rows, ...of }), clusterColumn, clustersColumn(() => true)], conditions = rowConditionsFor(group, kind), random = new Seeded()
  // A path that our own JSONPath does not understand may look at anything.
  const known = columns.filter(({ reads }) => reads), reads = [...known.flatMap((column) => column.reads!), ...(conditions?.reads ?? [])]
  const shown = (object: KubeObject) => [...known.map(({ cell }) => outcome(() => print(cell(object), now))), outcome(() => conditions?.of(object))]

  test('all of Kubernetes’ own do', () => expect(of.printerColumns ? [] : columns.filter((column) => !column.reads)).toEqual([]))

  test('are the same cells, whatever the object', () => {
    for (const { object } of rows) for (let round = 0; round < 60; round++) {
      const changed = structuredClone(object)
      changed.metadata.labels = { ...changed.metadata.labels, 'cluster.federation/name': 'member1' }
      for (let change = round === 0 ? 0 : random.int(4); change > 0; change--) disturb(changed, random)
      const entry = SlabEntry.of({ ...changed, metadata: readable(changed.metadata) })
      expect(shown(entry.parse(reads)), `SEED=${random.seed}: ${JSON.stringify(changed)}`).toEqual(shown(entry.parse()))
    }
  })
})

/** What is in a cache has a name, and labels that are a map. */
function readable(metadata: unknown): KubeObject['metadata'] {
  const { namespace: _n, labels, ...rest } = (isJsonObject(metadata) ? metadata : {}) as Record<string, unknown>
  return { ...rest, ...(isJsonObject(labels) && { labels: labels as Record<string, string> }), name: 'a' }
}

function outcome(work: () => unknown): unknown {
  try { return work() } catch (error) { return String(error).replace(/ \(.*/s, '') }
}

/** Somewhere in the object something is gone, of another type, or there twice. */
function disturb(object: object, random: Seeded): void {
  const names = Object.keys(object)
  if (names.length === 0) return
  const name = random.pick(names), fields = object as Record<string, unknown>, value = fields[name]
  if (typeof value === 'object' && value !== null && random.chance(0.8)) { disturb(value, random); return }
  const action = random.int(3)
  if (action === 0 && Array.isArray(object)) object.push(structuredClone(value))
  else if (action === 1 && !Array.isArray(object)) delete fields[name]
  else fields[name] = random.pick<unknown>([null, '', 'Ready', 'True', 0, 7, 1.5, true, [], {}, [{}], { name: 'x' }, '2026-01-01T00:00:00Z'])
}

test('Clusters counts those that report now', () => {
  const down = new Set<string>(), { cell } = clustersColumn((cluster) => !down.has(cluster)), row = cell({ metadata: { annotations: { [CLUSTERS_ANNOTATION]: 'member1,member2,member3' } } })
  expect(print(row, 0)).toBe('3/3')
  down.add('member2')
  expect(print(row, 1)).toBe('2/3')
  expect(print(cell({ metadata: { annotations: { [CLUSTERS_ANNOTATION]: 'member1,member2,member3', [TARGETS_ANNOTATION]: 'member1' } } }), 1)).toBe('1/1')
  expect(print(cell({ metadata: {} }), 0)).toBe('0/0')
})

test('Cluster is shown with -o wide', () => {
  expect(clusterColumn.priority).toBe(1)
  expect(clusterColumn.cell({ metadata: { labels: { 'cluster.federation/name': 'member1' } } })).toBe('member1')
})
