import type { Toleration } from '../../../apis/cluster.federation/v1alpha1/placement.ts'
import { type Taint, taintText } from '../../../apis/cluster.federation/v1alpha1/taint.ts'
import type { Filter } from './filter.ts'

/** NoSchedule and NoExecute keep away what does not tolerate them; what is there already is not the scheduler's to drive away. */
export const taints: Filter = ({ cluster: { spec: { taints = [] } }, tolerations, isTarget }) => {
  if (isTarget || taints.length === 0) return undefined
  const repelling = taints.filter((taint) => taint.effect !== 'PreferNoSchedule' && !tolerations.some((toleration) => tolerates(toleration, taint)))
  if (repelling.length === 0) return undefined
  return { reason: 'TaintNotTolerated', message: `has ${repelling.length} of ${taints.length} taints that ${repelling.length === 1 ? 'is' : 'are'} not tolerated: ${repelling.map(taintText).join(', ')}` }
}

/** As Kubernetes has it for nodes; an empty key stands for all, and only with Exists. */
export function tolerates({ key = '', operator = 'Equal', value = '', effect = '' }: Toleration, taint: Taint): boolean {
  if (effect !== '' && effect !== taint.effect) return false
  if (key === '' ? operator !== 'Exists' : key !== taint.key) return false
  // An operator that is written empty means Equal, too.
  return operator === 'Exists' || ((operator === 'Equal' || operator === '') && value === (taint.value ?? ''))
}
