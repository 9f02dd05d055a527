import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { isJsonObject, type JsonObject } from '../../machinery/meta/json-value.ts'
import { type Bounds, divideBounds } from '../interpreter/divide-bounds.ts'
import { unowned } from '../template/native-object.ts'
import { splitTemplateKey, templateKey, type Templates, type TemplateStore } from '../template/templates.ts'
import { scaleTargetOf } from './scale-target.ts'

const AUTOSCALERS = 'horizontalpodautoscalers.autoscaling'

/** Autoscalers among the templates whose workload is a template, too: where its replicas are divided, so are the bounds, by the same shares. */
export class DividedBounds {
  readonly #templates: Templates
  /** By workload the autoscalers that follow it, and back. */
  readonly #byWorkload = new Map<string, Set<string>>()
  readonly #workloads = new Map<string, string>()

  constructor(templates: Templates) { this.#templates = templates }

  /** Told of every template as it is now, or that it is gone; answers the templates that look different in members because of it. */
  see(template: string, store: TemplateStore | undefined, federated: FederatedObject | undefined): Iterable<string> {
    if (template.startsWith(templateKey(AUTOSCALERS, ''))) this.#set(template, store && federated && this.#workloadOf(store, federated))
    return this.#byWorkload.get(template) ?? []
  }

  /** Whether the shares of what an autoscaler follows are known here, or that there are none. */
  isKnown(template: string): boolean {
    const workload = this.#workloads.get(template)
    return workload === undefined || (this.#templates.get(splitTemplateKey(workload).id)?.cache.isReady ?? true)
  }

  /** The object with its share of the bounds, where it is an autoscaler that has one. */
  readonly following = (object: KubeObject, _federated: FederatedObject, cluster: string): KubeObject => {
    const { spec } = object as { spec?: JsonObject }, bounds = object.kind === 'HorizontalPodAutoscaler' ? boundsOf(spec) : undefined, shares = bounds && this.#sharesOf(object)
    if (!bounds || !shares) return object
    const { min, max } = dividedFor(bounds, shares, cluster)
    return { ...object, spec: { ...spec, minReplicas: min, maxReplicas: max } }
  }

  /** Undefined: the workload is no template, is not placed yet, or is in every cluster as a whole. */
  #sharesOf(autoscaler: KubeObject): ReadonlyMap<string, number> | undefined {
    const template = this.#find(autoscaler), workload = template && template.store.get(template.key), { algorithm, targets = [] } = workload?.status?.schedule ?? {}
    if (algorithm === 'Duplicated' || !targets.some(({ replicas }) => replicas !== undefined)) return undefined
    return new Map(targets.map(({ cluster, replicas = 0 }) => [cluster, replicas]))
  }

  #workloadOf(store: TemplateStore, federated: FederatedObject): string | undefined {
    const found = this.#find(unowned(federated, store.target))
    return found && templateKey(found.store.id, found.key)
  }

  #find(autoscaler: KubeObject): { readonly store: TemplateStore; readonly key: string } | undefined {
    const named = scaleTargetOf(autoscaler), store = named && this.#templates.list().find(({ target: { group, kind } }) => group === named.group && kind === named.kind)
    return store && { store, key: named.key }
  }

  #set(autoscaler: string, workload: string | undefined): void {
    const before = this.#workloads.get(autoscaler)
    if (before === workload) return
    if (before !== undefined) this.#byWorkload.get(before)?.delete(autoscaler)
    if (workload === undefined) this.#workloads.delete(autoscaler)
    else {
      this.#workloads.set(autoscaler, workload)
      this.#byWorkload.set(workload, (this.#byWorkload.get(workload) ?? new Set()).add(autoscaler))
    }
  }
}

function boundsOf(spec: JsonObject | undefined): Bounds | undefined {
  const { minReplicas: min = 1, maxReplicas: max } = isJsonObject(spec) ? spec : {}
  return typeof min === 'number' && typeof max === 'number' ? { min, max } : undefined
}

/** Where the workload has no replicas, an autoscaler does nothing, whatever its bounds: it has the least that there can be. */
function dividedFor(bounds: Bounds, shares: ReadonlyMap<string, number>, cluster: string): Bounds {
  const divided = divideBounds(bounds, [...shares.values()])[[...shares.keys()].indexOf(cluster)]
  return divided ?? { min: Math.min(bounds.min, 1), max: 1 }
}
