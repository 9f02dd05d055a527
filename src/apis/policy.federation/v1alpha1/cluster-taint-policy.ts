import type { KubeObject, ObjectMeta } from '../../../machinery/meta/core.ts'
import { defineKind } from '../../../machinery/meta/define-kind.ts'
import { resolveSchema } from '../../../machinery/schema/resolve-schema.ts'
import { wellFormed } from '../../../machinery/schema/well-formed.ts'
import { type ClusterAffinity, validateClusterAffinity } from '../../cluster.federation/v1alpha1/cluster-affinity.ts'
import { taintText, validateTaint } from '../../cluster.federation/v1alpha1/taint.ts'
import { ageColumn, nameColumn } from '../../meta/v1/columns.ts'
import { policyDefinitions } from './definitions.ts'

/** Sets and takes taints of clusters as their conditions change. Policies work in the order in which they were created; what one has set stays when it is deleted. */
export interface ClusterTaintPolicy extends KubeObject {
  /** Version of the schema of this object. */
  apiVersion?: string
  /** Kind of this object. */
  kind?: string
  /** Kubernetes' own metadata. */
  metadata: ObjectMeta
  /** Which taints, where and when. */
  spec: ClusterTaintPolicySpec
}

export interface ClusterTaintPolicySpec {
  /** The clusters that it is for; absent: all. Taints of clusters that it is not for any more stay as they are. */
  targetClusters?: ClusterAffinity
  /** The taints are added where all of these hold; absent or empty: never. */
  addOnConditions?: MatchCondition[]
  /** The taints are taken away where all of these hold, after the former were looked at; absent or empty: never. */
  removeOnConditions?: MatchCondition[]
  /** The taints that come and go.
   * @minItems 1
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["key","effect"]} */
  taints: PolicyTaint[]
}

export interface MatchCondition {
  /** Type of a condition in the status of the Cluster, e.g. Ready.
   * @minLength 1 */
  conditionType: string
  /** In: its status is one of the values. NotIn: it is none of them. Neither holds where the Cluster has no such condition. */
  operator: 'In' | 'NotIn'
  /** Statuses to compare with.
   * @minItems 1 */
  statusValues: ('True' | 'False' | 'Unknown')[]
}

export interface PolicyTaint {
  /** Label key. */
  key: string
  /** What happens to workloads without a toleration. */
  effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
  /** Label value. */
  value?: string
}

const schema = resolveSchema(policyDefinitions, 'federation.policy.v1alpha1.ClusterTaintPolicy')
const told = (conditions: readonly MatchCondition[] = []) => conditions.map(({ conditionType, operator, statusValues }) => `${conditionType} ${operator} ${statusValues.join('|')}`).join(',')

export const clusterTaintPolicyKind = defineKind<ClusterTaintPolicy>({
  group: 'policy.federation', version: 'v1alpha1', kind: 'ClusterTaintPolicy', plural: 'clustertaintpolicies', shortNames: ['ctp'], categories: ['federation'], scope: 'Cluster',
  schema, hasStatus: false, describesItems: true,
  columns: [
    nameColumn,
    { name: 'Taints', type: 'string', description: 'What is added and taken away.', cell: ({ spec }) => spec.taints.map(taintText).join(',') },
    ageColumn,
    { name: 'Add-On', type: 'string', priority: 1, description: 'Conditions of clusters that add them.', cell: ({ spec }) => told(spec.addOnConditions) },
    { name: 'Remove-On', type: 'string', priority: 1, description: 'Conditions of clusters that take them away.', cell: ({ spec }) => told(spec.removeOnConditions) },
  ],
  strategy: wellFormed(schema, {
    validate: ({ spec }) => [
      ...(spec.targetClusters ? validateClusterAffinity(spec.targetClusters, 'spec.targetClusters') : []),
      ...spec.taints.flatMap((taint, index) => validateTaint(taint, `spec.taints[${index}]`)),
    ],
  }),
})
