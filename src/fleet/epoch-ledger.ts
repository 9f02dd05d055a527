/** What replicas share about positions, as it is stored. */

/** `timesSetBack`: how often the source's versions were found to have gone back, as after a restore; absent: never. */
export interface SlotRecord { readonly source: string; readonly base: number; readonly timesSetBack?: number }
/** Positions are narrow from the first start on, or never: a ledger without the mark was begun with the wide form, and numbers must not go back. */
export interface EpochRecord { readonly number: number; readonly slots: readonly SlotRecord[]; readonly active: readonly string[]; readonly minimumDigits: number; readonly narrow?: boolean }
export interface Ledger { readonly epochs: readonly EpochRecord[]; readonly replicas: number }

/** `slots`: so many of the sources, in their order. `bases`, `setBack`: by slot, where they are not 0. `silent`: slots that are not active. `marks`: what is active and no source. */
interface StoredEpoch { readonly number: number; readonly slots: number; readonly bases?: Readonly<Record<string, number>>; readonly setBack?: Readonly<Record<string, number>>; readonly silent?: readonly number[]; readonly marks?: readonly string[]; readonly minimumDigits: number; readonly narrow?: boolean }
/** A source keeps its slot for good, so each is named once: with a thousand clusters, epochs that name all of theirs would be more than etcd takes as one value. */
interface StoredLedger { readonly sources: readonly string[]; readonly epochs: readonly StoredEpoch[]; readonly replicas: number }

export function writeLedger({ epochs, replicas }: Ledger): Uint8Array {
  const sources = epochs.at(-1)?.slots.map(({ source }) => source) ?? [], stored: StoredLedger = { sources, epochs: epochs.map(storedEpoch), replicas }
  return Buffer.from(JSON.stringify(stored))
}

/** Also as it was stored when epochs named all of their sources. */
export function readLedger(value: Uint8Array): Ledger {
  const stored = JSON.parse(Buffer.from(value).toString()) as StoredLedger | Ledger
  return 'sources' in stored ? { epochs: stored.epochs.map((epoch) => readEpoch(epoch, stored.sources)), replicas: stored.replicas } : stored
}

function storedEpoch({ number, slots, active, minimumDigits, narrow }: EpochRecord): StoredEpoch {
  const isActive = new Set(active), sources = new Set(slots.map(({ source }) => source)), silent = slots.flatMap(({ source }, i) => (isActive.has(source) ? [] : [i])), marks = active.filter((one) => !sources.has(one))
  return { number, slots: slots.length, ...bySlot('bases', slots.map(({ base }) => base)), ...bySlot('setBack', slots.map(({ timesSetBack = 0 }) => timesSetBack)), ...(silent.length > 0 && { silent }), ...(marks.length > 0 && { marks }), minimumDigits, ...(narrow && { narrow }) }
}

function readEpoch({ number, slots, bases = {}, setBack = {}, silent = [], marks = [], minimumDigits, narrow }: StoredEpoch, sources: readonly string[]): EpochRecord {
  const isSilent = new Set(silent), own = sources.slice(0, slots)
  return {
    number, slots: own.map((source, i): SlotRecord => ({ source, base: bases[i] ?? 0, ...(setBack[i] !== undefined && { timesSetBack: setBack[i] }) })), active: [...own.filter((_, i) => !isSilent.has(i)), ...marks].sort(),
    minimumDigits, ...(narrow && { narrow }),
  }
}

function bySlot(name: 'bases' | 'setBack', values: readonly number[]): Partial<StoredEpoch> {
  const some = values.flatMap((value, i) => (value === 0 ? [] : [[String(i), value] as const]))
  return some.length > 0 ? { [name]: Object.fromEntries(some) } : {}
}
