import { systemClock, type Clock } from '../../lib/clock.ts'
import type { Turn, Turns } from '../../lib/turns.ts'
import { Ingest, type ListEnvelope } from '../cache/ingest.ts'
import { Slab, STATE_SLAB_BYTES } from '../cache/slab.ts'
import type { SlabEntry } from '../cache/slab-entry.ts'
import { WatchIngest, type WatchEvent } from '../cache/watch-ingest.ts'
import type { Batch, Change, Handler, Kind, KubeObject, ListerWatcher, ListQuery, Page, Position, Query, WatchQuery } from '../meta/core.ts'
import { isReason, StatusError } from '../meta/status-error.ts'
import { failure, fromStatus } from './failure.ts'

/** What a server sends is looked at before anybody else sees it. Both throw SyntaxError. */
export interface Checks { object(entry: SlabEntry): void; version(position: Position): void }

interface RemoteReaderOptions {
  /** Selects on the server, besides what queries select. */
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** Only this namespace. */
  readonly namespace?: string
  /** Objects per response of an unlimited list. */
  readonly pageSize?: number
  /** A watch that is silent for longer ends with Expired: bookmarks come about every minute. */
  readonly idleMs?: number
  /** How long the server is asked to keep a watch open. Absent: as long as it likes. */
  readonly watchSeconds?: number
  /** A watch's initial state comes as a stream where the server has that (WatchList, KEP-3157): it makes no pages, and none can expire halfway. Else, and where it refuses, in pages. */
  readonly streamed?: boolean
  /** Told how many bytes of a state have come so far; what it throws ends the reading of it. */
  readonly onStateBytes?: (bytes: number) => void
  readonly clock?: Clock
  /** Whole states are asked for in turns, where many are at once: what all begin none would finish in time. */
  readonly turns?: Turns
  /** For servers that are not trusted to be right. */
  readonly checks?: Checks
}

/** The collection of a kind on an API server, through any Handler. Nothing is parsed: bytes become entries as they arrive. */
export class RemoteReader implements ListerWatcher {
  readonly kind: Kind
  readonly #handler: Handler
  readonly #options: Required<Pick<RemoteReaderOptions, 'pageSize' | 'idleMs' | 'clock'>> & RemoteReaderOptions
  /** How the next initial state is asked for. `once`: in pages, because a stream did not come to the end of its state; whether it is to blame is seen by trying again. */
  #initial: 'streamed' | 'paged once' | 'paged'

  constructor(kind: Pick<Kind, 'group' | 'version' | 'plural'> & Partial<Kind>, handler: Handler, options: RemoteReaderOptions = {}) {
    this.kind = { kind: kind.plural, listKind: 'List', singular: '', shortNames: [], categories: [], namespaced: true, columns: [], fields: {}, ...kind }
    this.#handler = handler
    this.#options = { pageSize: 500, idleMs: 90_000, clock: systemClock, ...options }
    this.#initial = options.streamed ? 'streamed' : 'paged'
  }

  /** `next.after` is the server's continue token. Errors: StatusError; ServiceUnavailable where the server does not answer. */
  list(query: ListQuery, signal: AbortSignal): Promise<Page> { return this.#list(query, signal) }

  async #list(query: ListQuery, signal: AbortSignal, turn?: Turn): Promise<Page> {
    const entries: SlabEntry[] = [], into: Arriving = { entries, slab: new Slab(STATE_SLAB_BYTES) }, { onStateBytes } = this.#options
    if (query.limit !== undefined || query.after !== undefined) return page(entries, await this.#page(query, query.limit, query.after, into, signal))
    const { pageSize } = this.#options
    let envelope = await this.#page(query, pageSize, undefined, into, signal)
    try {
      for (let counted = 0, bytes = 0; ;) {
        for (; counted < entries.length; counted++) bytes += entries[counted]!.size
        onStateBytes?.(bytes)
        turn?.extend()
        if (!envelope.metadata?.continue) break
        envelope = await this.#page(query, pageSize, envelope.metadata.continue, into, signal)
      }
    } catch (error) {
      if (!isReason(error, 'Expired', 'Gone')) throw error
      // The snapshot was compacted while we read it slowly: one response has no pages to lose.
      entries.length = 0
      envelope = await this.#page(query, undefined, undefined, { entries, slab: new Slab(STATE_SLAB_BYTES) }, signal)
    }
    return page(entries, envelope)
  }

  async *watch(query: WatchQuery, signal: AbortSignal): AsyncGenerator<Batch> {
    if (query.initial && this.#initial === 'streamed' && (yield* this.#streamState(query, signal))) return
    yield* this.#stream(query, query.initial || !query.at ? yield* this.#begin(query, signal) : query.at.position, signal)
  }

  /** Where changes go on, behind the state where that is asked for. A generator of its own, which ends: a watch that waits would keep all that it began with. */
  async *#begin(query: WatchQuery, signal: AbortSignal): AsyncGenerator<Batch, Position> {
    const { initial, ...scope } = query
    if (!initial) return (await this.#list({ ...scope, limit: 1 }, signal)).position
    const turn = await this.#options.turns?.take(signal)
    try {
      const { entries, position } = await this.#list(scope, signal, turn)
      if (this.#initial === 'paged once') this.#initial = 'streamed'
      yield Array.from(entries, (entry): Change => ({ type: 'ADDED', entry, position: entry.position }))
      yield [{ type: 'BOOKMARK', position, initial: true }]
      return position
    } finally {
      turn?.end()
    }
  }

  /** State and changes as one stream. False: the server does not do that, and nothing was told. */
  async *#streamState(query: Query, signal: AbortSignal): AsyncGenerator<Batch, boolean> {
    const turn = await this.#options.turns?.take(signal)
    let isWhole = false, bytes = 0
    try {
      for await (const batch of this.#stream(query, undefined, signal)) {
        if (!isWhole) {
          for (const change of batch) if (change.type !== 'BOOKMARK') bytes += change.entry.size
          this.#options.onStateBytes?.(bytes)
          isWhole = batch.some((change) => change.type === 'BOOKMARK' && change.initial)
          turn?.extend()
        }
        yield batch
        if (isWhole) turn?.end()
      }
    } catch (error) {
      // A server without it refuses resourceVersionMatch of a watch, or sendInitialEvents. Where watching is refused, listing may not be.
      if (isWhole || !isReason(error, 'Invalid', 'BadRequest', 'Forbidden', 'MethodNotAllowed')) throw error
      this.#initial = 'paged'
      return false
    } finally {
      turn?.end()
      // A server may answer lists, and hang where it is watched.
      if (!isWhole && this.#initial === 'streamed') this.#initial = 'paged once'
    }
    return true
  }

  /** `position` undefined: begins with the state. */
  async *#stream(query: Query, position: Position | undefined, signal: AbortSignal): AsyncGenerator<Batch> {
    const parameters = this.#parameters(query), { clock, checks, watchSeconds } = this.#options, stop = new AbortController()
    // What does not know the words tells its objects and is silent then.
    let isState = position === undefined, idleMs = isState ? STATE_IDLE_MS : this.#options.idleMs
    for (const [name, value] of [['watch', 'true'], ['allowWatchBookmarks', 'true'], ...(position === undefined ? STATE_FIRST : [['resourceVersion', position]] as const)] as const) parameters.set(name, value)
    if (watchSeconds !== undefined) parameters.set('timeoutSeconds', String(watchSeconds))
    let heard = clock.now()
    const onAbort = () => stop.abort(signal.reason)
    signal.addEventListener('abort', onAbort)
    const guard = (async () => {
      for (let rest = idleMs; rest > 0 && !stop.signal.aborted; rest = heard + idleMs - clock.now()) {
        await clock.sleep(rest, stop.signal)
        // A process that was busy itself has not listened: what came meanwhile is read before it is called silence.
        if (!stop.signal.aborted && heard + idleMs <= clock.now()) await clock.sleep(LISTEN_MS, stop.signal)
      }
      stop.abort(SILENT)
    })()
    try {
      const response = await this.#handler({ method: 'GET', path: this.#path(query), query: parameters, headers: ACCEPT }, stop.signal)
      if (response.status !== 200) throw await failure(response)
      // Connected. Nothing may happen for a minute, and whoever follows wants to know now that the server is back.
      yield []
      const ingest = new WatchIngest(position === undefined ? { slabMaxBytes: STATE_SLAB_BYTES } : {})
      for await (const chunk of response.body instanceof Uint8Array ? [response.body] : response.body) {
        heard = clock.now()
        const events = ingest.write(chunk)
        for (const event of checks ? events : []) check(event, checks!)
        for (const batch of batches(events)) {
          yield batch
          if (!batch.some((change) => change.type === 'BOOKMARK' && change.initial)) continue
          ingest.settle()
          idleMs = this.#options.idleMs
          isState = false
        }
      }
    } catch (error) {
      if (signal.aborted) return
      if (stop.signal.reason !== SILENT) throw error instanceof SyntaxError ? new StatusError('InternalError', `${this.#path(query)}: ${error.message}`, { cause: error }) : error
    } finally {
      signal.removeEventListener('abort', onAbort)
      stop.abort()
      await guard
    }
    // It is connected, may answer lists, and tells nothing: what has changed is only to be had with a new state.
    if (stop.signal.reason === SILENT && !isState) throw StatusError.expired(`${this.#path(query)}: the watch was silent for ${idleMs / 1000} s`)
  }

  async #page(query: ListQuery, limit: number | undefined, token: string | undefined, { entries, slab }: Arriving, signal: AbortSignal): Promise<ListEnvelope> {
    const parameters = this.#parameters(query), path = this.#path(query), { at } = query
    if (limit !== undefined) parameters.set('limit', String(limit))
    if (token !== undefined) parameters.set('continue', token)
    else if (at) {
      parameters.set('resourceVersion', at.position)
      parameters.set('resourceVersionMatch', at.match === 'exact' ? 'Exact' : 'NotOlderThan')
    }
    const response = await this.#handler({ method: 'GET', path, query: parameters, headers: ACCEPT }, signal)
    if (response.status !== 200) throw await failure(response)
    const { checks } = this.#options, ingest = new Ingest((entry) => { checks?.object(entry); entries.push(entry) }, slab)
    try {
      for await (const chunk of response.body instanceof Uint8Array ? [response.body] : response.body) ingest.write(chunk)
      const envelope = ingest.end() as Partial<ListEnvelope> | string | null
      // An answer that is no list must not pass for an empty one: emptiness has consequences.
      if (typeof envelope !== 'object' || typeof envelope?.metadata !== 'object' || envelope.kind?.endsWith('List') === false || !Array.isArray(envelope.items ?? [])) throw new SyntaxError('the answer is no list')
      checks?.version(envelope.metadata.resourceVersion ?? '')
      return envelope
    } catch (error) {
      throw error instanceof SyntaxError ? new StatusError('InternalError', `${path}: ${error.message}: check that the address is that of a Kubernetes API server`, { cause: error }) : error
    }
  }

  #path(query: Query): string {
    const { group, version, plural } = this.kind, namespace = query.namespace ?? this.#options.namespace
    return `${group ? `/apis/${group}` : '/api'}/${version}/${namespace ? `namespaces/${encodeURIComponent(namespace)}/` : ''}${plural}`
  }

  #parameters(query: Query): URLSearchParams {
    const { labelSelector, fieldSelector } = this.#options, { where, name } = query
    if (where && where.labels === undefined && where.fields === undefined) throw StatusError.internal('a remote server selects by label and field selectors only')
    const labels = [labelSelector, where?.labels].filter(Boolean).join(','), fields = [fieldSelector, where?.fields, name && `metadata.name=${name}`].filter(Boolean).join(',')
    return new URLSearchParams({ ...(labels && { labelSelector: labels }), ...(fields && { fieldSelector: fields }) })
  }
}

const ACCEPT = [['accept', 'application/json']] as const, SILENT = new Error('silent for too long'), STATE_IDLE_MS = 15_000, LISTEN_MS = 1_000
/** Without a resourceVersion: as new as the moment of the request. */
const STATE_FIRST = [['sendInitialEvents', 'true'], ['resourceVersionMatch', 'NotOlderThan']] as const, STATE_ENDS = 'k8s.io/initial-events-end'

/** Pages of one list fill the same slabs. */
interface Arriving { readonly entries: SlabEntry[]; readonly slab: Slab }

function page(entries: readonly SlabEntry[], { metadata = {} }: ListEnvelope): Page {
  const { resourceVersion = '', continue: after, remainingItemCount: remaining } = metadata
  return { entries, position: resourceVersion, ...(after && { next: { after, ...(remaining !== undefined && { remaining }) } }), warnings: [] }
}

function check(event: WatchEvent, checks: Checks): void {
  if (event.type === 'ERROR') return
  if (event.type === 'BOOKMARK') checks.version((event.object.metadata as KubeObject['metadata'] | undefined)?.resourceVersion ?? '')
  else checks.object(event.entry)
}

/** What came before an ERROR event is delivered before it is thrown. */
function* batches(events: readonly WatchEvent[]): Generator<Batch> {
  const batch: Change[] = []
  for (const event of events) {
    if (event.type === 'ERROR') {
      if (batch.length) yield batch
      throw fromStatus(event.status)
    }
    if (event.type === 'BOOKMARK') batch.push({ type: 'BOOKMARK', position: event.object.metadata.resourceVersion ?? '', ...(event.object.metadata.annotations?.[STATE_ENDS] === 'true' && { initial: true }) })
    else batch.push({ type: event.type, entry: event.entry, position: event.entry.position })
  }
  if (batch.length) yield batch
}
