import type { KubeObject, ScalePaths } from '../../machinery/meta/core.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'
import { withField } from './fields.ts'
import type { Component, ReplicaRule } from './interpretation.ts'
import { interpretationOf } from './interpretation-of.ts'
import type { Requirements } from './pod-template.ts'
import { integerAt, replicasAt } from './replica-rules.ts'

export interface Replicas { readonly replicas: number; /** Of one replica; absent: nothing particular. */ readonly requirements?: Requirements }

/** `scale`: of kinds that no rule names, from their scale subresource. */
export interface ReplicaOptions { readonly scale?: Pick<ScalePaths, 'specReplicasPath'> | undefined }

/** How many replicas an object asks for, and what each needs. Undefined: the kind has none that could be counted. BadRequest where the number is none. */
export function replicasOf(object: KubeObject, options: ReplicaOptions = {}): Replicas | undefined {
  const rule = replicaRule(object, options)
  if (!rule) return undefined
  const requirements = rule.requirements?.(object)
  return { replicas: counted(object, rule.count(object)), ...(requirements && { requirements }) }
}

/** Whether `withReplicas` can give clusters shares of it. */
export const isDivisible = (object: KubeObject, options: ReplicaOptions = {}): boolean => replicaRule(object, options)?.revise !== undefined

/** The object with a share of the replicas. `completions`: those of a Job that go with the share. BadRequest where the kind cannot be divided. */
export function withReplicas(object: KubeObject, replicas: number, { completions, ...options }: ReplicaOptions & { readonly completions?: number | undefined } = {}): KubeObject {
  const rule = replicaRule(object, options)
  if (!rule?.revise) throw StatusError.badRequest(`the replicas of a ${object.kind ?? ''} of ${object.apiVersion ?? ''} cannot be divided`)
  const revised = rule.revise(object, replicas)
  if (completions === undefined) return revised
  integerAt(object, 'spec.completions')
  return withField(revised, 'spec.completions', completions)
}

/** The parts of a workload made of several pod templates; empty for kinds with one or none. BadRequest where a number is none. */
export const componentsOf = (object: KubeObject): readonly Component[] => (interpretationOf(object).components?.(object) ?? []).map((component) => ({ ...component, replicas: counted(object, component.replicas) }))

/** Schemas of custom kinds may let pass what nobody can count with. */
function counted({ kind = '', metadata: { name = '' } }: KubeObject, replicas: number): number {
  if (Number.isSafeInteger(replicas) && replicas >= 0) return replicas
  throw StatusError.badRequest(`${kind} "${name}" asks for ${replicas} replicas`)
}

function replicaRule(object: KubeObject, { scale }: ReplicaOptions): ReplicaRule | undefined {
  const { replicas } = interpretationOf(object)
  if (replicas || !scale) return replicas
  return replicasAt(scale.specReplicasPath.replace(/^\./, ''))
}
