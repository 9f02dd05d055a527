import { Backoff } from '../../lib/backoff.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Turns } from '../../lib/turns.ts'
import { RemoteReader } from '../../machinery/client/remote-reader.ts'
import type { Batch, Handler, Position } from '../../machinery/meta/core.ts'
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

/** Parsing a large member's pods at once would hold up everything else for a second. */
const SLICE = 500

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
    const reader = new RemoteReader({ group: '', version: 'v1', plural }, handler, { clock, turns }), backoff = new Backoff({ initialMs: 1000, maxMs: 60_000, random })
    let position: Position | undefined
    while (!signal.aborted) {
      let hasBegun = position !== undefined
      try {
        for await (const batch of reader.watch(position === undefined ? { initial: true } : { at: { position, match: 'notOlder' } }, signal)) {
          if (!hasBegun) clear()
          hasBegun = true
          for (let at = 0; at < batch.length; at += SLICE) {
            accept(batch.slice(at, at + SLICE))
            if (at + SLICE < batch.length) await new Promise(setImmediate)
          }
          const last = batch.at(-1)
          if (batch.some((change) => change.type === 'BOOKMARK' && change.initial)) {
            this.#known.add(plural)
            if (this.current) onComplete()
          }
          if (this.#known.has(plural) && last) position = last.position
          backoff.reset()
        }
        if (signal.aborted) return
      } catch (error) {
        if (isReason(error, 'Expired', 'Gone')) {
          position = undefined
          this.#known.delete(plural)
        }
      }
      // A member that forbids reading nodes or pods has no summary; nothing else depends on it.
      await clock.sleep(backoff.nextMs(), signal)
    }
  }
}
