/** Where kinds have their replicas. */
import type { KubeObject } from '../../machinery/meta/core.ts'
import { stringifyJson } from '../../machinery/meta/json.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'
import { type Path, valueAt, withField } from './fields.ts'
import type { ReplicaRule } from './interpretation.ts'
import { requirementsOf } from './pod-template.ts'

/** A number at `path`; templates are kept as written, so `unset` is the default of the kind's API. `pod` is where the fields of a pod's spec lie. */
export const replicasAt = (path: Path, { unset = 1, pod = 'spec.template.spec' }: { readonly unset?: number; readonly pod?: Path } = {}): ReplicaRule => ({
  at: path,
  count: (object) => integerAt(object, path) ?? unset,
  requirements: (object) => requirementsOf(valueAt(object, pod), object.metadata.namespace),
  revise(object, replicas) {
    integerAt(object, path)
    return withField(object, path, replicas)
  },
})

/** Kinds that run the same number of pods wherever they are. */
export const fixedReplicas = (count: number, pod?: Path): ReplicaRule => ({
  count: () => count,
  ...(pod !== undefined && { requirements: (object: KubeObject) => requirementsOf(valueAt(object, pod), object.metadata.namespace) }),
})

/** Undefined where there is none; BadRequest where something else is. */
export function integerAt(object: KubeObject, path: Path): number | undefined {
  const value = valueAt(object, path)
  if (value === undefined || (typeof value === 'number' && Number.isInteger(value))) return value
  throw StatusError.badRequest(`${typeof path === 'string' ? path : path.join('.')} of ${object.kind ?? ''} "${object.metadata.name ?? ''}" must be an integer, not ${stringifyJson(value)}`)
}
