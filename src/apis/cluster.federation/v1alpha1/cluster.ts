import type { KubeObject, ObjectMeta } from '../../../machinery/meta/core.ts'
import type { Condition } from '../../meta/v1/condition.ts'
import type { Quantity } from '../../meta/v1/quantity.ts'
import type { ResourceModel } from './resource-model.ts'
import type { Taint } from './taint.ts'

/** A member: a Kubernetes cluster that this server manages. */
export interface Cluster extends KubeObject {
  /** Version of the schema of this object. */
  apiVersion?: string
  /** Kind of this object. */
  kind?: string
  /** Kubernetes' own metadata. The name has at most 48 characters. */
  metadata: ObjectMeta
  /** How the cluster is reached, and what it is like. */
  spec: ClusterSpec
  /** What was seen of it last. */
  status?: ClusterStatus
}

export interface ClusterSpec {
  /** Identity that the cluster must have: the value of its ClusterProperty cluster.clusterset.k8s.io, else the uid of its kube-system namespace. Absent: the one first met is kept. */
  id?: string
  /** Push: this server connects to the cluster. Pull: an agent in the cluster connects to this server. */
  syncMode: 'Push' | 'Pull'
  /** URL of the cluster's API: https, a host, no user, query or fragment. Needed by Push. */
  apiEndpoint?: string
  /** Certificates, PEM in base64, that the endpoint's certificate must be issued by. Absent: those of the Secret.
   * @format byte */
  caBundle?: string
  /** Secret with the credential: key token, or tls.crt and tls.key, or kubeconfig (inline data only); and caBundle. */
  secretRef?: SecretReference
  /** Secret with a credential (key token) that may only impersonate; requests passed through for users use it. Absent: that of secretRef. */
  impersonatorSecretRef?: SecretReference
  /** Trusts any certificate of the endpoint.
   * @default false */
  insecureSkipTLSVerification?: boolean
  /** Checks of the endpoint's certificate to leave out; "*" (alone) means all.
   * @extension {"x-kubernetes-list-type": "set"} */
  disabledTLSValidations?: ('SubjectName' | 'ValidityPeriod' | '*')[]
  /** Proxy on the way to the endpoint: an http, https or socks5 URL. */
  proxyURL?: string
  /** Headers sent to that proxy; commas separate several values of one. */
  proxyHeader?: Record<string, string>
  /** Who runs the machines, as a label value. */
  provider?: string
  /** Where they are, as a label value. */
  region?: string
  /** Zones of the region that the cluster's nodes are in, as label values.
   * @extension {"x-kubernetes-list-type": "set"} */
  zones?: string[]
  /** Keep away what does not tolerate them.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["key","effect"]} */
  taints?: Taint[]
  /** Grades by which free nodes are counted. Absent: nine grades by CPU and memory. Empty: none.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["grade"]} */
  resourceModels?: ResourceModel[]
}

/** Names a Secret. Only Secrets of the server's own namespace are read. */
export interface SecretReference {
  /** Namespace of the Secret. Absent: the server's own. */
  namespace?: string
  /** Name of the Secret.
   * @minLength 1 */
  name: string
}

export interface ClusterStatus {
  /** Version of the cluster's API server. */
  kubernetesVersion?: string
  /** Identity of the cluster, kept since it joined: the uid of its kube-system namespace. A cluster that shows another one is refused until the annotation cluster.federation/accept-uid names it. */
  id?: string
  /** Ready: the API answers. CompleteAPIEnablements: all groups of it could be discovered.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["type"]} */
  conditions?: Condition[]
  /** What the cluster serves.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["groupVersion"]} */
  apiEnablements?: ApiEnablement[]
  /** Nodes of the cluster. */
  nodeSummary?: NodeSummary
  /** What the cluster can hold. */
  resourceSummary?: ResourceSummary
  /** By resource (deployments.apps): the cluster's resource version that was seen last. */
  remoteResourceVersions?: Record<string, string>
  /** Objects that are still to be removed from the cluster.
   * @isInt
   * @minimum 0 */
  tombstones?: number
}

/** One group version that a cluster serves. */
export interface ApiEnablement {
  /** Group and version, e.g. apps/v1; v1 for the core group. */
  groupVersion: string
  /** Whether it is the group's preferred version. */
  preferred?: boolean
  /** Its resources and subresources.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["name"]} */
  resources?: ApiResource[]
}

/** One resource as discovery lists it. */
export interface ApiResource {
  /** Plural; deployments/scale for a subresource. */
  name: string
  /** Kind of what it answers. */
  kind: string
  /** Group of the kind where it is not that of the group version. */
  group?: string
  /** Version of the kind where it is not that of the group version. */
  version?: string
  /** Name of one of them. */
  singularName?: string
  /** Whether objects lie in namespaces. */
  namespaced?: boolean
  /** Short names, e.g. deploy.
   * @extension {"x-kubernetes-list-type": "atomic"} */
  shortNames?: string[]
  /** Groups of resources it belongs to, e.g. all.
   * @extension {"x-kubernetes-list-type": "atomic"} */
  categories?: string[]
  /** What can be done with it.
   * @extension {"x-kubernetes-list-type": "atomic"} */
  verbs?: string[]
}

export interface NodeSummary {
  /** All nodes.
   * @isInt */
  totalNum?: number
  /** Nodes that are ready.
   * @isInt */
  readyNum?: number
}

export interface ResourceSummary {
  /** What all nodes offer together. */
  allocatable?: Record<string, Quantity>
  /** What pods ask for that have no node yet. */
  allocating?: Record<string, Quantity>
  /** What pods ask for that have a node and are not finished. */
  allocated?: Record<string, Quantity>
  /** Nodes counted by grade.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["grade"]} */
  allocatableModelings?: AllocatableModeling[]
}

export interface AllocatableModeling {
  /** Grade of spec.resourceModels.
   * @isInt */
  grade: number
  /** Nodes of that grade.
   * @isInt */
  count: number
}
