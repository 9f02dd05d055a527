import type { FederatedResourceQuota } from '../../apis/policy.federation/v1alpha1/federated-resource-quota.ts'
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { follow } from '../../machinery/controller/follow.ts'
import type { ListerWatcher } from '../../machinery/meta/core.ts'
import { keyOfObject, scopeOfKey } from '../../machinery/meta/object-key.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'
import { interpretationOf } from '../interpreter/interpretation-of.ts'
import { componentsOf, isDivisible, replicasOf } from '../interpreter/replicas.ts'
import { unowned } from '../template/native-object.ts'
import { templateKey, type Templates, type TemplateStore } from '../template/templates.ts'
import { NamespaceUsage } from './namespace-usage.ts'
import { allowed, excess, placedReplicas, type Share, shareOf, sumOf, times, type Usage } from './quota-usage.ts'

interface QuotasOptions {
  readonly templates: Templates
  /** FederatedResourceQuotas. */
  readonly reader: ListerWatcher
  readonly clock: Clock
  readonly logger: Logger
}

const NOTHING: Usage = new Map()

/** What templates use of the quotas of their namespaces, counted in memory. Nothing is counted until there is a quota. */
export class Quotas {
  readonly #options: QuotasOptions
  readonly #quotas = new Map<string, Map<string, FederatedResourceQuota>>()
  /** By namespace. */
  readonly #used = new Map<string, NamespaceUsage>()
  readonly #listeners = new Set<(namespace: string, quota?: string) => void>()
  readonly #ready = Promise.withResolvers<void>()
  #counting: Promise<unknown> | undefined

  constructor(options: QuotasOptions) { this.#options = options }

  /** Resolves once all quotas there were at the start are known, and what is used of them. */
  get ready(): Promise<void> { return this.#ready.promise }

  of(namespace: string): readonly FederatedResourceQuota[] { return [...(this.#quotas.get(namespace)?.values() ?? [])] }
  get(key: string): FederatedResourceQuota | undefined { return this.#quotas.get(namespaceOf(key))?.get(key) }
  usedIn(namespace: string): Usage { return this.#used.get(namespace)?.all(this.#options.clock.now()) ?? NOTHING }

  /** Called with the namespace after every change of what is used there, and of a quota: with its key. */
  onChange(listener: (namespace: string, quota?: string) => void): void { this.#listeners.add(listener) }

  async run(signal: AbortSignal): Promise<void> {
    const { reader, clock, logger } = this.#options, { ready, done } = follow(reader, (key, object) => this.#use(key, object as FederatedResourceQuota | undefined, signal), { clock, logger }, signal)
    void ready.then(() => this.#counting).then(() => this.#ready.resolve())
    await done
  }

  /** Throws Forbidden where the template would be beyond a quota as it is about to be stored, BadRequest where what it asks for cannot be counted. `next`, `before`: with the targets that it would have, and has. */
  admit(store: TemplateStore, next: FederatedObject, before: FederatedObject | undefined, isDryRun: boolean): void {
    const { namespace = '', name = '' } = next.metadata, quotas = this.of(namespace)
    if (quotas.length === 0) return
    const usage = usageOf(store, next), text = excess(quotas, { others: this.#others(store, next), before: (before && ifCountable(() => usageOf(store, before))) ?? NOTHING, next: usage })
    if (text !== undefined) throw StatusError.forbidden({ group: store.target.group, resource: store.target.plural }, name, text)
    if (!isDryRun) this.#assume(store, next, usage)
  }

  /** How many replicas of a template may be placed; undefined: there is no quota. */
  allowance(store: TemplateStore, federated: FederatedObject): { readonly replicas: number; readonly why: string } | undefined {
    const quotas = this.of(federated.metadata.namespace ?? ''), consumed = quotas.length > 0 ? ifCountable(() => consumption(store, federated)) : undefined
    return consumed && allowed(quotas, this.#others(store, federated), consumed.share)
  }

  /** What was decided about a template counts at once. */
  assume(store: TemplateStore, federated: FederatedObject): void {
    const usage = this.of(federated.metadata.namespace ?? '').length > 0 ? ifCountable(() => usageOf(store, federated)) : undefined
    if (usage) this.#assume(store, federated, usage)
  }

  #assume(store: TemplateStore, federated: FederatedObject, usage: Usage): void { this.#in(federated.metadata.namespace).assume(keyOf(store, federated), usage, this.#options.clock.now()) }

  #use(key: string, quota: FederatedResourceQuota | undefined, signal: AbortSignal): void {
    const namespace = namespaceOf(key), known = this.#quotas.get(namespace) ?? new Map<string, FederatedResourceQuota>()
    if (quota) known.set(key, quota)
    else known.delete(key)
    if (known.size > 0) this.#quotas.set(namespace, known)
    else this.#quotas.delete(namespace)
    if (known.size > 0) this.#counting ??= this.#count(signal)
    for (const listener of this.#listeners) listener(namespace, key)
  }

  /** Follows what templates ask for, of kinds that run something. */
  async #count(signal: AbortSignal): Promise<void> {
    const { templates, clock, logger } = this.#options, known: Promise<void>[] = []
    templates.onKind((store) => {
      if (!store.target.namespaced || (!interpretationOf(store.target).replicas && !interpretationOf(store.target).components && !store.target.scale)) return
      known.push(follow(store.cache, (key, object) => this.#see(store, key, object as FederatedObject | undefined), { clock, logger, parse: store.parse }, AbortSignal.any([signal, store.signal])).ready)
    }, signal)
    await Promise.all(known)
  }

  #see(store: TemplateStore, key: string, federated: FederatedObject | undefined): void {
    const namespace = namespaceOf(key), used = this.#in(namespace), template = templateKey(store.id, key)
    if (!federated) used.remove(template)
    else used.observe(template, federated.metadata.deletionTimestamp === undefined ? ifCountable(() => usageOf(store, federated)) : NOTHING)
    this.#tell(namespace)
  }

  #in(namespace = ''): NamespaceUsage {
    let used = this.#used.get(namespace)
    if (!used) this.#used.set(namespace, (used = new NamespaceUsage()))
    return used
  }

  #others(store: TemplateStore, federated: FederatedObject): Usage { return this.#in(federated.metadata.namespace).without(keyOf(store, federated), this.#options.clock.now()) }
  #tell(namespace: string): void { if (this.#quotas.has(namespace)) for (const listener of this.#listeners) listener(namespace) }
}

/** Undefined where the template asks for what nobody can count, as its condition Scheduled says: that is no reason to count no other. */
function ifCountable<T>(count: () => T): T | undefined {
  try { return count() } catch (error) {
    if (error instanceof StatusError) return undefined
    throw error
  }
}

const keyOf = (store: TemplateStore, federated: FederatedObject): string => templateKey(store.id, keyOfObject(federated))
const namespaceOf = (key: string): string => scopeOfKey(key).namespace ?? ''

/** What a template's targets use together. */
function usageOf(store: TemplateStore, federated: FederatedObject): Usage {
  const { targets = [], unplaced = 0 } = federated.status?.schedule ?? {}, consumed = targets.length + unplaced > 0 ? consumption(store, federated) : undefined
  return consumed ? times(consumed.share, placedReplicas(targets, consumed.replicas)) : NOTHING
}

/** What one replica asks for, and how many there are; a workload of several components counts as one. Undefined: it runs nothing that could be counted. */
function consumption({ target }: TemplateStore, federated: FederatedObject): { readonly share: Share; readonly replicas: number } | undefined {
  const native = unowned(federated, target), components = isDivisible(native) ? [] : componentsOf(native), found = components.length > 0 ? undefined : replicasOf(native, { scale: target.scale })
  if (components.length > 0) return { share: sumOf(components.map(({ replicas, requirements }) => times(shareOf(requirements?.resourceRequest), replicas))), replicas: 1 }
  return found && { share: shareOf(found.requirements?.resourceRequest), replicas: found.replicas }
}
