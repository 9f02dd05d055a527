import { timestamp } from '../../../machinery/meta/timestamp.ts'

/** Kubernetes' own Condition. */
export interface Condition {
  type: string
  status: 'True' | 'False' | 'Unknown'
  observedGeneration?: number
  lastTransitionTime: string
  reason: string
  message: string
}

export const conditionStatus = (conditions: readonly Condition[] | undefined, type: string): Condition['status'] => conditions?.find((condition) => condition.type === type)?.status ?? 'Unknown'

/** What an object's status says of itself from now on. The condition keeps its time while its status stays. `now`: milliseconds since the epoch. */
export function nextCondition(of: { readonly metadata: { readonly generation?: number }; readonly status?: { readonly conditions?: readonly Condition[] } | undefined }, { type, status, reason, message }: Pick<Condition, 'type' | 'status' | 'reason' | 'message'>, now: number): Condition {
  const before = of.status?.conditions?.find((one) => one.type === type), { generation } = of.metadata
  return { type, status, reason, message, lastTransitionTime: before?.status === status ? before.lastTransitionTime : timestamp(now), ...(generation !== undefined && { observedGeneration: generation }) }
}
