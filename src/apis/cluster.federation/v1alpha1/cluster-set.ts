import type { KubeObject, ObjectMeta } from '../../../machinery/meta/core.ts'
import { defineKind } from '../../../machinery/meta/define-kind.ts'
import { validateLabelSelector } from '../../../machinery/meta/label-selector.ts'
import { dns1123Label } from '../../../machinery/meta/names.ts'
import { StatusError } from '../../../machinery/meta/status-error.ts'
import { resolveSchema } from '../../../machinery/schema/resolve-schema.ts'
import { wellFormed } from '../../../machinery/schema/well-formed.ts'
import { ageColumn, nameColumn } from '../../meta/v1/columns.ts'
import { type Condition, conditionStatus } from '../../meta/v1/condition.ts'
import type { LabelSelector } from '../../meta/v1/label-selector.ts'
import { type ClusterAffinity, validateClusterAffinity } from './cluster-affinity.ts'
import { clusterDefinitions } from './definitions.ts'
import { type Placement, validatePlacement } from './placement.ts'

/** A fleet: clusters that answer as one, and the boundary within which templates are placed. */
export interface ClusterSet extends KubeObject {
  /** Version of the schema of this object. */
  apiVersion?: string
  /** Kind of this object. */
  kind?: string
  /** Kubernetes' own metadata. */
  metadata: ObjectMeta
  /** Which clusters belong to the set, and who may use them. Absent: all clusters, for all namespaces. */
  spec?: ClusterSetSpec
  /** What that amounts to. */
  status?: ClusterSetStatus
}

export interface ClusterSetSpec {
  /** Clusters of the set; empty means all. */
  clusterAffinity?: ClusterAffinity
  /** Namespaces of the host whose templates may use these clusters; empty means all. */
  namespaceSelector?: LabelSelector
  /** Placement of templates that no policy matches; absent: they wait for one. */
  defaultPlacement?: Placement
}

export interface ClusterSetStatus {
  /** Names of the clusters that belong to the set now.
   * @extension {"x-kubernetes-list-type": "set"} */
  clusters?: string[]
  /** URL of the fleet: a complete Kubernetes API. */
  endpoint?: string
  /** Ready: every cluster of the set is.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["type"]} */
  conditions?: Condition[]
}

/** The set that always exists. */
export const DEFAULT_CLUSTER_SET = 'default'

const schema = resolveSchema(clusterDefinitions, 'federation.cluster.v1alpha1.ClusterSet')

export const clusterSetKind = defineKind<ClusterSet>({
  group: 'cluster.federation', version: 'v1alpha1', kind: 'ClusterSet', plural: 'clustersets', shortNames: ['clset'], categories: ['federation'], scope: 'Cluster',
  schema, describesItems: true,
  columns: [
    nameColumn,
    { name: 'Clusters', type: 'integer', description: 'Number of clusters in the set.', cell: ({ status }) => status?.clusters?.length ?? 0 },
    { name: 'Ready', type: 'string', description: 'Whether all of them are ready.', cell: ({ status }) => conditionStatus(status?.conditions, 'Ready') },
    ageColumn,
    { name: 'Endpoint', type: 'string', priority: 1, description: 'URL of the fleet.', cell: ({ status }) => status?.endpoint ?? '' },
  ],
  strategy: wellFormed(schema, {
    validateName: dns1123Label,
    validate: ({ spec = {} }) => [
      ...(spec.clusterAffinity ? validateClusterAffinity(spec.clusterAffinity, 'spec.clusterAffinity') : []),
      ...(spec.namespaceSelector ? validateLabelSelector(spec.namespaceSelector, 'spec.namespaceSelector') : []),
      ...(spec.defaultPlacement ? validatePlacement(spec.defaultPlacement, 'spec.defaultPlacement') : []),
    ],
    authorize: (set, old) => {
      if (set || old?.metadata.name !== DEFAULT_CLUSTER_SET) return Promise.resolve()
      return Promise.reject(StatusError.forbidden({ group: 'cluster.federation', resource: 'clustersets' }, DEFAULT_CLUSTER_SET, 'the default cluster set always exists; narrow its spec.clusterAffinity or spec.namespaceSelector instead'))
    },
  }),
})
