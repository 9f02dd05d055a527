import type { KubeObject, ObjectMeta } from '../../../machinery/meta/core.ts'
import { defineKind } from '../../../machinery/meta/define-kind.ts'
import { dns1123Label, qualifiedName } from '../../../machinery/meta/names.ts'
import { addQuantities, compareQuantities, formatQuantity, parseQuantity, ZERO } from '../../../machinery/meta/quantity.ts'
import { type FieldError, fieldError } from '../../../machinery/meta/status-error.ts'
import { resolveSchema } from '../../../machinery/schema/resolve-schema.ts'
import { wellFormed } from '../../../machinery/schema/well-formed.ts'
import { ageColumn, nameColumn } from '../../meta/v1/columns.ts'
import type { Condition } from '../../meta/v1/condition.ts'
import type { Quantity } from '../../meta/v1/quantity.ts'
import { policyDefinitions } from './definitions.ts'

/** Limits what the templates of its namespace may ask for in all clusters together, and what may be used in single clusters (Karmada). */
export interface FederatedResourceQuota extends KubeObject {
  /** Version of the schema of this object. */
  apiVersion?: string
  /** Kind of this object. */
  kind?: string
  /** Kubernetes' own metadata. */
  metadata: ObjectMeta
  /** The limits. */
  spec: FederatedResourceQuotaSpec
  /** What is used of them. */
  status?: FederatedResourceQuotaStatus
}

export interface FederatedResourceQuotaSpec {
  /** In all clusters together, by resource. What workloads request is counted: cpu, memory, ephemeral-storage, others as requests.<name>, and pods; of other resources only the assignments are enforced. */
  overall: Record<string, Quantity>
  /** Of these, how much may be used in single clusters: each gets a ResourceQuota of the same name.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["clusterName"]} */
  staticAssignments?: StaticClusterAssignment[]
}

export interface StaticClusterAssignment {
  /** Name of the Cluster. */
  clusterName: string
  /** As in a ResourceQuota. */
  hard: Record<string, Quantity>
}

export interface FederatedResourceQuotaStatus {
  /** The limits that were in force when this was found. */
  overall?: Record<string, Quantity>
  /** What is used: by what was decided about templates; of resources that these do not ask for, by what the clusters report. */
  overallUsed?: Record<string, Quantity>
  /** What the ResourceQuotas of single clusters say.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["clusterName"]} */
  aggregatedStatus?: ClusterQuotaStatus[]
  /** Distributed: the ResourceQuotas of the assignments are given to the clusters, or why not.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["type"]} */
  conditions?: Condition[]
}

export interface ClusterQuotaStatus {
  /** Name of the Cluster. */
  clusterName: string
  /** Its limits. */
  hard?: Record<string, Quantity>
  /** What is used there. */
  used?: Record<string, Quantity>
}

const schema = resolveSchema(policyDefinitions, 'federation.policy.v1alpha1.FederatedResourceQuota')

export const federatedResourceQuotaKind = defineKind<FederatedResourceQuota>({
  group: 'policy.federation', version: 'v1alpha1', kind: 'FederatedResourceQuota', plural: 'federatedresourcequotas', shortNames: ['frq'], categories: ['federation'], scope: 'Namespaced',
  schema, describesItems: true,
  columns: [
    nameColumn,
    { name: 'Overall', type: 'string', description: 'Used of what may be, in all clusters together.', cell: ({ spec, status }) => Object.entries(spec.overall).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, limit]) => `${name}: ${status?.overallUsed?.[name] ?? 0}/${limit}`).join(', ') },
    ageColumn,
    { name: 'Clusters', type: 'string', priority: 1, description: 'Clusters with a limit of their own.', cell: ({ spec }) => (spec.staticAssignments ?? []).map(({ clusterName }) => clusterName).join(',') },
  ],
  strategy: wellFormed(schema, { validate: ({ spec }) => validateSpec(spec) }),
})

function validateSpec({ overall, staticAssignments = [] }: FederatedResourceQuotaSpec): FieldError[] {
  const assigned = new Map<string, typeof ZERO>()
  for (const { hard } of staticAssignments) for (const [name, amount] of Object.entries(hard)) assigned.set(name, addQuantities(assigned.get(name) ?? ZERO, parseQuantity(String(amount)) ?? ZERO))
  return [
    ...validateAmounts(overall, 'spec.overall'),
    ...staticAssignments.flatMap(({ clusterName, hard }, index) => [
      ...dns1123Label(clusterName).map((text) => fieldError.invalid(`spec.staticAssignments[${index}].clusterName`, clusterName, text)),
      ...validateAmounts(hard, `spec.staticAssignments[${index}].hard`),
      ...Object.keys(hard).filter((name) => overall[name] === undefined).map((name) => fieldError.invalid(`spec.staticAssignments[${index}].hard[${name}]`, name, 'is not limited by spec.overall')),
    ]),
    ...Object.entries(overall).flatMap(([name, limit]) => {
      const sum = assigned.get(name), most = parseQuantity(String(limit))
      return sum && most && compareQuantities(sum, most) > 0 ? [fieldError.invalid(`spec.overall[${name}]`, String(limit), `is less than what is assigned to clusters, ${formatQuantity(sum)}`)] : []
    }),
  ]
}

const validateAmounts = (amounts: Record<string, Quantity>, path: string): FieldError[] => Object.entries(amounts).flatMap(([name, amount]) => {
  const quantity = parseQuantity(String(amount))
  return [
    ...qualifiedName(name).map((text) => fieldError.invalid(`${path}[${name}]`, name, text)),
    ...(quantity && quantity.nano < 0n ? [fieldError.invalid(`${path}[${name}]`, String(amount), 'must be greater than or equal to 0')] : []),
  ]
})
