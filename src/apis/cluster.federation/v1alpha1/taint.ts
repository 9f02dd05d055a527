import { timestamp } from '../../../machinery/meta/timestamp.ts'
import { labelValue, qualifiedName } from '../../../machinery/meta/names.ts'
import { type FieldError, fieldError } from '../../../machinery/meta/status-error.ts'

/** Keeps away, or drives away, what does not tolerate it. */
export interface Taint {
  /** Label key. */
  key: string
  /** Label value. */
  value?: string
  /** What happens to workloads without a toleration: NoSchedule admits no new ones, PreferNoSchedule avoids them, NoExecute removes present ones too. */
  effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
  /** When a NoExecute taint was added; the server sets it.
   * @format date-time */
  timeAdded?: string
}

/** As kubectl writes taints: `key=value:effect`. */
export const taintText = ({ key, value, effect }: Pick<Taint, 'key' | 'value' | 'effect'>): string => `${key}${value ? `=${value}` : ''}:${effect}`

/** That key and effect together are unique is said by the schema. */
export const validateTaint = ({ key, value }: Taint, path: string): FieldError[] => [
  ...qualifiedName(key).map((text) => fieldError.invalid(`${path}.key`, key, text)),
  ...(value === undefined ? [] : labelValue(value).map((text) => fieldError.invalid(`${path}.value`, value, text))),
]

/** NoExecute taints get the time at which they were first seen; it stays for as long as they do. */
export function stampTaints(taints: readonly Taint[], old: readonly Taint[], now: number): Taint[] {
  return taints.map((taint) => {
    if (taint.effect !== 'NoExecute' || taint.timeAdded !== undefined) return taint
    const before = old.find(({ key, value, effect }) => key === taint.key && value === taint.value && effect === taint.effect)
    return { ...taint, timeAdded: before?.timeAdded ?? timestamp(now) }
  })
}
