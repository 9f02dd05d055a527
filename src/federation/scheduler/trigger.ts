import type { PlacementRequest } from './placement-request.ts'
import { type MovingTrigger, reschedulingTrigger } from './rescheduling/rescheduling-trigger.ts'
import type { SchedulingSnapshot } from './snapshot.ts'

/** What a decision is made anew for. */
export type Trigger = 'FirstPlacement' | 'Requested' | 'PlacementChanged' | 'ReplicasChanged' | 'TargetLeft' | 'Always' | MovingTrigger

/**
 * Undefined: what was decided stays, whatever became of labels, capacity and other clusters; replicas do not move by themselves (Karmada's order of checks), but for what the policy allows.
 * Templates that are not divided are always looked at: another cluster that fits costs nobody anything. So are preferences: their planner moves no running replica unless it may.
 */
export function triggerOf(snapshot: SchedulingSnapshot, request: PlacementRequest): Trigger | undefined {
  const { template: { replicas }, clusters, namespaceClusters, previous, fresh = false } = snapshot, { terms, division: { algorithm } } = request
  if (!previous) return 'FirstPlacement'
  if (fresh) return 'Requested'
  if ((terms[affinityIndex(terms, previous.affinity)]?.fingerprint ?? NOWHERE) !== previous.fingerprint) return 'PlacementChanged'
  if (replicas === undefined || algorithm === 'Duplicated' || algorithm === 'Preferences') return 'Always'
  if (previous.targets.length === 0 || previous.targets.reduce((sum, target) => sum + (target.replicas ?? 0), 0) !== replicas) return 'ReplicasChanged'
  const present = new Set(clusters.filter(({ cluster }) => !cluster.metadata.deletionTimestamp).map(({ cluster }) => cluster.metadata.name))
  if (previous.targets.some(({ cluster }) => !present.has(cluster) || namespaceClusters?.has(cluster) === false)) return 'TargetLeft'
  const moving = reschedulingTrigger(snapshot, request, terms[affinityIndex(terms, previous.affinity)]!)
  return moving && moving.waitMs <= 0 ? moving.trigger : undefined
}

/** Stands for the fingerprint of a placement that names no cluster. */
export const NOWHERE = 'nowhere'

/** The alternative to begin with: the one in use, so that a template does not jump back by itself. */
export const affinityIndex = (terms: readonly { readonly name: string | undefined }[], used: string | undefined): number => Math.max(0, terms.findIndex(({ name }) => name !== undefined && name === used))
