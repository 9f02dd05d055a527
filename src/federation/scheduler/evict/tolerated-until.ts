import type { Toleration } from '../../../apis/cluster.federation/v1alpha1/placement.ts'
import type { Taint } from '../../../apis/cluster.federation/v1alpha1/taint.ts'
import { tolerates } from '../filters/taints.ts'

/** Until when what is there may stay beside a NoExecute taint: milliseconds; 0: it is not tolerated at all; Infinity: it is for good. The first toleration that fits counts. */
export function toleratedUntil(taint: Taint, tolerations: readonly Toleration[], now: number): number {
  const toleration = tolerations.find((one) => tolerates(one, taint))
  if (!toleration) return 0
  const { tolerationSeconds } = toleration
  if (tolerationSeconds === undefined) return Infinity
  // Without a time the taint counts as new: a toleration that has an end never stands for one that has none.
  return (taint.timeAdded === undefined ? now : Date.parse(taint.timeAdded)) + tolerationSeconds * 1000
}
