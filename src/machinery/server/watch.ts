import type { Clock } from '../../lib/clock.ts'
import type { Batch, ListerWatcher, Position, Request, Response, WatchQuery } from '../meta/core.ts'
import { stringifyJson } from '../meta/json.ts'
import { watchOptions } from './list-options.ts'
import { negotiate } from './negotiation.ts'
import { JSON_TYPE, scope, selection } from './read.ts'
import { statusOf } from './respond.ts'
import type { Target } from './route.ts'
import type { Shape } from './shape.ts'
import { batchChunks } from './shape.ts'
import { shapeFor } from './shapes.ts'

const BOOKMARK_EVERY_MS = 60_000, LAST_BOOKMARK_MS = 2_000, SHORTEST_MS = 30 * 60_000

export interface WatchContext { readonly clock: Clock; readonly random: () => number }

/**
 * Answers at once; whatever goes wrong later is an ERROR event, as Kubernetes does it. The stream ends cleanly at its deadline.
 * Bookmarks that clients asked for come about every minute, shortly before the end, and with the changes that they complete.
 */
export function watchObjects(target: Target, name: string, request: Request, { clock, random }: WatchContext, signal: AbortSignal): Response {
  const { resource: { reader }, kind, namespace } = target
  const representation = negotiate(request, { transforms: true, stream: true }), shape = shapeFor(kind, representation, request.query, 'watch')
  const { bookmarks, timeoutMs, ...options } = watchOptions(request.query, kind)
  const query: WatchQuery = { ...scope(kind.namespaced, namespace), ...(name === '' ? selection(target, request.query) : { name }), ...options, ...(representation.transform?.as === 'PartialObjectMetadataList' && NOTHING) }
  return { status: 200, headers: JSON_TYPE, body: events(reader, query, { shape, bookmarks, timeoutMs: timeoutMs || SHORTEST_MS * (1 + random()), clock }, signal) }
}

/** No event is a list: a kube-apiserver sends nothing to who asks for that. */
const NOTHING = { where: { matches: () => false } }

interface Streaming { readonly shape: Shape; readonly bookmarks: boolean; readonly timeoutMs: number; readonly clock: Clock }
type Arrival = { readonly result: IteratorResult<Batch> } | { readonly error: unknown }

async function* events(reader: ListerWatcher, query: WatchQuery, { shape, bookmarks, timeoutMs, clock }: Streaming, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const stop = new AbortController(), either = AbortSignal.any([signal, stop.signal]), deadline = clock.now() + timeoutMs
  // One slot, filled by whichever comes: racing promises that live for an hour would leave a reaction on them per event.
  let arrival: Arrival | undefined, isDue = false, wake = () => {}, first = true, position: Position | undefined = query.at?.position === '0' || query.initial ? undefined : query.at?.position
  const iterator = reader.watch(query, either)[Symbol.asyncIterator]()
  const pull = async () => {
    try {
      arrival = { result: await iterator.next() }
    } catch (error) {
      arrival = { error }
    }
    wake()
  }
  const tick = async () => {
    while (!either.aborted) {
      const left = deadline - clock.now()
      await clock.sleep(Math.max(0, left > LAST_BOOKMARK_MS ? Math.min(BOOKMARK_EVERY_MS, left - LAST_BOOKMARK_MS) : left), either)
      isDue = true
      wake()
      if (clock.now() >= deadline) return
    }
  }
  try {
    void pull()
    void tick()
    for (;;) {
      if (!arrival && !isDue) await new Promise<void>((resolve) => { wake = resolve })
      if (arrival) {
        const arrived: Arrival = arrival
        arrival = undefined
        if ('error' in arrived) {
          if (!either.aborted) yield errorEvent(arrived.error)
          return
        }
        if (arrived.result.done) return
        const batch = arrived.result.value
        position = batch.at(-1)?.position ?? position
        void pull()
        if (!isProgress(batch)) yield* batchChunks(shape, batch, { bookmarks, first, now: clock.now() })
        first &&= !batch.some(({ type }) => type !== 'BOOKMARK')
      } else {
        isDue = false
        if (clock.now() >= deadline) return
        if (bookmarks && position !== undefined) yield bookmark(shape, position)
      }
    }
  } finally {
    stop.abort()
    void Promise.resolve(iterator.return?.()).catch(() => undefined)
  }
}

/** Nothing but a sign that time went on: it waits for the next bookmark that is due. */
const isProgress = (batch: Batch) => batch.every((change) => change.type === 'BOOKMARK' && !change.initial)

const bookmark = (shape: Shape, position: Position) => Buffer.from(`{"type":"BOOKMARK","object":${shape.bookmark(position, false)}}\n`)
const errorEvent = (error: unknown) => Buffer.from(`{"type":"ERROR","object":${stringifyJson(statusOf(error))}}\n`)
