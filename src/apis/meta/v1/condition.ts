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
