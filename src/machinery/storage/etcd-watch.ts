import type { IEvent, IKeyValue } from 'etcd3'
import type { Clock } from '../../lib/clock.ts'
import type { StoredLine, StoredRecord } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'
import type { EtcdConnection, WatchCall } from './etcd-connection.ts'

export interface EtcdWatchOptions {
  readonly connection: EtcdConnection
  readonly begin: Buffer
  readonly end: Buffer
  /** The first change told is the one behind this revision. */
  readonly after: number
  /** A stream that was silent for so long is asked how far it is; one that stays silent four times as long is given up. */
  readonly silentMs: number
  /** Asks by other means than a progress request, for servers whose answer may run ahead of events. */
  readonly ask?: () => void
  readonly clock: Clock
}

/**
 * One watch over [begin, end), until it is cut (throws) or the signal aborts (returns). `revision` is how far etcd has looked: that of the last change, or of an answer to a progress request.
 * The header of a message that carries changes, or of the one that says the watch was made, is the store's own revision and says nothing of what was delivered.
 */
export class EtcdWatch {
  readonly #options: EtcdWatchOptions
  #call: WatchCall | undefined
  #heardAt = 0

  constructor(options: EtcdWatchOptions) { this.#options = options }

  /** Asks for a message that tells how far it is; none may come while etcd is still sending old changes. */
  ask(): void {
    if (this.#options.ask) this.#options.ask()
    else this.#call?.write({ progress_request: {} })
  }

  /** Errors: Expired where compacted, else whatever cut it. */
  async *run(signal: AbortSignal): AsyncGenerator<{ readonly lines: readonly StoredLine[]; readonly revision: number }> {
    const { connection, begin, end, after, clock } = this.#options, call = await connection.watch(), done = new AbortController(), stop = () => { call.cancel() }
    let lines: StoredLine[] = [], seen = after
    this.#call = call
    signal.addEventListener('abort', stop, { once: true })
    try {
      if (signal.aborted) return
      call.write({ create_request: { key: begin, range_end: end, start_revision: after + 1, prev_kv: true, fragment: true } })
      this.#heardAt = clock.now()
      void this.#keepAlive(call, done.signal)
      for await (const response of call) {
        this.#heardAt = clock.now()
        if (Number(response.compact_revision) > 0) throw StatusError.expired('The resourceVersion for the provided watch is too old.')
        if (response.canceled) throw StatusError.unavailable(`etcd ended a watch: ${response.cancel_reason || 'without a reason'}`)
        if (response.created) continue
        for (const event of response.events) lines.push(storedLine(event))
        // The rest of a revision may be in the next fragment.
        if (response.fragment) continue
        const revision = lines.at(-1)?.revision ?? Number(response.header.revision), told = lines
        lines = []
        if (revision <= seen) continue
        seen = revision
        yield { lines: told, revision }
      }
      if (!signal.aborted) throw StatusError.unavailable('etcd ended a watch')
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      done.abort()
      signal.removeEventListener('abort', stop)
      this.#call = undefined
      call.cancel()
    }
  }

  async #keepAlive(call: WatchCall, signal: AbortSignal): Promise<void> {
    const { clock, silentMs } = this.#options
    while (!signal.aborted) {
      await clock.sleep(silentMs, signal)
      if (signal.aborted) return
      const silence = clock.now() - this.#heardAt
      if (silence >= silentMs * 4 + GRACE_MS) { call.cancel(); return }
      if (silence >= silentMs) this.ask()
    }
  }
}

/** A server under load may take so long to answer. */
const GRACE_MS = 5000

export const storedRecord = ({ key, value, mod_revision: revision }: IKeyValue): StoredRecord => ({ key: key.toString(), value, revision: Number(revision) })

function storedLine({ type, kv, prev_kv: previous }: IEvent): StoredLine {
  // What was before has been compacted meanwhile: half a change is none.
  if (!previous && (type === 'Delete' || kv.create_revision !== kv.mod_revision)) throw StatusError.expired('The resourceVersion for the provided watch is too old.')
  return { key: kv.key.toString(), revision: Number(kv.mod_revision), ...(type !== 'Delete' && { now: storedRecord(kv) }), ...(previous && { before: storedRecord(previous) }) }
}
