import type { Column } from '../../../machinery/meta/core.ts'
import { equalJson } from '../../../machinery/meta/json-value.ts'
import { type FieldError, fieldError } from '../../../machinery/meta/status-error.ts'
import type { StoredKind, Strategy } from '../../../machinery/meta/strategy.ts'
import { validatePlacement } from '../../cluster.federation/v1alpha1/placement.ts'
import { ageColumn, nameColumn } from '../../meta/v1/columns.ts'
import type { ClusterPropagationPolicy } from './cluster-propagation-policy.ts'
import { definePolicyKind } from './define-policy-kind.ts'
import { validateFailover } from './failover.ts'
import type { PropagationPolicy, PropagationPolicySpec } from './propagation-policy.ts'
import { inNamespace, validateResourceSelectors } from './resource-selector.ts'
import { validateRollout } from './rollout.ts'
import { authorizeSelected, type SelectedKinds } from './selected-kinds.ts'
import { unsupportedPolicySpec } from './unsupported.ts'

export type AnyPropagationPolicy = PropagationPolicy | ClusterPropagationPolicy

export const propagationPolicyKind = (kinds: SelectedKinds): StoredKind<PropagationPolicy> =>
  definePolicyKind({ kind: 'PropagationPolicy', plural: 'propagationpolicies', shortNames: ['pp'], scope: 'Namespaced' }, { columns, hasStatus: true, strategy: strategy(kinds) })

export const clusterPropagationPolicyKind = (kinds: SelectedKinds): StoredKind<ClusterPropagationPolicy> =>
  definePolicyKind({ kind: 'ClusterPropagationPolicy', plural: 'clusterpropagationpolicies', shortNames: ['cpp'], scope: 'Cluster' }, { columns, hasStatus: true, strategy: strategy(kinds) })

const columns: readonly Column<AnyPropagationPolicy>[] = [
  nameColumn,
  { name: 'Priority', type: 'integer', description: 'Of several policies that match a template the highest wins.', cell: ({ spec }) => spec.priority ?? 0 },
  { name: 'Claimed', type: 'integer', description: 'Number of templates that the policy has claimed.', cell: ({ status }) => status?.claimed ?? null },
  ageColumn,
  { name: 'Conflict-Resolution', type: 'string', priority: 1, description: 'What happens where an object is in a cluster already.', cell: ({ spec }) => spec.conflictResolution ?? 'Abort' },
  { name: 'Selects', type: 'string', priority: 1, description: 'Kinds, and names, of the templates.', cell: ({ spec }) => spec.resourceSelectors.map(({ kind, name }) => (name ? `${kind}/${name}` : kind)).join(',') },
]

function strategy<T extends AnyPropagationPolicy>(kinds: SelectedKinds): Strategy<T> {
  const prepare = (policy: T): T => ({ ...policy, spec: { ...policy.spec, resourceSelectors: inNamespace(policy.spec.resourceSelectors, policy.metadata.namespace) } })
  return {
    prepareForCreate: prepare,
    prepareForUpdate: prepare,
    validate: ({ metadata, spec }) => [...validatePropagationSpec(spec, metadata.namespace), ...unsupportedPolicySpec(spec, 'spec')],
    authorize: async (policy, old, options) => {
      if (!policy || policy.spec.conflictResolution !== 'Overwrite' || (old && equalJson(policy.spec, old.spec))) return
      // What was in a cluster before becomes this server's: to change and to delete.
      await authorizeSelected('adopt', policy.spec.resourceSelectors, policy.metadata.namespace, kinds, options)
    },
  }
}

/** Rules between fields, which the schema cannot say, for both scopes; `namespace` is undefined for a policy of the whole cluster. */
function validatePropagationSpec(spec: PropagationPolicySpec, namespace: string | undefined): FieldError[] {
  const { resourceSelectors, preemption, placement, failover, suspension, rollout } = spec
  return [
    ...validateResourceSelectors(resourceSelectors, namespace, 'spec.resourceSelectors'),
    ...(preemption === 'Always' ? resourceSelectors.flatMap(({ name }, index) => (name ? [] : [fieldError.invalid(`spec.resourceSelectors[${index}].name`, '', 'must be set with preemption Always')])) : []),
    ...(placement ? validatePlacement(placement, 'spec.placement') : []),
    ...(failover ? validateFailover(failover, spec, 'spec.failover') : []),
    ...(suspension?.dispatching && suspension.dispatchingOnClusters?.clusterNames?.length ? [fieldError.invalid('spec.suspension', suspension, 'dispatchingOnClusters may not be set with dispatching: true, which is for all clusters')] : []),
    ...(rollout ? validateRollout(rollout, 'spec.rollout') : []),
  ]
}
