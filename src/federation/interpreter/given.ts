/** One cluster's value. Lists of these are sorted by cluster. */
export interface Given<T = unknown> { readonly cluster: string; readonly value: T }

export interface MergeContext {
  /** Clusters that could report the value: a condition missing in one of them is not known to hold. */
  readonly clusters: readonly string[]
  /** Whether any True condition makes the merged one True: those named so, or all. */
  readonly alarms: 'named' | 'all'
  /** What `observedGeneration` says; `expected` reports would be complete. */
  readonly observed: (given: readonly Given[], expected: number) => unknown
}
