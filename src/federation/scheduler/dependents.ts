import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { count } from '../../lib/count.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { keyOfObject } from '../../machinery/meta/object-key.ts'
import { dependenciesOf } from '../interpreter/dependencies.ts'
import { groupOf } from '../interpreter/folded-uid.ts'

interface Needs { readonly keys: ReadonlySet<string>; readonly clusters: readonly string[] }
/** Who needs a template, and how many of them are in each cluster. */
interface Needed { readonly by: Set<string>; readonly clusters: Map<string, number> }

/**
 * Which templates others need, and where: a ConfigMap follows the Deployments that mount it for as long as any does. Counted by reference from what is stored, so that a
 * restart knows it before anything is decided.
 */
export class Dependents {
  readonly #needs = new Map<string, Needs>()
  readonly #needed = new Map<string, Needed>()

  /** `needed`: keys of templates; `clusters`: where the dependent is placed. Answers the templates that are concerned by the change: others need them, or they are needed elsewhere. */
  set(dependent: string, needed: readonly string[], clusters: readonly string[]): readonly string[] {
    const before = this.#needs.get(dependent), keys = new Set(needed), isSame = before !== undefined && before.keys.size === keys.size && [...keys].every((key) => before.keys.has(key)) && before.clusters.join() === clusters.join()
    if (isSame || (!before && keys.size === 0)) return []
    if (keys.size > 0) this.#needs.set(dependent, { keys, clusters })
    else this.#needs.delete(dependent)
    return [...new Set([...(before?.keys ?? []), ...keys])].filter((key) => this.#change(dependent, key, before?.keys.has(key) ? before.clusters : undefined, keys.has(key) ? clusters : undefined))
  }

  remove(dependent: string): readonly string[] { return this.set(dependent, [], []) }

  /** The clusters where something needs a template, and how many dependents that are. */
  of(template: string): { readonly clusters: ReadonlySet<string>; readonly dependents: number } {
    const { by, clusters } = this.#needed.get(template) ?? NOBODY
    return { clusters: new Set(clusters.keys()), dependents: by.size }
  }

  /** Undefined: it does not need the template. Answers whether that changes anything for the template. */
  #change(dependent: string, key: string, from: readonly string[] | undefined, to: readonly string[] | undefined): boolean {
    const { by, clusters } = this.#needed.get(key) ?? { by: new Set(), clusters: new Map() }, old = new Set(from), now = new Set(to)
    let isChanged = (from === undefined) !== (to === undefined)
    // The first that needs it in a cluster, and the last.
    for (const cluster of now) if (!old.has(cluster) && count(clusters, cluster, 1) === 1) isChanged = true
    for (const cluster of old) if (!now.has(cluster) && count(clusters, cluster, -1) === 0) isChanged = true
    if (to) by.add(dependent)
    else by.delete(dependent)
    if (by.size > 0) this.#needed.set(key, { by, clusters })
    else this.#needed.delete(key)
    return isChanged
  }
}

const NOBODY: Needed = { by: new Set(), clusters: new Map() }

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
