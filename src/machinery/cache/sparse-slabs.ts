import { Slab, STATE_SLAB_BYTES } from './slab.ts'
import { SlabEntry } from './slab-entry.ts'
import type { Runs } from './sorted-entries.ts'

/**
 * Moves entries out of slabs that hold little else by now, a run per step. One living entry keeps its whole slab, and objects are written several times before they come to rest:
 * without this a cache that is fed by watches holds a multiple of what it lists.
 */
export function* leaveSparseSlabs(runs: Runs): Generator<void> {
  const living = new Map<Buffer, number>()
  for (const run of runs) {
    for (const entry of run) if (entry instanceof SlabEntry) living.set(entry.home, (living.get(entry.home) ?? 0) + entry.size)
    yield
  }
  for (const [slab, bytes] of living) if (bytes >= slab.length * DENSE) living.delete(slab)
  if (living.size === 0) return
  const slab = new Slab(STATE_SLAB_BYTES)
  for (const run of runs) {
    for (const entry of run) if (entry instanceof SlabEntry && living.has(entry.home)) entry.moveTo(slab)
    yield
  }
}

const DENSE = 0.75
