/**
 * Writes Events as client-go's recorder does: whoever reports is never held up and never fails. What waits is bounded; a server that does not answer is asked again
 * a few times; what cannot be written is counted, logged and let go.
 *
 *   record ─▶ correlate (count, combine, allow) ─▶ what waits, each once ─▶ one writer, at a bounded rate: POST, later PATCH
 */
import type { Event, ObjectReference } from '../apis/core/v1/event.ts'
import { Backoff } from '../lib/backoff.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { TokenBucket } from '../lib/token-bucket.ts'
import { isReason, StatusError } from '../machinery/meta/status-error.ts'
import { timestamp } from '../machinery/meta/timestamp.ts'
import { EventCorrelator, type Occurrence, type Series } from './event-correlator.ts'
import type { EventSink } from './event-sink.ts'

/** What an Event is about. It is written to the object's namespace, for cluster-scoped ones to `default`. */
export interface EventSubject { readonly reference: ObjectReference; readonly labels?: Readonly<Record<string, string>> }

export interface EventRecorderOptions {
  readonly sink: EventSink
  /** Of this process: the Events' `reportingInstance`. */
  readonly instance: string
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}

/** The Event about one of the objects of a series. `said`: what it is to say; `written`: the count that it says, 0 where it does not exist yet. */
interface Face { readonly event: Event; readonly said: Series; written: number; attempts: number }

const COMPONENT = 'federation', WAITING_MAX = 5000, ATTEMPTS_MAX = 5, CALL_MS = 10_000, REPORT_MS = 60_000
/** A thousand templates at once are six thousand Events: what they tell of is not to wait for them, so they take their time (a kubelet may write 50 a second, at first 100). */
const RATE = { burst: 100, refillMs: 50 }
/** What `note` of events.k8s.io is allowed. */
const MESSAGE_MAX = 1024

export class EventRecorder {
  readonly #options: EventRecorderOptions
  readonly #correlator = new EventCorrelator()
  readonly #known = new WeakMap<Series, readonly Face[]>()
  /** In the order in which they are written. */
  readonly #waiting = new Set<Face>()
  #wake = Promise.withResolvers<void>()
  #sequence = 0
  readonly #dropped = { count: 0, reported: 0, reportedAt: -Infinity }

  readonly #rate: TokenBucket

  constructor(options: EventRecorderOptions) {
    this.#options = options
    this.#rate = new TokenBucket(RATE, options.clock.now())
  }

  /** Events that were not written, since the start. */
  get dropped(): number { return this.#dropped.count }

  /** One story about several objects: each gets the same Event. The first stands for all where repeats are counted; it needs a uid. */
  record(subjects: readonly EventSubject[], { type, reason, message }: Occurrence): void {
    const now = this.#options.clock.now(), [first] = subjects
    if (!first) return
    const { kind, namespace, name, uid } = first.reference, series = this.#correlator.observe(JSON.stringify([kind, namespace, name, uid]), { type, reason, message: shortened(message) }, now)
    if (!series) return
    let faces = this.#known.get(series)
    if (!faces) this.#known.set(series, (faces = subjects.map((subject) => ({ event: this.#event(subject, series), said: series, written: 0, attempts: 0 }))))
    for (const face of faces) {
      if (this.#waiting.size < WAITING_MAX || this.#waiting.has(face)) this.#waiting.add(face)
      else this.#drop('too many wait to be written')
    }
    this.#wake.resolve()
  }

  /** Writes until the signal aborts; what waits then is lost. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options, backoff = new Backoff({ initialMs: 1000, maxMs: 30_000, jitter: 1, random })
    signal.addEventListener('abort', () => this.#wake.resolve(), { once: true })
    while (!signal.aborted) {
      const [next] = this.#waiting
      if (!next) {
        await this.#wake.promise
        this.#wake = Promise.withResolvers()
        continue
      }
      const waitMs = this.#rate.take(clock.now())
      if (waitMs > 0) {
        await clock.sleep(waitMs, signal)
        continue
      }
      // Taken out first: what is said of it while it is written is written next.
      this.#waiting.delete(next)
      try {
        await this.#write(next, signal)
        next.attempts = 0
        backoff.reset()
      } catch (error) {
        if (signal.aborted) return
        if (this.#isGivenUp(next, error)) continue
        this.#waiting.add(next)
        await clock.sleep(backoff.nextMs(), signal)
      }
    }
  }

  async #write(face: Face, signal: AbortSignal): Promise<void> {
    // The series may go on while this is written.
    const { sink } = this.#options, { event, said: { count, lastAt, message } } = face, { namespace = '', name = '' } = event.metadata, said = { count, lastTimestamp: timestamp(lastAt), message }
    const call = AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)])
    if (face.written > 0) {
      try {
        await sink.repeat({ namespace, name, ...said }, call)
        face.written = count
        return
      } catch (error) {
        // It has run out: Events are kept for an hour.
        if (!isReason(error, 'NotFound')) throw error
        face.written = 0
      }
    }
    try {
      await sink.create({ ...event, ...said }, call)
    } catch (error) {
      // An attempt that seemed to fail has succeeded.
      if (!isReason(error, 'AlreadyExists')) throw error
      await sink.repeat({ namespace, name, ...said }, call)
    }
    face.written = count
  }

  /** A refusal is final; silence and failures of the server are not, up to a point. */
  #isGivenUp(face: Face, error: unknown): boolean {
    const { logger } = this.#options, text = error instanceof Error ? error.message : String(error)
    if (isNamespaceGone(error)) logger.debug({ reason: face.said.reason, error: text }, 'an event is not recorded: its namespace is gone')
    else if (isRefusal(error) || ++face.attempts >= ATTEMPTS_MAX) this.#drop(text)
    else return false
    face.attempts = 0
    return true
  }

  /** Counted, and told once a minute: what drops events drops many. */
  #drop(cause: string): void {
    const { clock, logger } = this.#options, dropped = this.#dropped
    dropped.count++
    if (clock.now() - dropped.reportedAt < REPORT_MS) return
    logger.warn({ dropped: dropped.count - dropped.reported, cause }, 'events could not be recorded')
    dropped.reported = dropped.count
    dropped.reportedAt = clock.now()
  }

  #event({ reference, labels }: EventSubject, { type, reason, message, firstAt, lastAt, count }: Series): Event {
    const { instance } = this.#options
    return {
      metadata: { name: eventName(reference.name ?? '', firstAt, this.#sequence++), namespace: reference.namespace ?? 'default', ...(labels && { labels: { ...labels } }) },
      involvedObject: reference, type, reason, message, count, firstTimestamp: timestamp(firstAt), lastTimestamp: timestamp(lastAt),
      source: { component: COMPONENT }, reportingComponent: COMPONENT, reportingInstance: instance,
    }
  }
}

/** `web.1890abcdef012345`: as client-go names Events, by the nanosecond, where the sequence stands for what is below a millisecond. Names that are no DNS subdomain (RBAC) are made one. */
export function eventName(name: string, at: number, sequence: number): string {
  const suffix = (BigInt(Math.floor(at)) * 1_000_000n + BigInt(sequence % 1_000_000)).toString(16), stem = name.toLowerCase().replaceAll(/[^a-z0-9.-]/g, '-').slice(0, NAME_MAX - suffix.length - 1)
  // Each label begins and ends with a letter or digit.
  const labels = stem.split('.').map((label) => label.replaceAll(/^-+|-+$/g, '')).filter(Boolean)
  return [...labels, suffix].join('.')
}

const NAME_MAX = 253
const shortened = (message: string) => (message.length > MESSAGE_MAX - COMBINED_ROOM ? `${message.slice(0, MESSAGE_MAX - COMBINED_ROOM - 1)}…` : message)
/** For what the correlator puts before a message. */
const COMBINED_ROOM = 40

const isNamespaceGone = (error: unknown) => isReason(error, 'NotFound') || (isReason(error, 'Forbidden') && error.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true)
const isRefusal = (error: unknown) => error instanceof StatusError && error.code < 500 && !isReason(error, 'TooManyRequests')
