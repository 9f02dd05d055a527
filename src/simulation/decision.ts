import type { KubeObject } from '../machinery/meta/core.ts'
import { equalJson, isJsonObject } from '../machinery/meta/json-value.ts'
import { nameHash } from './seeded-random.ts'
import type { Node, Pod, PodTemplate, ReplicaSet } from './workload.ts'

/** What a controller wants done about one object. Deciding is a pure function of the `World` it sees; the control loop does the rest. */
export type Action =
  | { readonly do: 'create'; readonly kind: string; readonly object: KubeObject }
  /** Writes everything but the status. `change` sees the object as it is by then. */
  | { readonly do: 'update'; readonly kind: string; readonly object: KubeObject; readonly change: (current: KubeObject) => KubeObject }
  | { readonly do: 'status'; readonly kind: string; readonly object: KubeObject; readonly status: object }
  | { readonly do: 'delete'; readonly kind: string; readonly object: KubeObject }
  | { readonly do: 'event'; readonly kind: string; readonly object: KubeObject; readonly reason: string; readonly message: string; readonly component: string }
  /** Look again, for time is what is being waited for. */
  | { readonly do: 'again'; readonly afterMs: number }

/** What is known of the member at one moment. Lists are sorted by name. */
export interface World {
  /** Milliseconds since the epoch. */
  readonly now: number
  nodes(): readonly Node[]
  /** Those whose controller is `owner`. */
  podsOf(owner: KubeObject): readonly Pod[]
  replicaSetsOf(owner: KubeObject): readonly ReplicaSet[]
  has(kind: string, key: string): boolean
  /** Pods that a node holds. */
  load(node: string): number
  /** Milliseconds since this object (by uid) was first seen: creationTimestamp knows only seconds. */
  age(object: KubeObject): number
}

/** `Deployment` decides for Deployments; called again whenever the object or something that it owns changes. */
export type Controller = (object: KubeObject, world: World) => readonly Action[]

/** A status write where it differs from what is there. */
export const withStatus = (kind: string, object: KubeObject, status: object): readonly Action[] => (equalJson(object['status'], status) ? [] : [{ do: 'status', kind, object, status }])

/** A pod of `template`, controlled by `owner`. */
export function podOf(apiVersion: string, kind: string, owner: KubeObject, template: PodTemplate, metadata: { name?: string; generateName?: string; labels?: Record<string, string> }, nodeName?: string): Action {
  return {
    do: 'create', kind: 'Pod',
    object: {
      metadata: {
        ...metadata, namespace: owner.metadata.namespace!, labels: { ...template.metadata?.labels, ...metadata.labels }, annotations: { ...template.metadata?.annotations },
        ownerReferences: [controlledBy(apiVersion, kind, owner)],
      },
      spec: { ...template.spec, ...(nodeName !== undefined && { nodeName }) },
    },
  }
}

export const controlledBy = (apiVersion: string, kind: string, owner: KubeObject) => ({ apiVersion, kind, name: owner.metadata.name!, uid: owner.metadata.uid!, controller: true, blockOwnerDeletion: true })

/** The same for templates that say the same, in whatever order. */
export const templateHash = (template: PodTemplate): string => nameHash(JSON.stringify(template, (_, value: unknown) => (isJsonObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value)))
