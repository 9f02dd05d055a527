import type { KubeObject, ObjectMeta } from '../../../machinery/meta/core.ts'
import { defineKind } from '../../../machinery/meta/define-kind.ts'
import { type FieldError, fieldError } from '../../../machinery/meta/status-error.ts'
import { resolveSchema } from '../../../machinery/schema/resolve-schema.ts'
import { wellFormed } from '../../../machinery/schema/well-formed.ts'
import { type ClusterPreference, validateClusterPreferences } from '../../cluster.federation/v1alpha1/placement.ts'
import { ageColumn, nameColumn } from '../../meta/v1/columns.ts'
import { policyDefinitions } from './definitions.ts'

/** Shares out the replicas of the federated object of the same namespace and name (KubeFed). */
export interface ReplicaSchedulingPreference extends KubeObject {
  /** Version of the schema of this object. */
  apiVersion?: string
  /** Kind of this object. */
  kind?: string
  /** Kubernetes' own metadata. */
  metadata: ObjectMeta
  /** How many replicas, and how they are shared out. */
  spec: ReplicaSchedulingPreferenceSpec
}

export interface ReplicaSchedulingPreferenceSpec {
  /** Kind of the federated object. */
  targetKind: 'FederatedDeployment' | 'FederatedReplicaSet'
  /** Replicas in all clusters together; they win over those of the template.
   * @isInt
   * @minimum 0 */
  totalReplicas: number
  /** Whether running replicas may be moved to come nearer to the preferences.
   * @default false */
  rebalance?: boolean
  /** Replicas are shared out among the clusters that the placement of the federated object chose: always, so false is refused.
   * @default true */
  intersectWithClusterSelector?: boolean
  /** By cluster name, or "*" for all others: bounds and weight. Absent or empty: all clusters are equal. */
  clusters?: Record<string, ClusterPreference>
}

const schema = resolveSchema(policyDefinitions, 'federation.policy.v1alpha1.ReplicaSchedulingPreference')

export const replicaSchedulingPreferenceKind = defineKind<ReplicaSchedulingPreference>({
  group: 'policy.federation', version: 'v1alpha1', kind: 'ReplicaSchedulingPreference', plural: 'replicaschedulingpreferences', shortNames: ['rsp'], categories: ['federation'], scope: 'Namespaced',
  schema, hasStatus: false, describesItems: true,
  columns: [
    nameColumn,
    { name: 'Target', type: 'string', description: 'Kind of the federated object of the same name.', cell: ({ spec }) => spec.targetKind },
    { name: 'Replicas', type: 'integer', description: 'Replicas in all clusters together.', cell: ({ spec }) => spec.totalReplicas },
    ageColumn,
    { name: 'Rebalance', type: 'boolean', priority: 1, description: 'Whether running replicas may be moved.', cell: ({ spec }) => spec.rebalance ?? false },
  ],
  strategy: wellFormed(schema, { validate: ({ spec }) => validateSpec(spec) }),
})

const validateSpec = ({ intersectWithClusterSelector, clusters = {} }: ReplicaSchedulingPreferenceSpec): FieldError[] => [
  ...(intersectWithClusterSelector === false ? [fieldError.forbidden('spec.intersectWithClusterSelector', 'false is not supported: replicas are shared out among the clusters that the placement chose')] : []),
  ...validateClusterPreferences(clusters, 'spec.clusters'),
]
