/** What one cluster gets otherwise (KubeFed). */
export interface ClusterOverrides {
  /** Name of the cluster; at most one entry each.
   * @minLength 1 */
  clusterName: string
  /** Operations, in order: all apply or none does. */
  clusterOverrides?: ClusterOverride[]
}

export interface ClusterOverride {
  /** What happens to the field; absent or empty: replace. */
  op?: string
  /** The field: a JSON pointer (/spec/replicas), or with dots (spec.replicas). At most one operation each. */
  path: string
  /** Its value, of any type; absent or null: null. Not with remove.
   * @extension {"x-kubernetes-preserve-unknown-fields": true} */
  value?: unknown
}
