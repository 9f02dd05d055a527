import type { Column } from '../../../machinery/meta/core.ts'
import { equalJson } from '../../../machinery/meta/json-value.ts'
import { type FieldError, fieldError } from '../../../machinery/meta/status-error.ts'
import type { StoredKind, Strategy } from '../../../machinery/meta/strategy.ts'
import { validateClusterAffinity } from '../../cluster.federation/v1alpha1/cluster-affinity.ts'
import { ageColumn, nameColumn } from '../../meta/v1/columns.ts'
import type { ClusterOverridePolicy } from './cluster-override-policy.ts'
import { definePolicyKind } from './define-policy-kind.ts'
import { type OverridePolicy, type OverridePolicySpec, overrideRules } from './override-policy.ts'
import { isEmpty, validateOverriders } from './overriders.ts'
import { inNamespace, validateResourceSelectors } from './resource-selector.ts'
import { authorizeSelected, type SelectedKinds } from './selected-kinds.ts'

export type AnyOverridePolicy = OverridePolicy | ClusterOverridePolicy

export const overridePolicyKind = (kinds: SelectedKinds): StoredKind<OverridePolicy> =>
  definePolicyKind({ kind: 'OverridePolicy', plural: 'overridepolicies', shortNames: ['op'], scope: 'Namespaced' }, { columns, hasStatus: false, strategy: strategy(kinds) })

export const clusterOverridePolicyKind = (kinds: SelectedKinds): StoredKind<ClusterOverridePolicy> =>
  definePolicyKind({ kind: 'ClusterOverridePolicy', plural: 'clusteroverridepolicies', shortNames: ['cop'], scope: 'Cluster' }, { columns, hasStatus: false, strategy: strategy(kinds) })

const columns: readonly Column<AnyOverridePolicy>[] = [
  nameColumn,
  { name: 'Rules', type: 'integer', description: 'Number of rules.', cell: ({ spec }) => overrideRules(spec).length },
  ageColumn,
  { name: 'Selects', type: 'string', priority: 1, description: 'Kinds, and names, of the templates.', cell: ({ spec }) => (spec.resourceSelectors ?? []).map(({ kind, name }) => (name ? `${kind}/${name}` : kind)).join(',') || '<all>' },
]

function strategy<T extends AnyOverridePolicy>(kinds: SelectedKinds): Strategy<T> {
  const prepare = (policy: T): T => ({ ...policy, spec: { ...policy.spec, ...(policy.spec.resourceSelectors && { resourceSelectors: inNamespace(policy.spec.resourceSelectors, policy.metadata.namespace) }) } })
  return {
    prepareForCreate: prepare,
    prepareForUpdate: prepare,
    validate: ({ metadata, spec }) => [...validateOverrideSpec(spec, metadata.namespace), ...checkAgainstKinds(spec, kinds)],
    authorize: async (policy, old, options) => {
      // A deletion needs no more than the right to delete: the host's namespace controller could not clear a namespace otherwise.
      if (!policy || (old && equalJson(policy.spec, old.spec))) return
      await authorizeSelected('update', policy.spec.resourceSelectors, policy.metadata.namespace, kinds, options)
    },
  }
}

/** Rules between fields, which the schema cannot say, for both scopes; `namespace` is undefined for a policy of the whole cluster. */
function validateOverrideSpec(spec: OverridePolicySpec, namespace: string | undefined): FieldError[] {
  const { resourceSelectors = [], overrideRules: rules, targetCluster, overriders } = spec, superseded = 'may not be set with overrideRules, which supersede it'
  return [
    ...validateResourceSelectors(resourceSelectors, namespace, 'spec.resourceSelectors'),
    ...(rules && targetCluster ? [fieldError.invalid('spec.targetCluster', targetCluster, superseded)] : []),
    ...(rules && overriders && !isEmpty(overriders) ? [fieldError.invalid('spec.overriders', overriders, superseded)] : []),
    ...overrideRules(spec).flatMap(({ rule, path }) => [
      ...(rule.targetCluster ? validateClusterAffinity(rule.targetCluster, `${path}.targetCluster`) : []),
      ...validateOverriders(rule.overriders, `${path}.overriders`),
    ]),
  ]
}

/** Every rule against every kind that is selected: a patch that does not fit one of them would keep all its copies from being written. */
function checkAgainstKinds(spec: OverridePolicySpec, { check }: SelectedKinds): FieldError[] {
  const selected = new Map((spec.resourceSelectors ?? []).map(({ apiVersion, kind }) => [`${apiVersion}/${kind}`, { apiVersion, kind }]))
  return overrideRules(spec).flatMap(({ rule, path }) => [...selected.values()].flatMap(({ apiVersion, kind }) => check(apiVersion, kind, rule.overriders, `${path}.overriders`)))
}
