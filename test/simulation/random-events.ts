/** What happens to a federation in a simulation: what users write, what others do in members, and what breaks. Each is drawn by chance, and noted where the invariants must know. */
import type { FederatedObject } from '../../src/apis/types.federation/v1alpha1/federated-object.ts'
import { foldedUid } from '../../src/federation/interpreter/folded-uid.ts'
import { Epochs } from '../../src/fleet/epochs.ts'
import { FleetTemplates } from '../../src/fleet/fleet-templates.ts'
import { SlabEntry } from '../../src/machinery/cache/slab-entry.ts'
import type { Kind, KubeObject, ListerWatcher, Writer } from '../../src/machinery/meta/core.ts'
import { StatusError } from '../../src/machinery/meta/status-error.ts'
import { MANAGED_LABEL as MANAGED, TEMPLATE_ANNOTATION as TEMPLATE } from '../../src/federation/template/marks.ts'
import type { TemplateStore } from '../../src/federation/template/templates.ts'
import { author, type SimulatedFleet } from './simulated-fleet.ts'
import type { StubMember } from './stub-member.ts'

export interface SimulatedKind { readonly kind: string; readonly apiVersion: string; readonly plural: string; readonly keys: readonly string[]; readonly body: (variant: number) => Record<string, unknown> }

const podTemplate = (variant: number) => ({ metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'main', image: `app:${variant}` }], restartPolicy: 'Never' } })
export const KINDS: readonly SimulatedKind[] = [
  { kind: 'ConfigMap', apiVersion: 'v1', plural: 'configmaps', keys: ['shop/settings', 'shop/theme', 'data/settings'], body: (variant) => ({ data: { level: String(variant), ...(variant % 2 === 0 && { even: 'yes' }) } }) },
  { kind: 'Deployment', apiVersion: 'apps/v1', plural: 'deployments', keys: ['shop/web', 'shop/api', 'data/db'], body: (variant) => ({ spec: { replicas: 1 + (variant % 17), selector: { matchLabels: { app: 'x' } }, template: { ...podTemplate(variant), spec: { containers: podTemplate(variant).spec.containers } } } }) },
  { kind: 'Job', apiVersion: 'batch/v1', plural: 'jobs', keys: ['data/report'], body: (variant) => ({ spec: { completions: 1, template: podTemplate(variant) } }) },
  { kind: 'ClusterRole', apiVersion: 'rbac.authorization.k8s.io/v1', plural: 'clusterroles', keys: ['reader'], body: (variant) => ({ rules: [{ apiGroups: [''], resources: ['pods'], verbs: variant % 2 ? ['get'] : ['get', 'list'] }] }) },
]

/** What the invariants must know of what was done. */
export interface Notes {
  /** Objects that others made, by `cluster kind key`. */
  readonly foreign: Map<string, KubeObject>
  /** Copies of these may be in these clusters without a template: `cluster uid` of the template. They were away, or came back from a backup. */
  readonly leftBehind: Set<string>
  /** Jobs that were tidied away in members: `cluster key`. */
  readonly tidied: Set<string>
  /** Copies that were to be left, and have no business being marked or removed: `cluster kind key` → uid. */
  readonly orphans: Map<string, string>
  /** uids of objects that may be adopted: they hold what no template says. */
  readonly adoptable: Set<string>
  /** Names of which some template might adopt what it found: `kind key`. */
  readonly overwritten: Set<string>
  readonly log: string[]
}

/** So many of the happenings are what users do. */
const USERS = 9

type Happening = readonly [weight: number, name: string, happen: () => Promise<unknown>]

export class RandomEvents {
  readonly notes: Notes = { foreign: new Map(), leftBehind: new Set(), tidied: new Set(), orphans: new Map(), adoptable: new Set(), overwritten: new Set(), log: [] }
  readonly #fleet: SimulatedFleet
  readonly #happenings: readonly Happening[]
  #variant = 0
  #native: { readonly signal: AbortSignal; readonly writers: ReadonlyMap<string, Writer> } | undefined

  constructor(fleet: SimulatedFleet) {
    this.#fleet = fleet
    this.#happenings = [
      [16, 'create', () => this.#create()], [12, 'edit', () => this.#edit()], [6, 'place', () => this.#place()], [6, 'delete', () => this.#delete()],
      [8, 'policy', () => this.#policy()], [3, 'policy-', () => this.#dropPolicy()], [5, 'override', () => this.#override()], [2, 'override-', () => this.#dropOverride()], [3, 'preference', () => this.#preference()],
      [2, 'leave', () => this.#leave()], [3, 'join', () => this.#join()], [5, 'label', () => this.#label()],
      [4, 'foreign', () => this.#foreign()], [6, 'drift', () => this.#drift()], [4, 'remove copy', () => this.#removeCopy()], [3, 'unlabel', () => this.#unlabel()],
      [4, 'refuse', () => this.#break((stub) => stub.faults.refuse())], [4, 'hang', () => this.#break((stub) => stub.faults.pause())], [3, 'slow', () => this.#pick((stub) => { stub.faults.latencyMs = 2000 })],
      [4, 'trouble', () => this.#pick((stub) => this.#fleet.troubles.set(stub.name, { errors: 0.3, lost: 0.3 }))], [4, 'cut', () => this.#pick((stub) => stub.faults.cutStreams())], [2, 'restore', () => this.#restore()], [10, 'heal', () => this.#heal()],
      [3, 'restart', () => this.#fleet.restart()], [3, 'kill at commit', () => { this.#fleet.killAfter = { commits: 1 + this.#fleet.random.int(6) }; return Promise.resolve() }], [3, 'kill at write', () => { this.#fleet.killAfter = { writes: 1 + this.#fleet.random.int(6) }; return Promise.resolve() }],
    ]
  }

  /** One thing happens, and some time passes. At first it is mostly users who write. */
  async next(isBeginning: boolean): Promise<void> {
    const { random } = this.#fleet, happenings = isBeginning ? this.#happenings.slice(0, USERS) : this.#happenings, total = happenings.reduce((sum, [weight]) => sum + weight, 0)
    let draw = random.int(total), at = 0
    while (draw >= happenings[at]![0]) draw -= happenings[at++]![0]
    const [, name, happen] = happenings[at]!
    this.#log(name)
    try { await this.#fleet.until(happen()) } catch (error) {
      // Users meet each other, and servers that are not there; anything else is a bug.
      if (!(error instanceof StatusError) || !['AlreadyExists', 'NotFound', 'Conflict', 'ServiceUnavailable'].includes(error.reason)) throw error
      this.#log(`  refused: ${error.message}`)
    }
    await this.#fleet.advance(random.pick([0, 20, 300, 300, 2000, 2000, 5000, 40_000]) + (random.chance(0.02) ? 360_000 : 0))
    if (!this.#fleet.isUp) {
      this.#log('start again')
      await this.#fleet.restart()
    }
  }

  /** Everything works again. */
  async healAll(): Promise<void> {
    for (const stub of this.#fleet.stubs.values()) {
      stub.faults.heal()
      this.#fleet.setReachable(stub.name, true)
    }
    this.#fleet.troubles.clear()
    this.#fleet.killAfter = {}
    if (!this.#fleet.isUp) await this.#fleet.restart()
  }

  #log(text: string): void { this.notes.log.push(`${((this.#fleet.clock.now() - Date.UTC(2030, 0, 1)) / 1000).toFixed(2)} ${text}`) }
  get #signal(): AbortSignal { return this.#fleet.server.signal }
  #kind(): SimulatedKind { return this.#fleet.random.pick(KINDS) }
  #cluster(): string { return this.#fleet.random.pick([...this.#fleet.stubs.keys()]) }

  #clusters(count: number): string[] { return [...new Set(Array.from({ length: count }, () => this.#cluster()))] }

  #placement(): object {
    const { random } = this.#fleet
    return random.pick<() => object>([
      () => ({ clusters: this.#clusters(random.int(5)).map((name) => ({ name })) }), () => ({ clusterSelector: { matchLabels: { env: random.pick(['prod', 'dev']) } } }),
      () => ({ clusterAffinity: { labelSelector: { matchLabels: { env: random.pick(['prod', 'dev']) } } }, replicaScheduling: { replicaSchedulingType: 'Divided' } }),
    ])()
  }

  async #create(): Promise<void> {
    const { random } = this.#fleet, one = this.#kind(), { kind, apiVersion, keys, body } = one, key = random.pick(keys), metadata = named(key), content = body(++this.#variant)
    if (random.chance(0.3)) {
      this.#log(`  native ${kind} ${key}`)
      await (await this.#writer(kind)).create({ apiVersion, kind, metadata: { ...metadata, annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } }, ...content }, author, this.#signal)
      await this.#forgetOrphans(one, key, false)
      return
    }
    const spec = {
      template: content, ...(random.chance(0.5) && { placement: this.#placement() }), ...(random.chance(0.4) && { conflictResolution: 'Overwrite' }),
      ...(kind === 'Deployment' && random.chance(0.2) && { overrides: [{ clusterName: this.#cluster(), clusterOverrides: [{ op: 'replace', path: '/spec/replicas', value: 40 }] }] }),
    }
    this.#log(`  ${kind} ${key} ${JSON.stringify({ ...spec, template: undefined })}`)
    await this.#fleet.templates(kind).resource.writer.create({ apiVersion: `types.federation/v1alpha1`, kind: `Federated${kind}`, metadata, spec }, author, this.#signal)
    await this.#forgetOrphans(one, key, 'conflictResolution' in spec)
  }

  async #edit(): Promise<void> {
    const { random } = this.#fleet, { kind, keys, body } = this.#kind(), key = random.pick(keys), content = body(++this.#variant)
    this.#log(`  ${kind} ${key} variant ${this.#variant}`)
    if (random.chance(0.4)) await (await this.#writer(kind)).update(key, (current) => {
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

  async #update(kind: string, key: string, change: (object: KubeObject) => KubeObject): Promise<void> {
    await this.#fleet.templates(kind).resource.writer.update(key, (current) => {
      if (!current) throw StatusError.notFound({ group: '', resource: kind }, key)
      return change(current)
    }, author, this.#signal)
  }

  async #delete(): Promise<void> {
    const { random } = this.#fleet, one = this.#kind(), { kind, keys } = one, key = random.pick(keys), propagation = random.pick(['Background', 'Background', 'Foreground', 'Orphan'] as const)
    this.#log(`  ${kind} ${key} ${propagation}`)
    const writer = random.chance(0.3) ? await this.#writer(kind) : this.#fleet.templates(kind).resource.writer, before = await this.#fleet.template(kind, key)
    await writer.delete(key, { ...author, propagation }, this.#signal)
    if (propagation === 'Orphan' && before && before.metadata.deletionTimestamp === undefined) await this.#noteOrphans(one, key, before)
  }

  async #noteOrphans({ plural }: SimulatedKind, key: string, { metadata: { uid }, status }: FederatedObject): Promise<void> {
    for (const stub of this.#fleet.stubs.values()) {
      const copy = await stub.get(plural, key), cluster = stub.name
      if (copy) this.notes.adoptable.add(copy.metadata.uid!)
      if (!status?.schedule?.targets?.some((target) => target.cluster === cluster)) continue
      if (copy?.metadata.labels?.[MANAGED] !== undefined && copy.metadata.annotations?.[TEMPLATE] === uid && copy.metadata.deletionTimestamp === undefined && this.#fleet.clusters.has(cluster)) this.notes.orphans.set(`${cluster} ${plural} ${key}`, copy.metadata.uid!)
    }
  }

  /** A template of the name takes over what was not let go yet, and adopts what was if it may. */
  async #forgetOrphans({ plural }: SimulatedKind, key: string, adopts: boolean): Promise<void> {
    if (adopts) this.notes.overwritten.add(`${plural} ${key}`)
    for (const id of this.notes.orphans.keys()) {
      const [cluster = ''] = id.split(' ')
      if (id === `${cluster} ${plural} ${key}` && (adopts || (await this.#fleet.stubs.get(cluster)!.get(plural, key))?.metadata.labels?.[MANAGED] !== undefined)) this.notes.orphans.delete(id)
    }
  }

  async #policy(): Promise<void> {
    const { random } = this.#fleet, isClusterWide = random.chance(0.3), kind = isClusterWide ? 'ClusterPropagationPolicy' : 'PropagationPolicy', { kind: selected, apiVersion, keys } = this.#kind(), namespace = random.pick(['shop', 'data']), isByName = random.chance(0.3)
    const spec = {
      resourceSelectors: [{ apiVersion, kind: selected, ...(isByName && { name: named(random.pick(keys)).name }) }], priority: random.int(3), ...(isByName && random.chance(0.5) && { preemption: 'Always' }),
      placement: { clusterAffinity: random.chance(0.5) ? { labelSelector: { matchLabels: { env: random.pick(['prod', 'dev']) } } } : { clusterNames: this.#clusters(3) }, ...(random.chance(0.5) && { replicaScheduling: { replicaSchedulingType: random.pick(['Divided', 'Duplicated']) } }) },
    }
    this.#log(`  ${kind} ${JSON.stringify(spec)}`)
    await this.#put(kind, { ...(!isClusterWide && { namespace }), name: random.pick(['one', 'two']) }, spec)
  }

  async #override(): Promise<void> {
    const { random } = this.#fleet, namespace = random.pick(['shop', 'data'])
    const spec = { resourceSelectors: [{ apiVersion: 'v1', kind: 'ConfigMap' }], overrideRules: [{ ...(random.chance(0.5) && { targetCluster: { labelSelector: { matchLabels: { env: random.pick(['prod', 'dev']) } } } }), overriders: { plaintext: [{ path: '/data/where', operator: 'add', value: `\${cluster.name}/${++this.#variant}` }] } }] }
    this.#log(`  ${namespace} ${JSON.stringify(spec)}`)
    await this.#put('OverridePolicy', { namespace, name: 'where' }, spec)
  }

  async #preference(): Promise<void> {
    const { random } = this.#fleet, { namespace, name } = named(random.pick(KINDS[1]!.keys)), key = `${namespace}/${name}`, { reader, writer } = this.#fleet.policies('ReplicaSchedulingPreference')
    const [there] = (await reader.list({ namespace: namespace!, name }, this.#signal)).entries
    if (there && random.chance(0.5)) await writer!.delete(key, author, this.#signal)
    else await this.#put('ReplicaSchedulingPreference', { ...(namespace !== undefined && { namespace }), name }, { targetKind: 'FederatedDeployment', totalReplicas: 1 + random.int(30), rebalance: random.chance(0.5) })
  }

  async #put(kind: string, metadata: { readonly namespace?: string; readonly name: string }, spec: object): Promise<void> {
    const { kind: { group, version }, writer } = this.#fleet.policies(kind), key = metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name
    await writer!.update(key, (current) => ({ ...(current ?? { apiVersion: `${group}/${version}`, kind, metadata }), spec }), author, this.#signal)
  }

  async #dropPolicy(): Promise<void> {
    const { random } = this.#fleet, name = random.pick(['one', 'two'])
    if (random.chance(0.3)) await this.#fleet.policies('ClusterPropagationPolicy').writer!.delete(name, author, this.#signal)
    else await this.#fleet.policies('PropagationPolicy').writer!.delete(`${random.pick(['shop', 'data'])}/${name}`, author, this.#signal)
  }

  async #dropOverride(): Promise<void> { await this.#fleet.policies('OverridePolicy').writer!.delete(`${this.#fleet.random.pick(['shop', 'data'])}/where`, author, this.#signal) }

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
    await this.#leaveBehind(stubs.get(name)!)
    await this.#fleet.addMember(name, { env: random.pick(['prod', 'dev']) })
  }

  async #leaveBehind(stub: StubMember): Promise<void> {
    for (const { plural } of KINDS) for (const { metadata } of await stub.list(plural)) {
      const template = metadata.annotations?.[TEMPLATE]
      if (template !== undefined) this.notes.leftBehind.add(`${stub.name} ${template}`)
    }
  }

  #label(): Promise<void> {
    const { clusters, random } = this.#fleet, name = random.pick([...clusters.keys()]), env = random.pick(['prod', 'dev'])
    this.#log(`  ${name} ${env}`)
    this.#fleet.label(name, { env })
    return Promise.resolve()
  }

  async #foreign(): Promise<void> {
    const { random, stubs } = this.#fleet, { kind, apiVersion, plural, keys, body } = this.#kind(), key = random.pick(keys), stub = stubs.get(this.#cluster())!, { namespace, name } = named(key)
    if (await stub.get(plural, key)) return
    this.#log(`  ${stub.name} ${kind} ${key}`)
    if (namespace !== undefined && !(await stub.get('namespaces', namespace))) await stub.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    const made = await stub.create({ apiVersion, kind, metadata: { ...(namespace !== undefined && { namespace }), name }, ...body(1000) })
    this.notes.foreign.set(`${stub.name} ${plural} ${key}`, made)
    this.notes.adoptable.add(made.metadata.uid!)
  }

  /** A copy of some template, wherever there is one. */
  async #copy(act: (stub: StubMember, kind: SimulatedKind, key: string, copy: KubeObject) => Promise<unknown>): Promise<void> {
    const { random, stubs } = this.#fleet, kind = this.#kind(), key = random.pick(kind.keys), held: (readonly [StubMember, KubeObject])[] = []
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

  #break(how: (stub: StubMember) => void): Promise<void> {
    return this.#pick((stub) => {
      how(stub)
      this.#fleet.setReachable(stub.name, false)
    })
  }

  #pick(how: (stub: StubMember) => void): Promise<void> {
    const stub = this.#fleet.stubs.get(this.#cluster())!
    this.#log(`  ${stub.name}`)
    how(stub)
    return Promise.resolve()
  }

  #heal(): Promise<void> {
    return this.#pick((stub) => {
      stub.faults.heal()
      this.#fleet.troubles.delete(stub.name)
      this.#fleet.setReachable(stub.name, true)
    })
  }

  /** What others made, or tidied away, after the backup is as it was then; and copies of templates that went since are back, and nobody's. */
  async #restore(): Promise<void> {
    const { random, stubs } = this.#fleet, stub = stubs.get(this.#cluster())!, ms = random.pick([3000, 20_000, 60_000])
    // Versions that went back are noticed by whoever asks before they have grown again.
    const isBumped = !this.#fleet.isReachable(stub.name) || stub.faults.latencyMs > 0 || this.#fleet.troubles.has(stub.name) || random.chance(0.5)
    this.#log(`  ${stub.name} ${ms} ms${isBumped ? ', versions go on' : ''}`)
    await stub.restore(ms, isBumped)
    await this.#leaveBehind(stub)
    for (const { plural, keys } of KINDS) for (const key of keys) {
      const id = `${stub.name} ${plural} ${key}`, there = await stub.get(plural, key), isMarked = there?.metadata.labels?.[MANAGED] !== undefined
      this.notes.orphans.delete(id)
      if (!there && plural === 'jobs') this.notes.tidied.add(`${stub.name} ${key}`)
      if (there && !isMarked && this.notes.foreign.get(id)?.metadata.uid === there.metadata.uid) this.notes.foreign.set(id, there)
      else this.notes.foreign.delete(id)
    }
  }

  /** Writers of the fleet's own face of each kind, as of the server that runs. */
  async #writer(kind: string): Promise<Writer> {
    const { distribution, storage, stored, fleetId, signal } = this.#fleet.server
    if (this.#native?.signal !== signal) {
      const identity = { fleetId, set: 'default' }, fleet = new FleetTemplates({ ...distribution, storage, stored, epochs: await Epochs.open(storage, signal) }, identity)
      this.#native = {
        signal,
        writers: new Map(KINDS.map((one) => {
          const store = this.#fleet.templates(one.kind), { target } = store, shown: Kind = { ...kindOf(store), group: target.group, version: target.version, kind: target.kind, plural: target.plural, listKind: `${target.kind}List`, namespaced: target.namespaced }
          return [one.kind, fleet.writable(store, fleet.kind(store, shown), { reader: this.#rows(one), open: () => undefined, members: () => [] }).writer!]
        })),
      }
    }
    return this.#native.writers.get(kind)!
  }

  /** What members hold without a template, as far as they can be asked. */
  #rows({ kind, apiVersion, plural }: SimulatedKind): ListerWatcher {
    const { templates } = this.#fleet.server.distribution, store = templates.list().find(({ target }) => target.kind === kind)!
    return {
      kind: kindOf(store),
      list: async ({ namespace, name = '' }) => {
        const key = namespace ? `${namespace}/${name}` : name, found = store.cache.get(key) ? [] : await Promise.all([...this.#fleet.clusters.keys()].map((cluster) => this.#fleet.stubs.get(cluster)!.get(plural, key)))
        const [first] = found.filter((object) => object !== undefined)
        return { entries: first ? [SlabEntry.of({ ...first, apiVersion, kind, metadata: { ...first.metadata, uid: foldedUid({ fleetId: this.#fleet.server.fleetId, set: 'default', group: '', kind, namespace: namespace ?? '', name }) } })] : [], position: '1', warnings: [] }
      },
      watch: () => { throw new Error(`nobody watches ${store.id} here`) },
    }
  }
}

/** Without what only readers of federated objects need. */
const kindOf = ({ kind }: TemplateStore): Kind => ({ ...kind, columns: [], fields: {} })

export function named(key: string): { readonly namespace?: string; readonly name: string } {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
