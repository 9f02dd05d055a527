import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { ApiGroup } from '../machinery/server/catalog.ts'
import type { Kind, Resource } from '../machinery/meta/core.ts'
import type { Epochs, EpochState } from './epochs.ts'
import { FleetCatalog } from './fleet-catalog.ts'
import type { FleetMember } from './fleet-member.ts'
import { FleetTemplates, type FleetTemplatesOptions } from './fleet-templates.ts'
import { TEMPLATES_SOURCE } from './template-source.ts'
import type { UnionKind } from './union-kinds.ts'

/** A ClusterSet as membership sees it. */
export interface FleetSet { readonly name: string; includes(cluster: string): boolean }

/** The two faces of one ClusterSet. */
export interface Fleet { readonly name: string; readonly merged: FleetCatalog; readonly byCluster: FleetCatalog }

interface FleetsOptions {
  readonly fleetId: string
  readonly epochs: Epochs
  /** Only the replica that leads begins epochs: two that see members differently would begin them in turns. */
  readonly leads: () => boolean
  readonly clock: Clock
  readonly logger: Logger
  /** Caches and views that nobody has read for this long are dropped. */
  readonly idleMs: number
  /** How long a read waits for members that have not synced yet. */
  readonly graceMs: number
  readonly ownGroups: () => readonly ApiGroup[]
  /** Called around each merge of a row. */
  readonly timeMerge?: <T>(kind: Kind, merge: () => T) => T
  readonly connect: (fleet: () => Fleet, kind: UnionKind, bound: boolean) => Resource['connect']
  /** Absent: fleets can only be read. */
  readonly templates?: FleetTemplatesOptions
  /** This server's own namespace on the host. Absent: nothing is written there through fleets. */
  readonly ownNamespace?: string
}

/** One fleet per ClusterSet, kept in step with the sets and the members. */
export class Fleets {
  readonly #options: FleetsOptions
  readonly #fleets = new Map<string, Fleet>()
  #wanted: { sets: readonly FleetSet[]; members: readonly FleetMember[] } | undefined
  #updating: Promise<void> | undefined
  #members: readonly FleetMember[] = []

  constructor(options: FleetsOptions) { this.#options = options }

  get(set: string): Fleet | undefined { return this.#fleets.get(set) }

  /** Templates came, went or were switched: watches of kinds that this concerns end, and begin anew with what there is now. */
  refresh(): void { for (const { merged } of this.#fleets.values()) merged.groups() }

  /** Takes effect at once where the epoch stays, else when the new one is stored; the latest call wins. */
  update(sets: readonly FleetSet[], members: readonly FleetMember[], signal: AbortSignal): Promise<void> {
    this.#wanted = { sets, members }
    this.#updating ??= this.#apply(signal).finally(() => { this.#updating = undefined })
    return this.#updating
  }

  /** Drops idle views until the signal aborts, then all. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, idleMs } = this.#options
    while (!signal.aborted) {
      await clock.sleep(Math.min(idleMs, 60_000), signal)
      for (const { merged, byCluster } of this.#fleets.values()) { merged.dropIdle(); byCluster.dropIdle() }
    }
    for (const { merged, byCluster } of this.#fleets.values()) { merged.close(); byCluster.close() }
  }

  async #apply(signal: AbortSignal): Promise<void> {
    const { epochs, leads, templates } = this.#options
    while (this.#wanted) {
      const { sets, members: wanted } = this.#wanted, isLeader = leads()
      this.#wanted = undefined
      if (isLeader && templates) epochs.reached(TEMPLATES_SOURCE.id, await templates.storage.revision(signal))
      if (isLeader) await epochs.use([...(templates ? [TEMPLATES_SOURCE] : []), ...wanted.map(({ source }) => source)], signal, narrowed(sets, wanted))
      if (this.#wanted) continue
      const epoch = epochs.current, members = isLeader ? wanted : inEpoch(epoch, wanted, this.#members)
      this.#members = members
      for (const { source: { id }, setBack, countSetBacks } of members) {
        const seen = setBack?.()
        if (seen) epochs.setBack(id, seen.version, seen.times)
        countSetBacks?.(epochs.timesSetBack(id))
      }
      for (const [name, { merged, byCluster }] of this.#fleets) if (!sets.some((set) => set.name === name)) { merged.close(); byCluster.close(); this.#fleets.delete(name) }
      for (const set of sets) {
        const { merged, byCluster } = this.#fleets.get(set.name) ?? this.#found(set.name), chosen = members.filter(({ cluster }) => cluster === '' || set.includes(cluster))
        merged.use(epoch, chosen)
        byCluster.use(epoch, chosen.filter(({ cluster }) => cluster !== ''))
      }
    }
  }

  #found(name: string): Fleet {
    const { fleetId, epochs, clock, logger, idleMs, graceMs, ownGroups, connect, timeMerge, ownNamespace } = this.#options, shared = { identity: { fleetId, set: name }, epochs, clock, logger, idleMs, graceMs, ownGroups, ...(timeMerge && { timeMerge }), connect: (kind: UnionKind, bound: boolean) => connect(() => fleet, kind, bound) }
    const templates = this.#options.templates && new FleetTemplates(this.#options.templates, shared.identity)
    const fleet: Fleet = { name, merged: new FleetCatalog({ ...shared, byCluster: false, ...(templates && { templates }), ...(ownNamespace !== undefined && { ownNamespace }) }), byCluster: new FleetCatalog({ ...shared, byCluster: true }) }
    this.#fleets.set(name, fleet)
    return fleet
  }
}

/** What sets leave out, as marks of an epoch: a set that takes in or lets go a member begins one, as a join or leave does. */
const narrowed = (sets: readonly FleetSet[], members: readonly FleetMember[]): readonly string[] => sets.flatMap((set) => {
  const inside = members.filter(({ cluster }) => cluster !== '' && set.includes(cluster)), all = members.filter(({ cluster }) => cluster !== '')
  return inside.length === all.length ? [] : [`set ${set.name}: ${inside.map(({ source }) => source.id).toSorted().join()}`]
})

/** The members of an epoch that another replica began, as far as this one knows them. One that has left is still of it until the next: its rows go with that one's positions, which are larger. */
function inEpoch({ active }: EpochState, wanted: readonly FleetMember[], before: readonly FleetMember[]): readonly FleetMember[] {
  const present = wanted.filter(({ source }) => active.includes(source.id)), known = new Set(present.map(({ source }) => source.id))
  return [...present, ...before.filter(({ source }) => active.includes(source.id) && !known.has(source.id))]
}
