import type { Cluster } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { Secrets } from '../../host/host.ts'
import type { Leadership } from '../../host/leases.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Turns } from '../../lib/turns.ts'
import type { Logger } from '../../lib/logger.ts'
import type { ConnectOptions } from '../../machinery/client/connect-options.ts'
import type { MemberConnection } from '../../machinery/client/connect.ts'
import type { Kind, ListerWatcher, Writer } from '../../machinery/meta/core.ts'
import type { Claims } from './claims.ts'
import type { HealthThresholds } from './health.ts'
import type { Members } from './members.ts'

export interface ClusterControllerOptions {
  readonly clusters: ListerWatcher
  readonly writer: Writer
  readonly secrets: Secrets
  readonly members: Members
  /** Every replica connects to every member; the one that leads decides which cluster a new member is, and writes the status. */
  readonly leadership: Leadership
  /** `connect` of machinery/client, or another one in tests. */
  readonly connect: (options: ConnectOptions) => MemberConnection
  /** Connections that are there already: simulated members, and contexts of the user's kubeconfig. They are used instead of endpoint and Secret. */
  readonly preset?: (cluster: Cluster) => MemberConnection | undefined
  readonly thresholds: HealthThresholds
  readonly probeMs: number
  readonly probeTimeoutMs: number
  readonly requestTimeoutMs: number
  /** Whether loopback and link-local addresses may be members. */
  readonly allowLocalAddresses: boolean
  /** Whether nodes and pods of members are followed for status.nodeSummary and status.resourceSummary. */
  readonly summaries: boolean
  /** How long a member's cache without users is kept. */
  readonly idleMs: number
  readonly pinned?: (kind: Kind) => boolean
  /** Bytes of JSON that one kind of one member may take in memory. Absent: any number. */
  readonly cacheBytesMax?: number
  readonly streamsLists?: boolean
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}

/** What sessions share. */
export interface ControllerContext extends ClusterControllerOptions {
  /** Whose turn it is to be connected to for the first time, and to read whole states from. */
  readonly turns: { readonly connecting: Turns; readonly states: Turns }
  readonly claims: Claims
  /** Undefined: the Cluster is gone. */
  readonly write: (name: string, change: (current: Cluster) => Cluster, signal: AbortSignal) => Promise<Cluster | undefined>
}
