import type { KubeObject } from '../../machinery/meta/core.ts'
import type { JsonObject } from '../../machinery/meta/json-value.ts'
import type { Check } from './checks.ts'
import type { Path } from './fields.ts'
import type { FoldRule } from './fold-rule.ts'
import type { Reference, Requirements } from './pod-template.ts'

/** What propagation and status have to know of a kind. What is absent here, the generic rules answer. */
export interface Interpretation extends FoldRule {
  readonly replicas?: ReplicaRule
  /** The parts of a workload of several pod templates, each with replicas of its own. */
  readonly components?: (object: KubeObject) => readonly Component[]
  /** Of a copy, by its status. */
  readonly isHealthy?: Check
  /** Members of a copy's status that are kept, or how to take them; undefined of an object: nothing is. Absent: all of it. */
  readonly reflected?: readonly string[] | ((object: KubeObject) => JsonObject | undefined)
  /** What has to be in the same cluster. Without a namespace: that of the object. */
  readonly references?: (object: KubeObject) => readonly Reference[]
  /** Fields that are never sent to a member, beyond those of every object, or how to take them out. */
  readonly unsent?: readonly Path[] | ((template: KubeObject) => KubeObject)
  /** Fields that stay the member's even where the template has them; or how to keep them. */
  readonly kept?: readonly Path[] | ((desired: KubeObject, observed: KubeObject) => KubeObject)
}

/** How many copies of a pod a workload asks for. */
export interface ReplicaRule {
  /** The field with the number, where it is one. */
  readonly at?: Path
  count(object: KubeObject): number
  requirements?(object: KubeObject): Requirements | undefined
  /** Absent: cannot be divided. */
  revise?(object: KubeObject, replicas: number): KubeObject
}

export interface Component { readonly name: string; readonly replicas: number; readonly requirements?: Requirements }
