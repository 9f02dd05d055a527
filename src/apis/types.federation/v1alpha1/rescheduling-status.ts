/** What is remembered of dividing replicas anew. */
export interface ReschedulingStatus {
  /** When they were last divided by something else than a change of the template or its placement. */
  at: string
  /** Of which clusters the placement selected then, and where these lie. */
  selected?: string
  /** What the annotation policy.federation/reschedule asked for last. */
  requested?: string
  /** Replicas that are still to move, by and by.
   * @isLong */
  remaining?: number
  /** Clusters that were seen to hold fewer than they were given.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["cluster"]} */
  limits?: ClusterLimit[]
}

export interface ClusterLimit {
  /** Name of the Cluster. */
  cluster: string
  /** So many found a node there.
   * @isLong */
  replicas: number
  /** When that was seen. Pods that had found none by then are those that are to move. */
  since: string
  /** What the cluster was estimated to hold then; once it is estimated to hold more, the limit ends.
   * @isLong */
  room: number
  /** That was counted on its nodes: what it only reports of all of them together says more, and is not compared with it. */
  onNodes?: boolean
}
