import { expect, test } from 'vitest'
import { SlabEntry } from '../machinery/cache/slab-entry.ts'
import type { EpochState } from './epochs.ts'
import { MergeLog } from './merge-log.ts'

const current: EpochState = { number: 2, slots: [{ source: 'a', base: 0 }], active: ['a'], bases: [0], minimumDigits: 0 }, of = { known: new Map([[2, current]]), current }
const previous = SlabEntry.of({ metadata: { name: 'web', resourceVersion: '1' }, text: 'x'.repeat(1_000) })
/** Rows that changed at the versions 1 to `count`, of a kilobyte each. */
function logOf(count: number, bytesMax: number): MergeLog {
  const log = new MergeLog({ bytesMax: () => bytesMax })
  log.start(2, [0])
  for (let version = 1; version <= count; version++) log.push({ row: `web-${version}`, position: String(version), slot: 0, version, epoch: 0, previous })
  return log
}

test.each([
  ['all of what fits is known', 50, 100_000, 50, 0],
  ['bytes bound it, and what is not known any more is a gap', 100, 60_000, 40, 60],
  ['lines bound it', 15_001, Infinity, 10_000, 5_001],
] as const)('%s', (_, count, bytesMax, lines, until) => {
  const since = logOf(count, bytesMax).since(2, [0], of)!
  expect([since.lines.length, since.lines.at(-1)!.row, since.gaps]).toEqual([lines, `web-${count}`, until === 0 ? [] : [{ slot: 0, from: 0, until }]])
})
