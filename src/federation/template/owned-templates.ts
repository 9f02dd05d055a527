import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { aborted } from '../../lib/aborted.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { follow } from '../../machinery/controller/follow.ts'
import type { OwnerReference } from '../../machinery/meta/core.ts'
import { ignoring, StatusError } from '../../machinery/meta/status-error.ts'
import { groupOf } from '../interpreter/folded-uid.ts'
import { SERVER } from './server-user.ts'
import { splitTemplateKey, templateKey, type Templates, type TemplateStore } from './templates.ts'

/**
 * The garbage collector among templates: an object that a template stands for may own others, by its ownerReferences, which no host and no member ever sees.
 * The owner's own finalizer waits for what is done here, so that a crash in between loses nothing.
 */
export class OwnedTemplates {
  readonly #templates: Templates
  /** By owner: `deployments.apps|shop/web`. */
  readonly #owned = new Map<string, Set<string>>()
  readonly #owners = new Map<string, readonly string[]>()

  constructor(templates: Templates) { this.#templates = templates }

  /** Follows who owns whom until the signal aborts. */
  async run(retry: { readonly clock: Clock; readonly logger: Logger }, signal: AbortSignal): Promise<void> {
    const following: Promise<void>[] = []
    this.#templates.onKind((store) => { following.push(follow(store.cache, (key, object) => this.#use(templateKey(store.id, key), key, object as FederatedObject | undefined), { ...retry, parse: store.parse }, signal).done) }, signal)
    await aborted(signal)
    await Promise.all(following)
  }

  /** The owner is about to go: what it owns goes too, or loses the reference (`orphan`, or where another owner is left). Throws where that could not be done. */
  async release(owner: string, orphan: boolean, signal: AbortSignal): Promise<void> {
    for (const dependent of this.#owned.get(owner) ?? []) {
      const { id, key } = splitTemplateKey(dependent), store = this.#templates.get(id)
      if (!store) continue
      const isKept = orphan || (this.#owners.get(dependent) ?? []).some((other) => other !== owner && this.#exists(other))
      await ignoring('NotFound', () => (isKept ? this.#withoutOwner(store, key, owner, signal) : store.resource.writer.delete(key, { ...SERVER, propagation: 'Background' }, signal)))
    }
  }

  async #withoutOwner(store: TemplateStore, key: string, owner: string, signal: AbortSignal): Promise<void> {
    await store.resource.writer.update(key, (current) => {
      if (!current) throw StatusError.notFound({ group: store.kind.group, resource: store.kind.plural }, key)
      const federated = current as FederatedObject, { metadata = {} } = federated.spec.template
      const ownerReferences = (metadata.ownerReferences ?? []).filter((reference) => this.#keyOf(reference, key) !== owner)
      return { ...federated, spec: { ...federated.spec, template: { ...federated.spec.template, metadata: { ...metadata, ownerReferences } } } }
    }, SERVER, signal)
  }

  #use(template: string, key: string, federated: FederatedObject | undefined): void {
    for (const owner of this.#owners.get(template) ?? []) this.#owned.get(owner)?.delete(template)
    const owners = (federated?.spec.template.metadata?.ownerReferences ?? []).flatMap((reference) => this.#keyOf(reference, key) ?? [])
    if (owners.length === 0) this.#owners.delete(template)
    else this.#owners.set(template, owners)
    for (const owner of owners) this.#owned.set(owner, (this.#owned.get(owner) ?? new Set()).add(template))
  }

  #exists(template: string): boolean {
    const { id, key } = splitTemplateKey(template), federated = this.#templates.get(id)?.get(key)
    return federated !== undefined && federated.metadata.deletionTimestamp === undefined
  }

  /** Owners lie in the dependent's namespace, or in none. Their uids follow from their names. */
  #keyOf({ apiVersion, kind, name }: OwnerReference, dependent: string): string | undefined {
    const group = groupOf(apiVersion), store = this.#templates.list().find(({ target }) => target.group === group && target.kind === kind), slash = dependent.indexOf('/')
    return store && templateKey(store.id, store.kind.namespaced && slash >= 0 ? `${dependent.slice(0, slash)}/${name}` : name)
  }
}
