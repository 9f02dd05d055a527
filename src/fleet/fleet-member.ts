import type { Cache } from '../machinery/cache/cache.ts'
import type { Handler, Kind, Page, Query, Request, Response } from '../machinery/meta/core.ts'
import type { CustomKind } from './custom-kinds.ts'
import type { EpochSource } from './epochs.ts'
import type { DiscoveredKind } from '../federation/member/discovery.ts'
import type { SourceState, ViewSource } from './view-source.ts'

/** The objects of one kind in one cluster, kept while someone holds the lease. */
export interface CacheLease { readonly cache: Cache; readonly state: () => SourceState; readonly reachBack?: ViewSource['reachBack']; readonly release: () => void }

/** A cluster as a fleet reads it. The host is one too: `cluster` '', its Namespaces, and those of its Events and Leases that are the fleet's. */
export interface FleetMember {
  readonly cluster: string
  /** Its identity in the ledger of epochs: changes when another cluster answers under this name. */
  readonly source: EpochSource
  /** What it serves, as far as known: a kind once served stays, whether the member answers or not. */
  readonly kinds: readonly DiscoveredKind[]
  /** False: what is shown of it is what was last known. */
  isReporting(): boolean
  readonly lease: (kind: Kind) => CacheLease
  /** That it was found to be set back, as after a restore, `times` before, and not yet counted in the ledger of epochs. Absent: what notices that (the host) has its readers begin anew. */
  readonly setBack?: () => { readonly times: number; readonly version: number } | undefined
  /** How often it was set back, as the ledger has it: what was leased before the last time is closed. */
  readonly countSetBacks?: (times: number) => void
  /** Where not all that `handler` answers is the fleet's (the host), or nothing has to be asked (templates). */
  readonly read?: (query: Query, signal: AbortSignal, kind: Pick<Kind, 'group' | 'version' | 'plural'>) => Promise<Page>
  /** Asks the member as this server; answers ServiceUnavailable while it cannot be reached. */
  readonly handler: Handler
  /** Passes a request on to another path: to a member as the user who makes it, to the host as this server. Absent: nobody writes there this way (templates). */
  readonly pass?: (path: string, request: Request, signal: AbortSignal) => Promise<Response>
  /** What is said of a custom kind, once known. */
  customKind(kind: DiscoveredKind): CustomKind | undefined
}
