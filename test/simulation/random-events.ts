/** What happens to a federation in a simulation: what users write, and what others do in members. Each is drawn by chance, and noted where the invariants must know. */
import type { FederatedObject } from '../../src/apis/types.federation/v1alpha1/federated-object.ts'
import { MANAGED_LABEL as MANAGED, TEMPLATE_ANNOTATION as TEMPLATE } from '../../src/federation/template/marks.ts'
import type { KubeObject } from '../../src/machinery/meta/core.ts'
import { StatusError } from '../../src/machinery/meta/status-error.ts'
import { NativeWriters } from './native-writers.ts'
import { type Happening, Notes } from './notes.ts'
import { RandomFaults } from './random-faults.ts'
import { RandomPolicies } from './random-policies.ts'
import { author, type SimulatedFleet } from './simulated-fleet.ts'
import { copyKey, KINDS, named, NAMESPACES, type SimulatedKind } from './simulated-kinds.ts'
import type { StubMember } from './stub-member.ts'

/** What a user may meet: others, servers that are not there, kinds that are switched off. Anything else is a bug. */
const MET = ['AlreadyExists', 'NotFound', 'Conflict', 'ServiceUnavailable', 'Forbidden']

export class RandomEvents {
  readonly notes = new Notes()
  readonly #fleet: SimulatedFleet
  readonly #policies: RandomPolicies
  readonly #faults: RandomFaults
  readonly #native: NativeWriters
  readonly #users: readonly Happening[]
  readonly #happenings: readonly Happening[]
  #variant = 0

  constructor(fleet: SimulatedFleet) {
    this.#fleet = fleet
    this.#policies = new RandomPolicies(fleet, this.notes, (text) => this.#log(text))
    this.#faults = new RandomFaults(fleet, this.notes, (text) => this.#log(text))
    this.#native = new NativeWriters(fleet)
    this.#users = [[16, 'create', () => this.#create()], [12, 'edit', () => this.#edit()], [6, 'place', () => this.#place()], [3, 'suspend', () => this.#suspend()], [6, 'delete', () => this.#delete()], ...this.#policies.happenings]
    this.#happenings = [
      ...this.#users, ...this.#faults.happenings, [2, 'leave', () => this.#leave()], [3, 'join', () => this.#join()], [5, 'label', () => this.#label()],
      [4, 'foreign', () => this.#foreign()], [6, 'drift', () => this.#drift()], [4, 'remove copy', () => this.#removeCopy()], [3, 'unlabel', () => this.#unlabel()], [2, 'remove namespace', () => this.#removeNamespace()],
    ]
  }

  /** One thing happens, and some time passes. At first it is mostly users who write. */
  async next(isBeginning: boolean): Promise<void> {
    const { random } = this.#fleet, happenings = isBeginning ? this.#users : this.#happenings, total = happenings.reduce((sum, [weight]) => sum + weight, 0)
    let draw = random.int(total), at = 0
    while (draw >= happenings[at]![0]) draw -= happenings[at++]![0]
    const [, name, happen] = happenings[at]!
    this.#log(name)
    try { await this.#fleet.until(happen()) } catch (error) {
      if (!(error instanceof StatusError ? MET.includes(error.reason) : error instanceof DOMException && error.name === 'AbortError')) throw error
      this.#log(`  refused: ${(error as Error).message}`)
    }
    await this.#fleet.advance(random.pick([0, 20, 300, 300, 2000, 2000, 5000, 40_000]) + (random.chance(0.02) ? 360_000 : 0))
    if (!this.#fleet.isUp || (this.#fleet.servers.some(({ isDead }) => isDead) && random.chance(0.3))) {
      this.#log('start again')
      for (const server of this.#fleet.servers) server.resume()
      await this.#fleet.start()
    }
  }

  /** Kinds are there, and members know who may go. */
  async begin(): Promise<void> {
    for (const stub of this.#fleet.stubs.values()) stub.onEvicted = (plural, key) => this.notes.forget(stub.name, plural, key)
    await this.#policies.enableTypes()
  }

  /** Everything works again. */
  async healAll(): Promise<void> {
    await this.#faults.healAll()
    await this.#fleet.advance(30_000)
    await this.#fleet.until(this.#policies.enableTypes())
  }

  #log(text: string): void { this.notes.log.push(`${((this.#fleet.clock.now() - Date.UTC(2030, 0, 1)) / 1000).toFixed(2)} ${text}`) }
  get #signal(): AbortSignal { return this.#fleet.server.signal }
  #kind(): SimulatedKind { return this.#fleet.random.pick(KINDS) }
  #cluster(): string { return this.#fleet.random.pick([...this.#fleet.stubs.keys()]) }

  #placement(): object {
    const { random } = this.#fleet
    return random.pick<() => object>([
      () => ({ clusters: this.#policies.clusters(random.int(5)).map((name) => ({ name })) }), () => ({ clusterSelector: { matchLabels: { env: random.pick(['prod', 'dev']) } } }),
      () => ({ clusterAffinity: { labelSelector: { matchLabels: { env: random.pick(['prod', 'dev']) } } }, replicaScheduling: { replicaSchedulingType: 'Divided' } }),
    ])()
  }

  async #create(): Promise<void> {
    const { random } = this.#fleet, one = this.#kind(), { kind, apiVersion, keys, body } = one, key = random.pick(keys), metadata = named(key), content = body(++this.#variant)
    if (kind !== 'Namespace' && random.chance(0.3)) {
      this.#log(`  native ${kind} ${key}`)
      await (await this.#native.writer(one)).create({ apiVersion, kind, metadata: { ...metadata, annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } }, ...content }, author, this.#signal)
      await this.#forgetOrphans(one, key, this.notes.overwritten.has(`${one.plural} ${key}`))
      return
    }
    const spec = {
      template: content, ...(random.chance(0.5) && { placement: this.#placement() }), ...(random.chance(0.3) && { conflictResolution: 'Overwrite' }), ...(random.chance(0.1) && { suspend: true }),
      ...(kind === 'Deployment' && { ...(random.chance(0.5) && { propagateDeps: random.chance(0.7) }), ...(random.chance(0.15) && { retainReplicas: true }) }),
      ...(kind === 'Deployment' && random.chance(0.2) && { overrides: [{ clusterName: this.#cluster(), clusterOverrides: [{ op: 'replace', path: '/spec/replicas', value: 40 }] }] }),
    }
    this.#log(`  ${kind} ${key} ${JSON.stringify({ ...spec, template: undefined })}`)
    const { kind: { group, version }, resource } = this.#fleet.templates(kind)
    await resource.writer.create({ apiVersion: `${group}/${version}`, kind: `Federated${kind}`, metadata, spec }, author, this.#signal)
    await this.#forgetOrphans(one, key, 'conflictResolution' in spec || this.notes.overwritten.has(`${one.plural} ${key}`))
  }

  async #edit(): Promise<void> {
    const { random } = this.#fleet, one = this.#kind(), { kind, keys, body } = one, key = random.pick(keys), content = body(++this.#variant)
    this.#log(`  ${kind} ${key} variant ${this.#variant}`)
    if (kind !== 'Namespace' && random.chance(0.4)) await (await this.#native.writer(one)).update(key, (current) => {
      if (!current) throw StatusError.notFound({ group: '', resource: kind }, key)
      return { ...current, ...content }
    }, author, this.#signal)
    else await this.#update(kind, key, ({ spec, ...rest }) => ({ ...rest, spec: { ...(spec as object), template: content } }))
  }

  async #place(): Promise<void> {
    const { random } = this.#fleet, { kind, keys } = this.#kind(), key = random.pick(keys), placement = random.chance(0.8) ? this.#placement() : undefined
    this.#log(`  ${kind} ${key} ${JSON.stringify(placement)}`)
    await this.#update(kind, key, ({ spec, ...rest }) => { const { placement: _, ...others } = spec as { placement?: object }; return { ...rest, spec: { ...others, ...(placement && { placement }) } } })
  }

  async #suspend(): Promise<void> {
    const { random } = this.#fleet, { kind, keys } = this.#kind(), key = random.pick(keys), suspend = random.chance(0.5)
    this.#log(`  ${kind} ${key} ${suspend}`)
    await this.#update(kind, key, ({ spec, ...rest }) => ({ ...rest, spec: { ...(spec as object), suspend } }))
  }

  async #update(kind: string, key: string, change: (object: KubeObject) => KubeObject): Promise<void> {
    await this.#fleet.templates(kind).resource.writer.update(key, (current) => {
      if (!current) throw StatusError.notFound({ group: '', resource: kind }, key)
      return change(current)
    }, author, this.#signal)
  }

  async #delete(): Promise<void> {
    const { random } = this.#fleet, one = this.#kind(), { kind, keys } = one, key = random.pick(keys), propagation = random.pick(['Background', 'Background', 'Foreground', 'Orphan'] as const)
    this.#log(`  ${kind} ${key} ${propagation}`)
    const writer = kind !== 'Namespace' && random.chance(0.3) ? await this.#native.writer(one) : this.#fleet.templates(kind).resource.writer, before = await this.#fleet.template(kind, key)
    await writer.delete(key, { ...author, propagation }, this.#signal)
    if (propagation === 'Orphan' && before && before.metadata.deletionTimestamp === undefined) await this.#noteOrphans(one, key, before)
  }

  async #noteOrphans(kind: SimulatedKind, template: string, { metadata: { uid }, status }: FederatedObject): Promise<void> {
    const { plural } = kind, key = copyKey(kind, template)
    for (const stub of this.#fleet.stubs.values()) {
      const copy = await stub.get(plural, key), cluster = stub.name
      if (copy) this.notes.adoptable.add(copy.metadata.uid!)
      if (!status?.schedule?.targets?.some((target) => target.cluster === cluster)) continue
      if (copy?.metadata.labels?.[MANAGED] !== undefined && copy.metadata.annotations?.[TEMPLATE] === uid && copy.metadata.deletionTimestamp === undefined && this.#fleet.clusters.has(cluster)) this.notes.orphans.set(`${cluster} ${plural} ${key}`, copy.metadata.uid!)
    }
  }

  /** A template of the name takes over what was not let go yet, and adopts what was if it may. */
  async #forgetOrphans(kind: SimulatedKind, template: string, adopts: boolean): Promise<void> {
    const { plural } = kind, key = copyKey(kind, template)
    if (adopts) this.notes.overwritten.add(`${plural} ${key}`)
    for (const id of this.notes.orphans.keys()) {
      const [cluster = ''] = id.split(' ')
      if (id !== `${cluster} ${plural} ${key}`) continue
      const { labels = {}, annotations = {} } = (await this.#fleet.stubs.get(cluster)!.get(plural, key))?.metadata ?? {}
      // A namespace that the fleet made is known as such for good.
      if (adopts || labels[MANAGED] !== undefined || annotations['cluster.federation/created-by'] !== undefined) this.notes.orphans.delete(id)
    }
  }

  async #leave(): Promise<void> {
    const { clusters, random } = this.#fleet, name = random.pick([...clusters.keys()])
    if (clusters.size < 3) return
    this.#log(`  ${name}`)
    await this.#fleet.removeMember(name)
  }

  /** Copies of templates that went meanwhile are nobody's now, and are left. */
  async #join(): Promise<void> {
    const { clusters, stubs, random } = this.#fleet, away = [...stubs.keys()].filter((name) => !clusters.has(name))
    if (away.length === 0) return
    const name = random.pick(away)
    this.#log(`  ${name}`)
    await this.#faults.leaveBehind(stubs.get(name)!)
    await this.#fleet.addMember(name, { env: random.pick(['prod', 'dev']) })
  }

  #label(): Promise<void> {
    const { clusters, random } = this.#fleet, name = random.pick([...clusters.keys()]), env = random.pick(['prod', 'dev'])
    this.#log(`  ${name} ${env}`)
    this.#fleet.label(name, { env })
    return Promise.resolve()
  }

  async #foreign(): Promise<void> {
    const { random, stubs } = this.#fleet, { kind, apiVersion, plural, keys, body } = this.#kind(), key = copyKey({ kind }, random.pick(keys)), stub = stubs.get(this.#cluster())!, { namespace, name } = named(key)
    if ((await stub.get(plural, key)) || !stub.serves(plural)) return
    this.#log(`  ${stub.name} ${kind} ${key}`)
    if (namespace !== undefined && !(await stub.get('namespaces', namespace))) {
      const space = await stub.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
      this.notes.foreign.set(`${stub.name} namespaces ${namespace}`, space)
      this.notes.adoptable.add(space.metadata.uid!)
    }
    const made = await stub.create({ apiVersion, kind, metadata: { ...(namespace !== undefined && { namespace }), name }, ...body(1000) })
    this.notes.foreign.set(`${stub.name} ${plural} ${key}`, made)
    this.notes.adoptable.add(made.metadata.uid!)
  }

  /** A copy of some template, wherever there is one. */
  async #copy(act: (stub: StubMember, kind: SimulatedKind, key: string, copy: KubeObject) => Promise<unknown>): Promise<void> {
    const { random, stubs } = this.#fleet, kind = this.#kind(), key = copyKey(kind, random.pick(kind.keys)), held: (readonly [StubMember, KubeObject])[] = []
    for (const stub of stubs.values()) {
      const copy = await stub.get(kind.plural, key)
      if (copy?.metadata.labels?.[MANAGED] !== undefined && copy.metadata.deletionTimestamp === undefined) held.push([stub, copy])
    }
    if (held.length === 0) return
    const [stub, copy] = random.pick(held)
    this.#log(`  ${stub.name} ${kind.kind} ${key}`)
    this.notes.orphans.delete(`${stub.name} ${kind.plural} ${key}`)
    await act(stub, kind, key, copy)
  }

  async #drift(): Promise<void> {
    await this.#copy(async (stub, { kind, plural }, key) => {
      const changed = (object: KubeObject): KubeObject => ({
        ...object, ...(kind === 'ConfigMap' && { data: { ...(object['data'] as object), level: 'intruded', intruded: 'yes' } }), ...(kind === 'Deployment' && { spec: { ...(object['spec'] as object), replicas: 99 } }),
        ...(kind === 'ClusterRole' && { rules: [] }), metadata: { ...object.metadata, labels: { ...object.metadata.labels, intruded: 'yes' } },
      })
      await stub.change(plural, key, changed)
    })
  }

  async #removeCopy(): Promise<void> {
    await this.#copy(async (stub, { plural, kind }, key) => {
      if (kind === 'Job') this.notes.tidied.add(`${stub.name} ${key}`)
      await stub.remove(plural, key, this.#fleet.random.pick(['Background', 'Foreground'] as const))
    })
  }

  async #unlabel(): Promise<void> {
    await this.#copy(async (stub, { plural }, key) => {
      await stub.change(plural, key, ({ metadata, ...rest }) => { const { [MANAGED]: _, ...labels } = metadata.labels!; return { ...rest, metadata: { ...metadata, labels } } })
    })
  }

  /** With all that is in it. */
  async #removeNamespace(): Promise<void> {
    const { random, stubs } = this.#fleet, stub = stubs.get(this.#cluster())!, name = random.pick(NAMESPACES)
    this.#log(`  ${stub.name} ${name}`)
    this.notes.forget(stub.name, 'namespaces', name)
    await stub.remove('namespaces', name)
  }
}
