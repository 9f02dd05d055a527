import type { Cache } from '../machinery/cache/cache.ts'
import type { Position } from '../machinery/meta/core.ts'

/** How far a source's copy of one kind can be trusted. Missing data is unknown, never absence. */
export type SourceState =
  | { readonly state: 'syncing'; readonly since: number }
  | { readonly state: 'synced' }
  /** Answers from what was last known. `since`: milliseconds since the epoch. `garbled`: it answers, and not with what can be read. */
  | { readonly state: 'stale'; readonly since: number; readonly reason: string; readonly garbled?: boolean }
  /** Never synced, and not answering. */
  | { readonly state: 'failed'; readonly since: number; readonly reason: string; readonly garbled?: boolean }
  /** There is more than may be held: nothing is, and no list can be made. */
  | { readonly state: 'full'; readonly reason: string }

/** One cluster's objects of one kind, as a merged view reads them. `cluster` is '' for the host. */
export interface ViewSource {
  readonly cluster: string
  /** Its identity in the ledger of epochs. */
  readonly id: string
  readonly cache: Cache
  readonly state: () => SourceState
  /** Has the cache know what came since `position`, too, if that can be had. Absent: it knows all that there is to know. */
  readonly reachBack?: ((position: Position, signal: AbortSignal) => Promise<void>) | undefined
}
