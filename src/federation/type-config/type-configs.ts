/**
 * FederatedTypeConfigs take effect: what they say of Kubernetes' own kinds switches these, and each of a custom kind has its schema read from a member and served.
 *
 *   configs ──────────────────────────────────▶ switch the kind (every replica)
 *   configs, members, time ─▶ the leader: read ─▶ store ─▶ serve, or withdraw (every replica)
 */
import type { FederatedTypeConfig } from '../../apis/policy.federation/v1alpha1/federated-type-config.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { Queue } from '../../lib/queue.ts'
import { runController } from '../../machinery/controller/controller.ts'
import { follow } from '../../machinery/controller/follow.ts'
import type { Resource, Storage } from '../../machinery/meta/core.ts'
import { keyPrefix } from '../../machinery/storage/storage-key.ts'
import type { DiscoveredKind } from '../member/discovery.ts'
import type { Member } from '../member/member.ts'
import type { Members } from '../member/members.ts'
import { writeStatus } from '../template/server-user.ts'
import { builtInTargets, whyNotDistributable } from '../template/target-kind.ts'
import { targetId, type Templates } from '../template/templates.ts'
import { readType, typeHash } from './read-type.ts'
import { targetOf } from './type-record.ts'
import type { TypeRecords } from './type-records.ts'
import { type KnownType, typeVerdict, whySwitchedOff, withVerdict } from './type-verdict.ts'

export interface TypeConfigsOptions {
  readonly configs: Resource
  readonly templates: Templates
  readonly records: TypeRecords
  readonly storage: Storage
  readonly members: Members
  /** Whether copies of a kind, by its id, wait in clusters that cannot be reached. */
  readonly isAwaited: (id: string) => boolean
  /** Resolves once `members` holds every Cluster there was at the start. */
  readonly seen: Promise<void>
  /** Only the replica that leads reads members and writes. */
  readonly leads: () => boolean
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}

/** A definition may change without a word in discovery. */
const LOOK_AGAIN_MS = 60_000, NOT_READ_YET_MS = 1000, SETTLE_MS = 300, EMPTY_YET_MS = 1000

const CONCURRENCY = 4

export class TypeConfigs {
  readonly #options: TypeConfigsOptions
  readonly #queue: Queue
  readonly #configs = new Map<string, FederatedTypeConfig>()

  private constructor(options: TypeConfigsOptions) {
    this.#options = options
    this.#queue = new Queue({ clock: options.clock, random: options.random })
  }

  /** Kinds are served, and switched, as was stored; nothing is to be distributed before. */
  static async open(options: TypeConfigsOptions, signal: AbortSignal): Promise<TypeConfigs> {
    const opened = new TypeConfigs(options), { configs, records, templates } = options
    for (const entry of (await configs.reader.list({}, signal)).entries) opened.#configs.set(entry.key, entry.parse() as FederatedTypeConfig)
    for (const { id } of templates.list()) opened.#switch(id)
    records.onRecord((id, record) => {
      if (record) templates.add(targetOf(record))
      else templates.withdraw(id)
      opened.#switch(id)
      opened.#queue.add(id)
    }, signal)
    return opened
  }

  /** Looks at everything again: called when this replica begins to lead. */
  kickAll(): void { for (const { id } of this.#options.templates.list()) this.#queue.add(id); for (const id of this.#configs.keys()) this.#queue.add(id) }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { configs, records, members, seen, clock, logger } = this.#options
    const following = follow(configs.reader, (id, config) => this.#use(id, config as FederatedTypeConfig | undefined), { clock, logger }, signal), writing = records.follow({ clock, logger }, signal)
    // What is not known yet comes first; members change often, and each look asks one of them.
    members.onChange(() => { for (const [id, { spec }] of this.#configs) if (spec.targetType.group) this.#queue.add(id, records.get(id) ? SETTLE_MS : 0) }, signal)
    await Promise.race([Promise.all([following.ready, seen]), new Promise((resolve) => { signal.addEventListener('abort', resolve, { once: true }) })])
    this.kickAll()
    await runController({ name: 'type configs', queue: this.#queue, sources: [], reconcile: (id, inner) => this.#reconcile(id, inner), concurrency: CONCURRENCY, logger }, signal)
    await Promise.all([following.done, writing])
  }

  #use(id: string, config: FederatedTypeConfig | undefined): void {
    if (config) this.#configs.set(id, config)
    else this.#configs.delete(id)
    this.#switch(id)
    this.#queue.add(id)
  }

  #switch(id: string): void { this.#options.templates.switchOff(id, whySwitchedOff(id, isBuiltIn(id), this.#configs.get(id))) }

  async #reconcile(id: string, signal: AbortSignal): Promise<{ readonly requeueAfterMs?: number }> {
    const { leads } = this.#options, config = this.#configs.get(id)
    if (!leads()) return {}
    if (!config) return this.#withdraw(id, signal)
    const known = await this.#learn(id, config, signal)
    await this.#report(id, config, known, signal)
    // A member tells of a kind before its documents have it.
    return isBuiltIn(id) ? {} : { requeueAfterMs: known.problem === undefined ? LOOK_AGAIN_MS : NOT_READ_YET_MS }
  }

  /** A kind goes with its last object, and once no cluster has a copy left that nobody else would remember. */
  async #withdraw(id: string, signal: AbortSignal): Promise<{ readonly requeueAfterMs?: number }> {
    const { records, isAwaited, logger } = this.#options
    if (!records.get(id)) return {}
    if (!(await this.#isEmpty(id, signal)) || isAwaited(id)) return { requeueAfterMs: EMPTY_YET_MS }
    await records.remove(id, signal)
    logger.info({ kind: id }, `${id} is no longer distributed: its FederatedTypeConfig and its last object are gone`)
    return {}
  }

  async #isEmpty(id: string, signal: AbortSignal): Promise<boolean> {
    const { templates, storage } = this.#options, store = templates.get(id)
    return !store || (await storage.range(keyPrefix(store.kind), { limit: 1 }, signal)).records.length === 0
  }

  /** Reads the schema of a custom kind where there is something new. */
  async #learn(id: string, { spec: { targetType, propagation } }: FederatedTypeConfig, signal: AbortSignal): Promise<KnownType> {
    const { records } = this.#options, { group = '', version, kind, pluralName } = targetType, builtIn = builtInTargets.find((target) => targetId(target) === id)
    if (builtIn) return { isServed: true, target: builtIn }
    const known = () => { const record = records.get(id); return record ? { isServed: true, target: record.kind, source: record.source.cluster } : { isServed: false, target: undefined } }
    if (whyNotDistributable(group, pluralName) !== undefined || propagation === 'Disabled') return known()
    const found = this.#describedBy(id, targetType, records.get(id)?.source.cluster)
    if ('problem' in found) return { ...known(), problem: found.problem }
    const { member, discovered } = found
    if (discovered.kind !== kind || discovered.namespaced !== (targetType.scope === 'Namespaced')) return { ...known(), target: discovered, source: member.name }
    const before = records.get(id)
    // Objects that are stored are of one version.
    if (before && before.kind.version !== version && !(await this.#isEmpty(id, signal))) return known()
    try {
      const hash = await typeHash(member.handler, { group, version }, signal)
      if (before?.source.cluster !== member.name || before.source.hash !== hash || before.kind.version !== version) await records.put({ ...(await readType(member.handler, discovered, signal)), source: { cluster: member.name, hash } }, signal)
      return known()
    } catch (error) {
      signal.throwIfAborted()
      return { ...known(), problem: `the schema cannot be read from cluster ${member.name}: ${error instanceof Error ? error.message : String(error)}` }
    }
  }

  /** The member whose word counts: the one it was, as long as that is joined and serves the kind, else the first. */
  #describedBy(id: string, { group = '', version, pluralName }: FederatedTypeConfig['spec']['targetType'], before: string | undefined): { readonly member: Member; readonly discovered: DiscoveredKind } | { readonly problem: string } {
    const serving = this.#options.members.list().flatMap((member) => {
      const discovered = member.discovery?.kinds.find((one) => one.group === group && one.version === version && one.plural === pluralName)
      return discovered ? [{ member, discovered }] : []
    })
    const same = serving.find(({ member }) => member.name === before)
    if (same && same.member.state.state !== 'ready') return { problem: `the cluster is ${same.member.state.state} now` }
    return same ?? serving.find(({ member }) => member.state.state === 'ready') ?? { problem: serving.length > 0 ? 'no cluster that serves it is ready' : `no cluster is known to serve ${id} in version ${version}` }
  }

  async #report(id: string, config: FederatedTypeConfig, known: KnownType, signal: AbortSignal): Promise<void> {
    const { configs, clock } = this.#options, verdict = typeVerdict(config, known)
    if (withVerdict(config, verdict, clock.now()) === config.status) return
    await writeStatus({ kind: configs.kind, writer: configs.writer! }, id, (current) => {
      const fresh = current as FederatedTypeConfig
      return withVerdict(fresh, typeVerdict(fresh, known), clock.now())
    }, signal)
  }
}

const isBuiltIn = (id: string): boolean => builtInTargets.some((target) => targetId(target) === id)
