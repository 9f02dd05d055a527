/** What a FederatedTypeConfig comes to. Pure. */
import type { ApiResourceType, FederatedTypeConfig, FederatedTypeConfigStatus } from '../../apis/policy.federation/v1alpha1/federated-type-config.ts'
import { nextCondition } from '../../apis/meta/v1/condition.ts'
import { equalJson } from '../../machinery/meta/json-value.ts'
import { type TargetKind, whyNotDistributable } from '../template/target-kind.ts'
import { targetId } from '../template/templates.ts'

/** What is known of a kind that a config names. */
export interface KnownType {
  /** Whether its federated objects can be had. */
  readonly isServed: boolean
  /** As it is served here, or as members have it; undefined: nothing is known of it. */
  readonly target: Pick<TargetKind, 'group' | 'version' | 'kind' | 'plural' | 'namespaced'> | undefined
  /** The cluster that its schema is of; undefined: Kubernetes' own kinds. */
  readonly source?: string
  /** Why the members' own word could not be had just now, for people. */
  readonly problem?: string
}

export interface TypeVerdict { readonly isServed: boolean; readonly isRunning: boolean; readonly reason: 'Served' | 'Disabled' | 'NotDistributable' | 'Differs' | 'NotFound'; readonly message: string }

export function typeVerdict({ spec: { targetType, propagation } }: Pick<FederatedTypeConfig, 'spec'>, { isServed, target, source, problem }: KnownType): TypeVerdict {
  const { group = '', pluralName } = targetType, refused = whyNotDistributable(group, pluralName)
  if (refused !== undefined) return { isServed: false, isRunning: false, reason: 'NotDistributable', message: `${targetId({ group, plural: pluralName })} cannot be distributed: ${refused}` }
  if (!target) return { isServed: false, isRunning: false, reason: propagation === 'Disabled' ? 'Disabled' : 'NotFound', message: propagation === 'Disabled' ? DISABLED : problem ?? 'its schema has not been read yet' }
  const differing = differences(targetType, target)
  if (differing.length > 0) return { isServed, isRunning: false, reason: 'Differs', message: `spec.targetType differs from the kind that there is: ${differing.join(', ')}` }
  if (propagation === 'Disabled') return { isServed, isRunning: false, reason: 'Disabled', message: DISABLED }
  return { isServed, isRunning: true, reason: 'Served', message: source === undefined ? '' : `with the schema of cluster ${source}${problem === undefined ? '' : `; ${problem}`}` }
}

const DISABLED = 'spec.propagation is Disabled: nothing new is distributed, and what was stays as it is'

const differences = ({ version, kind, scope }: ApiResourceType, target: NonNullable<KnownType['target']>): string[] => [
  ...(version === target.version ? [] : [`version is ${target.version}`]), ...(kind === target.kind ? [] : [`kind is ${target.kind}`]), ...((scope === 'Namespaced') === target.namespaced ? [] : [`scope is ${target.namespaced ? 'Namespaced' : 'Cluster'}`]),
]

/** Why nothing of the kind may be distributed; undefined: it may. Kubernetes' own kinds need no config, others do. */
export function whySwitchedOff(id: string, isBuiltIn: boolean, config: Pick<FederatedTypeConfig, 'spec'> | undefined): string | undefined {
  if (!config) return isBuiltIn ? undefined : `the kind is being withdrawn: to distribute it create a FederatedTypeConfig named ${id}`
  return config.spec.propagation === 'Disabled' ? `the kind is not distributed: to distribute it set spec.propagation of the FederatedTypeConfig ${id} to Enabled` : undefined
}

/** The same object where nothing changed. */
export function withVerdict(config: FederatedTypeConfig, { isServed, isRunning, reason, message }: TypeVerdict, now: number): FederatedTypeConfigStatus {
  const { metadata: { generation }, status } = config, served = nextCondition(config, { type: 'Served', status: isServed ? 'True' : 'False', reason, message }, now)
  const next: FederatedTypeConfigStatus = { ...(generation !== undefined && { observedGeneration: generation }), propagationController: isRunning ? 'Running' : 'NotRunning', statusController: isServed ? 'Running' : 'NotRunning', conditions: [served] }
  return status && equalJson(next, status) ? status : next
}
