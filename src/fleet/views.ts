import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { SetBack } from '../federation/member/member-caches.ts'
import type { Cache } from '../machinery/cache/cache.ts'
import type { Kind } from '../machinery/meta/core.ts'
import { isReason } from '../machinery/meta/status-error.ts'
import { timesSetBackOf, type Epochs, type EpochState } from './epochs.ts'
import type { CacheLease, FleetMember } from './fleet-member.ts'
import type { ViewLease } from './fleet-reader.ts'
import { MergedView, type Combine } from './merged-view.ts'
import type { SourceState, ViewSource } from './view-source.ts'

interface OpenView { readonly view: MergedView; readonly clusters: readonly string[] | undefined; readonly leases: Map<FleetMember['source']['id'], CacheLease & { readonly timesSetBack: number }>; users: number; idleSince: number }

/** The open merged views of one kind in one fleet: all clusters, and any subset that someone asks for. */
export class Views {
  readonly #options: { kind: Kind; combine: Combine; epochs: Epochs; clock: Clock; logger: Logger; idleMs: number }
  readonly #open = new Map<string, OpenView>()
  #members: readonly FleetMember[] = []
  #epoch: EpochState

  constructor(options: { kind: Kind; combine: Combine; epochs: Epochs; clock: Clock; logger: Logger; idleMs: number }) {
    this.#options = options
    this.#epoch = options.epochs.current
  }

  get isOpen(): boolean { return this.#open.has(ALL) }

  /** `clusters` undefined: all members. */
  open(clusters: readonly string[] | undefined): ViewLease {
    const key = clusters?.join() ?? ALL
    let open = this.#open.get(key)
    // A source that was too large may have become smaller.
    if (open?.users === 0 && open.view.states().some(({ state }) => state.state === 'full')) {
      this.#close(key, open)
      open = undefined
    }
    if (!open) {
      const { kind, combine, epochs, clock, logger } = this.#options
      const onError = (error: unknown, { cluster, id, cache, state }: ViewSource) => {
        const opened = this.#open.get(key), end = () => { if (opened?.view === view) this.#close(key, opened, error instanceof Error ? error : undefined) }
        // What it holds is to be freed, and without this source there is no list: whoever watches is told so.
        if (state().state === 'full' && opened?.view === view) { end(); return }
        logger.debug({ error: String(error), cluster, resource: kind.plural }, 'a merged view takes another cache of a source')
        // Its new caches come with the epoch that begins for it: `use`.
        if (error instanceof SetBack && cache.isClosed) return
        // What its versions said before means other states now, or it is another cluster, and no epoch begins for that: whoever reads begins anew, as with a kube-apiserver that was restored.
        if (isReason(error, 'Expired')) end()
        else void this.#renew(key, id, cache)
      }
      const view = new MergedView({ kind, combine, epochs, clock, onError })
      open = { view, clusters, leases: new Map(), users: 0, idleSince: clock.now() }
      this.#open.set(key, open)
      this.#feed(open)
    }
    const held = open
    held.users++
    let isHeld = true
    return {
      view: held.view,
      release: () => {
        if (!isHeld) return
        isHeld = false
        held.users--
        held.idleSince = this.#options.clock.now()
      },
    }
  }

  /** What the view of all members holds of a row; undefined while nobody reads it. */
  row(key: string): ReturnType<MergedView['rowOf']> | undefined {
    const view = this.#open.get(ALL)?.view
    return view?.cache.isReady ? view.rowOf(key) : undefined
  }

  /** How far a cluster can be trusted, while somebody reads the kind. */
  stateOf(cluster: string): SourceState | undefined { return this.#open.get(ALL)?.view.stateOf(cluster) }

  /** The members that serve the kind, from now on. */
  use(epoch: EpochState, members: readonly FleetMember[]): void {
    this.#epoch = epoch
    this.#members = members
    for (const open of this.#open.values()) this.#feed(open)
  }

  /** Drops what nobody has read for a while. */
  dropIdle(): void {
    const before = this.#options.clock.now() - this.#options.idleMs
    for (const [key, open] of this.#open) if (open.users === 0 && open.idleSince < before) this.#close(key, open)
  }

  close(): void { for (const [key, open] of this.#open) this.#close(key, open) }

  #close(key: string, { view, leases }: OpenView, error?: Error): void {
    this.#open.delete(key)
    view.stop(error)
    for (const lease of leases.values()) lease.release()
  }

  /** A member's caches are dropped when it is refused, or becomes another cluster; if it stays, the view goes on with new ones. */
  async #renew(key: string, id: string, cache: Cache): Promise<void> {
    await this.#options.clock.sleep(RENEW_MS)
    const open = this.#open.get(key), lease = open?.leases.get(id)
    if (!open || lease?.cache !== cache) return
    open.leases.delete(id)
    lease.release()
    this.#feed(open)
  }

  #feed(open: OpenView): void {
    const { view, clusters, leases } = open, chosen = this.#members.filter(({ cluster }) => !clusters || clusters.includes(cluster)), wanted = new Set(chosen.map(({ source }) => source.id))
    const left = [...leases].filter(([id]) => !wanted.has(id))
    for (const { source: { id }, lease } of chosen) {
      const held = leases.get(id), timesSetBack = timesSetBackOf(this.#epoch, id)
      const isOfBefore = held !== undefined && held.timesSetBack < timesSetBack && held.cache.isClosed
      if (held && !isOfBefore) continue
      leases.set(id, { ...lease(this.#options.kind), timesSetBack })
      held?.release()
    }
    view.use(this.#epoch, chosen.map(({ cluster, source: { id } }) => { const { cache, state, reachBack } = leases.get(id)!; return { cluster, id, cache, state, reachBack } }))
    for (const [id, lease] of left) { leases.delete(id); lease.release() }
  }
}

const ALL = '*', RENEW_MS = 500
