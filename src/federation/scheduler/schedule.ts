import { attempt, explain, type Failure, type ScheduledCondition } from './attempt.ts'
import type { RejectedCluster } from './filters/filter.ts'
import { placementRequest, type DivisionRule, type PlacementRequest } from './placement-request.ts'
import type { SchedulingSnapshot, Target } from './snapshot.ts'
import { affinityIndex, NOWHERE, triggerOf, type Trigger } from './trigger.ts'

/** A decision, as status.schedule keeps it. */
export interface Schedule {
  readonly algorithm: DivisionRule['algorithm']
  /** By name of the cluster. */
  readonly targets: readonly Target[]
  /** By name of the cluster, without the full stop at the end of the message. */
  readonly rejected: readonly RejectedCluster[]
  /** Replicas that no target runs, or is to run. */
  readonly unplaced?: number
  /** The alternative of clusterAffinities that was used. */
  readonly affinity?: string
  /** To be handed back with the targets the next time. */
  readonly fingerprint: string
  /** Undefined: nothing had to be decided. */
  readonly trigger: Trigger | undefined
  readonly scheduled: ScheduledCondition
}

/**
 * Decides in which clusters a template has copies, and with how many replicas. Same input, same answer.
 * The alternatives of the placement are tried in order, from the one in use, those before it last; each filters the clusters, ranks and selects them, and divides the replicas.
 * Where none succeeds the present targets stay, and the condition says why: only an explicit change takes a placement away.
 */
export function schedule(snapshot: SchedulingSnapshot): Schedule {
  const request = placementRequest(snapshot.source, snapshot.preference), { terms } = request, algorithm = algorithmOf(snapshot, request), trigger = triggerOf(snapshot, request), { previous } = snapshot
  if (terms.length === 0) return { algorithm, targets: [], rejected: [], fingerprint: NOWHERE, trigger, scheduled: { status: 'True', reason: 'Nowhere', message: 'the placement names no cluster' } }
  const start = trigger === 'Requested' ? 0 : affinityIndex(terms, previous?.affinity)
  if (!trigger) return keep(snapshot, request, start, undefined)
  // What moves at all is divided as if nothing had been decided, but for what found no node: the rest of it stays.
  const isFresh = trigger === 'CapacityReturned' || trigger === 'ClusterJoined' || trigger === 'ClusterLabelsChanged' || trigger === 'Remaining', asked = isFresh ? { ...snapshot, fresh: true } : snapshot
  let first: Failure | undefined
  for (let tried = 0; tried < terms.length; tried++) {
    const at = (start + tried) % terms.length, result = attempt(asked, request, terms[at]!)
    if ('failure' in result) { first ??= result; continue }
    return { algorithm, ...result, ...named(request, at), trigger }
  }
  return keep(snapshot, request, start, { ...first!, trigger })
}

/** Where there is nothing to divide, copies are what they are. */
const algorithmOf = ({ template, preference }: SchedulingSnapshot, { division }: PlacementRequest): DivisionRule['algorithm'] => (template.replicas === undefined && !preference ? 'Duplicated' : division.algorithm)

const named = ({ terms }: PlacementRequest, at: number) => ({ fingerprint: terms[at]!.fingerprint, ...(terms[at]!.name !== undefined && { affinity: terms[at]!.name }) })

/** The targets of before, but for clusters that left. */
function keep(snapshot: SchedulingSnapshot, request: PlacementRequest, at: number, failed: (Failure & { readonly trigger: Trigger }) | undefined): Schedule {
  const { clusters, previous, template, preference } = snapshot, here = new Set(clusters.map(({ cluster }) => cluster.metadata.name))
  const targets = (previous?.targets ?? []).filter(({ cluster }) => here.has(cluster)), algorithm = algorithmOf(snapshot, request)
  const total = algorithm === 'Duplicated' ? 0 : preference?.totalReplicas ?? template.replicas ?? 0, placed = targets.reduce((sum, { replicas = 0, waiting = 0 }) => sum + replicas - waiting, 0)
  const kept = new Set(targets.map(({ cluster }) => cluster)), rejected = (failed?.rejected ?? explain(snapshot, request, request.terms[at]!)).filter(({ cluster }) => !kept.has(cluster))
  const scheduled: ScheduledCondition = failed
    ? { status: 'False', reason: failed.failure, message: targets.length > 0 ? `${failed.message}; the ${targets.length} present targets stay` : failed.message }
    : { status: 'True', reason: 'Success', message: `placed in ${targets.length} of ${clusters.length} clusters` }
  // A failure keeps the old fingerprint: the placement counts as changed until it succeeded.
  return { algorithm, targets, rejected, ...(total > placed && { unplaced: total - placed }), ...(failed ? { fingerprint: previous?.fingerprint ?? '', ...(previous?.affinity !== undefined && { affinity: previous.affinity }) } : named(request, at)), trigger: failed?.trigger, scheduled }
}
