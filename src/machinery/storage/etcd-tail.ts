import { Backoff } from '../../lib/backoff.ts'
import type { Logger } from '../../lib/logger.ts'
import { Pulse } from '../../lib/pulse.ts'
import type { StoredLine } from '../meta/core.ts'
import { isReason } from '../meta/status-error.ts'
import { EtcdWatch, type EtcdWatchOptions } from './etcd-watch.ts'

interface EtcdTailOptions extends Omit<EtcdWatchOptions, 'silentMs' | 'after'> {
  /** Where it begins. */
  readonly revision: number
  /** The store's revision now. */
  readonly current: (signal: AbortSignal) => Promise<number>
  /** How many of the latest changes are kept at least. */
  readonly recentMax: number
  readonly random: () => number
  readonly logger: Logger
}

/** What foreign writes in the same etcd do to the revision is seen this late at the latest; a reader that waits asks sooner. */
const SILENT_MS = 5000
/** A change that is on its way comes by itself in this time. */
const CHASE_MS = 10, CHASE_AGAIN_MS = 100

/** The latest changes of the store, from a single watch that all watchers share; resumed behind the last change delivered, however often it is cut. */
export class EtcdTail {
  readonly #options: EtcdTailOptions
  readonly #changed = new Pulse()
  #lines: StoredLine[] = []
  #first: number
  #last: number
  #wanted = 0
  #isChasing = false
  #watch: EtcdWatch | undefined

  constructor(options: EtcdTailOptions) {
    this.#options = options
    this.#first = this.#last = options.revision
  }

  /** `since` knows every change above it. */
  get first(): number { return this.#first }
  waiter(signal: AbortSignal): ReturnType<Pulse['waiter']> { return this.#changed.waiter(signal) }
  /** Wakes everyone who waits, for reasons of the store's own. */
  wake(): void { this.#changed.beat() }

  /** A page of changes above `after`, which is not below `first`; undefined where it has not looked further. */
  since(after: number): { readonly lines: readonly StoredLine[]; readonly revision: number } | undefined {
    if (after >= this.#last) return undefined
    const from = firstAbove(this.#lines, after)
    let to = Math.min(from + PAGE, this.#lines.length)
    // Others may write several keys in one transaction: what has one revision stays together.
    while (to < this.#lines.length && this.#lines[to]!.revision === this.#lines[to - 1]!.revision) to++
    const lines = this.#lines.slice(from, to)
    return { lines, revision: to < this.#lines.length ? lines.at(-1)!.revision : this.#last }
  }

  /** Someone will wait for this revision: where no change of ours brings it, etcd is asked. */
  wants(revision: number, signal: AbortSignal): void {
    this.#wanted = Math.max(this.#wanted, revision)
    if (this.#wanted > this.#last && !this.#isChasing) void this.#chase(signal)
  }

  async #chase(signal: AbortSignal): Promise<void> {
    this.#isChasing = true
    for (let pauseMs = CHASE_MS; ; pauseMs = CHASE_AGAIN_MS) {
      await this.#options.clock.sleep(pauseMs, signal)
      if (signal.aborted || this.#last >= this.#wanted) break
      this.#watch?.ask()
    }
    this.#isChasing = false
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, logger, current } = this.#options, backoff = new Backoff({ initialMs: 50, maxMs: 2000, random })
    while (!signal.aborted) {
      const watch = new EtcdWatch({ ...this.#options, after: this.#last, silentMs: SILENT_MS })
      this.#watch = watch
      try {
        for await (const { lines, revision } of watch.run(signal)) {
          backoff.reset()
          this.#accept(lines, revision)
        }
      } catch (error) {
        if (signal.aborted) return
        logger.debug({ error, revision: this.#last }, 'the watch of the store was cut; resuming')
        try {
          // Away for longer than history is kept: watchers that did not see it learn so from etcd.
          if (isReason(error, 'Expired')) this.#restart(await current(signal))
        } catch (failure) {
          if (!signal.aborted) logger.warn({ error: failure }, 'the store cannot be watched; trying again')
        }
      }
      await clock.sleep(backoff.nextMs(), signal)
    }
  }

  #accept(lines: readonly StoredLine[], revision: number): void {
    for (const line of lines) this.#lines.push(line)
    this.#last = revision
    const { recentMax } = this.#options
    if (this.#lines.length > recentMax * 2) {
      const from = this.#lines.length - recentMax
      this.#first = this.#lines[from - 1]!.revision
      this.#lines = this.#lines.slice(firstAbove(this.#lines, this.#first))
    }
    this.#changed.beat()
  }

  #restart(revision: number): void {
    this.#lines = []
    this.#first = this.#last = revision
    this.#changed.beat()
  }
}

const PAGE = 500

/** Where lines above a revision begin: they are in its order. */
function firstAbove(lines: readonly StoredLine[], revision: number): number {
  let low = 0, high = lines.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (lines[middle]!.revision > revision) high = middle
    else low = middle + 1
  }
  return low
}
