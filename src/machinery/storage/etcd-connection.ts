/**
 * Calls to etcd through etcd3's raw stubs. Its own policies are off: the circuit breaker fails every call for seconds after a short outage, and its Watcher loses events
 * (it resumes from a header's revision, which runs ahead of what was delivered).
 */
import { Etcd3, isRecoverableError, type IOptions, type IRangeRequest, type IRangeResponse, type ITxnRequest, type ITxnResponse, type IWatchRequest, type IWatchResponse } from 'etcd3'
import type { Clock } from '../../lib/clock.ts'
import { StatusError } from '../meta/status-error.ts'

/** PEM. `certificate` and `key` go together. */
export interface EtcdTls { readonly authority?: string; readonly certificate?: string; readonly key?: string }

/** One gRPC stream: requests are written, responses read. Ends by an error when it is cut. */
export interface WatchCall extends AsyncIterable<IWatchResponse> { write(request: IWatchRequest): void; cancel(): void }

/** A call's own limit, and the pause before it is tried again. */
const CALL_MS = 5000, RETRY_PAUSE_MS = 100

export class EtcdConnection {
  readonly #client: Etcd3
  readonly #servers: readonly string[]
  readonly #clock: Clock
  readonly #patienceMs: number
  readonly #closing = new AbortController()

  /** `patienceMs`: how long a call that may be repeated is tried while etcd is away. */
  constructor({ servers, tls, clock, patienceMs }: { readonly servers: readonly string[]; readonly tls?: EtcdTls; readonly clock: Clock; readonly patienceMs: number }) {
    this.#patienceMs = patienceMs
    this.#servers = servers
    this.#clock = clock
    this.#client = new Etcd3({ hosts: [...servers], ...(tls && { credentials: credentials(tls) }), grpcOptions: CHANNEL, faultHandling: { host: () => PASS, global: PASS } })
  }

  get servers(): string { return this.#servers.join(', ') }

  range(request: IRangeRequest, signal: AbortSignal): Promise<IRangeResponse> { return this.#read(() => this.#client.kv.range(request, limit()), signal) }

  /** The server's version: '3.6.4'. */
  async version(signal: AbortSignal): Promise<string> { return (await this.#read(() => this.#client.maintenance.status(limit()), signal)).version }

  /** For transactions that only read, or that may be repeated. */
  repeatable(request: ITxnRequest, signal: AbortSignal): Promise<ITxnResponse> { return this.#read(() => this.#client.kv.txn(request, limit()), signal) }

  /** Once it may have reached etcd it is not repeated: the answer may be lost and the write done. Errors: Timeout where that is so. */
  async write(request: ITxnRequest): Promise<ITxnResponse> {
    for (const until = this.#clock.now() + this.#patienceMs; ;) {
      try {
        return await this.#client.kv.txn(request, limit())
      } catch (error) {
        if (isUnsent(error) && this.#clock.now() < until && !this.#closing.signal.aborted) await this.#clock.sleep(RETRY_PAUSE_MS, this.#closing.signal)
        else if (!isUnsent(error) && isTransient(error)) throw new StatusError('Timeout', `the store (etcd at ${this.servers}) did not answer a write, which may have happened or not: ${said(error)}`, { cause: error })
        else throw this.#failure(error)
      }
    }
  }

  async compact(revision: number, signal: AbortSignal): Promise<void> { await this.#read(() => this.#client.kv.compact({ revision }, limit()), signal) }

  async watch(): Promise<WatchCall> { return (await this.#client.watchClient.watch()) as unknown as WatchCall }

  close(): void {
    this.#closing.abort()
    this.#client.close()
  }

  /** Errors: ServiceUnavailable once etcd has been away for too long, Expired and the like as etcd says. */
  async #read<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    const any = AbortSignal.any([signal, this.#closing.signal])
    for (const until = this.#clock.now() + this.#patienceMs; ;) {
      try {
        return await abortable(call(), signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!isTransient(error) || this.#clock.now() >= until || any.aborted) throw this.#failure(error)
        await this.#clock.sleep(RETRY_PAUSE_MS, any)
      }
    }
  }

  #failure(error: unknown): Error {
    const text = detail(error)
    if (text.includes('required revision has been compacted')) return StatusError.expired('The resourceVersion for the provided list is too old.')
    if (text.includes('required revision is a future revision')) return new StatusError('Timeout', text, { details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 } })
    if (text.includes('request is too large') || text.includes('larger than max')) return new StatusError('RequestEntityTooLarge', `the object is larger than the store takes: ${text}`, { cause: error })
    if (text.includes('database space exceeded')) return StatusError.internal(`the store is full (etcd at ${this.servers}): compact and defragment it, or raise its quota, and disarm the alarm`, error)
    if (isTransient(error) || this.#closing.signal.aborted) return new StatusError('ServiceUnavailable', `the store (etcd at ${this.servers}) cannot be reached: ${said(error)}`, { details: { retryAfterSeconds: 1 }, cause: error })
    return StatusError.internal(`the store failed (etcd at ${this.servers}): ${said(error)}`, error)
  }
}

/** A silent connection is noticed in 15 s; etcd refuses pings more often than every 5 s. */
const CHANNEL: NonNullable<IOptions['grpcOptions']> = {
  'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1, 'grpc.keepalive_time_ms': 10_000, 'grpc.keepalive_timeout_ms': 5000, 'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 100, 'grpc.min_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 2000, 'grpc.enable_http_proxy': 0,
}
/** A policy that does nothing. It must be asynchronous: a synchronous one ends the process at the first failure. */
const PASS = { execute: async (work: (context: { signal: AbortSignal }) => unknown) => work({ signal: new AbortController().signal }) } as unknown as NonNullable<NonNullable<IOptions['faultHandling']>['global']>

const limit = () => ({ deadline: Date.now() + CALL_MS })
/** gRPC's words without its frame: `14 UNAVAILABLE: No connection established. Last error: … Resolution note: `. */
const said = (error: unknown) => detail(error).replace(/^\d+ [A-Z_]+: /, '').replace(/\s*Resolution note:\s*$/, '').replaceAll(/\s+/g, ' ')
const detail = (error: unknown) => (error instanceof Error ? error.message : String(error))
/** The connection was never there, so etcd has seen nothing. */
const isUnsent = (error: unknown) => /No connection established|ECONNREFUSED|Name resolution failed|Waiting for LB pick|name resolution/i.test(detail(error))
/** Also where the outcome is unknown. */
const isTransient = (error: unknown) => !/database space exceeded|request is too large|larger than max/.test(detail(error)) && ((error instanceof Error && isRecoverableError(error)) || isUnsent(error) || /UNAVAILABLE|DEADLINE_EXCEEDED|CANCELLED|etcdserver: (?:no leader|leader changed|request timed out|server stopped|too many requests|not capable)|channel (?:has been )?closed|client.*closed/i.test(detail(error)))

/** Without an authority of their own, servers are checked against those that Node trusts. */
function credentials({ authority, certificate, key }: EtcdTls): NonNullable<IOptions['credentials']> {
  const given = { ...(authority !== undefined && { rootCertificate: Buffer.from(authority) }), ...(key !== undefined && { privateKey: Buffer.from(key) }), ...(certificate !== undefined && { certChain: Buffer.from(certificate) }) }
  return given as NonNullable<IOptions['credentials']>
}

/** A unary call of etcd3 cannot be taken back: its answer is left alone. */
function abortable<T>(call: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => { reject(signal.reason as Error) }
    signal.addEventListener('abort', onAbort, { once: true })
    call.then(resolve, reject).finally(() => { signal.removeEventListener('abort', onAbort) })
  })
}
