/** Which clusters a fleet has: ClusterSets over members, followed; and what a ClusterSet's status says of it. */
import { timestamp } from '../machinery/meta/timestamp.ts'
import type { Cluster } from '../apis/cluster.federation/v1alpha1/cluster.ts'
import { matchesClusterAffinity } from '../apis/cluster.federation/v1alpha1/cluster-affinity.ts'
import { DEFAULT_CLUSTER_SET, type ClusterSet } from '../apis/cluster.federation/v1alpha1/cluster-set.ts'
import { type Condition, nextCondition } from '../apis/meta/v1/condition.ts'
import type { Members } from '../federation/member/members.ts'
import type { Leadership } from '../host/leases.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Resource, WriteOptions } from '../machinery/meta/core.ts'
import { equalJson } from '../machinery/meta/json-value.ts'
import { isReason, StatusError } from '../machinery/meta/status-error.ts'
import { CustomKinds } from './custom-kinds.ts'
import type { Epochs } from './epochs.ts'
import type { FleetMember } from './fleet-member.ts'
import type { Fleets } from './fleets.ts'
import { fleetMember } from './members-of-fleet.ts'

interface MembershipOptions {
  readonly clusterSets: Resource
  readonly members: Members
  readonly fleets: Fleets
  readonly epochs: Epochs
  readonly leadership: Leadership
  /** Resolves once `members` holds every Cluster there was at the start: with fewer, an epoch would begin and end for nothing. */
  readonly seen: Promise<void>
  /** The host, whose Namespaces every fleet shows. */
  readonly host: FleetMember
  /** Why nothing is written to members, where that is so; told in the status of ClusterSet `default`. */
  readonly halted: { readonly why: () => string | undefined; onChange(listener: () => void, signal: AbortSignal): void }
  /** URL of a set's fleet. */
  readonly endpointOf: (set: string) => string
  readonly clock: Clock
  readonly logger: Logger
}

export const SYSTEM: WriteOptions = { user: { name: 'system:federation-apiserver', groups: ['system:masters'], extra: {} }, manager: 'federation-apiserver', authorize: () => Promise.resolve(), warn: () => undefined }

/** ClusterSet `default` exists from the first start on. */
export async function ensureDefaultSet({ writer }: Resource, signal: AbortSignal): Promise<void> {
  try {
    await writer!.create({ metadata: { name: DEFAULT_CLUSTER_SET }, spec: {} }, SYSTEM, signal)
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error
  }
}

/** Keeps fleets and the sets' status in step until the signal aborts. `onFirst`: every set has its fleet. */
export async function followMembership(options: MembershipOptions, onFirst: () => void, signal: AbortSignal): Promise<void> {
  const { clusterSets, members, fleets, epochs, leadership, seen, host, halted, clock, logger } = options, custom = new CustomKinds(logger)
  let wake = Promise.withResolvers<void>(), isFirst = true
  const kick = () => { wake.resolve() }
  members.onChange(kick, signal)
  leadership.onLead(kick, signal)
  halted.onChange(kick, signal)
  signal.addEventListener('abort', epochs.onChange(kick), { once: true })
  signal.addEventListener('abort', kick, { once: true })
  const watching = (async () => { while (!signal.aborted) { for await (const _batch of clusterSets.reader.watch({ initial: true }, signal)) kick(); await clock.sleep(100, signal) } })()
  await Promise.race([seen, new Promise((resolve) => { signal.addEventListener('abort', resolve, { once: true }) })])
  while (!signal.aborted) {
    wake = Promise.withResolvers<void>()
    const begunAt = clock.now()
    try {
      const page = await clusterSets.reader.list({}, signal), sets = Array.from(page.entries, (entry) => entry.parse() as ClusterSet), joined = members.list()
      const includes = ({ spec }: ClusterSet) => (name: string) => { const member = members.get(name); return member !== undefined && matchesClusterAffinity(spec?.clusterAffinity ?? {}, member.cluster) }
      for (const member of joined) custom.refresh(member, kick, signal)
      const known = joined.map((member) => fleetMember(member, clock, (one, kind) => custom.of(one, kind))).filter((member) => member !== undefined)
      await fleets.update(sets.map((set) => ({ name: set.metadata.name!, includes: includes(set) })), [host, ...known], signal)
      if (isFirst) onFirst()
      isFirst = false
      for (const set of leadership.isLeader ? sets : []) await writeStatus(set, joined.filter(({ name }) => includes(set)(name)).map(({ cluster }) => cluster), options, signal)
    } catch (error) {
      if (signal.aborted) break
      logger.error({ error: error instanceof Error ? error.stack : error }, 'fleets cannot be brought up to date; trying again')
      await clock.sleep(1000, signal)
      continue
    }
    const tookMs = clock.now() - begunAt
    await wake.promise
    // Members change in bursts when they connect; with a thousand of them a look takes its time.
    await clock.sleep(Math.min(Math.max(20, tookMs), 1000), signal)
  }
  await watching
}

async function writeStatus(set: ClusterSet, clusters: readonly Cluster[], { clusterSets, endpointOf, halted, clock }: MembershipOptions, signal: AbortSignal): Promise<void> {
  const name = set.metadata.name!, next = nextStatus(set, clusters, { endpoint: endpointOf(name), halted: name === DEFAULT_CLUSTER_SET ? halted.why() : undefined }, clock.now())
  if (equalJson(next, set.status)) return
  try {
    await clusterSets.writer!.update(name, (current) => {
      if (!current) throw StatusError.notFound({ group: 'cluster.federation', resource: 'clustersets' }, name)
      return { ...current, status: next }
    }, { ...SYSTEM, subresource: 'status' }, signal)
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error
  }
}

/** Pure. A condition keeps its time while its status stays. */
export function nextStatus(set: Pick<ClusterSet, 'metadata' | 'status'>, clusters: readonly Cluster[], { endpoint, halted }: { readonly endpoint: string; readonly halted: string | undefined }, now: number): NonNullable<ClusterSet['status']> {
  const names = clusters.map(({ metadata }) => metadata.name ?? '').toSorted(), unready = clusters.filter(({ status }) => status?.conditions?.find(({ type }) => type === 'Ready')?.status !== 'True').map(({ metadata }) => metadata.name ?? '').toSorted()
  const isReady = unready.length === 0, ready = nextCondition(set, { type: 'Ready', status: isReady ? 'True' : 'False', reason: isReady ? 'ClustersReady' : 'ClustersNotReady', message: isReady ? '' : `not ready: ${unready.join(', ')}` }, now)
  const haltedBefore = set.status?.conditions?.find(({ type }) => type === 'StoreBehindMembers')
  const behind: Condition[] = halted === undefined ? [] : [{ type: 'StoreBehindMembers', status: 'True', reason: 'CopiesAreNewer', message: halted, lastTransitionTime: haltedBefore?.lastTransitionTime ?? timestamp(now) }]
  return { clusters: names, endpoint, conditions: [ready, ...behind] }
}
