import type { ClusterSet } from '../../apis/cluster.federation/v1alpha1/cluster-set.ts'
import { follow, type Following } from '../../machinery/controller/follow.ts'
import type { ListerWatcher } from '../../machinery/meta/core.ts'
import { equalJson } from '../../machinery/meta/json-value.ts'
import { labelSelectorFromObject } from '../../machinery/meta/label-selector.ts'
import { asksTheSame } from '../../machinery/meta/object-meta.ts'

type Labels = Readonly<Record<string, string>>

interface Sources {
  readonly clusterSets: ListerWatcher
  /** The host's. */
  readonly namespaces: ListerWatcher
}

/** The cluster sets that each namespace may use. */
export class NamespaceSets {
  readonly #onChange: () => void
  readonly #sets = new Map<string, ClusterSet>()
  readonly #namespaces = new Map<string, Labels>()

  /** `onChange`: what a namespace may use may have changed. */
  constructor(onChange: () => void) { this.#onChange = onChange }

  follow({ clusterSets, namespaces }: Sources, retry: Parameters<typeof follow>[2], signal: AbortSignal): Following[] {
    return [
      follow(clusterSets, (key, object) => this.#useSet(key, object), retry, signal),
      follow(namespaces, (key, object) => this.#useNamespace(key, object && (object.metadata.labels ?? {})), retry, signal),
    ]
  }

  /** By name. Cluster-scoped objects (undefined) may use all. */
  of(namespace: string | undefined): ClusterSet[] {
    const labels = namespace === undefined ? undefined : (this.#namespaces.get(namespace) ?? {})
    return [...this.#sets.values()].filter(({ spec }) => !spec?.namespaceSelector || !labels || labelSelectorFromObject(spec.namespaceSelector).matches(labels)).toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
  }

  #useSet(name: string, set: ClusterSet | undefined): void {
    const before = this.#sets.get(name)
    if (set) this.#sets.set(name, set)
    else this.#sets.delete(name)
    if (!before || !set || !asksTheSame(before, set)) this.#onChange()
  }

  #useNamespace(name: string, labels: Labels | undefined): void {
    const before = this.#namespaces.get(name)
    if (labels) this.#namespaces.set(name, labels)
    else this.#namespaces.delete(name)
    if (!equalJson(before, labels) && [...this.#sets.values()].some(({ spec }) => spec?.namespaceSelector)) this.#onChange()
  }
}
