import type { Cluster } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { MANAGED_LABEL, REVISION_ANNOTATION, TEMPLATE_ANNOTATION } from '../template/marks.ts'
import { unowned } from '../template/native-object.ts'
import type { TargetKind } from '../template/target-kind.ts'
import type { Wanted } from './copy-decision.ts'

/** Where the parts of rendering that know kinds and overrides come from. */
export interface Rendering {
  /** Without what is the server's, and what must never reach a member. */
  readonly pruned: (object: KubeObject) => KubeObject
  /** With the cluster's share of the replicas, and of what goes with them. */
  readonly withReplicas: (object: KubeObject, replicas: number, target: TargetKind, of: { readonly federated: FederatedObject; readonly cluster: string }) => KubeObject
  /** With what follows from other templates in that cluster: the bounds of an autoscaler whose workload is divided. Absent: nothing does. */
  readonly following?: (object: KubeObject, federated: FederatedObject, cluster: string) => KubeObject
  /** With the policies' overrides and the template's own; or why that cannot be done, for people. */
  readonly overridden: (object: KubeObject, federated: FederatedObject, cluster: Cluster) => { readonly object: KubeObject } | { readonly error: string }
}

interface RenderInput {
  readonly federated: FederatedObject
  readonly target: TargetKind
  readonly cluster: Cluster
  /** Undefined: as the template says. */
  readonly replicas: number | undefined
  /** Labels besides those of the template: what the copy is told of the one that it replaces. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly fleetId: string
  /** Names from the object's root that are left to the member once the copy is there; undefined: nothing is. */
  readonly retained: readonly string[] | undefined
}

/** The object that a cluster is to have. Pure. Marks come last: overrides cannot touch them. */
export function render({ federated, target, cluster, replicas, labels, fleetId, retained }: RenderInput, { pruned, withReplicas, following = asItIs, overridden }: Rendering): Wanted {
  const name = cluster.metadata.name ?? '', plain = pruned(unowned(federated, target, '')), sized = replicas === undefined ? plain : withReplicas(plain, replicas, target, { federated, cluster: name })
  const made = overridden(following(sized, federated, name), federated, cluster)
  if ('error' in made) return { problem: { state: 'ApplyOverridesFailed', message: made.error } }
  const { object } = made, { metadata } = object, schedule = federated.status?.schedule
  const marked: KubeObject = {
    ...object,
    metadata: {
      name: federated.metadata.name ?? '', ...(target.namespaced && { namespace: federated.metadata.namespace ?? '' }),
      labels: { ...metadata.labels, ...labels, [MANAGED_LABEL]: fleetId },
      annotations: { ...metadata.annotations, [TEMPLATE_ANNOTATION]: federated.metadata.uid ?? '', [REVISION_ANNOTATION]: `${schedule?.observedGeneration ?? 0}.${schedule?.decision ?? 0}` },
    },
  }
  return { object: retained ? without(marked, retained) as KubeObject : marked, whole: marked }
}

const asItIs = (object: KubeObject): KubeObject => object

function without(object: Record<string, unknown>, [first, ...rest]: readonly string[]): Record<string, unknown> {
  if (first === undefined || !(first in object)) return object
  const { [first]: inner, ...others } = object
  return rest.length === 0 ? others : { ...others, [first]: without(inner as Record<string, unknown>, rest) }
}
