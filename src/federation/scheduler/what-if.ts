import type { Taint } from '../../apis/cluster.federation/v1alpha1/taint.ts'
import { tolerates } from './filters/taints.ts'
import { placementRequest } from './placement-request.ts'
import { schedule, type Schedule } from './schedule.ts'
import type { ClusterFacts, SchedulingSnapshot } from './snapshot.ts'

/** A change of the fleet that has not happened. Drained: a taint drives away what does not tolerate all taints, and nothing new comes. */
export type FleetChange = { readonly remove: string } | { readonly drain: string } | { readonly add: ClusterFacts }

/** `from` and `to`: replicas; undefined: no copy. Where the kind has no replicas they are 0. */
interface Move { readonly cluster: string; readonly from: number | undefined; readonly to: number | undefined }

interface Answer {
  /** As things are. */
  readonly before: Schedule
  readonly after: Schedule
  /** By name of the cluster; empty: nothing would change for any member. */
  readonly moves: readonly Move[]
}

/** The same decision with the fleet changed. A cluster that is added changes nothing for what is divided already, since replicas do not move by themselves: with `fresh` set in the snapshot both decisions divide anew. Pure. */
export function whatIf(snapshot: SchedulingSnapshot, change: FleetChange): Answer {
  const before = schedule(snapshot), { targets, fingerprint, affinity } = before, previous = { targets, fingerprint, ...(affinity !== undefined && { affinity }) }
  const after = decided({ ...snapshot, ...(targets.length > 0 && { previous }) }, change), from = countsOf(before), to = countsOf(after)
  const moves = [...new Set([...from.keys(), ...to.keys()])].filter((cluster) => from.get(cluster) !== to.get(cluster)).sort((a, b) => (a < b ? -1 : 1)).map((cluster) => ({ cluster, from: from.get(cluster), to: to.get(cluster) }))
  return { before, after, moves }
}

const countsOf = ({ targets }: Schedule) => new Map(targets.map(({ cluster, replicas = 0 }) => [cluster, replicas]))

const DRAINING: Taint = { key: 'cluster.federation/drain', effect: 'NoExecute' }

function decided(snapshot: SchedulingSnapshot, change: FleetChange): Schedule {
  const { clusters, previous, source, preference } = snapshot, isNamed = (name: string) => ({ cluster }: ClusterFacts) => cluster.metadata.name === name
  if ('add' in change) return schedule({ ...snapshot, clusters: [...clusters, change.add] })
  if ('remove' in change) return schedule({ ...snapshot, clusters: clusters.filter((one) => !isNamed(change.remove)(one)) })
  if (placementRequest(source, preference).tolerations.some((toleration) => tolerates(toleration, DRAINING))) return schedule(snapshot)
  const drained = clusters.map((one) => (isNamed(change.drain)(one) ? { ...one, cluster: { ...one.cluster, spec: { ...one.cluster.spec, taints: [...(one.cluster.spec.taints ?? []), DRAINING] } } } : one))
  const gone = schedule({ ...snapshot, clusters: drained, ...(previous && { previous: { ...previous, targets: previous.targets.filter(({ cluster }) => cluster !== change.drain) } }) })
  // What fits nowhere else stays where it is.
  return gone.scheduled.status === 'True' ? gone : { ...gone, targets: previous?.targets ?? [] }
}
