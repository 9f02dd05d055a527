import type { KubeObject } from '../../machinery/meta/core.ts'
import { isJsonObject, type JsonObject } from '../../machinery/meta/json-value.ts'
import { listAt, valueAt } from '../interpreter/fields.ts'
import { groupOf } from '../interpreter/folded-uid.ts'

/** Where Kubernetes' kinds hold the spec of their pods, by group and kind. */
const POD_SPECS: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['/Pod', ['spec']],
  ['/PodTemplate', ['template', 'spec']],
  ...['/ReplicationController', 'apps/Deployment', 'apps/ReplicaSet', 'apps/StatefulSet', 'apps/DaemonSet', 'batch/Job'].map((kind) => [kind, ['spec', 'template', 'spec']] as const),
  ['batch/CronJob', ['spec', 'jobTemplate', 'spec', 'template', 'spec']],
])

/** Containers and init containers of an object's pods; none where its kind has no pods. */
export function containersOf(object: KubeObject): JsonObject[] {
  const { apiVersion = '', kind = '' } = object, path = POD_SPECS.get(`${groupOf(apiVersion)}/${kind}`), spec = path && valueAt(object, path)
  return [...listAt(spec, 'initContainers'), ...listAt(spec, 'containers')].filter(isJsonObject)
}
