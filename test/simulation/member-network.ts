/** What lies between servers and members: errors, answers that are lost, writes that arrive when nobody waits for them any more, and streams that fall silent. */
import type { Handler, KubeObject, Response } from '../../src/machinery/meta/core.ts'
import { StatusError } from '../../src/machinery/meta/status-error.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { Seeded } from '../suites/seeded.ts'
import type { SimulatedServer } from './simulated-server.ts'
import type { StubMember } from './stub-member.ts'

/** What goes wrong between the servers and one member, by chance. `late`: of writes, to be held up for a while. */
export interface Trouble { readonly errors: number; readonly lost: number; readonly late: number }
/** A request that a server sends to a member. */
export interface MemberRequest { readonly server: SimulatedServer; readonly cluster: string; readonly method: string; readonly path: string; readonly body: KubeObject | undefined }

interface NetworkOptions {
  readonly clock: Clock
  readonly random: Seeded
  readonly troubles: ReadonlyMap<string, Trouble>
  readonly lists: ReadonlyMap<string, 'fail' | 'empty'>
  readonly sent: (request: MemberRequest) => Promise<void>
  /** Writes, those that were carried out or refused. */
  readonly arrived: (server: SimulatedServer) => void
  readonly late: (request: MemberRequest) => void
}

const REQUEST_TIMEOUT_MS = 10_000, LATE_MS = 20_000

export class MemberNetwork {
  /** Members whose watches tell nothing. */
  readonly silent = new Set<string>()
  readonly #options: NetworkOptions
  readonly #signal: AbortSignal

  constructor(options: NetworkOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
  }

  handler(server: SimulatedServer, stub: StubMember): Handler {
    return async (request, signal) => {
      await server.alive()
      const { troubles, random, sent, arrived } = this.#options, { errors = 0, lost = 0, late = 0 } = troubles.get(stub.name) ?? {}, isWrite = request.method !== 'GET' && !request.query.has('dryRun')
      if (errors > 0 && random.chance(errors)) throw StatusError.unavailable(`${stub.name}: try again`)
      const body = request.body ? await bodyOf(request.body) : undefined, whole = body ? { ...request, body: once(body) } : request
      const told: MemberRequest = { server, cluster: stub.name, method: request.method, path: request.path, body: body && JSON.parse(body.toString()) as KubeObject }
      if (isWrite) await sent(told)
      const response = isWrite && late > 0 && random.chance(late) ? await this.#heldUp(stub, whole, told, signal) : await this.#timed(server, stub, whole, signal)
      if (isWrite) arrived(server)
      await server.alive()
      if (isWrite && lost > 0 && random.chance(lost)) throw StatusError.unavailable(`${stub.name}: the server closed the connection`)
      return response
    }
  }

  /** Arrives after a while, whatever has become of the sender. */
  async #heldUp(stub: StubMember, request: Parameters<Handler>[0], told: MemberRequest, signal: AbortSignal): ReturnType<Handler> {
    const { clock, random, late } = this.#options, ms = random.int(LATE_MS), arriving = (async () => {
      await clock.sleep(ms, this.#signal)
      this.#signal.throwIfAborted()
      if (ms > REQUEST_TIMEOUT_MS || signal.aborted) late(told)
      return stub.handler(request, this.#signal)
    })()
    arriving.catch(() => undefined)
    await Promise.race([arriving, clock.sleep(REQUEST_TIMEOUT_MS, signal)])
    signal.throwIfAborted()
    if (ms > REQUEST_TIMEOUT_MS) throw StatusError.unavailable(`${stub.name}: no answer in time`)
    return arriving
  }

  /** Watches last, all else is given up after a while. */
  async #timed(server: SimulatedServer, stub: StubMember, request: Parameters<Handler>[0], signal: AbortSignal): ReturnType<Handler> {
    const { clock } = this.#options, isStream = request.query.has('sendInitialEvents'), lists = isStream || request.query.has('limit') ? this.#options.lists.get(stub.name) : undefined
    // Who lies in pages has no streams.
    if (isStream && lists === 'empty') return { status: 422, headers: [], body: Buffer.from(JSON.stringify(new StatusError('Invalid', 'sendInitialEvents: Forbidden').status())) }
    if (lists === 'fail') throw StatusError.unavailable(`${stub.name}: etcdserver: leader changed`)
    if (request.query.get('watch') === 'true') return this.#heard(server, stub.name, await stub.handler(request, signal))
    const done = new AbortController(), late = new AbortController()
    const watchTime = async () => {
      await clock.sleep(REQUEST_TIMEOUT_MS, done.signal)
      if (!done.signal.aborted) late.abort()
    }
    void watchTime()
    try {
      const response = await stub.handler(request, AbortSignal.any([signal, late.signal]))
      return lists === 'empty' ? { ...response, body: Buffer.from(JSON.stringify({ ...JSON.parse((await bodyOf(chunksOf(response))).toString()) as object, items: [] })) } : response
    } catch (error) {
      if (late.signal.aborted && !signal.aborted) throw StatusError.unavailable(`${stub.name}: no answer in time`)
      throw error
    } finally { done.abort() }
  }

  #heard(server: SimulatedServer, name: string, response: Response): Response {
    const { body } = response
    if (body instanceof Uint8Array) return response
    const { silent } = this
    return { ...response, body: (async function* () { for await (const chunk of body) { await server.awake(); if (!silent.has(name)) yield chunk } })() }
  }
}

// oxlint-disable-next-line require-await -- a body is an async iterable
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> { yield bytes }

const chunksOf = ({ body }: Response) => (body instanceof Uint8Array ? once(body) : body)

async function bodyOf(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}
