import type { KubeObject, ObjectMeta } from '../../../machinery/meta/core.ts'
import type { PropagationPolicySpec, PropagationPolicyStatus } from './propagation-policy.ts'

/** Says where templates go, of all namespaces and of none. */
export interface ClusterPropagationPolicy extends KubeObject {
  /** Version of the schema of this object. */
  apiVersion?: string
  /** Kind of this object. */
  kind?: string
  /** Kubernetes' own metadata. */
  metadata: ObjectMeta
  /** Which templates, and where they go. */
  spec: PropagationPolicySpec
  /** What came of it. */
  status?: PropagationPolicyStatus
}
