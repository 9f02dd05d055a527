import { aborted } from '../lib/aborted.ts'
import type { Clock } from '../lib/clock.ts'
import { connectionError } from '../machinery/client/connection-error.ts'
import type { Handler, Response } from '../machinery/meta/core.ts'

type State = { readonly state: 'healthy' } | { readonly state: 'paused'; readonly resumed: Promise<void>; readonly resume: () => void } | { readonly state: 'refusing' }

/** What can go wrong between a server and a member, at will. Each holds until `heal`; streams under way are touched too. */
export class Faults {
  /** Added before every answer. */
  latencyMs = 0
  #state: State = { state: 'healthy' }
  #streams = new AbortController()
  readonly #server: string
  readonly #clock: Clock

  /** `server` names the member in errors. */
  constructor(server: string, clock: Clock) {
    this.#server = server
    this.#clock = clock
  }

  /** Nothing is answered and streams fall silent, as when packets are dropped. */
  pause(): void {
    if (this.#state.state === 'paused') return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#become({ state: 'paused', resumed: promise, resume: resolve })
  }

  /** Connections are refused and streams cut, as when the process has died. */
  refuse(): void {
    this.#become({ state: 'refusing' })
    this.cutStreams()
  }

  heal(): void {
    this.latencyMs = 0
    this.#become({ state: 'healthy' })
  }

  /** Ends every response under way in the middle; new ones are not affected. */
  cutStreams(): void {
    this.#streams.abort()
    this.#streams = new AbortController()
  }

  wrap(handler: Handler): Handler {
    return async (request, signal) => {
      const cut = this.#streams.signal, either = AbortSignal.any([signal, cut])
      if (this.latencyMs > 0) await this.#clock.sleep(this.latencyMs, either)
      await this.#pass(either, signal)
      const response = await handler(request, signal)
      await this.#pass(either, signal)
      return { ...response, body: response.body instanceof Uint8Array ? response.body : this.#stream(response.body, either, signal) }
    }
  }

  async *#stream(body: Exclude<Response['body'], Uint8Array>, either: AbortSignal, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const chunks = body[Symbol.asyncIterator](), cut = aborted(either)
    try {
      for (;;) {
        const next = await Promise.race([chunks.next(), cut.then(() => 'cut' as const)])
        await this.#pass(either, signal)
        if (next === 'cut') return
        if (next.done) return
        yield next.value
      }
    } finally {
      // Not awaited: a generator that waits for its next batch returns only once its signal aborts.
      chunks.return?.().catch(() => undefined)
    }
  }

  /** Waits while paused; throws as a broken connection does. */
  async #pass(either: AbortSignal, signal: AbortSignal): Promise<void> {
    while (this.#state.state === 'paused' && !either.aborted) await Promise.race([this.#state.resumed, aborted(either)])
    signal.throwIfAborted()
    if (this.#state.state === 'refusing') throw this.#broken('connect ECONNREFUSED', 'ECONNREFUSED', signal)
    if (either.aborted) throw this.#broken('socket hang up', 'ECONNRESET', signal)
  }

  /** The very error that a real connection gives. */
  #broken(message: string, code: string, signal: AbortSignal): unknown { return connectionError(Object.assign(new Error(message), { code }), this.#server, signal) }

  #become(state: State): void {
    const old = this.#state
    this.#state = state
    if (old.state === 'paused') old.resume()
  }
}

