import type { KubeObject } from '../../machinery/meta/core.ts'
import { isJsonObject, type JsonObject } from '../../machinery/meta/json-value.ts'

/** Where Kubernetes' kinds hold the spec of their pods, by group and kind. */
const POD_SPECS: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['/Pod', ['spec']],
  ['/PodTemplate', ['template', 'spec']],
  ...['/ReplicationController', 'apps/Deployment', 'apps/ReplicaSet', 'apps/StatefulSet', 'apps/DaemonSet', 'batch/Job'].map((kind) => [kind, ['spec', 'template', 'spec']] as const),
  ['batch/CronJob', ['spec', 'jobTemplate', 'spec', 'template', 'spec']],
])

/** Containers and init containers of an object's pods; none where its kind has no pods. */
export function containersOf(object: KubeObject): JsonObject[] {
  const { apiVersion = '', kind = '' } = object, group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '', path = POD_SPECS.get(`${group}/${kind}`)
  let spec: unknown = path && object
  for (const step of path ?? []) spec = isJsonObject(spec) ? spec[step] : undefined
  if (!isJsonObject(spec)) return []
  return [spec['initContainers'], spec['containers']].flatMap((containers) => (Array.isArray(containers) ? containers.filter(isJsonObject) : []))
}
