/** How clusters are left that fail: what the server's flags say. */
export interface FailoverOptions {
  /** How long a cluster is not ready before what is there is driven out; 0: it never is. */
  readonly evictionTimeoutMs: number
  /** How long templates with cluster failover tolerate a cluster's being so driven empty, where their placement does not say. */
  readonly notReadyTolerationSeconds: number
  readonly unreachableTolerationSeconds: number
  /** How long a copy that does not work waits for the others, where the policy does not say. */
  readonly gracefulEvictionSeconds: number
  readonly rates: EvictionRates
}

export interface EvictionRates {
  /** Templates that leave a cluster in a second. */
  readonly perSecond: number
  /** The same where a large part of a large fleet is not ready. */
  readonly secondaryPerSecond: number
  /** Share of the clusters that is a large part. */
  readonly unhealthyThreshold: number
  /** A fleet of more clusters than this is large; in others nobody leaves while a large part is not ready. */
  readonly largeFleet: number
  /** Share of the clusters beyond which it is likelier that this server is cut off: nobody leaves. */
  readonly partitionThreshold: number
}

/** The rates and the first threshold are those of Karmada and of Kubernetes' node lifecycle controller, where they have one. */
export const defaultFailover: FailoverOptions = {
  evictionTimeoutMs: 300_000, notReadyTolerationSeconds: 300, unreachableTolerationSeconds: 300, gracefulEvictionSeconds: 600,
  rates: { perSecond: 0.5, secondaryPerSecond: 0.1, unhealthyThreshold: 0.55, largeFleet: 10, partitionThreshold: 0.8 },
}

/** How many templates may leave clusters in a second because of the clusters' health; 0: none. (The zone states of Kubernetes' node lifecycle controller, pkg/controller/nodelifecycle.) */
export function evictionRate({ total, notReady }: { readonly total: number; readonly notReady: number }, { perSecond, secondaryPerSecond, unhealthyThreshold, largeFleet, partitionThreshold }: EvictionRates): number {
  if (notReady > 0 && (notReady === total || notReady / total >= partitionThreshold)) return 0
  if (notReady / total < unhealthyThreshold || notReady === 0) return perSecond
  return total > largeFleet ? secondaryPerSecond : 0
}
