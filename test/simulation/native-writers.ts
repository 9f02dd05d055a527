import { foldedUid } from '../../src/federation/interpreter/folded-uid.ts'
import type { TemplateStore } from '../../src/federation/template/templates.ts'
import { Epochs } from '../../src/fleet/epochs.ts'
import { FleetTemplates } from '../../src/fleet/fleet-templates.ts'
import { SlabEntry } from '../../src/machinery/cache/slab-entry.ts'
import type { Kind, ListerWatcher, Writer } from '../../src/machinery/meta/core.ts'
import type { SimulatedFleet } from './simulated-fleet.ts'
import { copyKey, type SimulatedKind } from './simulated-kinds.ts'

/** Writers of the fleet's own face of each kind, as of the server that answers. */
export class NativeWriters {
  readonly #fleet: SimulatedFleet
  readonly #fleets = new WeakMap<AbortSignal, FleetTemplates>()

  constructor(fleet: SimulatedFleet) { this.#fleet = fleet }

  async writer(one: SimulatedKind): Promise<Writer> {
    const { distribution, storage, stored, fleetId, signal } = this.#fleet.server, store = this.#fleet.templates(one.kind), { target } = store
    let fleet = this.#fleets.get(signal)
    if (!fleet) this.#fleets.set(signal, (fleet = new FleetTemplates({ ...distribution, storage, stored, epochs: await Epochs.open(storage, signal) }, { fleetId, set: 'default' })))
    const shown: Kind = { ...kindOf(store), group: target.group, version: target.version, kind: target.kind, plural: target.plural, listKind: `${target.kind}List`, namespaced: target.namespaced }
    return fleet.writable(store, fleet.kind(store, shown), { reader: this.#rows(one, store), open: () => undefined, members: () => [] }).writer!
  }

  /** What members hold without a template, as far as they can be asked. */
  #rows(one: SimulatedKind, store: TemplateStore): ListerWatcher {
    const { kind, apiVersion, plural } = one
    return {
      kind: kindOf(store),
      list: async ({ namespace, name = '' }) => {
        const key = namespace ? `${namespace}/${name}` : name, found = store.cache.get(key) ? [] : await Promise.all([...this.#fleet.clusters.keys()].map((cluster) => this.#fleet.stubs.get(cluster)!.get(plural, copyKey(one, key))))
        const [first] = found.filter((object) => object !== undefined)
        return { entries: first ? [SlabEntry.of({ ...first, apiVersion, kind, metadata: { ...first.metadata, uid: foldedUid({ fleetId: this.#fleet.server.fleetId, set: 'default', group: '', kind, namespace: namespace ?? '', name }) } })] : [], position: '1', warnings: [] }
      },
      watch: () => { throw new Error(`nobody watches ${store.id} here`) },
    }
  }
}

/** Without what only readers of federated objects need. */
const kindOf = ({ kind }: TemplateStore): Kind => ({ ...kind, columns: [], fields: {} })
