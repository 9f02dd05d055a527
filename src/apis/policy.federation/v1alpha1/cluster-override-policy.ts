import type { KubeObject, ObjectMeta } from '../../../machinery/meta/core.ts'
import type { OverridePolicySpec } from './override-policy.ts'

/** Changes what clusters get of templates, of all namespaces and of none. Whoever writes it needs the verb update on every kind that it selects, in all namespaces. */
export interface ClusterOverridePolicy extends KubeObject {
  /** Version of the schema of this object. */
  apiVersion?: string
  /** Kind of this object. */
  kind?: string
  /** Kubernetes' own metadata. */
  metadata: ObjectMeta
  /** Which templates, and what is changed. */
  spec: OverridePolicySpec
}
