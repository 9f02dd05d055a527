import type { Clock } from '../lib/clock.ts'
import type { Batch, Kind, ListerWatcher, ListQuery, Page, Query, WatchQuery } from '../machinery/meta/core.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import { restrictClusters } from './cluster-restriction.ts'
import type { MergedView } from './merged-view.ts'

/** A view someone reads from; released when done, so that kinds nobody reads are dropped. */
export interface ViewLease { readonly view: MergedView; readonly release: () => void }

interface FleetReaderOptions {
  readonly kind: Kind
  /** Folded rows are merged from the clusters that a label selector chooses; identity-bound rows carry the label. */
  readonly restrictsClusters: boolean
  readonly clusters: () => readonly string[]
  /** Those that serve the kind in other versions only. */
  readonly otherVersions: () => readonly string[]
  readonly open: (clusters: readonly string[] | undefined) => ViewLease
  readonly isOpen: () => boolean
  /** Asks the members themselves; `clusters` undefined: all of them. */
  readonly direct: (query: Query, clusters: readonly string[] | undefined, signal: AbortSignal) => Promise<Page>
  /** The members can be listed only. */
  readonly isUnwatchable: boolean
  readonly clock: Clock
  /** How long a read waits for members that have not synced yet. */
  readonly graceMs: number
}

/** A fleet's objects of one kind, as everything above reads them. */
export class FleetReader implements ListerWatcher {
  readonly kind: Kind
  readonly #options: FleetReaderOptions

  constructor(options: FleetReaderOptions) {
    this.kind = options.kind
    this.#options = options
  }

  /** Errors besides those of a Cache: ServiceUnavailable while members have not synced yet. */
  async list(query: ListQuery, signal: AbortSignal): Promise<Page> {
    const { direct, isOpen, isUnwatchable } = this.#options, { query: rest, clusters } = this.#restrict(query)
    if (isUnwatchable || (query.name !== undefined && !query.at && !isOpen())) return direct(rest, clusters, signal)
    const { view, release } = this.#options.open(clusters)
    try {
      if (query.name !== undefined && !query.at && fullOf(view)) return await direct(rest, clusters, signal)
      await this.#ready(view, signal)
      const page = await view.cache.list(rest, signal)
      return { ...page, warnings: [...page.warnings, ...staleness(view, this.#options.clock.now()), ...(clusters ? [] : this.#leftOut())] }
    } finally {
      release()
    }
  }

  async *watch(query: WatchQuery, signal: AbortSignal): AsyncGenerator<Batch> {
    if (this.#options.isUnwatchable) throw StatusError.methodNotAllowed({ group: this.kind.group, resource: this.kind.plural }, 'watch')
    const { query: rest, clusters } = this.#restrict(query), { view, release } = this.#options.open(clusters)
    try {
      await this.#ready(view, signal)
      yield* view.watch(rest, signal)
    } finally {
      release()
    }
  }

  #restrict<Q extends Query>(query: Q): { query: Q; clusters: readonly string[] | undefined } {
    return this.#options.restrictsClusters ? restrictClusters(query, this.kind, this.#options.clusters()) : { query, clusters: undefined }
  }

  /** One text per cluster whose objects are not shown. */
  #leftOut(): string[] {
    const { group, version, plural } = this.kind
    return this.#options.otherVersions().map((cluster) => `cluster ${cluster} does not serve version ${version} of ${group ? `${plural}.${group}` : plural}: its objects are left out`)
  }

  async #ready(view: MergedView, signal: AbortSignal): Promise<void> {
    refuseFull(view)
    if (view.cache.isReady) return
    const { clock, graceMs } = this.#options, done = new AbortController()
    const stop = () => done.abort()
    signal.addEventListener('abort', stop, { once: true })
    const late = clock.sleep(graceMs, done.signal).then(() => true)
    // A source that is known not to answer is waited for no longer: its state is looked at again and again.
    const settle = (async () => { while (!done.signal.aborted && !view.cache.isReady && !fullOf(view)) { view.settle(); await clock.sleep(SETTLE_MS, done.signal) } })()
    try {
      const isLate = await Promise.race([view.cache.ready.then(() => false), late, settle.then(() => false)])
      signal.throwIfAborted()
      refuseFull(view)
      if (!isLate || view.cache.isReady) return
      const waiting = view.states().filter(({ state }) => state.state === 'syncing').map(({ cluster }) => cluster)
      throw StatusError.unavailable(`${this.kind.plural} of ${waiting.length === 1 ? 'cluster' : 'clusters'} ${waiting.map((cluster) => cluster || '(host)').join(', ')} are not synced yet`, 1)
    } finally {
      done.abort()
      signal.removeEventListener('abort', stop)
      await settle
    }
  }
}

const SETTLE_MS = 100

const fullOf = (view: MergedView): string | undefined => view.states().map(({ state }) => (state.state === 'full' ? state.reason : '')).find(Boolean)

/** Without one cluster's objects a list would look as if they did not exist. */
function refuseFull(view: MergedView): void {
  const reason = fullOf(view)
  if (reason !== undefined) throw StatusError.unavailable(reason)
}

/** One text per cluster whose objects may be out of date. */
function staleness(view: MergedView, now: number): string[] {
  return view.states().flatMap(({ cluster, objects, state }) => {
    if (state.state !== 'stale' && state.state !== 'failed') return []
    const seconds = Math.max(0, Math.round((now - state.since) / 1000))
    const what = cluster === '' ? 'the host cluster' : `cluster ${cluster}`
    return [`${what} ${state.garbled ? `has sent what cannot be read (${state.reason})` : 'unreachable'} for ${seconds}s: ${state.state === 'stale' ? `${objects} objects may be stale` : 'its objects are unknown'}`]
  })
}
