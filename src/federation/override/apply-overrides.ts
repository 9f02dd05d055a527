import type { Candidate } from '../../apis/cluster.federation/v1alpha1/cluster-affinity.ts'
import type { AnyOverridePolicy } from '../../apis/policy.federation/v1alpha1/override-policy-kinds.ts'
import type { ClusterOverrides } from '../../apis/types.federation/v1alpha1/cluster-overrides.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { cloneJson } from '../../machinery/meta/json-value.ts'
import { applyOperation } from './apply-operation.ts'
import { applyOverriders } from './apply-overriders.ts'
import { listMistakes, operationsFor } from './cluster-overrides.ts'
import { fillIn } from './cluster-variables.ts'
import { keepIdentity } from './keep-identity.ts'
import { matchingRules } from './matching-rules.ts'
import { type FailureReason, OverrideFailure } from './override-failure.ts'

/** Why a cluster's copy cannot be made: `OverridePolicy shop/prod: spec.overrideRules[0].overriders: the object has no /spec/replica`. */
export interface OverrideError {
  readonly reason: FailureReason
  /** Who asks for the change: a policy, or the template itself. */
  readonly source: string
  /** Inside the source. */
  readonly field: string
  readonly message: string
}

export interface OverrideInput {
  readonly cluster: Candidate
  /** Those that there are, or those that `matchingPolicies` chose for the template; which rules match is found here. */
  readonly policies: readonly AnyOverridePolicy[]
  /** `spec.overrides` of a federated object. */
  readonly inline?: readonly ClusterOverrides[] | undefined
}

/**
 * A template as one cluster gets it: policies' rules in their order, then inline overrides; the last wins. All or nothing. The template is left as it is, and answered itself where nothing applies.
 * Identity and ownership stay the template's (`keepIdentity`).
 */
export function applyOverrides(template: KubeObject, { cluster, policies, inline = [] }: OverrideInput): { readonly object: KubeObject } | { readonly errors: readonly OverrideError[] } {
  const mistakes = listMistakes(inline)
  if (mistakes.length > 0) return { errors: mistakes.map(({ reason, field, message }) => ({ reason, source: INLINE, field: `spec.overrides${field}`, message })) }
  const rules = matchingRules(template, cluster, policies), operations = operationsFor(inline, cluster.metadata.name ?? '')
  if (rules.length === 0 && operations.length === 0) return { object: template }
  const object = cloneJson(template), errors: OverrideError[] = []
  for (const { policy, rule, path } of rules) collect(errors, { source: nameOf(policy), field: `${path}.overriders` }, () => applyOverriders(object, fillIn(rule.overriders, cluster)))
  collect(errors, { source: INLINE, field: 'spec.overrides' }, () => { for (const operation of operations) applyOperation(object, fillIn(operation, cluster)) })
  const rendered = errors.length > 0 ? undefined : collect(errors, { source: nameOf(template), field: 'metadata' }, () => keepIdentity(object, template))
  return rendered ? { object: rendered } : { errors }
}

const INLINE = 'the template'
const nameOf = ({ kind = '', metadata: { namespace, name = '' } }: KubeObject) => `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`

function collect<T>(errors: OverrideError[], where: Pick<OverrideError, 'source' | 'field'>, run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof OverrideFailure)) throw error
    errors.push({ ...where, reason: error.reason, message: error.message })
    return undefined
  }
}
