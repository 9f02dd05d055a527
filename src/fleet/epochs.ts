import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Storage } from '../machinery/meta/core.ts'
import { isReason } from '../machinery/meta/status-error.ts'
import { digitsOf, MAX_VECTOR_SLOTS, type Epoch } from './position-codec.ts'

const KEY = '/federation/epochs', KEPT_EPOCHS = 32, RETRY_MS = 1000
/** Bases begin where a component would otherwise come near its width. */
const BASE_FROM = 10 ** 11

/** Whose resourceVersion a slot carries. `id` names one identity: a member restored from a backup is another. `version`: its resourceVersion now, where known. */
export interface EpochSource { readonly id: string; readonly version?: number }

interface SlotRecord { readonly source: string; readonly base: number }
/** `active`: the sources merged in this epoch, and marks of what its sets leave out, sorted. Slots of others are kept, silent. */
export interface EpochState extends Epoch { readonly slots: readonly SlotRecord[]; readonly active: readonly string[] }
interface Ledger { readonly epochs: readonly { number: number; slots: readonly SlotRecord[]; active: readonly string[]; minimumDigits: number }[]; readonly replicas: number }

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
  /** Larger for every process start: positions of fleets that outgrew vectors carry it. */
  readonly replica: number

  private constructor(storage: Storage, ledger: Ledger) {
    this.#storage = storage
    this.replica = ledger.replicas
    this.#learn(ledger)
  }

  static async open(storage: Storage, signal: AbortSignal): Promise<Epochs> {
    const ledger = await change(storage, (old) => ({ epochs: old?.epochs ?? [firstEpoch], replicas: (old?.replicas ?? 0) + 1 }), signal)
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
    this.#learn(await change(this.#storage, (old) => nextLedger(old ?? { epochs: [firstEpoch], replicas: 1 }, sources, marks), signal))
  }

  /** Follows what other replicas decide, until the signal aborts. */
  async follow({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const { record, revision } = await this.#storage.get(KEY, signal)
        if (record) this.#learn(parse(record.value))
        for await (const { lines } of this.#storage.watch(KEY, revision, signal)) for (const { now } of lines) if (now) this.#learn(parse(now.value))
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
    this.#known = new Map(epochs.map(stateOf).flatMap((state) => [[state.number - 1, { ...state, number: state.number - 1 }], [state.number, state]] as const))
    this.#current = stateOf(latest)
    for (const listener of this.#listeners) listener()
  }
}

const firstEpoch = { number: 2, slots: [] as SlotRecord[], active: [] as string[], minimumDigits: 0 }
const stateOf = (record: Ledger['epochs'][number]): EpochState => ({ ...record, bases: record.slots.map(({ base }) => base) })
const parse = (value: Uint8Array): Ledger => JSON.parse(Buffer.from(value).toString()) as Ledger

/** Pure: the same ledger where nothing changes. */
export function nextLedger(ledger: Ledger, sources: readonly EpochSource[], marks: readonly string[] = []): Ledger {
  const last = ledger.epochs.at(-1)!, active = [...sources.map(({ id }) => id), ...marks].sort()
  if (active.length === last.active.length && active.every((id, i) => id === last.active[i])) return ledger
  const slots = [...last.slots]
  for (const { id, version = 0 } of sources) if (!slots.some((slot) => slot.source === id)) slots.push({ source: id, base: version >= BASE_FROM ? version - 1 : 0 })
  const outgrows = slots.length > MAX_VECTOR_SLOTS && last.slots.length <= MAX_VECTOR_SLOTS, minimumDigits = outgrows ? digitsOf(stateOf(last)) : last.minimumDigits
  return { ...ledger, epochs: [...ledger.epochs, { number: last.number + 2, slots, active, minimumDigits }].slice(-KEPT_EPOCHS) }
}

async function change(storage: Storage, next: (old: Ledger | undefined) => Ledger, signal: AbortSignal): Promise<Ledger> {
  for (;;) {
    const { record } = await storage.get(KEY, signal), old = record && parse(record.value), ledger = next(old)
    if (ledger === old) return ledger
    const done = await storage.commit(KEY, Buffer.from(JSON.stringify(ledger)), record?.revision ?? 0, signal)
    if ('revision' in done) return ledger
  }
}
