import type { KubeObject } from '../../machinery/meta/core.ts'
import type { JsonObject } from '../../machinery/meta/json-value.ts'
import { allOf, anyOf, holds, isOneOf } from './checks.ts'
import { listAt, type Path, textAt, valueAt, withField } from './fields.ts'
import type { Given } from './given.ts'
import type { Interpretation } from './interpretation.ts'
import { firstPhase } from './phases.ts'
import { podReferences } from './pod-template.ts'
import { fixedReplicas } from './replica-rules.ts'

/** A pod that was written as a template runs once in each of its clusters; reads of the fleet show each by itself. */
export const pod: Interpretation = {
  replicas: fixedReplicas(1, 'spec'),
  isHealthy: anyOf(isOneOf('status.phase', 'Succeeded'), allOf(isOneOf('status.phase', 'Running'), holds('Ready'))),
  /** The worst phase; of containers only whether they run: addresses, images and restarts are each pod's own. */
  aggregate(given, context) {
    const phase = firstPhase(['Failed', 'Pending', 'Running', 'Succeeded'], given, context), containerStatuses = containers(given, 'containerStatuses'), initContainerStatuses = containers(given, 'initContainerStatuses')
    return { ...(phase !== undefined && { phase }), ...(containerStatuses.length > 0 && { containerStatuses }), ...(initContainerStatuses.length > 0 && { initContainerStatuses }) }
  },
  references: ({ spec }) => podReferences(spec),
  /** A pod cannot be changed: what its member added when it came stays, or the change would be refused. */
  kept(desired, observed) {
    const placed = ['spec.nodeName', 'spec.serviceAccountName', 'spec.volumes'].reduce<KubeObject>((kept, path) => withField(kept, path, valueAt(observed, path) ?? valueAt(kept, path)), desired)
    return ['spec.containers', 'spec.initContainers'].reduce((kept, path) => withMounts(kept, observed, path), placed)
  },
}

const containers = (given: readonly Given<JsonObject>[], field: string) => given.flatMap(({ value }) => listAt(value, [field])).map((container) => ({ ready: valueAt(container, 'ready') === true, state: valueAt(container, 'state') }))

function withMounts(desired: KubeObject, observed: KubeObject, path: Path): KubeObject {
  const mounts = new Map(listAt(observed, path).map((container) => [textAt(container, 'name'), valueAt(container, 'volumeMounts')])), wanted = listAt(desired, path)
  if (wanted.length === 0) return desired
  return withField(desired, path, wanted.map((container) => { const name = textAt(container, 'name'); return mounts.has(name) ? withField(container as JsonObject, 'volumeMounts', mounts.get(name)) : container }))
}
