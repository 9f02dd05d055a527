import type { FederatedObject, FederatedStatus } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { Logger } from '../../lib/logger.ts'
import type { Cache } from '../../machinery/cache/cache.ts'
import { SlabEntry } from '../../machinery/cache/slab-entry.ts'
import type { Entry, Storage, WriteOptions, Writer } from '../../machinery/meta/core.ts'
import type { Definitions } from '../../machinery/schema/resolve-schema.ts'
import { createStoredResource, type StoredResource } from '../../machinery/registry/stored-resource.ts'
import type { WriterDependencies } from '../../machinery/registry/stored-writer.ts'
import type { ApiGroup, Catalog } from '../../machinery/server/catalog.ts'
import { federatedKind, type FederatedKind } from './federated-kind.ts'
import type { TargetKind } from './target-kind.ts'
import { federatedStrategy, type TemplateChecks } from './template-strategy.ts'

/** All templates of one kind. */
export interface TemplateStore extends FederatedKind {
  /** Names the kind inside this server: `deployments.apps`, `configmaps`. */
  readonly id: string
  readonly resource: StoredResource
  readonly cache: Cache
}

/** What storing a template would lead to: its status, with what would be done in each cluster. */
export type PlanTemplate = (store: TemplateStore, federated: FederatedObject) => FederatedStatus

export interface TemplatesOptions {
  readonly plan: PlanTemplate
  readonly storage: Storage
  readonly stored: WriterDependencies & { readonly logger: Logger }
  readonly checks: TemplateChecks
}

/** The kinds that can be distributed now, each with its templates. As a catalog it serves them as `Federated<Kind>`. */
export class Templates implements Catalog {
  readonly #options: TemplatesOptions
  readonly #signal: AbortSignal
  readonly #stores = new Map<string, TemplateStore>()
  readonly #listeners = new Set<(store: TemplateStore) => void>()
  #groups: readonly ApiGroup[] = []
  #isStale = false

  constructor(options: TemplatesOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
  }

  get(id: string): TemplateStore | undefined { return this.#stores.get(id) }
  find(group: string, plural: string): TemplateStore | undefined { return this.#stores.get(targetId({ group, plural })) }
  list(): readonly TemplateStore[] { return [...this.#stores.values()] }

  /** Serves another kind from now on. */
  add(target: TargetKind, isBuiltIn: boolean): TemplateStore {
    const id = targetId(target), known = this.#stores.get(id)
    if (known) return known
    const { storage, stored, checks, plan } = this.#options
    const kind = federatedKind(target, { isBuiltIn, strategy: (hub, schema) => federatedStrategy(target, hub, checks, schema) })
    const made = createStoredResource(kind.kind, storage, stored, this.#signal), resource: StoredResource = { ...made, writer: planning(made.writer, (federated) => plan(store, federated)) }, store: TemplateStore = { ...kind, id, resource, cache: made.cache }
    this.#stores.set(id, store)
    this.#isStale = true
    for (const listener of this.#listeners) listener(store)
    return store
  }

  /** Called with each kind there is and each that comes, until the signal aborts. */
  onKind(listener: (store: TemplateStore) => void, signal: AbortSignal): void {
    for (const store of this.#stores.values()) listener(store)
    this.#listeners.add(listener)
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true })
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

  /** Of all kinds, for OpenAPI. */
  definitions(): Definitions { return Object.assign({}, ...this.list().flatMap(({ definitions, target }) => [target.definitions, definitions()])) as Definitions }

  /** Of all kinds, for documents that must stay small. */
  openDefinitions(): Definitions { return Object.assign({}, ...this.list().map(({ openDefinitions }) => openDefinitions())) as Definitions }
}

const targetId = ({ group, plural }: { readonly group: string; readonly plural: string }): string => (group ? `${plural}.${group}` : plural)

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

/** Cluster-scoped ones have no namespace. */
export const keyOfTemplate = ({ metadata: { namespace, name = '' } }: Pick<FederatedObject, 'metadata'>): string => (namespace ? `${namespace}/${name}` : name)
