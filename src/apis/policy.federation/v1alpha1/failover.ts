import { qualifiedName } from '../../../machinery/meta/names.ts'
import { type FieldError, fieldError } from '../../../machinery/meta/status-error.ts'

/** When copies leave a cluster that fails them. */
export interface Failover {
  /** Where the application is not healthy. */
  application?: ApplicationFailover
  /** Where the cluster is not. */
  cluster?: ClusterFailover
}

export interface ApplicationFailover {
  /** When the application has failed. */
  decisionConditions: DecisionConditions
  /** Directly: the copy goes at once. Gracefully: once another one is healthy. Never: it stays.
   * @default "Gracefully" */
  purgeMode?: 'Directly' | 'Gracefully' | 'Never'
  /** With Gracefully: seconds after which the copy goes anyway; absent: 600.
   * @isInt */
  gracePeriodSeconds?: number
  /** What of its status the new copy is told. */
  statePreservation?: StatePreservation
}

export interface DecisionConditions {
  /** Seconds for which it may be unhealthy.
   * @isInt
   * @minimum 0
   * @default 300 */
  tolerationSeconds?: number
}

export interface ClusterFailover {
  /** Directly: the copy goes at once. Gracefully: once another one is healthy.
   * @default "Gracefully" */
  purgeMode?: 'Directly' | 'Gracefully'
  /** What of its status the new copy is told. */
  statePreservation?: StatePreservation
}

export interface StatePreservation {
  /** One label each.
   * @minItems 1 */
  rules: StatePreservationRule[]
}

export interface StatePreservationRule {
  /** Key of the label that the new copy gets. */
  aliasLabelName: string
  /** Where its value is in the old copy's status, e.g. {.availableReplicas}. */
  jsonPath: string
}

/** Rules between fields, which the schema cannot say. */
export function validateFailover({ application, cluster }: Failover, { propagateDeps = false }: { readonly propagateDeps?: boolean }, path: string): FieldError[] {
  const seconds = application?.gracePeriodSeconds, at = `${path}.application.gracePeriodSeconds`
  return [
    ...(application && !propagateDeps ? [fieldError.invalid('spec.propagateDeps', propagateDeps, `must be true with ${path}.application: what the application needs moves with it`)] : []),
    ...(seconds !== undefined && application?.purgeMode !== 'Gracefully' ? [fieldError.invalid(at, seconds, 'may be set with purgeMode Gracefully only')] : []),
    ...(seconds !== undefined && application?.purgeMode === 'Gracefully' && seconds <= 0 ? [fieldError.invalid(at, seconds, 'must be greater than 0')] : []),
    ...validateRules(application?.statePreservation, `${path}.application`),
    ...validateRules(cluster?.statePreservation, `${path}.cluster`),
  ]
}

const validateRules = (preservation: StatePreservation | undefined, path: string): FieldError[] =>
  (preservation?.rules ?? []).flatMap(({ aliasLabelName, jsonPath }, index) => [
    ...qualifiedName(aliasLabelName).map((text) => fieldError.invalid(`${path}.statePreservation.rules[${index}].aliasLabelName`, aliasLabelName, text)),
    ...(JSON_PATH.test(jsonPath) ? [] : [fieldError.invalid(`${path}.statePreservation.rules[${index}].jsonPath`, jsonPath, 'must be one path into the status, e.g. {.jobStatus.jobID}')]),
  ])

/** `{.a.b}`, as kubectl writes it, or without the braces. */
const JSON_PATH = /^\s*(?:\{\s*\$?[.[][^{}]+\}|\$?[.[][^{}]+)\s*$/
