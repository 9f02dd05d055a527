import type { KubeObject } from '../../src/machinery/meta/core.ts'
import { GADGETS, gadgetType } from './gadget.ts'
import type { Happening, Notes } from './notes.ts'
import { author, type SimulatedFleet } from './simulated-fleet.ts'
import { KINDS, named, NAMESPACES, type SimulatedKind } from './simulated-kinds.ts'

const TYPES: Readonly<Record<string, object>> = { [GADGETS]: gadgetType, configmaps: { group: '', version: 'v1', kind: 'ConfigMap', pluralName: 'configmaps', scope: 'Namespaced' } }

/** What people write into policies, preferences and type configs. */
export class RandomPolicies {
  readonly happenings: readonly Happening[] = [
    [9, 'policy', () => this.#policy()], [4, 'policy-', () => this.#dropPolicy()], [5, 'override', () => this.#override()], [2, 'override-', () => this.#dropOverride()], [3, 'preference', () => this.#preference()],
    [3, 'type config', () => this.#typeConfig()],
  ]
  readonly #fleet: SimulatedFleet
  readonly #notes: Notes
  readonly #log: (text: string) => void
  #variant = 0

  constructor(fleet: SimulatedFleet, notes: Notes, log: (text: string) => void) {
    this.#fleet = fleet
    this.#notes = notes
    this.#log = log
  }

  clusters(count: number): string[] { return [...new Set(Array.from({ length: count }, () => this.#fleet.random.pick([...this.#fleet.stubs.keys()])))] }

  /** Every kind is distributed. */
  async enableTypes(): Promise<void> { for (const id of Object.keys(TYPES)) await this.#putType(id, 'Enabled') }

  async #policy(): Promise<void> {
    const { random } = this.#fleet, isClusterWide = random.chance(0.3), kind = isClusterWide ? 'ClusterPropagationPolicy' : 'PropagationPolicy', selected = random.pick(KINDS), namespace = random.pick(NAMESPACES), isByName = random.chance(0.3), adopts = random.chance(0.2)
    const spec = {
      resourceSelectors: [{ apiVersion: selected.apiVersion, kind: selected.kind, ...(isByName && { name: named(random.pick(selected.keys)).name }) }], priority: random.int(3), ...(isByName && random.chance(0.5) && { preemption: 'Always' }),
      placement: { clusterAffinity: random.chance(0.5) ? { labelSelector: { matchLabels: { env: random.pick(['prod', 'dev']) } } } : { clusterNames: this.clusters(3) }, ...(random.chance(0.5) && { replicaScheduling: { replicaSchedulingType: random.pick(['Divided', 'Duplicated']) } }) },
      ...(adopts && { conflictResolution: 'Overwrite' }), ...(random.chance(0.4) && { propagateDeps: true }), ...(random.chance(0.15) && { suspension: random.chance(0.5) ? { dispatching: true } : { dispatchingOnClusters: { clusterNames: this.clusters(3) } } }),
    }
    this.#log(`  ${kind} ${JSON.stringify(spec)}`)
    if (adopts) this.#willAdopt(selected)
    await this.#put(kind, { ...(!isClusterWide && { namespace }), name: random.pick(['one', 'two']) }, spec)
  }

  #willAdopt({ plural, keys }: SimulatedKind): void {
    for (const key of keys) {
      this.#notes.overwritten.add(`${plural} ${key}`)
      for (const id of this.#notes.orphans.keys()) if (id.endsWith(` ${plural} ${key}`)) this.#notes.orphans.delete(id)
    }
  }

  async #override(): Promise<void> {
    const { random } = this.#fleet, namespace = random.pick(NAMESPACES)
    const spec = { resourceSelectors: [{ apiVersion: 'v1', kind: 'ConfigMap' }], overrideRules: [{ ...(random.chance(0.5) && { targetCluster: { labelSelector: { matchLabels: { env: random.pick(['prod', 'dev']) } } } }), overriders: { plaintext: [{ path: '/data/where', operator: 'add', value: `\${cluster.name}/${++this.#variant}` }] } }] }
    this.#log(`  ${namespace} ${JSON.stringify(spec)}`)
    await this.#put('OverridePolicy', { namespace, name: 'where' }, spec)
  }

  async #preference(): Promise<void> {
    const { random } = this.#fleet, { namespace, name } = named(random.pick(KINDS[1]!.keys)), key = `${namespace}/${name}`, { reader, writer } = this.#fleet.policies('ReplicaSchedulingPreference')
    const [there] = (await reader.list({ namespace: namespace!, name }, this.#fleet.server.signal)).entries
    if (there && random.chance(0.5)) await writer!.delete(key, author, this.#fleet.server.signal)
    else await this.#put('ReplicaSchedulingPreference', { ...(namespace !== undefined && { namespace }), name }, { targetKind: 'FederatedDeployment', totalReplicas: 1 + random.int(30), rebalance: random.chance(0.5) })
  }

  /** A kind comes, is switched off for a while, or goes. */
  async #typeConfig(): Promise<void> {
    const { random } = this.#fleet, id = random.pick(Object.keys(TYPES)), propagation = random.pick(['Enabled', 'Enabled', 'Disabled', undefined])
    this.#log(`  ${id} ${propagation}`)
    if (propagation === undefined) await this.#fleet.policies('FederatedTypeConfig').writer!.delete(id, author, this.#fleet.server.signal)
    else await this.#putType(id, propagation)
  }

  async #putType(id: string, propagation: string): Promise<void> { await this.#put('FederatedTypeConfig', { name: id }, { propagation, targetType: TYPES[id] }) }

  async #put(kind: string, metadata: { readonly namespace?: string; readonly name: string }, spec: object): Promise<void> {
    const { kind: { group, version }, writer } = this.#fleet.policies(kind), key = metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name
    await writer!.update(key, (current): KubeObject => ({ ...(current ?? { apiVersion: `${group}/${version}`, kind, metadata }), spec }), author, this.#fleet.server.signal)
  }

  async #dropPolicy(): Promise<void> {
    const { random, server: { signal } } = this.#fleet, name = random.pick(['one', 'two'])
    if (random.chance(0.3)) await this.#fleet.policies('ClusterPropagationPolicy').writer!.delete(name, author, signal)
    else await this.#fleet.policies('PropagationPolicy').writer!.delete(`${random.pick(NAMESPACES)}/${name}`, author, signal)
  }

  async #dropOverride(): Promise<void> { await this.#fleet.policies('OverridePolicy').writer!.delete(`${this.#fleet.random.pick(NAMESPACES)}/where`, author, this.#fleet.server.signal) }
}
