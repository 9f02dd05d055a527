import { Backoff } from '../../lib/backoff.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Turn, Turns } from '../../lib/turns.ts'
import { RemoteReader } from '../../machinery/client/remote-reader.ts'
import type { Batch, Change, Handler, ListerWatcher, Position } from '../../machinery/meta/core.ts'
import { isReason } from '../../machinery/meta/status-error.ts'
import { Summary } from './summary.ts'
import type { UnschedulablePods } from './unschedulable-pods.ts'

interface FollowOptions {
  readonly handler: Handler
  /** Is told of every pod. */
  readonly unschedulable: UnschedulablePods
  /** Whose turn it is to read a whole state, of all members. */
  readonly turns: Turns
  /** Called once the first sums are complete. */
  readonly onComplete: () => void
  readonly clock: Clock
  readonly random: () => number
}

/** All pods of a large member at once would take as much memory as a cache of them, and parsing them hold up everything else for a second. */
const PAGE = 500

/** Sums over a member's nodes and pods while the signal lasts. `current` is undefined until both were read once. */
export class FollowedSummary {
  readonly #summary: Summary
  readonly #known = new Set<string>()

  constructor(options: FollowOptions, signal: AbortSignal) {
    this.#summary = new Summary(options.unschedulable)
    void this.#follow('nodes', options, (batch) => this.#summary.acceptNodes(batch), () => this.#summary.clearNodes(), signal)
    void this.#follow('pods', options, (batch) => this.#summary.acceptPods(batch), () => this.#summary.clearPods(), signal)
  }

  get current(): Summary | undefined { return this.#known.size === 2 ? this.#summary : undefined }

  async #follow(plural: string, { handler, onComplete, turns, clock, random }: FollowOptions, accept: (batch: Batch) => void, clear: () => void, signal: AbortSignal): Promise<void> {
    const reader = new RemoteReader({ group: '', version: 'v1', plural }, handler, { clock }), backoff = new Backoff({ initialMs: 1000, maxMs: 60_000, random })
    let position: Position | undefined, pageSize: number | undefined = PAGE
    while (!signal.aborted) {
      try {
        if (position === undefined) {
          const turn = await turns.take(signal)
          try { position = await count(reader, pageSize, { accept, clear, turn }, signal) } finally { turn.end() }
          this.#known.add(plural)
          if (this.current) onComplete()
          backoff.reset()
        }
        for await (const batch of reader.watch({ at: { position, match: 'notOlder' } }, signal)) {
          accept(batch)
          position = batch.at(-1)?.position ?? position
          backoff.reset()
        }
        if (signal.aborted) return
      } catch (error) {
        if (isReason(error, 'Expired', 'Gone')) {
          // Of a state that is gone before all its pages were read, the reader knows a way around.
          pageSize = position === undefined ? undefined : PAGE
          position = undefined
          this.#known.delete(plural)
        }
      }
      // A member that forbids reading nodes or pods has no summary; nothing else depends on it.
      await clock.sleep(backoff.nextMs(), signal)
    }
  }
}

/** The state, a page at a time (`pageSize` undefined: all at once). Nothing is kept of a page once it was counted. Answers where the state stands. */
async function count(reader: ListerWatcher, pageSize: number | undefined, { accept, clear, turn }: { readonly accept: (batch: Batch) => void; readonly clear: () => void; readonly turn: Turn }, signal: AbortSignal): Promise<Position> {
  for (let after: string | undefined, isFirst = true; ; isFirst = false) {
    const { entries, position, next } = await reader.list({ ...(pageSize !== undefined && { limit: pageSize }), ...(after !== undefined && { after }) }, signal)
    if (isFirst) clear()
    turn.extend()
    accept(Array.from(entries, (entry): Change => ({ type: 'ADDED', entry, position: entry.position })))
    if (!next) return position
    after = next.after
  }
}
