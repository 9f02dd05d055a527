import type { AnyOverridePolicy } from '../../apis/policy.federation/v1alpha1/override-policy-kinds.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { follow } from '../../machinery/controller/follow.ts'
import type { ListerWatcher } from '../../machinery/meta/core.ts'

const EVERYWHERE = ''

/** The override policies there are, followed: those of a namespace with those of the whole cluster. */
export class Overrides {
  readonly #byNamespace = new Map<string, Map<string, AnyOverridePolicy>>()
  #listeners: (() => void)[] = []

  /** Of the namespace's and the cluster's policies alike. Undefined namespace: a template without one. */
  of(namespace: string | undefined): readonly AnyOverridePolicy[] {
    return [EVERYWHERE, ...(namespace ? [namespace] : [])].flatMap((scope) => [...(this.#byNamespace.get(scope)?.values() ?? [])])
  }

  /** Called when any of them changes. */
  onChange(listener: () => void): void { this.#listeners.push(listener) }

  /** Follows both kinds until the signal aborts. `ready`: all are known. */
  run(readers: readonly ListerWatcher[], retry: { readonly clock: Clock; readonly logger: Logger }, signal: AbortSignal): { readonly ready: Promise<void>; readonly done: Promise<void> } {
    const following = readers.map((reader) => follow(reader, (key, object) => this.#use(reader.kind.namespaced ? key.slice(0, key.indexOf('/')) : EVERYWHERE, key, object as AnyOverridePolicy | undefined), retry, signal))
    return { ready: Promise.all(following.map(({ ready }) => ready)).then(() => undefined), done: Promise.all(following.map(({ done }) => done)).then(() => undefined) }
  }

  #use(scope: string, key: string, policy: AnyOverridePolicy | undefined): void {
    const policies = this.#byNamespace.get(scope) ?? new Map<string, AnyOverridePolicy>()
    this.#byNamespace.set(scope, policies)
    // A policy that is being deleted still holds until it is gone.
    if (policy) policies.set(key, policy)
    else policies.delete(key)
    for (const listener of this.#listeners) listener()
  }
}
