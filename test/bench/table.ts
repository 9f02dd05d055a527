/**
 * What Tables cost without the wire: pages of 500 pods and all rows of merged Deployments, as kubectl asks for them (rows carry the objects' metadata). Cold: no cell was made yet. Each beside the same objects as
 * plain JSON out of the same caches, which is copying, and cold pages beside parsing the objects. `BENCH_PODS` makes quick runs.
 */
import { foldedUid } from '../../src/federation/interpreter/folded-uid.ts'
import { clusterColumn, clustersColumn, columnsFor, rowConditionsFor } from '../../src/federation/interpreter/columns/columns.ts'
import { fold } from '../../src/federation/interpreter/fold.ts'
import { folded, identityBound } from '../../src/fleet/combine.ts'
import { recycle } from '../../src/machinery/cache/chunk-sink.ts'
import { SlabEntry } from '../../src/machinery/cache/slab-entry.ts'
import { Slab } from '../../src/machinery/cache/slab.ts'
import type { Entry, Kind, KubeObject, Page } from '../../src/machinery/meta/core.ts'
import { plainShape } from '../../src/machinery/server/object-shapes.ts'
import { listChunks, type Shape } from '../../src/machinery/server/shape.ts'
import { tableShape } from '../../src/machinery/server/table.ts'
import { testKind } from '../suites/test-kind.ts'
import type { BenchRow } from './cache.ts'
import { servedDeployment, servedPod } from './load/cluster-objects.ts'
import { median } from './load/turns.ts'

const PODS = Number(process.env['BENCH_PODS'] ?? 10_000), DEPLOYMENTS = 2_000, PAGE = 500, ROUNDS = 15, WARM_TURNS = 10
/** As a fleet of three members writes it. */
const POSITION = `3${'0000012345'.repeat(5)}`, NOW = Date.parse('2026-02-01T00:00:00Z'), CLUSTERS = ['member1', 'member2', 'member3']

export function run(): Promise<BenchRow[]> {
  return Promise.resolve([
    ...rowsOf(`a page of ${PAGE} pods`, kindOf('', 'Pod'), pods(), PAGE),
    ...rowsOf(`${DEPLOYMENTS} merged Deployments`, kindOf('apps', 'Deployment'), deployments(), DEPLOYMENTS),
  ])
}

function kindOf(group: string, name: string): () => Kind {
  const rowConditions = rowConditionsFor(group, name)
  // Cells are kept by columns: other columns have none yet.
  return () => ({ ...testKind(), group, kind: name, columns: [...columnsFor(group, name)!, name === 'Pod' ? clusterColumn : clustersColumn(() => true)], ...(rowConditions && { rowConditions }) })
}

/** In slabs, as members' lists leave them. */
function held(objects: readonly object[]): SlabEntry[] {
  const slab = new Slab(4 << 20)
  return objects.map((object, i) => { const entry = SlabEntry.of(withVersion(object, String(1_000_000 + i))); entry.moveTo(slab); return entry })
}
const withVersion = (object: object, resourceVersion: string) => ({ ...object, metadata: { ...(object as KubeObject).metadata, resourceVersion } })

function pods(): Entry[] {
  const combine = identityBound('Pod', () => undefined)
  return held(Array.from({ length: PODS }, (_, i) => servedPod(i))).map((entry) => combine.merge(`${entry.key}@member1`, [{ cluster: 'member1', entry }], POSITION))
}

function deployments(): Entry[] {
  const copies = CLUSTERS.map(() => held(Array.from({ length: DEPLOYMENTS }, (_, i) => servedDeployment(i)))), of = { group: 'apps', kind: 'Deployment' }
  const combine = folded((those) => fold(of, those, { uid: foldedUid({ fleetId: '00000000-0000-4000-8000-000000000000', set: 'default', ...of, namespace: '', name: 'web' }), scalable: true }))
  return copies[0]!.map(({ key }, i) => combine.merge(key, CLUSTERS.map((cluster, at) => ({ cluster, entry: copies[at]![i]! })), POSITION))
}

function rowsOf(name: string, kind: () => Kind, entries: readonly Entry[], size: number): BenchRow[] {
  const pages = Array.from({ length: Math.ceil(entries.length / size) }, (_, at): Page => ({ entries: entries.slice(at * size, (at + 1) * size), position: POSITION, warnings: [] })), each = (work: (page: Page) => void) => () => { for (const page of pages) work(page) }
  const cold: number[] = [], warm: number[] = [], plain: number[] = [], parse: number[] = [], warmTurns = Math.ceil(WARM_TURNS / pages.length), inPlain = plainShape(kind())
  for (let round = 0; round <= ROUNDS; round++) {
    const shape = tableShape(kind(), 'Metadata', 'v1'), times = [
      milliseconds(each((page) => { written(shape, page) })),
      milliseconds(() => { for (let turn = 0; turn < warmTurns; turn++) each((page) => { written(shape, page) })() }) / warmTurns,
      milliseconds(each((page) => { written(inPlain, page) })),
      milliseconds(each((page) => { for (const entry of page.entries) entry.parse() })),
    ]
    if (round > 0) for (const [at, list] of [cold, warm, plain, parse].entries()) list.push(times[at]! / pages.length)
  }
  const bytes = written(tableShape(kind(), 'Metadata', 'v1'), pages[0]!), plainBytes = written(inPlain, pages[0]!)
  const copying = { name: 'copying as many bytes, as plain JSON', value: (median(plain) * bytes) / plainBytes }
  return [
    { name: `Table, ${name}, cold`, value: median(cold), unit: 'ms', than: { name: 'parsing the objects', value: median(parse) }, better: 'lower' },
    { name: `Table, ${name}, warm, ${Math.round(bytes / 1000)} KB`, value: median(warm), unit: 'ms', than: copying, better: 'lower' },
  ]
}

function milliseconds(work: () => void): number {
  const begin = performance.now()
  work()
  return performance.now() - begin
}

/** As a socket takes it. */
function written(shape: Shape, page: Page): number {
  let bytes = 0
  for (const chunk of listChunks(shape, page, undefined, NOW)) { bytes += chunk.length; recycle(chunk) }
  return bytes
}
