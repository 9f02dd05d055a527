import { aborted } from '../lib/aborted.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Storage } from '../machinery/meta/core.ts'
import { isReason } from '../machinery/meta/status-error.ts'
import { readLedger, writeLedger, type EpochRecord, type Ledger, type SlotRecord } from './epoch-ledger.ts'
import { canBeNarrow, componentEnd, fits, LONG_AGO, MAX_VECTOR_SLOTS, minimumDigitsAfter, type Epoch } from './position-codec.ts'

const KEY = '/federation/epochs', KEPT_EPOCHS = 32, RETRY_MS = 1000
/** Shares of a component's width: bases are renewed when so much of it is used, and are then so far behind: sets and kinds that are quiet are not at the latest version. */
const RENEW_AT = 0.75, BEHIND = 0.25

/** Whose resourceVersion a slot carries. `id` names one identity: a member restored from a backup is another. */
export interface EpochSource { readonly id: string }

/** `active`: the sources merged in this epoch, and marks of what its sets leave out, sorted. Slots of others are kept, silent. */
export interface EpochState extends Epoch { readonly slots: readonly SlotRecord[]; readonly active: readonly string[] }
/** The resourceVersion that a source was seen at, and how often it had been set back then. */
interface Seen { readonly version: number; readonly times: number }
type Reached = ReadonlyMap<string, Seen>

/**
 * Epochs, slots and bases: the only state that replicas share about positions. Changed by compare-and-set.
 * Numbers go up by two: the odd number below an epoch marks what is sent while it begins (a join, a leave), so that a stream cut in the
 * middle of it repeats and never loses.
 */
export class Epochs {
  #known = new Map<number, EpochState>()
  #current!: EpochState
  readonly #storage: Storage
  readonly #listeners = new Set<() => void>()
  readonly #reached = new Map<string, Seen>()
  /** Sources that are behind what they were, and at which version: not yet in the ledger. */
  readonly #setBack = new Map<string, Seen>()
  #outgrown = Promise.withResolvers<void>()
  /** Resolves when the bases were renewed, or that was tried in vain. */
  #tried = Promise.withResolvers<void>()
  /** Larger for every process start: positions of fleets that outgrew vectors carry it. */
  readonly replica: number

  private constructor(storage: Storage, ledger: Ledger) {
    this.#storage = storage
    this.replica = ledger.replicas
    this.#learn(ledger)
  }

  static async open(storage: Storage, signal: AbortSignal): Promise<Epochs> {
    const ledger = await change(storage, (old) => ({ ...old, replicas: old.replicas + 1 }), signal)
    return new Epochs(storage, ledger)
  }

  get current(): EpochState { return this.#current }
  /** By number, transitional ones included. */
  get known(): ReadonlyMap<number, EpochState> { return this.#known }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  /** Begins a new epoch where these are not the sources, or the marks, of the current one. */
  async use(sources: readonly EpochSource[], signal: AbortSignal, marks: readonly string[] = []): Promise<void> {
    this.#learn(await change(this.#storage, (old) => nextLedger(old, sources, { marks, reached: this.#reached }), signal))
  }

  /**
   * That a source was seen at that version, `times` set back before. Before it outgrows its component an epoch with higher bases begins: any replica can begin it, the sources being the same.
   */
  reached(source: string, version: number, times = this.timesSetBack(source)): void {
    const seen = this.#reached.get(source)
    if (times < this.timesSetBack(source) || (seen && seen.times === times && version <= seen.version)) return
    this.#reached.set(source, { version, times })
    this.#watchBases()
  }

  /**
   * That a source which had been set back `times` before is at that version, though it was seen further on. Begins one epoch, whoever tells it how often: positions grow on, and what was told of its
   * versions before is known to mean other states.
   */
  setBack(source: string, version: number, times: number): void {
    if (times < this.timesSetBack(source)) return
    this.#setBack.set(source, { version, times })
    this.#watchBases()
  }

  /** How often a source was set back. */
  timesSetBack(source: string): number { return timesSetBackOf(this.#current, source) }

  /** The current epoch, once these versions can be told in it; or as it is, where the store cannot be written. */
  async roomFor(versions: ReadonlyMap<string, number>, signal: AbortSignal): Promise<EpochState> {
    for (const [source, version] of versions) this.reached(source, version)
    const isRoom = () => this.#current.slots.every(({ source }, slot) => fits(this.#current, slot, versions.get(source) ?? 0))
    if (!isRoom()) await Promise.race([this.#tried.promise, aborted(signal)])
    return this.#current
  }

  /** Follows what other replicas decide, and renews bases, until the signal aborts. */
  async follow(options: { readonly clock: Clock; readonly logger: Logger }, signal: AbortSignal): Promise<void> {
    await Promise.all([this.#followOthers(options, signal), this.#renewBases(options, signal)])
  }

  async #renewBases({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }, signal: AbortSignal): Promise<void> {
    const end = aborted(signal)
    for (;;) {
      await Promise.race([this.#outgrown.promise, end])
      if (signal.aborted) return
      this.#outgrown = Promise.withResolvers()
      let isLate = false
      try {
        this.#learn(await change(this.#storage, (old) => renewed(old, this.#reached, this.#setBack), signal))
      } catch (error) {
        if (signal.aborted) return
        isLate = true
        logger.warn({ error: error instanceof Error ? error.message : error }, 'no epoch with higher bases can be begun; trying again')
      }
      this.#tried.resolve()
      this.#tried = Promise.withResolvers()
      if (isLate) await clock.sleep(RETRY_MS, signal)
      this.#watchBases()
    }
  }

  #watchBases(): void { if (isOutgrown(this.#current, this.#reached, this.#setBack)) this.#outgrown.resolve() }

  async #followOthers({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const { record, revision } = await this.#storage.get(KEY, signal)
        if (record) this.#learn(readLedger(record.value))
        for await (const { lines } of this.#storage.watch(KEY, revision, signal)) for (const { now } of lines) if (now) this.#learn(readLedger(now.value))
      } catch (error) {
        if (signal.aborted) return
        if (isReason(error, 'Expired')) logger.debug({}, 'the history of epochs was compacted; reading them again')
        else {
          logger.warn({ error: error instanceof Error ? error.message : error }, 'epochs cannot be followed; trying again')
          await clock.sleep(RETRY_MS, signal)
        }
      }
    }
  }

  #learn({ epochs }: Ledger): void {
    const latest = epochs.at(-1)!
    if (this.#current && latest.number <= this.#current.number) return
    this.#known = new Map(epochs.map((epoch) => stateOf(epoch, latest)).flatMap((state) => [[state.number - 1, { ...state, number: state.number - 1 }], [state.number, state]] as const))
    this.#current = stateOf(latest)
    for (const told of [this.#reached, this.#setBack]) for (const [source, { times }] of told) if (times < this.timesSetBack(source)) told.delete(source)
    this.#watchBases()
    for (const listener of this.#listeners) listener()
  }
}

const firstLedger: Ledger = { epochs: [{ number: 2, slots: [], active: [], minimumDigits: 0, narrow: true }], replicas: 0 }
const stateOf = (record: EpochRecord, latest = record): EpochState => ({ ...record, bases: record.slots.map(({ base }) => base), setBack: record.slots.flatMap((slot, i) => (timesOf(slot) < timesOf(latest.slots[i]!) ? [i] : [])) })
const timesOf = ({ timesSetBack = 0 }: SlotRecord) => timesSetBack

const indexes = new WeakMap<readonly SlotRecord[], ReadonlyMap<string, number>>()
/** The slot of a source in an epoch; -1: it has none. */
export function slotOf({ slots }: Pick<EpochState, 'slots'>, source: string): number {
  const index = indexes.get(slots) ?? new Map(slots.map((slot, i) => [slot.source, i]))
  indexes.set(slots, index)
  return index.get(source) ?? -1
}

/** How often a source had been set back when an epoch began. */
export const timesSetBackOf = (epoch: Pick<EpochState, 'slots'>, source: string): number => epoch.slots[slotOf(epoch, source)]?.timesSetBack ?? 0

/** Pure: the same ledger where nothing changes. */
export function nextLedger(ledger: Ledger, sources: readonly EpochSource[], { marks = [], reached = new Map() }: { readonly marks?: readonly string[]; readonly reached?: Reached } = {}): Ledger {
  const last = ledger.epochs.at(-1)!, active = [...sources.map(({ id }) => id), ...marks].sort()
  if (active.length === last.active.length && active.every((id, i) => id === last.active[i])) return renewed(ledger, reached)
  const added = sources.filter(({ id }) => slotOf(last, id) < 0).map(({ id }) => ({ source: id, base: 0 }))
  return begun(ledger, { slots: [...last.slots, ...added], active }, reached)
}

/** Pure: the same ledger where every source has room, and none was set back. */
export function renewed(ledger: Ledger, reached: Reached, setBack: Reached = new Map()): Ledger {
  const last = ledger.epochs.at(-1)!
  return isOutgrown(last, reached, setBack) ? begun(ledger, last, reached, setBack) : ledger
}

function begun(ledger: Ledger, { slots, active }: Pick<EpochRecord, 'slots' | 'active'>, reached: Reached, setBack: Reached = new Map()): Ledger {
  const last = ledger.epochs.at(-1)!, number = last.number + 2, narrow = last.narrow === true && canBeNarrow(number, slots.length), end = componentEnd({ slots: slots.length, narrow })
  const rebased = slots.map((slot): SlotRecord => {
    const back = setBackOf(slot, setBack)
    // With a base, what was seen before and is not read again yet can be told as that.
    if (back) return { ...slot, base: back.version >= RENEW_AT * end ? back.version - BEHIND * end : LONG_AGO, timesSetBack: back.times + 1 }
    return isOut(end, slot, reached) ? { ...slot, base: Math.max(0, reached.get(slot.source)!.version - BEHIND * end) } : slot
  })
  return { ...ledger, epochs: [...ledger.epochs, { number, slots: rebased, active, minimumDigits: minimumDigitsAfter(stateOf(last), number, slots.length), ...(narrow && { narrow }) }].slice(-KEPT_EPOCHS) }
}

function isOutgrown({ slots, narrow = false }: EpochRecord, reached: Reached, setBack: Reached): boolean {
  const end = componentEnd({ slots: slots.length, narrow })
  return slots.some((slot) => setBackOf(slot, setBack)) || (slots.length <= MAX_VECTOR_SLOTS && slots.some((slot) => isOut(end, slot, reached)))
}

/** Nearly beyond what the base leaves. */
function isOut(end: number, slot: SlotRecord, reached: Reached): boolean {
  const seen = reached.get(slot.source)
  return seen?.times === timesOf(slot) && seen.version - slot.base >= RENEW_AT * end
}

/** Undefined: not set back, or counted already. */
function setBackOf(slot: SlotRecord, setBack: Reached): Seen | undefined {
  const seen = setBack.get(slot.source)
  return seen && seen.times >= timesOf(slot) ? seen : undefined
}

async function change(storage: Storage, next: (old: Ledger) => Ledger, signal: AbortSignal): Promise<Ledger> {
  for (;;) {
    const { record } = await storage.get(KEY, signal), old = record && readLedger(record.value), ledger = next(old ?? firstLedger)
    if (ledger === old) return ledger
    const done = await storage.commit(KEY, writeLedger(ledger), record?.revision ?? 0, signal)
    if ('revision' in done) return ledger
  }
}
