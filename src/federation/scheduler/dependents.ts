import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { keyOfObject } from '../../machinery/meta/object-key.ts'
import { dependenciesOf } from '../interpreter/dependencies.ts'
import { groupOf } from '../interpreter/folded-uid.ts'

interface Needs { readonly keys: ReadonlySet<string>; readonly clusters: readonly string[] }

/**
 * Which templates others need, and where: a ConfigMap follows the Deployments that mount it for as long as any does. Counted by reference from what is stored, so that a
 * restart knows it before anything is decided.
 */
export class Dependents {
  readonly #needs = new Map<string, Needs>()
  readonly #neededBy = new Map<string, Set<string>>()

  /** `needed`: keys of templates; `clusters`: where the dependent is placed. Answers the templates that are concerned by the change. */
  set(dependent: string, needed: readonly string[], clusters: readonly string[]): readonly string[] {
    const before = this.#needs.get(dependent), keys = new Set(needed), isSame = before !== undefined && before.keys.size === keys.size && [...keys].every((key) => before.keys.has(key)) && before.clusters.join() === clusters.join()
    if (isSame || (!before && keys.size === 0)) return []
    for (const key of before?.keys ?? []) if (!keys.has(key)) this.#neededBy.get(key)?.delete(dependent)
    for (const key of keys) this.#neededBy.set(key, (this.#neededBy.get(key) ?? new Set()).add(dependent))
    if (keys.size > 0) this.#needs.set(dependent, { keys, clusters })
    else this.#needs.delete(dependent)
    return [...new Set([...(before?.keys ?? []), ...keys])]
  }

  remove(dependent: string): readonly string[] { return this.set(dependent, [], []) }

  /** The clusters where something needs a template, and how many dependents that are. */
  of(template: string): { readonly clusters: ReadonlySet<string>; readonly dependents: number } {
    const dependents = this.#neededBy.get(template) ?? new Set<string>()
    return { clusters: new Set([...dependents].flatMap((dependent) => this.#needs.get(dependent)?.clusters ?? [])), dependents: dependents.size }
  }
}

/** What an object needs by name, as keys that `keyOf` makes of a group, kind and place; undefined: no templates of that kind. */
export function neededKeys(native: KubeObject, keyOf: (group: string, kind: string, key: string) => string | undefined): readonly string[] {
  return dependenciesOf(native).flatMap(({ apiVersion, kind, namespace, name }) => {
    if (name === undefined) return []
    const key = keyOf(groupOf(apiVersion), kind, keyOfObject({ metadata: { name, ...(namespace !== undefined && { namespace }) } }))
    return key === undefined ? [] : [key]
  })
}

/** Whether what a template needs goes where it goes: as it says itself, else as its policy says. */
export const propagatesDependencies = ({ spec }: FederatedObject, policy: { readonly propagateDeps?: boolean } | undefined): boolean => spec.propagateDeps ?? policy?.propagateDeps ?? false
