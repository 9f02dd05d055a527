/**
 * A CustomResourceDefinition that is distributed makes its kind distributed: whoever writes both through a fleet need not say so.
 *
 *   definition comes   ─▶ a FederatedTypeConfig of its name, unless there is one     ─▶ TypeConfigs reads the schema, and serves the kind
 *   definition goes    ─▶ the kind's templates go, with their copies; then the config ─▶ then the definition's copies
 *
 * The order of going is that of a kube-apiserver, and kept by its means: a finalizer on the definition, by the name that it has there.
 */
import { federatedTypeConfigKind, type FederatedTypeConfig } from '../../apis/policy.federation/v1alpha1/federated-type-config.ts'
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { Queue } from '../../lib/queue.ts'
import { runController } from '../../machinery/controller/controller.ts'
import { follow } from '../../machinery/controller/follow.ts'
import type { KubeObject, Resource } from '../../machinery/meta/core.ts'
import { ignoring, StatusError } from '../../machinery/meta/status-error.ts'
import { compareVersions } from '../../machinery/meta/version-order.ts'
import { SERVER } from '../template/server-user.ts'
import { whyNotDistributable } from '../template/target-kind.ts'
import type { Templates } from '../template/templates.ts'

interface ImpliedConfigsOptions {
  /** FederatedTypeConfigs. */
  readonly configs: Resource
  readonly templates: Templates
  /** Only the replica that leads writes. */
  readonly leads: () => boolean
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}

const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io', FINALIZER = 'customresourcecleanup.apiextensions.k8s.io', EMPTY_YET_MS = 500
/** Marks configs that come and go with a definition. */
const IMPLIED = 'policy.federation/implied-by'

type TargetType = FederatedTypeConfig['spec']['targetType']

export class ImpliedConfigs {
  readonly #options: ImpliedConfigsOptions
  readonly #queue: Queue
  /** Names of definitions and configs. */
  readonly #names = new Set<string>()

  constructor(options: ImpliedConfigsOptions) {
    this.#options = options
    this.#queue = new Queue({ clock: options.clock, random: options.random })
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { configs, templates, clock, logger } = this.#options, store = templates.get(DEFINITIONS)
    if (!store) return
    const definitions = follow(store.resource.reader, (key) => { this.#look(key) }, { clock, logger }, signal)
    const written = follow(configs.reader, (key) => { this.#look(key) }, { clock, logger }, signal)
    await Promise.all([definitions.ready, written.ready])
    await runController({ name: 'implied type configs', queue: this.#queue, sources: [], reconcile: (key, inner) => this.#reconcile(key, inner), concurrency: 1, logger }, signal)
    await Promise.all([definitions.done, written.done])
  }

  /** Looks at everything again: called when this replica begins to lead. */
  kickAll(): void { for (const name of this.#names) this.#queue.add(name) }

  #look(name: string): void {
    this.#names.add(name)
    this.#queue.add(name)
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<{ readonly requeueAfterMs?: number }> {
    const { templates, leads } = this.#options
    const definition = templates.get(DEFINITIONS)?.get(key), config = await this.#config(key, signal), isGoing = !definition || definition.metadata.deletionTimestamp !== undefined
    const targetType = isGoing ? undefined : targetTypeOf(definition)
    templates.expect(key, targetType !== undefined && config?.spec.propagation !== 'Disabled')
    if (!definition && !config) this.#names.delete(key)
    if (!leads()) return {}
    if (isGoing) return definition?.spec.template.metadata?.finalizers?.includes(FINALIZER) || (config && isImplied(config)) ? this.#withdraw(key, definition, config, signal) : {}
    if (!targetType || (config && !isImplied(config))) return {}
    if (!definition.spec.template.metadata?.finalizers?.includes(FINALIZER)) await this.#setFinalizers(key, definition, (finalizers) => [...finalizers, FINALIZER], signal)
    await this.#put(key, targetType, config, signal)
    return {}
  }

  async #put(key: string, targetType: TargetType, config: FederatedTypeConfig | undefined, signal: AbortSignal): Promise<void> {
    const writer = this.#options.configs.writer!
    if (!config) await writer.create({ apiVersion: 'policy.federation/v1alpha1', kind: federatedTypeConfigKind.kind, metadata: { name: key, annotations: { [IMPLIED]: 'CustomResourceDefinition' } }, spec: { targetType } }, SERVER, signal)
    else if (config.spec.targetType.version !== targetType.version) await writer.update(key, (current) => ({ ...(current ?? config), spec: { ...(current as FederatedTypeConfig ?? config).spec, targetType } }), SERVER, signal)
  }

  /** What is there of the kind goes first: without its definition no member could remove it. */
  async #withdraw(key: string, definition: FederatedObject | undefined, config: FederatedTypeConfig | undefined, signal: AbortSignal): Promise<{ readonly requeueAfterMs?: number }> {
    const store = this.#options.templates.get(key), left = config && store ? Array.from((await store.resource.reader.list({}, signal)).entries) : []
    for (const entry of left) if (entry.parse().metadata.deletionTimestamp === undefined) await ignoring('NotFound', () => store!.resource.writer.delete(entry.key, SERVER, signal))
    if (left.length > 0) return { requeueAfterMs: EMPTY_YET_MS }
    if (config) await ignoring('NotFound', () => this.#options.configs.writer!.delete(key, SERVER, signal))
    if (definition) await this.#setFinalizers(key, definition, (finalizers) => finalizers.filter((finalizer) => finalizer !== FINALIZER), signal)
    return {}
  }

  async #setFinalizers(key: string, { metadata: { uid } }: FederatedObject, change: (finalizers: readonly string[]) => readonly string[], signal: AbortSignal): Promise<void> {
    const { kind, resource } = this.#options.templates.get(DEFINITIONS)!
    await ignoring('NotFound', () => resource.writer.update(key, (current) => {
      if (current?.metadata.uid !== uid) throw StatusError.notFound({ group: kind.group, resource: kind.plural }, key)
      const federated = current as FederatedObject, { template } = federated.spec, { finalizers = [], ...metadata } = template.metadata ?? {}, next = change(finalizers)
      return { ...federated, spec: { ...federated.spec, template: { ...template, metadata: { ...metadata, ...(next.length > 0 && { finalizers: [...next] }) } } } }
    }, SERVER, signal))
  }

  async #config(name: string, signal: AbortSignal): Promise<FederatedTypeConfig | undefined> {
    const [entry] = Array.from((await this.#options.configs.reader.list({ name }, signal)).entries)
    return entry?.parse() as FederatedTypeConfig | undefined
  }
}

const isImplied = ({ metadata: { annotations = {} } }: KubeObject) => annotations[IMPLIED] !== undefined

interface Definition { readonly group?: string; readonly scope?: 'Cluster' | 'Namespaced'; readonly names?: { readonly plural?: string; readonly kind?: string }; readonly versions?: readonly { readonly name: string; readonly served: boolean }[] }

/** Undefined: it is no kind that could be distributed. Of several versions the one that members prefer. */
function targetTypeOf({ spec: { template } }: FederatedObject): TargetType | undefined {
  const { group = '', scope = 'Namespaced', names: { plural: pluralName = '', kind = '' } = {}, versions = [] } = (template['spec'] ?? {}) as Definition
  const [version] = versions.filter(({ served }) => served).map(({ name }) => name).toSorted(compareVersions)
  return version === undefined || whyNotDistributable(group, pluralName) !== undefined ? undefined : { group, version, kind, pluralName, scope }
}
