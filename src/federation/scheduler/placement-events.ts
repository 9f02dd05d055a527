import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { Placed } from './place.ts'

interface PlacementEvent { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string }

/** What a decision tells people: who claimed the template, where it goes, and why not. `before`: the template as it was. Pure. */
export function placementEvents(before: FederatedObject, { policy, claim, schedule, scheduled }: Placed): PlacementEvent[] {
  const { status } = before, wasScheduled = status?.conditions?.find(({ type }) => type === 'Scheduled'), events: PlacementEvent[] = []
  if (claim.outcome === 'Lost' && wasScheduled?.reason !== 'PolicyLost') events.push({ type: 'Warning', reason: 'PolicyLost', message: claim.message })
  else if (policy && (policy.name !== status?.policy?.name || policy.kind !== status.policy.kind)) events.push({ type: 'Normal', reason: 'Claimed', message: claim.message })
  const targets = (schedule.targets ?? []).map(({ cluster, replicas }) => (replicas === undefined ? cluster : `${cluster}: ${replicas}`)).join(', ')
  if (scheduled.status === 'True' && schedule.decision !== status?.schedule?.decision) events.push({ type: 'Normal', reason: 'Scheduled', message: `${targets ? `to ${targets}; ` : ''}${scheduled.message}` })
  if (scheduled.status === 'False' && scheduled.reason !== 'PolicyLost' && wasScheduled?.message !== scheduled.message) events.push({ type: 'Warning', reason: scheduled.reason, message: scheduled.message })
  return events
}
