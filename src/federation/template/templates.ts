import type { FederatedObject, FederatedStatus } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { Logger } from '../../lib/logger.ts'
import type { Cache } from '../../machinery/cache/cache.ts'
import { SlabEntry } from '../../machinery/cache/slab-entry.ts'
import type { Entry, Storage, WriteOptions, Writer } from '../../machinery/meta/core.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'
import type { Strategy } from '../../machinery/meta/strategy.ts'
import type { Definitions } from '../../machinery/schema/resolve-schema.ts'
import { createStoredResource, type StoredResource } from '../../machinery/registry/stored-resource.ts'
import type { WriterDependencies } from '../../machinery/registry/stored-writer.ts'
import type { ApiGroup, Catalog } from '../../machinery/server/catalog.ts'
import { federatedKind, type FederatedKind } from './federated-kind.ts'
import type { TargetKind } from './target-kind.ts'
import { isNamespaces, validateNamespaceTemplate } from './namespace-template.ts'
import { federatedStrategy, kept, type TemplateChecks } from './template-strategy.ts'

/** All templates of one kind. */
export interface TemplateStore extends FederatedKind {
  /** Names the kind inside this server: `deployments.apps`, `configmaps`. */
  readonly id: string
  readonly resource: StoredResource
  readonly cache: Cache
  /** Aborts once the kind is withdrawn, or comes back with another schema as another store. */
  readonly signal: AbortSignal
  /** Why the kind is not distributed now, for people; undefined: it is. What is stored of it stays, new ones are refused. */
  readonly whyOff: () => string | undefined
  /** What is stored in place of a template as it was: where changes go in waves, with what clusters keep until then. */
  readonly kept: (next: FederatedObject, before: FederatedObject) => FederatedObject
}

/** What storing a template would lead to: its status, with what would be done in each cluster. */
export type PlanTemplate = (store: TemplateStore, federated: FederatedObject) => FederatedStatus

export interface TemplatesOptions {
  readonly plan: PlanTemplate
  readonly storage: Storage
  readonly stored: WriterDependencies & { readonly logger: Logger }
  readonly checks: TemplateChecks
  /** The server's own namespace, which is no affair of members. */
  readonly ownNamespace?: string
}

/** The kinds that can be distributed now, each with its templates. As a catalog it serves them as `Federated<Kind>`. */
export class Templates implements Catalog {
  readonly #options: TemplatesOptions
  readonly #signal: AbortSignal
  readonly #stores = new Map<string, TemplateStore>()
  readonly #ends = new Map<string, AbortController>()
  /** Why kinds are switched off, by id; of kinds that are not served yet, too. */
  readonly #off = new Map<string, string>()
  readonly #listeners = new Set<(store: TemplateStore) => void>()
  readonly #switches = new Set<(store: TemplateStore) => void>()
  readonly #changes = new Set<() => void>()
  #groups: readonly ApiGroup[] = []
  #isStale = false

  constructor(options: TemplatesOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
  }

  get(id: string): TemplateStore | undefined { return this.#stores.get(id) }
  find(group: string, plural: string): TemplateStore | undefined { return this.#stores.get(targetId({ group, plural })) }
  list(): readonly TemplateStore[] { return [...this.#stores.values()] }

  /** Serves another kind from now on; a custom one of that name but another schema ends, and its objects are served by the new one. */
  add(target: TargetKind): TemplateStore {
    const id = targetId(target), known = this.#stores.get(id)
    if (known && (known.target.isBuiltIn || known.target === target)) return known
    if (known) this.withdraw(id)
    const { storage, stored, checks, plan, ownNamespace = '' } = this.#options, end = new AbortController(), signal = AbortSignal.any([this.#signal, end.signal]), whyOff = () => this.#off.get(id)
    const kind = federatedKind(target, (hub, schema) => refusingNew(isNamespaces(target) ? ofNamespaces(federatedStrategy(target, hub, checks, schema), ownNamespace) : federatedStrategy(target, hub, checks, schema), { group: hub.group, resource: `federated${target.plural}` }, whyOff))
    const made = createStoredResource(kind.kind, storage, stored, signal), resource: StoredResource = { ...made, writer: planning(made.writer, (federated) => plan(store, federated)) }, store: TemplateStore = { ...kind, id, resource, cache: made.cache, signal, whyOff, kept: kept(checks, target) }
    this.#stores.set(id, store)
    this.#ends.set(id, end)
    for (const listener of this.#listeners) listener(store)
    this.#changed()
    return store
  }

  /** Stops serving a kind. Objects that are stored stay in the store. */
  withdraw(id: string): void {
    this.#stores.delete(id)
    this.#ends.get(id)?.abort()
    this.#ends.delete(id)
    this.#changed()
  }

  /** `why` for people: the kind is not distributed until this is called without. */
  switchOff(id: string, why: string | undefined): void {
    if (this.#off.get(id) === why) return
    if (why === undefined) this.#off.delete(id)
    else this.#off.set(id, why)
    const store = this.#stores.get(id)
    if (store) for (const listener of this.#switches) listener(store)
    this.#changed()
  }

  /** Called after every change of what is served, until the signal aborts. */
  onChange(listener: () => void, signal: AbortSignal): void {
    this.#changes.add(listener)
    signal.addEventListener('abort', () => this.#changes.delete(listener), { once: true })
  }

  /** Called with each kind that is switched on or off, until the signal aborts. */
  onSwitch(listener: (store: TemplateStore) => void, signal: AbortSignal): void {
    this.#switches.add(listener)
    signal.addEventListener('abort', () => this.#switches.delete(listener), { once: true })
  }

  /** Called with each kind there is and each that comes, until the signal aborts. */
  onKind(listener: (store: TemplateStore) => void, signal: AbortSignal): void {
    for (const store of this.#stores.values()) listener(store)
    this.#listeners.add(listener)
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true })
  }

  #changed(): void {
    this.#isStale = true
    for (const listener of this.#changes) listener()
  }

  groups(): readonly ApiGroup[] {
    if (this.#isStale) {
      const groups = new Map<string, StoredResource[]>()
      for (const { kind, resource } of this.#stores.values()) groups.set(`${kind.group}/${kind.version}`, [...(groups.get(`${kind.group}/${kind.version}`) ?? []), resource])
      this.#groups = [...groups.values()].map((resources) => ({ name: resources[0]!.kind.group, versions: [{ version: resources[0]!.kind.version, resources }] }))
      this.#isStale = false
    }
    return this.#groups
  }

  /** Of all kinds, for OpenAPI. What members and this server both define is as this server has it. */
  definitions(): Definitions {
    const ordered = this.list().toSorted((a, b) => Number(a.target.isBuiltIn) - Number(b.target.isBuiltIn))
    return Object.assign({}, ...ordered.flatMap(({ definitions, target }) => [target.definitions, definitions()])) as Definitions
  }

  /** Of all kinds, for documents that must stay small. */
  openDefinitions(): Definitions { return Object.assign({}, ...this.list().map(({ openDefinitions }) => openDefinitions())) as Definitions }
}

const ofNamespaces = (strategy: Strategy<FederatedObject>, ownNamespace: string): Strategy<FederatedObject> => ({
  ...strategy, validate: (federated) => [...validateNamespaceTemplate(federated, ownNamespace), ...(strategy.validate?.(federated) ?? [])],
})

/** A kind that is switched off gets no new objects; those there are can be changed, and deleted. */
const refusingNew = (strategy: Strategy<FederatedObject>, of: { readonly group: string; readonly resource: string }, whyOff: () => string | undefined): Strategy<FederatedObject> => ({
  ...strategy,
  authorize: async (federated, old, options) => {
    const why = federated && !old ? whyOff() : undefined
    if (why !== undefined) throw StatusError.forbidden(of, federated?.metadata.name ?? '', why)
    await strategy.authorize?.(federated, old, options)
  },
})

/** What a kind is called inside this server, and its FederatedTypeConfig. */
export const targetId = ({ group, plural }: { readonly group: string; readonly plural: string }): string => (group ? `${plural}.${group}` : plural)

/** A dry run answers the plan. */
function planning(writer: Writer, plan: (federated: FederatedObject) => FederatedStatus): Writer {
  const planned = (entry: Entry, { dryRun, subresource }: WriteOptions): Entry => {
    if (!dryRun || subresource === 'status') return entry
    const federated = entry.parse() as FederatedObject
    return SlabEntry.of({ ...federated, status: plan(federated) })
  }
  return {
    create: async (object, options, signal) => planned(await writer.create(object, options, signal), options),
    update: async (key, change, options, signal) => { const { entry, created } = await writer.update(key, change, options, signal); return { entry: planned(entry, options), created } },
    delete: (key, options, signal) => writer.delete(key, options, signal),
  }
}

/** What a template is called inside this server: `deployments.apps|shop/web`. */
export const templateKey = (id: string, key: string): string => `${id}|${key}`
export const splitTemplateKey = (key: string): { readonly id: string; readonly key: string } => { const at = key.indexOf('|'); return { id: key.slice(0, at), key: key.slice(at + 1) } }
