/** The kinds that stock clients are tried on. */

/** A kind, and what a script that fits all kinds must know of it. */
export interface Subject {
  readonly group: string
  readonly kind: string
  readonly plural: string
  readonly isNamespaced: boolean
  readonly shortNames: readonly string[]
  /** A spec without the fields below. */
  readonly spec: Readonly<Record<string, unknown>>
  /** Path of a text, and two values for it. */
  readonly text: { readonly path: readonly string[]; readonly values: readonly [string, string] }
  /** Path of a set of texts. */
  readonly set: readonly string[]
  /** Columns between NAME and AGE, and behind it with -o wide: header, type and path. */
  readonly columns: readonly (readonly [name: string, type: string, path: string, priority?: 1])[]
  /** Path of the number that the subresource scale sets. */
  readonly replicas?: readonly string[]
  /** Columns that a CustomResourceDefinition could not fill so, mostly as a controller of ours does; status and its managers are left out with them. */
  readonly live?: readonly string[]
}

/** The policies' place until they are served: group and kinds-server.ts are all that changes then. */
const POLICY: Subject = {
  group: 'stand-in.federation', kind: 'PropagationPolicy', plural: 'propagationpolicies', isNamespaced: true, shortNames: ['pp'],
  spec: { resourceSelectors: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }] },
  text: { path: ['spec', 'conflictResolution'], values: ['Abort', 'Overwrite'] }, set: ['spec', 'placement', 'clusterAffinity', 'clusterNames'],
  columns: [['Conflict', 'string', '.spec.conflictResolution'], ['Priority', 'integer', '.spec.priority'], ['Age', 'date', '.metadata.creationTimestamp'], ['Clusters', 'string', '.spec.placement.clusterAffinity.clusterNames', 1]],
}

/** Has a scale subresource. */
const WORKLOAD: Subject = {
  group: 'stand-in.federation', kind: 'Workload', plural: 'workloads', isNamespaced: true, shortNames: [],
  spec: { replicas: 1, image: 'web' }, text: { path: ['spec', 'image'], values: ['one', 'two'] }, set: ['spec', 'tags'], replicas: ['spec', 'replicas'],
  columns: [['Image', 'string', '.spec.image'], ['Age', 'date', '.metadata.creationTimestamp']],
}

const CLUSTER: Subject = {
  group: 'cluster.federation', kind: 'Cluster', plural: 'clusters', isNamespaced: false, shortNames: ['cl'],
  spec: { syncMode: 'Push', apiEndpoint: 'https://127.0.0.1:1', resourceModels: [], taints: [{ key: 'cluster.federation/not-ready', effect: 'NoSchedule' }] }, // else the server adds that taint, at a moment of its own
  text: { path: ['spec', 'provider'], values: ['one', 'two'] }, set: ['spec', 'zones'],
  columns: [['Version', 'string', '.status.kubernetesVersion'], ['Mode', 'string', '.spec.syncMode'], ['Ready', 'string', '.status.ready'], ['Age', 'date', '.metadata.creationTimestamp'], ['APIEndpoint', 'string', '.spec.apiEndpoint', 1], ['Provider', 'string', '.spec.provider', 1], ['Region', 'string', '.spec.region', 1], ['Zones', 'string', '.spec.zones', 1]],
  live: ['READY', 'VERSION', 'ZONES'],
}

const CLUSTER_SET: Subject = {
  group: 'cluster.federation', kind: 'ClusterSet', plural: 'clustersets', isNamespaced: false, shortNames: ['clset'],
  spec: {},
  text: { path: ['spec', 'defaultPlacement', 'replicaScheduling', 'replicaSchedulingType'], values: ['Duplicated', 'Divided'] }, set: ['spec', 'clusterAffinity', 'clusterNames'],
  columns: [['Clusters', 'integer', '.status.count'], ['Ready', 'string', '.status.ready'], ['Age', 'date', '.metadata.creationTimestamp'], ['Endpoint', 'string', '.status.endpoint', 1]],
  live: ['CLUSTERS', 'READY', 'ENDPOINT'],
}

export const SUBJECTS: readonly Subject[] = [POLICY, WORKLOAD, CLUSTER, CLUSTER_SET]

/** An object with one value at the end of a path: `at(['a', 'b'], 1)` is `{a: {b: 1}}`. */
export const at = (path: readonly string[], value: unknown): Record<string, unknown> => path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Record<string, unknown>
